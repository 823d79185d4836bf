"""Studies whose truth is known: what helps is found to help by as much as it does, and what can't help doesn't.

Predictions come from a known curve over the number of patients instead of from trainings, which would take an hour.
"""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import study_folders
import summarise_study
from chestgan.base.real_fraction import part
from chestgan.images import image_set

SEEDS = range(5)
FRACTIONS = (0.1, 0.25, 0.5, 1.0)
N_PATIENTS = 160
# as how many patients an arm's classifier is: unseen real images as a generator double them; no other adds one
AS_MANY = {
    ("real", None): 1.0,
    ("again", None): 1.0,
    ("duplicated", None): 1.0,
    ("real_synthetic", "unseen"): 2.0,
    ("real_synthetic", "copies"): 1.0,
    ("real_synthetic", "noise"): 0.9,
    ("shuffled", "unseen"): 0.8,
}
GENERATORS = ("copies", "noise", "unseen")


def separation(n_patients: float) -> float:
    """Give the distance of the classes' mean logits, in standard deviations: an AUC of .71 at 16, of .92 at 160."""
    return 0.8 + 1.2 * np.log10(n_patients / 16)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Make and summarise a study with three generators, five seeds and four numbers of patients."""
    folder = tmp_path_factory.mktemp("truth")
    with pytest.MonkeyPatch.context() as patch:
        # two images a patient, of each of two classes
        patch.setattr(study_folders, "N_TRAIN", N_PATIENTS)
        made = study_folders.make_study(folder, GENERATORS, SEEDS, ("covid", "normal"), arms=(), n_test=160)
        test = image_set.read(made.real).where(split="test")
        sign = np.where(test.manifest["label"] == "covid", 0.5, -0.5)
        # what every training makes of an image; the rest is each one's own
        common = np.random.default_rng(0).normal(size=len(test))
        for (arm, generator), fraction, seed in itertools.product(AS_MANY, FRACTIONS, SEEDS):
            name = arm if generator is None else f"{arm}-{generator}"
            random = np.random.default_rng([seed, int(100 * fraction), *name.encode()])
            distance = separation(AS_MANY[arm, generator] * fraction * N_PATIENTS) + random.normal(0, 0.02)
            logits = distance * sign + np.sqrt(0.85) * common + np.sqrt(0.15) * random.normal(size=len(test))
            covid = 1 / (1 + np.exp(-2 * logits))
            at = folder / part(fraction) / "classifier" / name / f"seed-{seed}"
            probabilities = np.stack([covid, 1 - covid], axis=1)
            study_folders.write_classifier(at, made.real, name, generator, seed, probabilities, fraction)
            made.classifier.append(at)
        assert summarise_study.main([*made.flags(), "--output", str(folder / "study")]) == 0
    return folder / "study"


@pytest.fixture(scope="module")
def table(study: Path) -> pd.DataFrame:
    return pd.read_csv(study / "fractions.csv").set_index(["arm", "generator", "real_fraction"]).sort_index()


def test_the_numbers_of_patients_are_those_of_the_fractions(table) -> None:
    assert list(table.loc[("real", "-"), "n_real_patients"]) == [16, 40, 80, 160]


def test_unseen_real_images_help_at_small_fractions(table) -> None:
    outcomes = table.loc[("real_synthetic", "unseen"), "outcome"]
    assert list(outcomes[[0.1, 0.25]]) == ["better", "better"]


def test_they_are_worth_as_many_patients_as_were_hidden(table, study: Path) -> None:
    for fraction in FRACTIONS[:-1]:
        row = table.loc[("real_synthetic", "unseen", fraction)]
        hidden = fraction * N_PATIENTS
        # an end that nothing bounds is nan
        assert not row["worth_low"] > hidden
        assert not row["worth_high"] < hidden
    # with half of them it is at the end of the curve
    for fraction in FRACTIONS[:2]:
        hidden = fraction * N_PATIENTS
        assert hidden / 2 < table.loc[("real_synthetic", "unseen", fraction), "worth"] < 2 * hidden
    assert table.loc[("real_synthetic", "unseen", 0.5), "worth_low"] > 0
    told = table.loc[("real_synthetic", "unseen", 0.25), "worth_told"]
    line = f"- with 40 patients, adding 80 images of unseen to 80 real ones: {told}"
    assert line in (study / "verdict.txt").read_text().splitlines()
    assert told.split()[1] == "more"
    assert json.loads((study / "study.json").read_text())["fractions"][0]["n_real_patients"] == N_PATIENTS


@pytest.mark.parametrize(
    ("arm", "generator"),
    [(arm, generator or "-") for (arm, generator), n in AS_MANY.items() if n <= 1 and arm != "real"],
)
def test_what_adds_no_patient_helps_at_no_fraction(table, arm: str, generator: str) -> None:
    rows = table.loc[(arm, generator)]
    assert not (rows["outcome"] == "better").any()
    assert (rows["family_low"] <= 0).all()


def test_copies_are_worth_no_patient_for_sure(table) -> None:
    rows = table.loc[("real_synthetic", "copies")].drop(index=1.0)
    assert not (rows["worth_low"] > 0).any()


def test_two_arms_that_are_one_differ_by_an_interval_with_zero(table) -> None:
    rows = table.loc[("again", "-")]
    assert ((rows["family_low"] < 0) & (rows["family_high"] > 0)).all()


def test_controls_and_one_more_real_arm_are_asked_for_no_worth(table) -> None:
    asked = table["worth_told"].notna().groupby(["arm", "generator"]).sum()
    assert asked[asked > 0].to_dict() == {("real_synthetic", generator): 3 for generator in GENERATORS}


def test_the_curve_is_drawn(study: Path) -> None:
    assert (study / "patients.png").is_file()
    assert "real training patients" in (study / "patients.svg").read_text()
