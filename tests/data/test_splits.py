"""No patient lies in two splits, each class lies in all, and the parts have the sizes that were asked for."""

import numpy as np
import pandas as pd
import pytest

from chestgan.base.errors import UserError
from chestgan.data import patients, splits
from chestgan.data.splits import Parts


def random_table(seed: int) -> pd.DataFrame:
    """Draw a hostile table: odd spellings, missing ids, two labels, one patient with many images, rare sources."""
    random = np.random.default_rng(seed)
    labels = [f"class{number}" for number in range(int(random.integers(2, 4)))]
    rows = []
    for number in range(int(random.integers(3 * len(labels), 40))):
        label = labels[number % len(labels)]
        source = f"s{int(random.integers(1, 7))}" if random.random() < 0.9 else ""
        n_images = int(random.choice([1, 2, 3, 25], p=[0.5, 0.3, 0.15, 0.05]))
        for _ in range(n_images):
            name = f"Patient  {number}"
            written = str(random.choice([name, name.upper(), f" {name.replace('  ', chr(9))}\n", name.lower()]))
            # the minority of a mixed patient's images, so that the class keeps its patients
            mixed = n_images > 2 and random.random() < 0.3
            rows.append({"label": labels[0] if mixed else label, "source": source, "given": written})
    for number in range(int(random.integers(0, 4))):
        rows.append({"label": labels[number % len(labels)], "source": "s1", "given": ["", "nan"][number % 2]})
    table = pd.DataFrame(rows).sample(frac=1, random_state=seed).reset_index(drop=True)
    table["file"] = [f"{place:04d}.png" for place in range(len(table))]
    table["patient"] = patients.identify(table["given"], table["file"])
    pairs = random.integers(0, len(table), (int(random.integers(0, 3)), 2))
    table["patient"] = patients.join(table["patient"], pairs)
    return table


@pytest.mark.parametrize("seed", range(120))
def test_no_patient_is_in_two_splits_whatever_the_table(seed: int) -> None:
    table = random_table(seed)
    label_of = patients.majority(table, "label")
    if label_of.value_counts().reindex(table["label"].unique(), fill_value=0).min() < 3:
        with pytest.raises(UserError, match="too few patients"):
            splits.assign(table, Parts(0.2, 0.2, seed))
        return
    table["split"] = splits.assign(table, Parts(0.2, 0.2, seed))
    assert (table.groupby("patient")["split"].nunique() == 1).all()
    written = table["given"].map(patients.normalise)
    known = table[written != ""]
    assert (known.groupby(written[written != ""])["split"].nunique() == 1).all()
    for _, of_class in table.groupby("label"):
        assert set(of_class["split"]) == set(splits.SPLITS)


def even_table(n_patients: int, n_images: int = 1, sources: int = 1) -> pd.DataFrame:
    """Make two classes of so many patients, each with as many images, their sources in turn."""
    rows = [
        {"label": label, "patient": f"{label}{number:03d}", "source": f"s{number % sources}"}
        for label in ("covid", "normal")
        for number in range(n_patients)
        for _ in range(n_images)
    ]
    table = pd.DataFrame(rows)
    table["file"] = [f"{place:04d}.png" for place in range(len(table))]
    return table


@pytest.mark.parametrize(("test", "validation"), [(0.2, 0.2), (0.25, 0.1), (0.3, 0.3), (0.1, 0.5), (0.33, 0.15)])
def test_the_fractions_are_met(test: float, validation: float) -> None:
    table = even_table(200)
    table["split"] = splits.assign(table, Parts(test, validation, 0))
    for of_class in splits.shares(table).values():
        assert of_class["test"] == pytest.approx(test, abs=0.02)
        assert of_class["validation"] == pytest.approx((1 - test) * validation, abs=0.02)


def test_sources_are_spread_evenly() -> None:
    table = even_table(60, n_images=2, sources=3)
    table["split"] = splits.assign(table, Parts(0.2, 0.2, 3))
    crossed = pd.crosstab([table["label"], table["source"]], table["split"], normalize="index")
    assert crossed["test"].between(0.15, 0.25).all()
    assert crossed["validation"].between(0.1, 0.22).all()


def test_small_sources_are_pooled() -> None:
    table = even_table(20)
    table.loc[table["patient"].isin(["covid000", "covid001"]), "source"] = "rare"
    table.loc[table["patient"].isin(["normal000"]), "source"] = "rarer"
    strata = splits.strata(table)
    assert strata["covid000"] == strata["covid010"] != strata["normal000"]
    assert strata["normal000"] == strata["normal010"]


@pytest.mark.parametrize("n_patients", [3, 4, 5, 7])
def test_a_handful_of_patients_is_in_all_splits(n_patients: int) -> None:
    for seed in range(10):
        table = even_table(n_patients, n_images=2, sources=2)
        table["split"] = splits.assign(table, Parts(0.2, 0.2, seed))
        assert (table.groupby(["label", "split"])["patient"].nunique() >= 1).sum() == 6


@pytest.mark.parametrize(("n_patients", "test_fraction"), [(40, 0.2), (20, 0.2), (100, 0.15), (12, 0.05)])
@pytest.mark.parametrize("n_sources", [4, 6])
def test_small_sets_of_several_hospitals_are_split(n_patients: int, test_fraction: float, n_sources: int) -> None:
    table = even_table(n_patients, sources=n_sources)
    for seed in range(5):
        table["split"] = splits.assign(table, Parts(test_fraction, 0.2, seed))
        assert (table.groupby("label")["split"].nunique() == 3).all()
        assert (table.groupby("patient")["split"].nunique() == 1).all()


def test_the_seed_decides() -> None:
    table = even_table(40)
    first, again, other = (splits.assign(table, Parts(0.2, 0.2, seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_largest_patient_is_not_always_in_the_test() -> None:
    table = pd.concat([even_table(20), pd.DataFrame([{"label": "covid", "patient": "big", "source": "s0"}] * 9)])
    table = table.assign(file=[f"{place}.png" for place in range(len(table))])
    where = {splits.assign(table, Parts(0.2, 0.2, seed))[-1] for seed in range(20)}
    assert {"train", "test"} <= where


def test_too_few_patients_are_counted() -> None:
    table = even_table(6)
    table = table[(table["label"] == "covid") | table["patient"].isin(["normal000", "normal001"])]
    with pytest.raises(UserError, match=r"too few patients to split: covid 6, normal 2; each class needs at least 3"):
        splits.assign(table, Parts(0.2, 0.2, 0))


@pytest.mark.parametrize(
    ("fraction", "fewest", "expected"), [(0.2, 99, (5, 1)), (0.3, 99, (10, 3)), (0.2, 3, (3, 1)), (0.5, 2, (2, 1))]
)
def test_folds_come_near_the_fraction(fraction: float, fewest: int, expected: tuple[int, int]) -> None:
    assert splits.folds(fraction, fewest) == expected


def test_a_source_is_held_out_with_all_its_patients() -> None:
    table = even_table(40, n_images=2, sources=4)
    # one patient was filmed in two hospitals
    table.loc[table.index[1], "source"] = "s3"
    for seed in range(5):
        table["split"] = splits.assign(table, Parts(0.2, 0.25, seed, "s3"))
        in_test = table[table["split"] == "test"]
        assert set(in_test["patient"]) == set(table.loc[table["source"] == "s3", "patient"])
        assert set(in_test["source"]) == {"s3", "s0"}
        assert not (table.loc[table["split"] != "test", "source"] == "s3").any()
        rest = table[table["split"] != "test"]
        assert (rest["split"] == "validation").mean() == pytest.approx(0.25, abs=0.03)
        assert (rest.groupby("label")["split"].nunique() == 2).all()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "S3",
            r"split_data.test_source is 'S3', which no image has; the sources are s0, s1, s2, s3; did you mean 's3'",
        ),
        ("one", r"split_data.test_source is 'one', and its patients are covid 3 \(others 37\), normal 0 \(others 40\)"),
        ("most", r"is 'most', and its patients are covid 37 \(others 3\), normal 39 \(others 1\); it needs patients"),
    ],
)
def test_a_source_that_cannot_be_held_out_is_refused(source: str, words: str) -> None:
    table = even_table(40, sources=4)
    if source == "one":
        table.loc[table["patient"].isin(["covid000", "covid001", "covid002"]), "source"] = "one"
    if source == "most":
        table["source"] = "most"
        table.loc[table["patient"].isin(["covid000", "covid001", "covid002", "normal000"]), "source"] = "rest"
    with pytest.raises(UserError, match=words):
        splits.assign(table, Parts(0.2, 0.2, 0, source))


def test_without_sources_none_can_be_held_out() -> None:
    with pytest.raises(UserError, match=r"no source is known: name split_data.source_column"):
        splits.assign(even_table(40).assign(source=""), Parts(0.2, 0.2, 0, "s0"))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (
            Parts(0.2, 0.2, 0),
            "^split_data.test_fraction is 0.2, which leaves too few test patients: covid 9, normal 10",
        ),
        (Parts(0.2, 0.2, 0, "s0"), "^split_data.test_source is 's0', which leaves too few test patients: covid 9"),
        (Parts(0.2, 0.2, 0, None, True), ""),
    ],
)
def test_fewer_than_ten_test_patients_of_a_class_are_refused(parts: Parts, words: str) -> None:
    table = even_table(10, n_images=2).assign(split="test")
    splits.require_test_patients(table, parts)
    table = table[table["patient"] != "covid000"]
    if not words:
        splits.require_test_patients(table, parts)
        return
    with pytest.raises(UserError, match=words):
        splits.require_test_patients(table, parts)
