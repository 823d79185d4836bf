"""A picture that is stored twice is found, and two patients aren't taken for one."""

import io

import imagehash
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from chestgan.data import decoding, duplicates, phantoms
from pictures import picture

DEVICE = phantoms.Device(exposure=0, contrast=1, border=0, marker=False, noise=0.02)


def prints(images: list[np.ndarray], sha256: list[str] | None = None) -> duplicates.Fingerprints:
    names = sha256 or [str(place) for place in range(len(images))]
    return duplicates.fingerprints(np.array(names), np.stack([duplicates.thumbnail(image) for image in images]))


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content))


def chest(patient: int, image: int = 0) -> np.ndarray:
    anatomy = phantoms.draw_anatomy(np.random.default_rng(patient))
    return phantoms.render(anatomy, None, DEVICE, 128, np.random.default_rng((patient, image)))


@pytest.mark.parametrize(
    "again",
    [
        lambda image: jpeg(image, 40),
        lambda image: np.asarray(Image.fromarray(image).resize((60, 60), Image.Resampling.LANCZOS)),
        lambda image: np.clip(image * 1.1 + 8, 0, 255).astype(np.uint8),
        lambda image: (255 * (image / 255.0) ** 0.85).astype(np.uint8),
    ],
    ids=["jpeg", "smaller", "brighter", "gamma"],
)
def test_a_picture_saved_again_is_found(again) -> None:
    images = [chest(patient) for patient in range(12)]
    found = duplicates.find(prints([*images, again(images[3])]), 10)
    assert found[["first", "second", "kind"]].to_numpy().tolist() == [[3, 12, "near"]]


def test_the_hash_is_that_of_imagehash() -> None:
    images = [chest(patient) for patient in range(12)]
    thumbnails = [Image.fromarray(duplicates.thumbnail(image)) for image in images]
    bits = np.stack([imagehash.phash(thumbnail).hash.ravel() for thumbnail in thumbnails])
    expected = np.packbits(bits, axis=1).view(np.uint64).squeeze(1)
    assert prints(images).hashes.tolist() == expected.tolist()


def test_flat_pictures_are_alike_in_nothing() -> None:
    flat = np.full((40, 40), 7, dtype=np.uint8)
    assert duplicates.find(prints([flat, flat + 100]), 64).empty


def test_equal_bytes_are_exact_and_listed_once() -> None:
    images = [picture(0), picture(1), picture(0), picture(0)]
    found = duplicates.find(prints(images, ["a", "b", "a", "a"]), 10)
    assert found[["first", "second"]].to_numpy().tolist() == [[0, 2], [0, 3], [2, 3]]
    assert set(found["kind"]) == {"exact"}
    assert (found["distance"] == 0).all()


def test_the_search_in_blocks_is_the_search_over_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [picture(seed % 17) for seed in range(40)]
    whole = duplicates.find(prints(images), 10)
    monkeypatch.setattr(duplicates, "_ROWS_AT_ONCE", 7)
    monkeypatch.setattr(duplicates, "_PAIRS_AT_ONCE", 3)
    pd.testing.assert_frame_equal(duplicates.find(prints(images), 10), whole)
    expected = [[a, b] for a in range(40) for b in range(a + 1, 40) if a % 17 == b % 17]
    assert whole[["first", "second"]].to_numpy().tolist() == expected


def test_one_image_has_no_duplicate() -> None:
    assert duplicates.find(prints([picture(0)]), 10).empty


def test_only_pairs_across_patients_or_labels_or_of_equal_bytes_matter() -> None:
    table = pd.DataFrame({"patient": list("aabc"), "label": ["x", "x", "x", "y"]})
    pairs = pd.DataFrame({"first": [0, 0, 1, 2], "second": [1, 1, 2, 3], "kind": ["near", "exact", "near", "near"]})
    kept = duplicates.across(pairs, table)
    assert kept.to_numpy().tolist() == [[0, 1, "exact"], [1, 2, "near"], [2, 3, "near"]]


def test_the_first_copy_stays_unless_the_labels_contradict() -> None:
    pairs = pd.DataFrame({"first": [0, 1, 3], "second": [1, 2, 4]})
    labels = np.array(["x", "x", "x", "x", "y", "y"])
    assert duplicates.to_drop(pairs, labels).tolist() == [False, True, True, True, True, False]


@pytest.mark.parametrize("dataset", ["cxr", "ct"])
def test_real_patients_are_not_taken_for_one(shared_data, dataset: str) -> None:
    table = pd.read_csv(shared_data / dataset / "metadata.csv")
    table = table.rename(columns={"patient_id": "patient"}).iloc[::2].reset_index(drop=True)
    images = [decoding.read_grey(shared_data / dataset / name).grey for name in table["filename"]]
    pairs = duplicates.across(duplicates.find(prints(images), 10), table)
    assert (table["patient"].to_numpy()[pairs["first"]] == table["patient"].to_numpy()[pairs["second"]]).all()
