"""What a metric of synthetic images is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

ALL = "all"


class Comparison(NamedTuple):
    """Images of one class, or of all, from several sides: features, or pixels for a metric of pixels.

    Attributes:
        candidates: (n, d), of the synthetic images; for the value of real images, of as many training images.
        reference: (n, d), of as many images of the training or the test patients.
        training: (N, d), of all training images.
        n_subsets: random subsets for a standard error.
        seed: of all that is random.
    """

    candidates: np.ndarray
    reference: np.ndarray
    training: np.ndarray
    n_subsets: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What a figure shows of synthetic images.

    Attributes:
        name: its column; `real_` before it is the column of its value for real images.
        label: what an axis says.
        has_error: whether a column with the standard error follows; its name ends in `_se`.
        limits: of the axis; None: from zero on.
    """

    name: str
    label: str
    has_error: bool = False
    limits: tuple[float, float] | None = None

    @property
    def real_name(self) -> str:
        """The column of its value for real images."""
        return f"real_{self.name}"


@dataclass(frozen=True, kw_only=True)
class Metric(Panel):
    """A metric: from an entry in the catalogue follow its columns, its protocol, its panel and its warning.

    Attributes:
        protocol: what it is, for the files of results.
        compute: from a `Comparison` to its value, or, with `has_error`, to value and standard error.
        real_value: its value for real images, where that needs no computing.
        of_pixels: whether it compares pixels, (n, H, W) uint8, instead of features. It is then computed class by class,
            and the mean over the classes stands for all images.
        warns: from the value and that of real images to whether to warn.
        warning: its words; {} become a range of values, then one of values of real images.
    """

    protocol: str
    compute: Callable[[Comparison], float | tuple[float, float]]
    real_value: float | None = None
    of_pixels: bool = False
    warns: Callable[[float, float], bool] | None = None
    warning: str = ""

    @property
    def columns(self) -> list[str]:
        """The columns of what `compute` returns."""
        return [self.name, f"{self.name}_se"] if self.has_error else [self.name]
