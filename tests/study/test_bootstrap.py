"""Draws hold patients together, weighted scores are those of the resampled images, intervals cover what they say."""

import time

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from chestgan.base.errors import UserError
from chestgan.metrics import scores
from chestgan.study import bootstrap

PATIENTS = np.array(["a", "a", "b", "c", "c", "c", "d", "e", "f", "f"])
LABELS = np.array(["covid", "covid", "covid", "normal", "normal", "normal", "normal", "covid", "covid", "normal"])


def random_run(n: int, n_classes: int = 2) -> dict:
    """Make a run whose probabilities have ties; the positive class is "1"."""
    random = np.random.default_rng(n_classes)
    labels = random.integers(n_classes, size=n)
    logits = random.normal(size=(n, n_classes)).round(1)
    logits[np.arange(n), labels] += 1
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    predicted, decided = scores.decide(probabilities, np.full(n_classes, 0.45), 1)
    return {
        "labels": labels.astype(str),
        "predicted": predicted.astype(str),
        "decided": decided[:, 1],
        "probability": probabilities[:, 1].round(2),
        "positive": "1",
    }


def copied(run: dict, rows: np.ndarray) -> dict:
    return {key: value[rows] if key != "positive" else value for key, value in run.items()}


def by_sklearn(name: str, run: dict) -> float:
    labels, decided, probability = run["labels"], run["decided"], run["probability"]
    truth = labels == run["positive"]
    return {
        "accuracy": lambda: metrics.accuracy_score(labels, run["predicted"]),
        "balanced_accuracy": lambda: metrics.balanced_accuracy_score(labels, run["predicted"]),
        "sensitivity": lambda: metrics.recall_score(truth, decided),
        "specificity": lambda: metrics.recall_score(~truth, ~decided),
        "ppv": lambda: metrics.precision_score(truth, decided),
        "npv": lambda: metrics.precision_score(~truth, ~decided),
        "f1": lambda: metrics.f1_score(truth, decided),
        "roc_auc": lambda: metrics.roc_auc_score(truth, probability),
        "pr_auc": lambda: metrics.average_precision_score(truth, probability),
        "brier": lambda: metrics.brier_score_loss(truth, probability),
    }[name]()


def test_images_of_a_patient_count_together() -> None:
    weights = bootstrap.patient_bootstrap(PATIENTS, LABELS, 200, 0)
    for patient in np.unique(PATIENTS):
        of_patient = weights[:, patient == PATIENTS]
        assert (of_patient == of_patient[:, :1]).all()
    assert len(np.unique(weights[:, 0])) > 1


def test_every_draw_has_all_classes_and_as_many_patients_of_each() -> None:
    weights = bootstrap.patient_bootstrap(PATIENTS, LABELS, 500, 0)
    assert (weights[:, LABELS == "covid"].sum(axis=1) > 0).all()
    assert (weights[:, LABELS == "normal"].sum(axis=1) > 0).all()
    first = [np.flatnonzero(patient == PATIENTS)[0] for patient in ("a", "b", "e")]
    assert (weights[:, first].sum(axis=1) == 3).all()


def test_draws_depend_on_seed_and_patients_alone() -> None:
    weights = bootstrap.patient_bootstrap(PATIENTS, LABELS, 20, 3)
    order = np.random.default_rng(0).permutation(len(PATIENTS))
    assert np.array_equal(bootstrap.patient_bootstrap(PATIENTS[order], LABELS[order], 20, 3), weights[:, order])
    assert not np.array_equal(bootstrap.patient_bootstrap(PATIENTS, LABELS, 20, 4), weights)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", bootstrap.SCORES)
def test_weighted_scores_are_scikit_learns_on_copied_images(name: str, n_classes: int) -> None:
    run = random_run(60, n_classes)
    patients = np.arange(60) // 3
    weights = bootstrap.patient_bootstrap(patients, run["labels"], 8, 0)
    found = bootstrap.weighted_score(name, **run, weights=weights)
    expected = [by_sklearn(name, copied(run, np.repeat(np.arange(60), row.astype(int)))) for row in weights]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_roc_auc_is_the_mann_whitney_statistic() -> None:
    run = random_run(40)
    truth, probability = run["labels"] == "1", run["probability"]
    u = stats.mannwhitneyu(probability[truth], probability[~truth]).statistic
    found = bootstrap.weighted_roc_auc(truth, probability, np.ones((1, 40)))
    assert found[0] == pytest.approx(u / (truth.sum() * (~truth).sum()), rel=1e-12)


def test_a_score_without_images_is_undefined() -> None:
    run = random_run(20) | {"decided": np.zeros(20, dtype=bool)}
    assert np.isnan(bootstrap.weighted_score("ppv", **run, weights=np.ones((1, 20))))
    assert np.isnan(bootstrap.weighted_roc_auc(np.ones(4, dtype=bool), np.arange(4.0), np.ones((1, 4))))
    with pytest.raises(UserError, match=r"unknown score 'roc'.*did you mean 'roc_auc'"):
        bootstrap.weighted_score("roc", **run, weights=np.ones((1, 20)))


def test_interval_of_a_mean_is_that_of_theory() -> None:
    """One image a patient and values of 0 and 1: the bootstrap of a share is binomial."""
    decided = np.arange(100) < 70
    labels = np.full(100, "1")
    weights = bootstrap.patient_bootstrap(np.arange(100), labels, 20_000, 0)
    draws = bootstrap.weighted_score("sensitivity", labels, labels, decided, decided * 1.0, "1", weights)
    low, high = bootstrap.interval(draws, 0.9)
    expected = stats.binom(100, 0.7).ppf([0.05, 0.95]) / 100
    np.testing.assert_allclose([low, high], expected, atol=0.0101)


def test_many_images_of_few_patients_tell_less() -> None:
    """Ten like images of each of 30 patients have the spread of 30, not of 300."""
    decided = np.repeat(np.arange(30) < 20, 10)
    labels = np.full(300, "1")
    weights = bootstrap.patient_bootstrap(np.arange(300) // 10, labels, 20_000, 0)
    draws = bootstrap.weighted_score("sensitivity", labels, labels, decided, decided * 1.0, "1", weights)
    assert draws.std() == pytest.approx(np.sqrt((2 / 3) * (1 / 3) / 30), rel=0.03)


def test_spread_over_seeds_has_its_full_variance() -> None:
    """Scores that no patient moves vary by s² / S alone, which drawing S of S seeds would show too small."""
    seeds = np.array([0.1, 0.4])
    draws = bootstrap.resampled_differences(np.repeat(seeds[:, None], 50_000, 1), np.zeros((2, 50_000)), True, 0)
    assert draws.mean() == pytest.approx(seeds.mean(), abs=0.002)
    assert draws.var() == pytest.approx(seeds.var(ddof=1) / 2, rel=0.02)


def test_pairs_take_out_what_both_arms_share() -> None:
    shared = np.array([[0.2], [0.5], [0.8]]) + np.random.default_rng(0).normal(0, 0.1, (3, 1000))
    draws = bootstrap.resampled_differences(shared + 0.05, shared, True, 0)
    np.testing.assert_allclose(draws, 0.05, atol=1e-12)
    unpaired = bootstrap.resampled_differences(shared + 0.05, shared, False, 0)
    assert unpaired.std() > 0.1


def test_one_seed_leaves_the_draws_of_patients() -> None:
    one, other = np.random.default_rng(0).random((2, 1, 100))
    assert np.array_equal(bootstrap.resampled_differences(one, other, True, 0), (one - other)[0])


def test_intervals_of_a_difference_cover_the_truth() -> None:
    """Two arms with known mean scores, patients and seeds drawn anew: nine in ten 90 % intervals hold the truth."""
    random = np.random.default_rng(1)
    n, n_seeds, covered = 80, 5, 0
    for _ in range(200):
        hard = random.normal(0, 1, n)
        shares = [hard + random.normal(mean, 0.3, (n_seeds, 1)) + random.normal(0, 1, (n_seeds, n)) for mean in (1, 0)]
        weights = bootstrap.patient_bootstrap(np.arange(n), np.full(n, "1"), 400, 0) / n
        draws = bootstrap.resampled_differences(*(share @ weights.T for share in shares), True, 0)
        low, high = bootstrap.interval(draws, 0.9)
        covered += low <= 1 <= high
    assert 0.82 <= covered / 200 <= 0.96


def test_a_study_takes_seconds() -> None:
    run = random_run(240)
    weights = bootstrap.patient_bootstrap(np.arange(240) // 2, run["labels"], 2000, 0)
    start = time.process_time()
    for _ in range(50):
        bootstrap.weighted_score("roc_auc", **run, weights=weights)
    assert time.process_time() - start < 10


def test_the_interval_of_a_mean_is_students():
    values = np.array([0.1, 0.4, 0.2, 0.5])
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert bootstrap.mean_interval(values, 0.9) == pytest.approx(tuple(expected))
    assert np.isnan(bootstrap.mean_interval(values[:1], 0.9)).all()
