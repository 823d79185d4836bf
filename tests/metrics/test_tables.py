"""The tables of measurements: each value is that of its metric on the rows of its class, side and draw."""

import numpy as np
import pandas as pd
import pytest

from chestgan.images.image_set import ImageSet
from chestgan.metrics import matching, tables
from chestgan.metrics.catalogue import DISTANCES, DIVERSITY, N_PAIRS
from chestgan.metrics.diversity import coverage, mean_ms_ssim
from chestgan.metrics.frechet_kernel import frechet_distance, kernel_distance
from chestgan.metrics.matching import MatchedRows
from chestgan.metrics.memorisation import dcr_ratio

OF_FEATURES = [metric for metric in DIVERSITY if not metric.of_pixels]
OF_PIXELS = [metric for metric in DIVERSITY if metric.of_pixels]
N_SUBSETS, SEED = 6, 3


@pytest.fixture
def sides() -> dict[str, ImageSet]:
    """Make 16 × 16 noise: 7 and 5 training images, 4 and 6 test images, 5 and 4 synthetic ones."""
    random = np.random.default_rng(0)
    made = {}
    for name, covid, normal in (("train", 7, 5), ("test", 4, 6), ("generated", 5, 4)):
        labels = pd.DataFrame({"label": ["covid"] * covid + ["normal"] * normal}).sample(frac=1, random_state=0)
        images = random.integers(0, 256, (covid + normal, 16, 16), dtype=np.uint8)
        made[name] = ImageSet(images, labels.reset_index(drop=True))
    return made


@pytest.fixture
def features(sides: dict[str, ImageSet]) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    return {
        name: random.normal(place, 1, (len(images), 3)).astype(np.float32)
        for place, (name, images) in enumerate(sides.items())
    }


@pytest.fixture
def matched(sides: dict[str, ImageSet]) -> list[MatchedRows]:
    return matching.match_rows(sides, matching.count_images(sides, 100), 3, seed=0)


def measure(metrics, references, features, matched, sides) -> pd.DataFrame:
    train_rows = matching.rows_by_class(sides["train"])
    table = tables.measure(metrics, references, features, matched, train_rows, N_SUBSETS, SEED)
    return table.set_index(["reference", "class"])


def test_the_columns_are_keys_values_and_the_values_of_real_images() -> None:
    assert tables.columns(DISTANCES) == [
        *["generator", "seed", "extractor", "reference", "class", "n"],
        *["fd", "kd", "kd_se", "real_fd", "real_kd", "real_kd_se"],
    ]
    assert tables.columns(DIVERSITY) == [
        *["generator", "seed", "extractor", "class", "n"],
        *["coverage", "precision", "recall", "density", "dcr_ratio", "ms_ssim"],
        *["real_coverage", "real_precision", "real_recall", "real_density", "real_dcr_ratio", "real_ms_ssim"],
        *["n_images", "n_held_out", "n_near", "n_copies", "copies_share", "copies_low", "copies_high"],
    ]
    assert tables.value_columns(DISTANCES) == ["fd", "kd", "kd_se"]


def test_the_protocol_says_how_images_are_matched_and_what_each_metric_is() -> None:
    matched, *metrics = tables.protocol(DIVERSITY).split("; coverage: ")
    assert matched == tables.protocol(DISTANCES).split("; fd: ")[0]
    assert "drawn at random without replacement" in matched
    (described,) = metrics
    for metric in DIVERSITY[1:]:
        assert f"; {metric.name}: {metric.protocol}" in described


def test_there_is_a_row_for_each_reference_and_class_with_its_n(features, matched, sides) -> None:
    table = measure(DISTANCES, tables.REFERENCES, features, matched, sides)
    assert list(table.index) == [(side, label) for side in ("train", "test") for label in ("all", "covid", "normal")]
    assert table["n"].tolist() == [8, 4, 4] * 2
    assert list(table) == ["n", "fd", "kd", "kd_se", "real_fd", "real_kd", "real_kd_se"]
    assert np.isfinite(table).all(axis=None)


@pytest.mark.parametrize("label", ["all", "covid", "normal"])
@pytest.mark.parametrize("reference", tables.REFERENCES)
def test_a_distance_is_the_mean_over_the_draws(reference: str, label: str, features, matched, sides) -> None:
    row = measure(DISTANCES, tables.REFERENCES, features, matched, sides).loc[reference, label]
    generated, real, train, test = (
        [features[side][rows[side][label]] for rows in matched] for side in ("generated", reference, "train", "test")
    )
    fd, real_fd = (
        np.mean([frechet_distance(*pair) for pair in zip(*both, strict=True)])
        for both in ((generated, real), (train, test))
    )
    (kd, kd_se), (real_kd, real_kd_se) = (
        np.mean([kernel_distance(*pair, N_SUBSETS, len(pair[0]), SEED) for pair in zip(*both, strict=True)], axis=0)
        for both in ((generated, real), (train, test))
    )
    expected = [fd, kd, kd_se, real_fd, real_kd, real_kd_se]
    assert row[["fd", "kd", "kd_se", "real_fd", "real_kd", "real_kd_se"]].tolist() == pytest.approx(expected)
    assert len({round(value, 9) for value in expected}) == 6


@pytest.mark.parametrize("label", ["all", "covid", "normal"])
def test_diversity_is_measured_beside_the_test_and_all_training_images(label: str, features, matched, sides) -> None:
    row = measure(OF_FEATURES, ["test"], features, matched, sides).loc["test", label]
    of_class = sides["train"].manifest["label"].eq(label).to_numpy() | (label == "all")
    training = features["train"][of_class]
    assert len(training) == {"all": 12, "covid": 7, "normal": 5}[label]
    generated, train, test = (
        [features[side][rows[side][label]] for rows in matched] for side in ("generated", "train", "test")
    )
    assert row["coverage"] == pytest.approx(np.mean([coverage(*pair) for pair in zip(test, generated, strict=True)]))
    assert row["real_coverage"] == pytest.approx(np.mean([coverage(*pair) for pair in zip(test, train, strict=True)]))
    expected = np.mean([dcr_ratio(training, *pair) for pair in zip(test, generated, strict=True)])
    assert row["dcr_ratio"] == pytest.approx(expected)
    # by definition, and not computed from training images, of which each is its own nearest
    assert row["real_dcr_ratio"] == 1.0


def test_one_draw_is_its_own_mean(features, matched, sides) -> None:
    table = measure(DISTANCES, ["test"], features, matched[:1], sides)
    rows = matched[0]
    expected = frechet_distance(features["generated"][rows["generated"]["all"]], features["test"][rows["test"]["all"]])
    assert table.loc[("test", "all"), "fd"] == pytest.approx(expected)
    assert list(table.index) == [("test", "all"), ("test", "covid"), ("test", "normal")]


def test_pixels_are_compared_class_by_class_and_their_mean_stands_for_all(sides: dict[str, ImageSet]) -> None:
    table = tables.measure_pixels(OF_PIXELS, sides, SEED)
    assert list(table.index) == ["covid", "normal", "all"]
    assert list(table) == ["ms_ssim", "real_ms_ssim"]
    for label in ("covid", "normal"):
        for column, side in (("ms_ssim", "generated"), ("real_ms_ssim", "train")):
            # all images of a class, not only those that were drawn
            images = sides[side].images[(sides[side].manifest["label"] == label).to_numpy()]
            assert table.loc[label, column] == mean_ms_ssim(images, N_PAIRS, SEED)
    assert table.loc["all"].tolist() == pytest.approx(table.loc[["covid", "normal"]].mean().tolist())
    assert table["ms_ssim"].nunique() == 3
