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
class Metric:
    """A metric: from an entry in the catalogue follow its columns, its protocol, its panel and its warning.

    Attributes:
        name: its column; `real_` before it is the column of its value for real images.
        label: what an axis says.
        protocol: what it is, for the files of results.
        compute: from a `Comparison` to its value, or to value and standard error.
        real_value: its value for real images, where that needs no computing.
        has_error: whether `compute` returns a standard error too; its column ends in `_se`.
        of_pixels: whether it compares pixels, (n, H, W) uint8, instead of features. It is then computed class by class,
            and the mean over the classes stands for all images.
        limits: of the axis; None: from zero on.
        warns: from the value and that of real images to whether to warn.
        warning: its words; {} become a range of values, then one of values of real images.
    """

    name: str
    label: str
    protocol: str
    compute: Callable[[Comparison], float | tuple[float, float]]
    real_value: float | None = None
    has_error: bool = False
    of_pixels: bool = False
    limits: tuple[float, float] | None = None
    warns: Callable[[float, float], bool] | None = None
    warning: str = ""

    @property
    def real_name(self) -> str:
        """The column of its value for real images."""
        return f"real_{self.name}"

    @property
    def columns(self) -> list[str]:
        """The columns of what `compute` returns."""
        return [self.name, f"{self.name}_se"] if self.has_error else [self.name]
