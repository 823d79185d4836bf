"""The generators of a study side by side, against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from chestgan import generators


def make_tables(generator: str = "covidgan", seed: int = 0, value: float = 0.5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make distances and variety in which only what counts has this value, and all else 1000."""
    keys = [
        {"generator": generator, "seed": seed, "extractor": extractor, "reference": reference, "class": label}
        for extractor in ("lite", "fid")
        for reference in ("train", "test")
        for label in ("all", "covid")
    ]
    distances = pd.DataFrame(keys)
    counts = distances[["extractor", "reference", "class"]].eq(["lite", "test", "all"]).all(axis=1)
    distances = distances.assign(n=30, **dict.fromkeys(("fd", "kid", "real_fd", "real_kid"), 1000.0))
    distances.loc[counts, ["fd", "kid", "real_fd", "real_kid"]] = [100 * value, value, 2.0, 0.02]
    variety = distances[distances["reference"] == "test"][["generator", "seed", "extractor", "class", "n"]]
    columns = ("coverage", "real_coverage", "nearest_ratio", "ms_ssim", "real_ms_ssim")
    variety = variety.assign(**dict.fromkeys(columns, 1000.0))
    variety.loc[counts, list(columns)] = [value, 0.9, 1.1, 0.6, 0.4]
    return distances, variety


def make_histories(**distances: list[list[float]]) -> pd.DataFrame:
    """Make histories by generator and seed, a snapshot each thousand images."""
    rows = [
        {"generator": generator, "seed": seed, "kimg": float(place), "distance": distance}
        for generator, seeds in distances.items()
        for seed, values in enumerate(seeds)
        for place, distance in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows, columns=["generator", "seed", "kimg", "distance"])


def test_what_counts_is_over_all_images_beside_the_test_patients_by_the_first_extractor():
    (row,) = generators.measured(*make_tables(value=0.25)).to_dict("records")
    assert row == {"generator": "covidgan", "seed": 0, "extractor": "lite", "n": 30} | {
        "kid": 0.25,
        "fd": 25,
        "coverage": 0.25,
        "nearest_ratio": 1.1,
        "ms_ssim": 0.6,
        "real_kid": 0.02,
        "real_fd": 2,
        "real_coverage": 0.9,
        "real_ms_ssim": 0.4,
    }


@pytest.fixture
def measured() -> pd.DataFrame:
    """Three seeds of one generator, and one of another."""
    tables = [make_tables("covidgan", seed, value) for seed, value in enumerate((0.2, 0.3, 0.7))]
    tables.append(make_tables("dcgan", 0, 0.5))
    return generators.measured(*(pd.concat(parts, ignore_index=True) for parts in zip(*tables, strict=True)))


def test_means_and_intervals_over_the_seeds(measured):
    histories = make_histories(covidgan=[[1.0, 0.2]] * 3, dcgan=[[1.0, 0.2]])
    found = generators.table(measured, histories, 0.9).set_index("generator")
    row = found.loc["covidgan"]
    assert (row["n_seeds"], row["extractor"], row["n"]) == (3, "lite", 30)
    assert row["kid_mean"] == pytest.approx(0.4)
    assert row["kid_sd"] == pytest.approx(np.sqrt((0.04 + 0.01 + 0.09) / 2))
    # Student's t with two degrees of freedom at 95 %
    half_width = 2.9199856 * row["kid_sd"] / np.sqrt(3)
    assert (row["kid_low"], row["kid_high"]) == pytest.approx((0.4 - half_width, 0.4 + half_width))
    assert row["coverage_mean"] == pytest.approx(0.4)
    assert (row["ms_ssim_low"], row["ms_ssim_high"]) == pytest.approx((0.6, 0.6))
    assert row["real_coverage"] == pytest.approx(0.9)
    assert found.loc["dcgan", ["kid_sd", "kid_low", "kid_high"]].isna().all()
    assert found.loc["dcgan", "kid_mean"] == 0.5


def test_the_collapse_ratio_is_the_mean_of_the_seeds_own(measured):
    histories = make_histories(covidgan=[[1.0, 0.5, 0.6], [1.0, 0.2, 0.8], [1.0, 0.9, 0.4]], dcgan=[[0.4, -0.01, 0.1]])
    found = generators.table(measured, histories, 0.95).set_index("generator")
    row = found.loc["covidgan"]
    assert row["best_distance"] == pytest.approx((0.5 + 0.2 + 0.4) / 3)
    assert row["last_distance"] == pytest.approx((0.6 + 0.8 + 0.4) / 3)
    assert row["collapse_ratio"] == pytest.approx((1.2 + 4 + 1) / 3)
    assert found.loc["dcgan", "best_distance"] == -0.01
    assert np.isnan(found.loc["dcgan", "collapse_ratio"])


def test_the_order_is_that_of_the_trainings(measured):
    histories = make_histories(dcgan=[[0.1]], another=[[0.1]], covidgan=[[0.1]] * 3)
    assert list(generators.table(measured, histories, 0.95)["generator"]) == ["dcgan", "covidgan"]


def arms(**values: tuple[float, float, float]) -> pd.DataFrame:
    """Make the arm of real images, and two arms a generator from its MS-SSIM, that of real images and nearest ratio."""
    rows = [("-", 0.4, 0.4, 1.0)] + 2 * [(generator, *numbers) for generator, numbers in values.items()]
    return pd.DataFrame(rows, columns=["generator", "ms_ssim", "real_ms_ssim", "nearest_ratio"])


def test_nothing_is_said_of_generators_that_vary():
    assert generators.caveats(arms(strong=(0.45, 0.4, 0.95), early=(0.8, 0.4, 1.3), phantoms=(0.875, 0.725, 1.1))) == []
    assert generators.caveats(arms()) == []


def test_a_collapsed_generator_is_named_once():
    assert generators.caveats(arms(covidgan=(0.934, 0.354, 1.2), strong=(0.5, 0.354, 1.0))) == [
        "covidgan draws nearly the same image of a class again and again (MS-SSIM 0.93, of real ones 0.35)"
    ]


def test_several_collapsed_generators_share_a_clause():
    collapsed = arms(a=(0.9, 0.4, 1.2), b=(0.99, 0.4, 1.2), c=(0.93, 0.4, 1.2), d=(0.5, 0.4, 1.0))
    assert generators.caveats(collapsed) == [
        "a, b and c draw nearly the same image of a class again and again (MS-SSIM 0.90 to 0.99, of real ones 0.40)"
    ]


def test_a_generator_that_copies_is_named():
    assert generators.caveats(arms(a=(0.9, 0.4, 0.5), b=(0.5, 0.4, 0.61))) == [
        "a draws nearly the same image of a class again and again (MS-SSIM 0.90, of real ones 0.40)",
        "images of a and b lie nearer to the training images than other patients do (at 0.50 to 0.61 of their "
        "distance)",
    ]
