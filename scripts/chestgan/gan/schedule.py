"""The stages of a training: small images first, then larger ones.

What small images teach costs a quarter of the operations an image at half the size. So a training begins at the
smallest size of at least 32 pixels from which doubling leads to that of the images. Plans ask for this too, so that
nothing here loads torch.
"""

from collections.abc import Sequence
from typing import NamedTuple

# smaller images show no lungs
_SMALLEST = 32
# a short training has at least this part of its images at their own size
_OWN_PART = 0.5


class Stage(NamedTuple):
    """A part of a training in which the images have one size.

    Attributes:
        image_size: their side.
        first_step: the step that it begins with.
    """

    image_size: int
    first_step: int


def stages(image_size: int, *, kimg: float, growth_kimg: float, batch_size: int) -> list[Stage]:
    """List the stages of a training on images of this size, the smallest first, by three of its settings."""
    sizes = [image_size]
    while growth_kimg and sizes[0] % 2 == 0 and sizes[0] >= 2 * _SMALLEST:
        sizes.insert(0, sizes[0] // 2)
    n_smaller = len(sizes) - 1
    n_steps = int(1000 * min(growth_kimg, _OWN_PART * kimg / max(1, n_smaller)) / batch_size)
    return [Stage(size, number * n_steps) for number, size in enumerate(sizes)]


def stage_of(stages: Sequence[Stage], step: int) -> Stage:
    """Find the stage that a step belongs to."""
    return [stage for stage in stages if stage.first_step <= step][-1]


def work(stages: Sequence[Stage], n_steps: int) -> int:
    """Measure the work of the first steps: by the pixels of an image, over all of them."""
    ends = [*(stage.first_step for stage in stages[1:]), n_steps]
    return sum(
        stage.image_size**2 * max(0, min(end, n_steps) - stage.first_step)
        for stage, end in zip(stages, ends, strict=True)
    )
