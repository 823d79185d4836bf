"""Probes find what was planted beside the lungs, and nothing where nothing was."""

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from chestgan.data import phantoms
from chestgan.images.image_set import ImageSet
from chestgan.study import probes

SIZE = 48
# of each class; every fourth is a test patient
PATIENTS = 60
DEVICE = phantoms.Device(exposure=0.0, contrast=1.0, border=0.0, marker=False, noise=0.02)


@pytest.fixture(scope="module")
def healthy() -> ImageSet:
    """Draw phantoms of two classes between which nothing differs; one image a patient, one source."""
    random = np.random.default_rng(0)
    rows = [
        {"label": label, "patient": f"{label}-{number}", "split": "test" if number % 4 == 0 else "train"}
        for label in ("covid", "normal")
        for number in range(PATIENTS)
    ]
    manifest = pd.DataFrame(rows).assign(source="one", original_width="900", original_height="800")
    drawn = [phantoms.render(phantoms.draw_anatomy(random), None, DEVICE, SIZE, random) for _ in rows]
    return ImageSet(np.stack(drawn), manifest)


def with_mark(images: ImageSet, mark: Callable[[np.ndarray], None], share: float = 1.0) -> ImageSet:
    """Plant a mark in this share of the covid images, and in what the others lack of it of the normal ones."""
    random = np.random.default_rng(1)
    marked, covid = images.images.copy(), (images.manifest["label"] == "covid").to_numpy()
    for place in np.flatnonzero(random.random(len(images)) < np.where(covid, share, 1 - share)):
        mark(marked[place])
    return ImageSet(marked, images.manifest)


def letter(image: np.ndarray) -> None:
    """Put a letter of 3 × 3 pixels, as of the side, into the upper corner."""
    image[1:4, 2:5] = 255


def brighter(image: np.ndarray) -> None:
    image[:] = np.clip(image * 1.3, 0, 255).astype(np.uint8)


def of(images: ImageSet, confidence: float = 0.95) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return probes.probe_table(images, "covid", confidence).set_index("probe")


def real_arm(mean: float = 0.97, low: float = 0.94) -> pd.DataFrame:
    return pd.DataFrame({"arm": ["real", "synthetic"], "roc_auc_mean": [mean, 0.6], "roc_auc_low": [low, 0.5]})


def test_without_a_mark_nothing_is_told(healthy):
    told = of(healthy)
    assert list(told.index) == ["border", "histogram", "thumbnail", "size", "source"]
    assert ((told["roc_auc_low"] <= 0.5) & (told["roc_auc_high"] >= 0.5)).all()
    assert (told[["n_train_images", "n_test_images", "n_test_patients"]] == [90, 30, 30]).all(axis=None)
    assert probes.caveats(told.reset_index(), real_arm(low=0.4)) == []


def test_a_letter_in_a_corner_is_told_by_the_border(healthy):
    told = of(with_mark(healthy, letter))
    assert told["roc_auc"]["border"] > 0.95
    assert told["roc_auc_low"]["border"] > 0.7
    (caveat,) = probes.caveats(told.reset_index(), real_arm())
    assert " by the border of the images" in caveat
    assert "(classifiers of real images: 0.97), so a classifier need not look at the lungs" in caveat


def test_a_letter_in_both_classes_alike_is_not_told(healthy):
    told = of(with_mark(healthy, letter, share=0.5)).loc["border"]
    assert told["roc_auc_low"] <= 0.5 <= told["roc_auc_high"]


def test_brightness_is_told_by_the_histogram_and_the_thumbnail(healthy):
    assert (of(with_mark(healthy, brighter))["roc_auc"][["histogram", "thumbnail"]] > 0.95).all()


def test_sizes_and_sources_that_go_with_a_class_are_told(healthy):
    covid = healthy.manifest["label"] == "covid"
    manifest = healthy.manifest.assign(original_width=np.where(covid, "1024", "2000"), source=np.where(covid, "a", "b"))
    told = of(ImageSet(healthy.images, manifest))["roc_auc"]
    assert (told["size"], told["source"]) == (1, 1)
    # that of the images is as before
    assert told["border"] == of(healthy)["roc_auc"]["border"]


def test_what_is_not_known_is_no_probe(healthy):
    unknown = healthy.manifest.assign(source="", original_height="")
    assert list(of(ImageSet(healthy.images, unknown)).index) == ["border", "histogram", "thumbnail"]
    absent = healthy.manifest.drop(columns=["source", "original_width"])
    assert list(of(ImageSet(healthy.images, absent)).index) == ["border", "histogram", "thumbnail"]


def test_a_source_of_the_test_patients_alone_tells_nothing(healthy):
    covid, test = (healthy.manifest[column] == value for column, value in (("label", "covid"), ("split", "test")))
    source = np.where(test, np.where(covid, "c", "d"), np.where(covid, "a", "b"))
    assert of(ImageSet(healthy.images, healthy.manifest.assign(source=source)))["roc_auc"]["source"] == 0.5


def test_validation_patients_are_not_read(healthy):
    validation = healthy.manifest.assign(split="validation", label="other")
    both = ImageSet(np.concatenate([healthy.images, 255 - healthy.images]), pd.concat([healthy.manifest, validation]))
    pd.testing.assert_frame_equal(of(both), of(healthy))


def test_a_third_class_is_held_against_the_positive_one_with_the_others(healthy):
    third = np.where(healthy.manifest["patient"].str.endswith("0"), "variant", healthy.manifest["label"])
    manifest = healthy.manifest.assign(label=third, source=third)
    images = ImageSet(healthy.images, manifest)
    told = of(images)
    assert told["roc_auc"]["source"] == 1
    seen = probes.features(images)
    assert seen["border"].shape == (len(images), 32 * 32 - 26 * 26)
    assert seen["histogram"].shape == (len(images), 32)
    assert (seen["histogram"].sum(axis=1) == SIZE * SIZE).all()
    assert seen["thumbnail"].shape == (len(images), 16 * 16)
    assert seen["source"].shape == (len(images), 3)


def test_small_images_are_read_as_they_are():
    images = np.arange(2 * 8 * 8, dtype=np.uint8).reshape(2, 8, 8)
    seen = probes.features(ImageSet(images, pd.DataFrame({"label": ["a", "b"]})))
    assert list(seen) == ["border", "histogram", "thumbnail"]
    assert (seen["thumbnail"] == images.reshape(2, 64)).all()
    assert (seen["border"].max(axis=1) == [63, 127]).all()


def test_one_test_patient_of_a_class_leaves_no_interval(healthy):
    others = (healthy.manifest["label"] == "covid") & (healthy.manifest["split"] == "test")
    kept = ~others | (healthy.manifest["patient"] == "covid-0")
    told = of(ImageSet(healthy.images[kept], healthy.manifest[kept]))
    assert told["roc_auc"].notna().all()
    assert told[["roc_auc_low", "roc_auc_high"]].isna().all(axis=None)
    assert probes.caveats(told.reset_index(), real_arm(low=0.0)) == []


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_class_that_a_split_lacks_leaves_no_probe(healthy, split):
    kept = ~((healthy.manifest["label"] == "covid") & (healthy.manifest["split"] == split))
    told = of(ImageSet(healthy.images[kept], healthy.manifest[kept]))
    assert len(told) == 0
    assert probes.caveats(told.reset_index(), real_arm()) == []


def test_images_of_one_patient_count_as_one(healthy):
    marked = with_mark(healthy, letter, share=0.8)
    twice = ImageSet(np.concatenate([marked.images] * 2), pd.concat([marked.manifest] * 2))
    once, doubled = of(marked).loc["border"], of(twice).loc["border"]
    assert (doubled["n_test_images"], doubled["n_test_patients"]) == (60, 30)
    wide, narrow = (row["roc_auc_high"] - row["roc_auc_low"] for row in (once, doubled))
    assert narrow == pytest.approx(wide, rel=0.25)


class TestCaveats:
    """A probe is named where it is better than chance, and as good as the classifiers or better than 0.9."""

    def told(self, roc_auc: float, low: float) -> pd.DataFrame:
        return pd.DataFrame({"probe": ["border", "size"], "roc_auc": [roc_auc, 0.5], "roc_auc_low": [low, 0.3]})

    def test_as_good_as_the_classifiers(self):
        assert probes.caveats(self.told(0.75, 0.6), real_arm(0.8, 0.74)) == [
            "Logistic regression tells the classes with a ROC AUC of 0.75 by the border of the images (classifiers of "
            "real images: 0.80), so a classifier need not look at the lungs and may tell where an image comes from "
            "instead of the disease."
        ]

    def test_less_good(self):
        assert probes.caveats(self.told(0.73, 0.6), real_arm(0.8, 0.74)) == []

    def test_good_beside_better_classifiers(self):
        assert len(probes.caveats(self.told(0.91, 0.8), real_arm(0.99, 0.98))) == 1
        assert probes.caveats(self.told(0.89, 0.8), real_arm(0.99, 0.98)) == []

    def test_no_better_than_chance(self):
        assert probes.caveats(self.told(0.75, 0.49), real_arm(0.7, 0.4)) == []

    def test_classifiers_without_interval(self):
        assert probes.caveats(self.told(0.75, 0.6), real_arm(0.7, np.nan)) == []
        assert len(probes.caveats(self.told(0.91, 0.6), real_arm(0.7, np.nan))) == 1

    def test_a_study_without_real_images_alone(self):
        (caveat,) = probes.caveats(self.told(0.91, 0.6), real_arm().iloc[1:])
        assert "0.91 by the border of the images, so" in caveat
