"""The kinds of arms: what `train_on` may be, and what each kind asks of a study."""

from typing import NamedTuple


class Kind(NamedTuple):
    """What a kind of arm needs, and what it is for.

    Attributes:
        needs_generator: whether it trains on synthetic images, and so once for each generator.
        needs_every_class: whether the synthetic images must have all classes of the study.
        adds_to_real: whether it asks what synthetic images add to real ones, and so has to beat augmented ones.
        is_control: whether it tells a classifier nothing more than the real images do, so that it must not help.
    """

    needs_generator: bool
    needs_every_class: bool
    adds_to_real: bool = False
    is_control: bool = False


KINDS = {
    "real": Kind(needs_generator=False, needs_every_class=False),
    "real_synthetic": Kind(needs_generator=True, needs_every_class=False, adds_to_real=True),
    "pretrained": Kind(needs_generator=True, needs_every_class=True, adds_to_real=True),
    "synthetic": Kind(needs_generator=True, needs_every_class=True),
    "duplicated": Kind(needs_generator=False, needs_every_class=False, is_control=True),
    "shuffled": Kind(needs_generator=True, needs_every_class=True, is_control=True),
}
TRAIN_ON = tuple(KINDS)
ADDING = tuple(name for name, kind in KINDS.items() if kind.adds_to_real)
CONTROLS = tuple(name for name, kind in KINDS.items() if kind.is_control)
