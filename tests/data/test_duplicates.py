"""A picture that is stored twice is found, in another frame too, and two patients aren't taken for one."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from chestgan.data import decoding, duplicates, framing, phantoms
from pictures import picture

DEVICE = phantoms.Device(exposure=0, contrast=1, border=0, marker=False, noise=0.02)


def thumbnails(images: list[np.ndarray]) -> np.ndarray:
    return np.stack([framing.thumbnail(image) for image in images])


def find(images: list[np.ndarray], sha256: list[str] | None = None) -> pd.DataFrame:
    names = sha256 or [str(place) for place in range(len(images))]
    return duplicates.find(np.array(names), thumbnails(images))


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content))


def smaller(image: np.ndarray) -> np.ndarray:
    height, width = image.shape
    return np.asarray(Image.fromarray(image).resize((width // 2, height // 2), Image.Resampling.LANCZOS))


def crop(image: np.ndarray, share: float) -> np.ndarray:
    rows, columns = (round(share * side) for side in image.shape)
    return image[rows : len(image) - rows, columns : image.shape[1] - columns]


def bars(image: np.ndarray) -> np.ndarray:
    return np.pad(image, [(0, 0), (image.shape[1] // 8,) * 2])


def turned(image: np.ndarray, degrees: float) -> np.ndarray:
    return np.asarray(Image.fromarray(image).rotate(degrees, Image.Resampling.BICUBIC))


AGAIN = {
    "jpeg 30": lambda image: jpeg(image, 30),
    "jpeg 5": lambda image: jpeg(image, 5),
    "half the size": smaller,
    "brighter": lambda image: np.clip(image * 1.1 + 8, 0, 255).astype(np.uint8),
    "gamma": lambda image: (255 * (image / 255.0) ** 0.7).astype(np.uint8),
    "crop 1.6 %": lambda image: crop(image, 0.016),
    "crop 4 %": lambda image: crop(image, 0.04),
    "crop 10 %": lambda image: crop(image, 0.1),
    "bars": bars,
    "mirrored": lambda image: image[:, ::-1],
    "inverted": lambda image: 255 - image,
    "turned by 1": lambda image: turned(image, 1),
    "turned by 3": lambda image: turned(image, -3),
}


def chest(patient: int, image: int = 0) -> np.ndarray:
    anatomy = phantoms.draw_anatomy(np.random.default_rng(patient))
    return phantoms.render(anatomy, None, DEVICE, 256, np.random.default_rng((patient, image)))


@pytest.mark.parametrize("name", AGAIN)
def test_a_picture_saved_again_is_found(name: str) -> None:
    images = [picture(seed, 200, 160) for seed in range(12)]
    found = find([*images, AGAIN[name](images[3])])
    assert found[["first", "second"]].to_numpy().tolist() == [[3, 12]]
    assert found["mirrored"].tolist() == [name == "mirrored"]
    assert found["inverted"].tolist() == [name == "inverted"]
    if "crop 10" in name or "turned by 3" in name or name in ("mirrored", "inverted"):
        assert found["kind"].tolist() == ["reframed"]
    elif "crop" not in name and "turned" not in name:
        assert found["kind"].tolist() == ["near"]


def test_phantoms_of_other_patients_are_others() -> None:
    assert find([chest(patient) for patient in range(30)]).empty


def test_flat_pictures_are_alike_in_nothing() -> None:
    flat = np.full((40, 40), 7, dtype=np.uint8)
    assert find([flat, flat + 100]).empty


def test_equal_bytes_are_exact_and_listed_once() -> None:
    images = [picture(0), picture(1), picture(0), picture(0)]
    found = find(images, ["a", "b", "a", "a"])
    assert found[["first", "second"]].to_numpy().tolist() == [[0, 2], [0, 3], [2, 3]]
    assert set(found["kind"]) == {"exact"}
    assert (found["correlation"] == 1).all()


def test_all_copies_of_some_pictures_are_found() -> None:
    found = find([picture(seed % 17, 128, 128) for seed in range(40)])
    expected = [[a, b] for a in range(40) for b in range(a + 1, 40) if a % 17 == b % 17]
    assert found[["first", "second"]].to_numpy().tolist() == expected


@pytest.mark.parametrize("n_images", [0, 1])
def test_one_image_has_no_duplicate(n_images: int) -> None:
    assert duplicates.find(np.array(["a"] * n_images), np.zeros((n_images, 64, 64), np.uint8)).empty


def test_queries_are_found_among_references() -> None:
    references = [picture(seed, 128, 128) for seed in range(20)]
    queries = [picture(90, 128, 128), crop(references[7], 0.08), references[11][:, ::-1]]
    found = duplicates.search(thumbnails(queries), thumbnails(references))
    assert found[["query", "reference"]].to_numpy().tolist() == [[1, 7], [2, 11]]
    assert duplicates.search(thumbnails(queries), thumbnails(references)[:0]).empty


def test_a_higher_least_correlation_finds_less() -> None:
    images = [picture(seed, 128, 128) for seed in range(8)]
    pair = thumbnails([*images, jpeg(crop(images[0], 0.1), 30)])
    (correlation,) = duplicates.search(pair, pair, kin=(np.arange(9),) * 2)["correlation"]
    assert duplicates.search(pair, pair, correlation + 0.01, (np.arange(9),) * 2)["coarse_correlation"].ge(0.973).all()


def test_only_pairs_across_patients_or_labels_or_of_equal_bytes_matter() -> None:
    images = thumbnails([picture(0, 128, 128)] * 4 + [picture(seed, 128, 128) for seed in (1, 2)])
    table = pd.DataFrame(
        {"file": list("012345"), "patient": list("aaabcd"), "label": list("xxyxxx"), "sha256": list("aabcde")}
    )
    pairs = duplicates.find_between(table, images)
    assert pairs[["first", "second", "kind"]].to_numpy().tolist() == [
        [0, 1, "exact"],
        [0, 2, "near"],
        [0, 3, "near"],
        [1, 2, "near"],
        [1, 3, "near"],
        [2, 3, "near"],
    ]
    assert pairs[["file_a", "label_b", "patient_b"]].iloc[2].tolist() == ["0", "x", "b"]
    table = table.assign(sha256=list("abcdef"))
    assert [0, 1] not in duplicates.find_between(table, images)[["first", "second"]].to_numpy().tolist()


def test_the_first_copy_stays_unless_the_labels_contradict() -> None:
    pairs = pd.DataFrame({"first": [0, 1, 3], "second": [1, 2, 4]})
    labels = np.array(["x", "x", "x", "x", "y", "y"])
    assert duplicates.to_drop(pairs, labels).tolist() == [False, True, True, True, True, False]


def films(folder, step: int) -> tuple[list[np.ndarray], np.ndarray]:
    table = pd.read_csv(folder / "metadata.csv").iloc[::step]
    return [decoding.read_grey(folder / name).grey for name in table["filename"]], table["patient_id"].to_numpy(str)


@pytest.fixture(scope="module")
def found_films(shared_data) -> tuple[pd.DataFrame, np.ndarray]:
    """Search all copies of some films among them: a row a pair, with the names of the change and of the patients."""
    images, who = films(shared_data / "cxr", 8)
    copied = np.repeat(np.arange(0, len(images), 5), len(AGAIN))
    names = np.tile(list(AGAIN), len(copied) // len(AGAIN))
    copies = [AGAIN[name](images[place]) for name, place in zip(names, copied, strict=True)]
    found = duplicates.search(thumbnails(copies), thumbnails(images))
    place = copied[found["query"].to_numpy()]
    found = found.assign(change=names[found["query"].to_numpy()], itself=place == found["reference"].to_numpy())
    return found.assign(other_patient=who[place] != who[found["reference"].to_numpy()]), copied[:: len(AGAIN)]


@pytest.mark.parametrize("name", AGAIN)
def test_copies_of_real_films_are_found(found_films, name: str) -> None:
    found, copied = found_films
    # 95 % of 300 films are found, as bench/duplicates.py measures; of so few here some more may be missed by chance
    assert found.loc[found["change"] == name, "itself"].sum() >= 0.9 * len(copied)


def test_real_films_of_other_patients_are_not_joined(found_films) -> None:
    assert not found_films[0]["other_patient"].any()


def test_real_slices_of_other_patients_are_not_joined(shared_data) -> None:
    images, who = films(shared_data / "ct", 3)
    kin = pd.factorize(who)[0]
    some = thumbnails(images)
    found = duplicates.search(some, some, kin=(kin, kin))
    # one person under two ids: each pair was looked at
    assert len(found) <= 5
