"""What an arm trains on: the right images in the right number, the same ones whenever it is read."""

import json
from pathlib import Path

import numpy as np
import pytest

from chestgan.base.errors import UserError
from chestgan.classifier import training_set
from chestgan.images import image_set
from synthetic_sets import write_synthetic_set


def read(
    split: Path, pool: Path | None, train_on: str = "synthetic", ratio: float = 1.0, seed: int = 0
) -> training_set.Arm:
    return training_set.read(split, pool, train_on, ratio, seed)


def test_real_images_alone(tiny_split: Path) -> None:
    arm = read(tiny_split, None, "real")
    assert (len(arm.training), arm.n_real, arm.generator, arm.generator_seed) == (24, 24, None, None)
    assert set(arm.training.manifest["split"]) == {"train"}
    assert {split: len(images) for split, images in arm.real.items()} == {"train": 24, "validation": 8, "test": 16}


@pytest.mark.parametrize("ratio", [0.5, 1.0])
def test_synthetic_images_by_class_in_seed_order(tiny_split: Path, tmp_path: Path, ratio: float) -> None:
    write_synthetic_set(tmp_path / "pool", {"covid": 14, "normal": 12}, shuffled=True)
    arm = read(tiny_split, tmp_path / "pool", "synthetic", ratio)
    n = round(12 * ratio)
    assert list(arm.training.manifest["label"]) == ["covid"] * n + ["normal"] * n
    assert list(arm.training.manifest["seed"].astype(int)) == list(range(n)) * 2
    assert list(arm.training.images[:, 0, 0]) == list(range(n)) * 2
    assert (arm.n_real, arm.generator, arm.generator_seed) == (0, "mine", 4)


def test_real_images_come_before_synthetic_ones(tiny_split: Path, tmp_path: Path) -> None:
    write_synthetic_set(tmp_path / "pool", {"covid": 12, "normal": 12})
    arm = read(tiny_split, tmp_path / "pool", "real_synthetic")
    assert (len(arm.training), arm.n_real) == (48, 24)
    assert np.array_equal(arm.training.images[:24], arm.real["train"].images)
    assert set(arm.training.manifest["split"][:24]) == {"train"}
    assert arm.training.manifest["split"][24:].isna().all()


def repeats(arm: training_set.Arm) -> list[str]:
    return list(arm.training.manifest["file"][24:])


@pytest.mark.parametrize(("ratio", "least", "most"), [(0.5, 0, 1), (1.0, 1, 1), (2.5, 2, 3)])
def test_real_images_are_repeated_evenly_and_none_is_lost(
    tiny_split: Path, ratio: float, least: int, most: int
) -> None:
    arm = read(tiny_split, None, "duplicated", ratio)
    assert (len(arm.training), arm.n_real, arm.generator) == (24 + 24 * ratio, 24 + 24 * ratio, None)
    assert np.array_equal(arm.training.images[:24], arm.real["train"].images)
    assert list(arm.training.manifest["file"][:24]) == list(arm.real["train"].manifest["file"])
    again = arm.training.manifest["file"].value_counts() - 1
    assert (len(again), again.min(), again.max()) == (24, least, most)
    assert arm.training.manifest["label"].value_counts().to_dict() == dict.fromkeys(
        ("covid", "normal"), 12 + 12 * ratio
    )
    of_file = dict(zip(arm.real["train"].manifest["file"], arm.real["train"].images, strict=True))
    shown = zip(arm.training.manifest["file"], arm.training.images, strict=True)
    assert all(np.array_equal(image, of_file[file]) for file, image in shown)


def test_what_is_repeated_follows_from_the_seed_and_a_lower_ratio_takes_a_part(tiny_split: Path) -> None:
    half, whole = (read(tiny_split, None, "duplicated", ratio) for ratio in (0.5, 1.0))
    assert repeats(half) == repeats(read(tiny_split, None, "duplicated", 0.5))
    assert set(repeats(half)) != set(repeats(read(tiny_split, None, "duplicated", 0.5, seed=1)))
    assert repeats(half)[:6] == repeats(whole)[:6]
    assert repeats(half)[6:] == repeats(whole)[12:18]
    with pytest.raises(UserError, match=r"ratio 0\.01 adds no image of covid, normal; raise it"):
        read(tiny_split, None, "duplicated", 0.01)


def test_labels_are_permuted_among_the_synthetic_images_alone(tiny_split: Path, tmp_path: Path) -> None:
    pool = write_synthetic_set(tmp_path / "pool", {"covid": 12, "normal": 12})
    mixed, shuffled = (read(tiny_split, pool, train_on) for train_on in ("real_synthetic", "shuffled"))
    assert (shuffled.n_real, shuffled.generator, shuffled.generator_seed) == (24, "mine", 4)
    assert np.array_equal(shuffled.training.images, mixed.training.images)
    for columns in (["file", "seed"], ["split", "patient"]):
        assert shuffled.training.manifest[columns].equals(mixed.training.manifest[columns])
    before, after = (arm.training.manifest["label"] for arm in (mixed, shuffled))
    assert list(after[:24]) == list(before[:24])
    # half of the images get the other label by chance; the permutation of seed 0 is one of no special luck
    assert 6 <= (after[24:] != before[24:]).sum() <= 18
    assert after.value_counts().to_dict() == before.value_counts().to_dict()
    assert list(after) == list(read(tiny_split, pool, "shuffled").training.manifest["label"])
    assert list(after) != list(read(tiny_split, pool, "shuffled", seed=1).training.manifest["label"])


def test_synthetic_images_to_train_on_first_stand_apart(tiny_split: Path, tmp_path: Path) -> None:
    pool = write_synthetic_set(tmp_path / "pool", {"covid": 12, "normal": 12})
    arm, alone = (read(tiny_split, pool, train_on, 0.5) for train_on in ("pretrained", "synthetic"))
    assert (arm.n_real, arm.n_synthetic, arm.generator, arm.generator_seed) == (24, 12, "mine", 4)
    assert np.array_equal(arm.training.images, arm.real["train"].images)
    assert np.array_equal(arm.pretraining.images, alone.training.images)
    assert arm.pretraining.manifest.equals(alone.training.manifest)
    assert read(tiny_split, pool, "real_synthetic").pretraining is None


def test_labels_of_one_class_cannot_be_permuted(tiny_split: Path, tmp_path: Path) -> None:
    pool = write_synthetic_set(tmp_path / "pool", {"covid": 12})
    with pytest.raises(UserError, match="the classes covid, the real ones"):
        read(tiny_split, pool, "shuffled")


def test_pools_that_do_not_fit_are_told(tiny_split: Path, tmp_path: Path) -> None:
    def told(counts: dict[str, int], size: int = 32, ratio: float = 1.0, name: str = "pool") -> str:
        folder = tmp_path / f"{name}-{size}-{ratio}-{'-'.join(counts)}"
        write_synthetic_set(folder, counts, size)
        with pytest.raises(UserError) as caught:
            read(tiny_split, folder, ratio=ratio)
        return str(caught.value)

    few = told({"covid": 20, "normal": 15}, ratio=1.5)
    assert "ratio 1.5 needs 18 covid, 18 normal, but the synthetic set has 20 covid, 15 normal" in few
    assert "16 × 16 px and the classes covid, normal, the real ones 32 × 32" in told({"covid": 2, "normal": 2}, 16)
    assert "classes covid, the real ones" in told({"covid": 12})
    assert "ratio 0.01 adds no image of covid, normal" in told({"covid": 12, "normal": 12}, ratio=0.01)


def test_pools_of_another_origin_are_told(tiny_split: Path, tmp_path: Path) -> None:
    pool = write_synthetic_set(tmp_path / "pool", {"covid": 12, "normal": 12})
    (pool / "settings.json").write_text(json.dumps({"script": "split_data"}))
    with pytest.raises(UserError, match="names no generator and seed"):
        read(tiny_split, pool)
    (pool / "settings.json").unlink()
    with pytest.raises(UserError, match=r"there is no file .*settings\.json"):
        read(tiny_split, pool)
    with pytest.raises(UserError, match="there is no folder"):
        read(tiny_split, tmp_path / "none")
    seedless = write_synthetic_set(tmp_path / "seedless", {"covid": 12, "normal": 12})
    image_set.write_manifest(seedless, image_set.read(seedless).manifest.drop(columns="seed"))
    with pytest.raises(UserError, match="has no column of seeds"):
        read(tiny_split, seedless)


def test_real_images_that_do_not_serve_are_told(tiny_split: Path, tmp_path: Path) -> None:
    split = image_set.read(tiny_split)

    def told(chosen: np.ndarray, columns: list[str], name: str) -> str:
        folder = tmp_path / name
        folder.mkdir()
        image_set.create_images(folder, chosen.sum(), 32).flush()
        image_set.write_manifest(folder, split.manifest.loc[chosen, columns])
        with pytest.raises(UserError) as caught:
            read(folder, None, "real")
        return str(caught.value)

    every, columns = np.ones(len(split), dtype=bool), list(split.manifest)
    covid, test = (split.manifest["label"] == "covid").to_numpy(), (split.manifest["split"] == "test").to_numpy()
    assert "has no column split" in told(every, ["file", "label", "patient", "source"], "no-split")
    assert "expected square images of at least 2 classes" in told(covid, columns, "one-class")
    assert "has no test image of normal" in told(covid | ~test, columns, "no-normal")
    assert "has no test image of covid, normal" in told(~test, columns, "no-test")
