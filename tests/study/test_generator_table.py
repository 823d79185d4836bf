"""The generators of a study side by side, against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from chestgan.metrics import copies
from chestgan.study import generator_table


def make_tables(generator: str = "covidgan", seed: int = 0, value: float = 0.5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make distances and diversity in which only what counts has this value, and all else 1000."""
    keys = [
        {"generator": generator, "seed": seed, "extractor": extractor, "reference": reference, "class": label}
        for extractor in ("lite", "fid")
        for reference in ("train", "test")
        for label in ("all", "covid")
    ]
    distances = pd.DataFrame(keys)
    counts = distances[["extractor", "reference", "class"]].eq(["lite", "test", "all"]).all(axis=1)
    distances = distances.assign(n=30, **dict.fromkeys(("fd", "kd", "real_fd", "real_kd"), 1000.0))
    distances.loc[counts, ["fd", "kd", "real_fd", "real_kd"]] = [100 * value, value, 2.0, 0.02]
    diversity = distances[distances["reference"] == "test"][["generator", "seed", "extractor", "class", "n"]]
    columns = ("coverage", "real_coverage", "dcr_ratio", "real_dcr_ratio", "ms_ssim", "real_ms_ssim")
    others = [f"{of}{name}" for name in ("precision", "recall", "density") for of in ("", "real_")]
    diversity = diversity.assign(**dict.fromkeys((*columns, *others), 1000.0))
    diversity.loc[counts, [*columns, *others]] = [value, 0.9, 1.1, 1.0, 0.6, 0.4, 0.3, 0.8, 0.2, 0.7, 0.5, 1.0]
    diversity = diversity.assign(n_images=50, n_held_out=200, n_near=3, n_copies=2)
    return distances, diversity


def make_histories(**distances: list[list[float]]) -> pd.DataFrame:
    """Make histories by generator and seed, a snapshot each thousand images."""
    rows = [
        {"generator": generator, "seed": seed, "kimg": float(place), "validation_kd": distance}
        for generator, seeds in distances.items()
        for seed, values in enumerate(seeds)
        for place, distance in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows, columns=["generator", "seed", "kimg", "validation_kd"])


def make_origins(*names: str, same_for_all_seeds: bool = False) -> pd.DataFrame:
    """Make the origins of generators, in this order."""
    return pd.DataFrame({"generator": names, "seed": 0, "same_for_all_seeds": same_for_all_seeds})


def test_what_counts_is_over_all_images_beside_the_test_patients_by_the_first_extractor():
    (row,) = generator_table.measured(*make_tables(value=0.25)).to_dict("records")
    assert row == {"generator": "covidgan", "seed": 0, "extractor": "lite", "n": 30, "n_classes": 1} | {
        "fd": 25,
        "kd": 0.25,
        "coverage": 0.25,
        "precision": 0.3,
        "recall": 0.2,
        "density": 0.5,
        "dcr_ratio": 1.1,
        "ms_ssim": 0.6,
        "real_fd": 2,
        "real_kd": 0.02,
        "real_coverage": 0.9,
        "real_precision": 0.8,
        "real_recall": 0.7,
        "real_density": 1,
        "real_dcr_ratio": 1,
        "real_ms_ssim": 0.4,
        "n_images": 50,
        "n_held_out": 200,
        "n_near": 3,
        "n_copies": 2,
    }


@pytest.fixture
def measured() -> pd.DataFrame:
    """Three seeds of one generator, and one of another."""
    tables = [make_tables("covidgan", seed, value) for seed, value in enumerate((0.2, 0.3, 0.7))]
    tables.append(make_tables("dcgan", 0, 0.5))
    return generator_table.measured(*(pd.concat(parts, ignore_index=True) for parts in zip(*tables, strict=True)))


def test_means_and_ranges_over_the_seeds(measured):
    histories = make_histories(covidgan=[[1.0, 0.2]] * 3, dcgan=[[1.0, 0.2]])
    found = generator_table.table(measured, histories, make_origins("covidgan", "dcgan")).set_index("generator")
    row = found.loc["covidgan"]
    assert (row["n_seeds"], row["extractor"], row["n"]) == (3, "lite", 30)
    assert row["kd_mean"] == pytest.approx(0.4)
    assert row["kd_sd"] == pytest.approx(np.sqrt((0.04 + 0.01 + 0.09) / 2))
    assert (row["kd_least"], row["kd_most"]) == pytest.approx((0.2, 0.7))
    assert row["coverage_mean"] == pytest.approx(0.4)
    assert (row["ms_ssim_least"], row["ms_ssim_most"]) == pytest.approx((0.6, 0.6))
    assert row["real_coverage"] == pytest.approx(0.9)
    assert np.isnan(found.loc["dcgan", "kd_sd"])
    assert found.loc["dcgan", "kd_mean"] == 0.5


def test_copies_are_counted_over_the_images_of_all_seeds(measured):
    found = generator_table.table(measured, make_histories(), make_origins("covidgan", "dcgan")).set_index("generator")
    row = found.loc["covidgan"]
    assert (row["n_images"], row["n_copies"], row["n_near"], row["n_held_out"]) == (150, 6, 9, 200)
    assert row["copies_share"] == pytest.approx(6 / 150)
    assert (row["copies_low"], row["copies_high"]) == pytest.approx(copies.interval(6, 150))
    few = measured.assign(n_near=np.nan)
    found = generator_table.table(few, make_histories(), make_origins("covidgan", "dcgan")).set_index("generator")
    assert np.isnan(found.loc["covidgan", "n_near"])
    assert found.loc["covidgan", "n_copies"] == 6


def test_the_last_to_best_ratio_is_the_mean_of_the_seeds_own(measured):
    histories = make_histories(covidgan=[[1.0, 0.5, 0.6], [1.0, 0.2, 0.8], [1.0, 0.9, 0.4]], dcgan=[[0.4, -0.01, 0.1]])
    found = generator_table.table(measured, histories, make_origins("covidgan", "dcgan")).set_index("generator")
    row = found.loc["covidgan"]
    assert row["best_validation_kd"] == pytest.approx((0.5 + 0.2 + 0.4) / 3)
    assert row["last_validation_kd"] == pytest.approx((0.6 + 0.8 + 0.4) / 3)
    assert row["last_to_best_ratio"] == pytest.approx((1.2 + 4 + 1) / 3)
    assert row["kimg"] == 3
    assert found.loc["dcgan", "best_validation_kd"] == -0.01
    assert np.isnan(found.loc["dcgan", "last_to_best_ratio"])


def test_the_order_is_that_of_the_trainings_and_imported_ones_come_last(measured):
    histories = make_histories(dcgan=[[0.1]], another=[[0.1]], covidgan=[[0.1]] * 3)
    found = generator_table.table(measured, histories, make_origins("covidgan", "dcgan"))
    assert list(found["generator"]) == ["dcgan", "covidgan"]
    found = generator_table.table(measured, make_histories(dcgan=[[0.1]]), make_origins("covidgan", "dcgan"))
    assert list(found["generator"]) == ["dcgan", "covidgan"]


def test_images_that_are_the_same_for_every_seed_show_no_spread(measured):
    same = measured.assign(kd=0.3)
    found = generator_table.table(same, make_histories(), make_origins("covidgan", same_for_all_seeds=True))
    (row,) = found.to_dict("records")
    assert (row["n_seeds"], row["kd_mean"]) == (1, 0.3)
    assert np.isnan(row["kd_sd"])


def test_an_imported_generator_has_no_training(measured):
    histories = make_histories(dcgan=[[0.1]])
    found = generator_table.table(measured, histories, make_origins("covidgan", "dcgan")).set_index("generator")
    assert np.isnan(found.loc["covidgan", "best_validation_kd"])
    assert found.loc["dcgan", "best_validation_kd"] == 0.1
