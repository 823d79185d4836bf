"""What a pool of generated images is measured by: its distances to real images, and its variety."""

import numpy as np
import pandas as pd

from chestgan.distances import frechet_distance, kernel_distance
from chestgan.draws import ALL, Draw
from chestgan.imageset import ImageSet
from chestgan.variety import coverage, mean_ms_ssim, nearest_ratio

REFERENCES = ("train", "test")
# the mean over the pairs of real chest X-rays of a class is about 0.4, and of so many it is known to 0.01
N_PAIRS = 200
PROTOCOL = (
    "n images a side, drawn at random without replacement, as many of each class on both sides; values are means over "
    "the draws; fd: squared Frechet distance with unbiased covariances; kid: unbiased squared MMD with the kernel "
    "(x.y / d + 1)^3 over the n images, not multiplied; kid_spread: its standard deviation over random halves; real_*: "
    "the same between the real training and the real test patients"
)
VARIETY_PROTOCOL = (
    "n images a side in the draws of the distances; coverage: share of the test images in whose ball, of the distance "
    "to their 5th nearest other test image, lies a generated image, and for real_coverage a real training image; "
    "nearest_ratio: median distance of the generated images to the nearest of all training images of the class, or of "
    f"all, divided by that of the test images; ms_ssim: mean MS-SSIM over {N_PAIRS} random pairs of generated images "
    "of a class, and for real_ms_ssim of real training images, at the size that they have; the mean over the classes "
    "stands for all"
)


def distances(side_features: dict[str, np.ndarray], drawn: list[Draw], n_subsets: int, seed: int) -> pd.DataFrame:
    """Measure the pool against each reference, and the references against each other, by class.

    Args:
        side_features: (N, d) float32 for train, test and generated.
        drawn: From `draws.draw_rows`.
        n_subsets: As `distances.kernel_distance` takes it.
        seed: The same.

    Returns:
        A row for each reference and class with n and the six values.
    """

    def between(one: str, other: str, label: str) -> np.ndarray:
        """Average fd, kid and spread over the draws: (3,) float64."""
        values = []
        for draw in drawn:
            a, b = (side_features[side][draw[side][label]] for side in (one, other))
            values.append((frechet_distance(a, b), *kernel_distance(a, b, n_subsets, len(a), seed)))
        return np.mean(values, axis=0)

    rows = []
    labels = drawn[0]["generated"]
    real = {label: between("train", "test", label) for label in labels}
    for reference in REFERENCES:
        for label, chosen in labels.items():
            fd, kid, kid_spread = between("generated", reference, label)
            real_fd, real_kid, real_kid_spread = real[label]
            rows.append({"reference": reference, "class": label, "n": len(chosen)})
            rows[-1] |= {"fd": fd, "kid": kid, "kid_spread": kid_spread}
            rows[-1] |= {"real_fd": real_fd, "real_kid": real_kid, "real_kid_spread": real_kid_spread}
    return pd.DataFrame(rows)


def variety(side_features: dict[str, np.ndarray], drawn: list[Draw], train_rows: dict[str, np.ndarray]) -> pd.DataFrame:
    """Measure how much of the test patients the pool covers, and whether it copies the training patients, by class.

    Args:
        side_features, drawn: As `distances` takes them.
        train_rows: All training images of each class: a copy of any of them is one.

    Returns:
        A row for each class with n and the means over the draws.
    """
    names = ("coverage", "real_coverage", "nearest_ratio")
    rows = []
    for label, chosen in drawn[0]["generated"].items():
        values = []
        for draw in drawn:
            train, test, generated = (side_features[side][draw[side][label]] for side in (*REFERENCES, "generated"))
            ratio = nearest_ratio(side_features["train"][train_rows[label]], test, generated)
            values.append((coverage(test, generated), coverage(test, train), ratio))
        means = np.mean(values, axis=0)
        rows.append({"class": label, "n": len(chosen)} | dict(zip(names, means, strict=True)))
    return pd.DataFrame(rows)


def similarity(sides: dict[str, ImageSet], seed: int) -> pd.DataFrame:
    """Measure how like one another images of a class are: MS-SSIM of the pool and of the real training images.

    Returns:
        A row for each class, and the mean over the classes.
    """
    table = pd.DataFrame(
        {
            column: {
                label: mean_ms_ssim(sides[side].where(label=label).images, N_PAIRS, seed)
                for label in sides[side].classes
            }
            for column, side in (("ms_ssim", "generated"), ("real_ms_ssim", "train"))
        }
    )
    return pd.concat([table, table.mean().to_frame(ALL).T])
