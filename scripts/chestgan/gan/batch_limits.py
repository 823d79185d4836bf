"""What a batch and the time between snapshots must hold. Plans ask for this too, so that nothing here loads torch."""

from chestgan.base.errors import UserError

# the least images of a class of which a process sees statistics
_LEAST_OF_CLASS = 2


def check(batch_size: int, snapshot_kimg: float, n_classes: int, processes: int) -> None:
    """Refuse a batch that processes can't share, and snapshots closer than steps.

    Raises:
        UserError: with the setting, its value, and those that can be.
    """
    if batch_size % processes or batch_size // processes < _LEAST_OF_CLASS * n_classes:
        raise UserError(
            f"batch_size is {batch_size}; expected a multiple of the {processes} processes that leaves each at least "
            f"two images of each of the {n_classes} classes"
        )
    if 1000 * snapshot_kimg < batch_size:
        raise UserError(
            f"snapshot_kimg is {snapshot_kimg:g}; expected at least {batch_size / 1000:g}, the images of one step"
        )
