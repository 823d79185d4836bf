"""The caveats of a study, one by one."""

import pandas as pd
import pytest

from chestgan.study import caveats
from chestgan.study.caveats import (
    of_controls,
    of_copies,
    of_generators,
    of_patients,
    of_seeds,
    of_sources,
    of_trainings,
)


def images_of(split: str = "test", **patients: int) -> pd.DataFrame:
    """Make images of so many patients by label, two each."""
    rows = [(label, f"{label}-{i // 2}", split) for label, n in patients.items() for i in range(2 * n)]
    return pd.DataFrame(rows, columns=["label", "patient", "split"])


@pytest.mark.parametrize(
    ("n_seeds", "expected"),
    [
        (1, ["With one seed the variance over trainings is unknown, so there are no intervals."]),
        (2, ["2 seeds are few to know the variance over trainings; intervals are wide."]),
        (5, []),
    ],
)
def test_few_seeds_are_a_caveat(n_seeds, expected):
    assert of_seeds(n_seeds) == expected


def test_few_patients_are_a_caveat():
    assert of_patients(images_of(covid=30, normal=40)) == []
    assert of_patients(images_of(covid=29, normal=40)) == ["Class covid has only 29 test patients."]


def test_unknown_patients_are_the_first_caveat():
    images = images_of(covid=30, normal=40)
    unknown = images.assign(patient=[f"image:{number}" for number in range(140)])
    first = "Patients unknown: images are counted as patients; the true intervals are wider."
    assert of_patients(unknown) == [first]
    table = pd.DataFrame({"arm": ["real"], "generator": ["-"], "train_on": ["real"], "outcome": [None], "n_seeds": [2]})
    table = table.assign(**dict.fromkeys(("ms_ssim", "real_ms_ssim", "dcr_ratio", "real_dcr_ratio"), 0.5))
    assert caveats.caveats(table, unknown, [], [])[0] == first
    some = images.assign(patient=["image:a.png", *images["patient"][1:]])
    assert of_patients(some) == ["1 % of the test images have no patient and count as patients of their own."]


def test_unfinished_trainings_are_caveats_with_what_to_raise():
    assert of_trainings([], []) == []
    assert of_trainings([("real", "-"), ("synthetic", "gan")], ["gan"]) == [
        "Classifiers of real images alone; synthetic images alone (gan) came to their limit while they still learned: "
        "raise evaluate_classifier.kimg or passes.",
        "Images of gan still got nearer to real ones at the end: raise generators.gan.kimg.",
    ]


def test_a_control_that_helps_is_a_caveat():
    arms = [("real", "-", "real", None), ("shuffled", "gan", "shuffled", "no difference shown")]
    arms += [("again", "-", "duplicated", "worse"), ("both", "gan", "real_synthetic", "better")]
    table = pd.DataFrame(arms, columns=["arm", "generator", "train_on", "outcome"])
    assert of_controls(table) == []
    assert of_controls(table.assign(outcome="better")) == [
        "Controls made the classifier better, although they tell nothing more than the real images do: real and "
        "synthetic images, labels permuted (gan); again. A benefit of other arms may come from what these have in "
        "common with them."
    ]


def test_copies_are_a_caveat_from_the_first_on():
    columns = ["generator", "n_copies", "n_images", "copies_share", "copies_low", "copies_high"]
    rows = [
        ("none", 0, 150, 0.0, 0.0, 0.025),
        ("one", 1, 150, 1 / 150, 0.0012, 0.0368),
        ("many", 45, 150, 0.3, 0.233, 0.378),
    ]
    table = pd.DataFrame(rows, columns=columns)
    end = "are one picture with a training image, or lie nearer to one than every unseen patient."
    assert of_copies(table) == [
        f"Copies of training images: 1 of 150 images of one (0.7 %, 95 % interval 0.1 to 3.7 %) {end}",
        f"Copies of training images: 45 of 150 images of many (30.0 %, 95 % interval 23.3 to 37.8 %) {end}",
    ]
    assert of_copies(table[:1]) == []


def test_sources_that_tell_the_class_are_a_caveat():
    images = pd.concat([images_of(split, covid=10, normal=10) for split in ("train", "test")])
    told = images.assign(source=["a"] * 18 + ["b"] * 22 + ["a"] * 18 + ["b"] * 22)
    assert of_sources(told) == [
        "The source alone tells the class of 95 % of the test images (chance: 50 %), so a classifier can tell the "
        "source instead of the class."
    ]
    assert of_sources(images.assign(source="a")) == []


def test_unknown_sources_are_a_caveat():
    assert of_sources(images_of(covid=3, normal=3)) == [
        "Sources unknown: whether a classifier tells the source instead of the class can't be seen."
    ]


def arms(**values: tuple[float, float, float]) -> pd.DataFrame:
    """Make the arm of real images, and two arms a generator from its MS-SSIM, that of real images and DCR ratio."""
    rows = [("-", 0.4, 0.4, 1.0)] + 2 * [(generator, *numbers) for generator, numbers in values.items()]
    return pd.DataFrame(rows, columns=["generator", "ms_ssim", "real_ms_ssim", "dcr_ratio"]).assign(real_dcr_ratio=1.0)


def test_nothing_is_said_of_generators_that_vary():
    varied = arms(strong=(0.45, 0.4, 0.95), early=(0.8, 0.4, 1.3), phantoms=(0.875, 0.725, 1.1))
    assert of_generators(varied) == []
    assert of_generators(arms()) == []


def test_a_collapsed_generator_is_named_once():
    assert of_generators(arms(covidgan=(0.934, 0.354, 1.2), strong=(0.5, 0.354, 1.0))) == [
        "Images of a class from covidgan are nearly all alike (MS-SSIM 0.93, of real ones 0.35)."
    ]


def test_several_collapsed_generators_share_a_line():
    collapsed = arms(a=(0.9, 0.4, 1.2), b=(0.99, 0.4, 1.2), c=(0.93, 0.4, 1.2), d=(0.5, 0.4, 1.0))
    assert of_generators(collapsed) == [
        "Images of a class from a, b and c are nearly all alike (MS-SSIM 0.90 to 0.99, of real ones 0.40)."
    ]


def test_a_generator_that_copies_is_named():
    assert of_generators(arms(a=(0.9, 0.4, 0.5), b=(0.5, 0.4, 0.61))) == [
        "Images of a and b lie nearer to the training images than other patients do (at 0.50 to 0.61 of their "
        "distance).",
        "Images of a class from a are nearly all alike (MS-SSIM 0.90, of real ones 0.40).",
    ]
