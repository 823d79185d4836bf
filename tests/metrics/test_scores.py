"""Scores against closed forms and scikit-learn; thresholds lie where they should."""

import numpy as np
import pytest
from sklearn import metrics

from chestgan.metrics import scores


def test_threshold_separates_in_the_middle_of_the_widest_gap() -> None:
    truth = np.array([False, False, True, True])
    assert scores.best_threshold(truth, np.array([0.1, 0.2, 0.6, 0.9])) == pytest.approx(0.4)


def test_equally_good_thresholds_give_that_of_the_widest_gap() -> None:
    """Between 0.2 and 0.3 and between 0.4 and 0.8 lies the same balanced accuracy of 3/4."""
    truth = np.array([False, True, False, True])
    assert scores.best_threshold(truth, np.array([0.2, 0.3, 0.4, 0.8])) == pytest.approx(0.6)


def test_equally_wide_gaps_give_that_nearest_to_a_half() -> None:
    truth = np.array([False, True, False, True])
    assert scores.best_threshold(truth, np.array([0.125, 0.25, 0.625, 0.75])) == pytest.approx(0.6875)


def test_threshold_holds_on_neighbouring_numbers() -> None:
    low = 0.7
    probability = np.array([low, np.nextafter(low, 1)])
    threshold = scores.best_threshold(np.array([False, True]), probability)
    assert list(probability >= threshold) == [False, True]


@pytest.mark.parametrize("constant", [0.0, 0.3, 1.0])
def test_a_constant_classifier_has_a_threshold_too(constant: float) -> None:
    assert 0 <= scores.best_threshold(np.array([False, True]), np.full(2, constant)) <= 1


def test_threshold_is_youdens() -> None:
    random = np.random.default_rng(0)
    truth = random.random(200) < 0.4
    probability = (random.random(200) + 0.5 * truth) / 1.5
    false_positive, true_positive, _ = metrics.roc_curve(truth, probability, drop_intermediate=False)
    called = probability >= scores.best_threshold(truth, probability)
    found = metrics.balanced_accuracy_score(truth, called)
    assert found == pytest.approx((1 + (true_positive - false_positive).max()) / 2)


def test_two_classes_mirror_each_other() -> None:
    random = np.random.default_rng(0)
    class_numbers = random.integers(2, size=50)
    covid = (random.random(50) + class_numbers) / 2
    probabilities = np.stack([1 - covid, covid], axis=1)
    thresholds = scores.class_thresholds(class_numbers, probabilities, positive=1)
    assert thresholds.sum() == pytest.approx(1)
    predicted, decided = scores.decide(probabilities, thresholds, positive=1)
    assert np.array_equal(decided[:, 1], probabilities[:, 1] >= thresholds[1])
    assert np.array_equal(decided.argmax(axis=1), predicted)
    one, other = (scores.class_scores(class_numbers == k, decided[:, k], probabilities[:, k]) for k in (0, 1))
    assert (one["sensitivity"], one["ppv"]) == (other["specificity"], other["npv"])
    assert one["roc_auc"] == pytest.approx(other["roc_auc"])


def test_more_classes_are_predicted_by_the_highest_probability() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.4, 0.35, 0.25], [0.1, 0.3, 0.6]])
    predicted, decided = scores.decide(probabilities, np.array([0.45, 0.3, 0.5]), positive=0)
    assert list(predicted) == [0, 0, 2]
    assert decided.tolist() == [[True, True, False], [False, True, False], [False, True, True]]
    thresholds = scores.class_thresholds(np.array([0, 1, 2]), probabilities, positive=0)
    for k in range(3):
        assert thresholds[k] == scores.best_threshold(np.arange(3) == k, probabilities[:, k])


def test_scores_of_a_class_counted_by_hand() -> None:
    truth = np.array([True, True, True, False, False, False, False, False])
    decided = np.array([True, True, False, True, False, False, False, False])
    probability = np.array([0.9, 0.6, 0.3, 0.7, 0.3, 0.2, 0.1, 0.0])
    found = scores.class_scores(truth, decided, probability)
    expected = {
        "sensitivity": 2 / 3,
        "specificity": 4 / 5,
        "ppv": 2 / 3,
        "npv": 4 / 5,
        "f1": 2 / 3,
        # of 15 pairs, 0.9 wins 5, 0.6 wins 4, 0.3 wins 3 and ties once
        "roc_auc": 12.5 / 15,
        # recall rises by a third at ranks 1 and 3, and at 5 with a tie: precision 1, 2/3, 3/5
        "pr_auc": (1 + 2 / 3 + 3 / 5) / 3,
        "brier": (0.01 + 0.16 + 0.49 + 0.49 + 0.09 + 0.04 + 0.01) / 8,
    }
    assert found == pytest.approx(expected)


def test_values_that_nothing_predicts_are_undefined() -> None:
    truth, probability = np.array([True, False]), np.array([0.2, 0.1])
    assert np.isnan(scores.class_scores(truth, np.array([False, False]), probability)["ppv"])
    assert np.isnan(scores.class_scores(truth, np.array([True, True]), probability)["npv"])
    assert scores.class_scores(truth, np.array([False, False]), probability)["f1"] == 0


def test_whole_scores_counted_by_hand() -> None:
    found = scores.classifier_scores(np.array([0, 0, 0, 1, 2]), np.array([0, 0, 1, 1, 0]))
    assert found == pytest.approx({"accuracy": 3 / 5, "balanced_accuracy": (2 / 3 + 1 + 0) / 3})


def test_roc_curves_of_seeds_on_one_grid_have_their_areas() -> None:
    random = np.random.default_rng(0)
    truth = random.random(150) < 0.5
    probabilities = (random.random((4, 150)) + 0.4 * truth).round(2)
    false_positive, true_positive = scores.roc_on_grid(truth, probabilities, n_points=20_001)
    areas = [metrics.roc_auc_score(truth, row) for row in probabilities]
    np.testing.assert_allclose(np.trapezoid(true_positive, false_positive, axis=1), areas, atol=1e-3)
    assert (np.diff(true_positive, axis=1) >= 0).all()
    assert (true_positive[:, 0] == 0).all()
    assert (true_positive[:, -1] == 1).all()


def test_a_perfect_roc_curve_is_a_corner() -> None:
    truth = np.array([True, True, False])
    false_positive, true_positive = scores.roc_on_grid(truth, np.array([[0.9, 0.8, 0.1]]), n_points=3)
    assert false_positive.tolist() == [0, 0, 0.5, 1]
    assert true_positive.tolist() == [[0, 1, 1, 1]]
