"""Weighted scores are scikit-learn's of the resampled images."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from chestgan.base.errors import UserError
from chestgan.metrics import scores
from chestgan.study import bootstrap, weighted_scores


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


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", weighted_scores.SCORES)
def test_weighted_scores_are_scikit_learns_on_copied_images(name: str, n_classes: int) -> None:
    run = random_run(60, n_classes)
    patients = np.arange(60) // 3
    weights = bootstrap.patient_bootstrap(patients, run["labels"], 8, 0)
    found = weighted_scores.weighted_score(name, **run, weights=weights)
    expected = [by_sklearn(name, copied(run, np.repeat(np.arange(60), row.astype(int)))) for row in weights]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_roc_auc_is_the_mann_whitney_statistic() -> None:
    run = random_run(40)
    truth, probability = run["labels"] == "1", run["probability"]
    u = stats.mannwhitneyu(probability[truth], probability[~truth]).statistic
    found = weighted_scores.weighted_roc_auc(truth, probability, np.ones((1, 40)))
    assert found[0] == pytest.approx(u / (truth.sum() * (~truth).sum()), rel=1e-12)


def test_a_score_without_images_is_undefined() -> None:
    run = random_run(20) | {"decided": np.zeros(20, dtype=bool)}
    assert np.isnan(weighted_scores.weighted_score("ppv", **run, weights=np.ones((1, 20))))
    assert np.isnan(weighted_scores.weighted_roc_auc(np.ones(4, dtype=bool), np.arange(4.0), np.ones((1, 4))))
    with pytest.raises(UserError, match=r"unknown score 'roc'.*did you mean 'roc_auc'"):
        weighted_scores.weighted_score("roc", **run, weights=np.ones((1, 20)))
