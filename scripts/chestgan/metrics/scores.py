"""Scores of a classifier, from the probabilities that it gave and the classes that it predicted.

A class is held against the rest: `decided` says which images are called that class. With two classes it is the
predicted one, so that the two rows of a table mirror each other; with more, several classes or none may pass their
thresholds.
"""

import numpy as np
from sklearn import metrics


def best_threshold(truth: np.ndarray, probability: np.ndarray) -> float:
    """Choose the threshold with the highest balanced accuracy (Youden 1950) on validation images.

    Each gap between two neighbouring probabilities gives one threshold, its middle. Among equally good ones that in
    the widest gap is taken, then the one nearest to 0.5.

    Args:
        truth: (N,) bool, both values among them.
        probability: (N,) float64 in [0, 1].

    Returns:
        The threshold; an image is called positive where its probability is at least that.
    """
    values = np.unique(np.concatenate([[0.0], probability, [1.0]]))
    below, above = values[:-1], values[1:]
    # a middle that rounding puts on the lower edge would take in the images there
    middles = (below + above) / 2
    thresholds = np.where(middles > below, middles, above)
    # by counts of sorted probabilities: a table of images by thresholds grows with the square
    positive, negative = np.sort(probability[truth]), np.sort(probability[~truth])
    sensitivity = (len(positive) - np.searchsorted(positive, thresholds)) / len(positive)
    specificity = np.searchsorted(negative, thresholds) / len(negative)
    accuracy = (sensitivity + specificity) / 2
    # exact: the sum of two ratios of small whole numbers may differ in its last digit
    best = np.isclose(accuracy, accuracy.max(), rtol=0, atol=1e-12)
    order = np.lexsort((np.abs(thresholds - 0.5), below - above, ~best))
    return float(thresholds[order[0]])


def class_thresholds(class_numbers: np.ndarray, probabilities: np.ndarray, positive: int) -> np.ndarray:
    """Choose the threshold of each class against the rest on validation images.

    Args:
        class_numbers: (N,) int64, all classes among them.
        probabilities: (N, K) float64.
        positive: with two classes the one whose threshold is chosen; that of the other follows.

    Returns:
        (K,) float64.
    """
    n_classes = probabilities.shape[1]
    if n_classes > 2:
        return np.array([best_threshold(class_numbers == k, probabilities[:, k]) for k in range(n_classes)])
    threshold = best_threshold(class_numbers == positive, probabilities[:, positive])
    thresholds = np.full(2, 1 - threshold)
    thresholds[positive] = threshold
    return thresholds


def decide(probabilities: np.ndarray, thresholds: np.ndarray, positive: int) -> tuple[np.ndarray, np.ndarray]:
    """Predict a class for each image, and decide for each class against the rest.

    With two classes the threshold of the positive one decides; with more the highest probability predicts.

    Returns:
        (N,) int64 class numbers and (N, K) bool.
    """
    n_classes = probabilities.shape[1]
    if n_classes > 2:
        return probabilities.argmax(axis=1), probabilities >= thresholds
    predicted = np.where(probabilities[:, positive] >= thresholds[positive], positive, 1 - positive)
    return predicted, predicted[:, None] == np.arange(2)


def class_scores(truth: np.ndarray, decided: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Score one class against the rest.

    Args:
        truth: (N,) bool, both values among them.
        decided: (N,) bool, whether the image is called this class.
        probability: (N,) float64 in [0, 1] of this class.

    Returns:
        By name: sensitivity, specificity, ppv (nan where no image is called positive), npv (nan where all are), f1,
        roc_auc, pr_auc (average precision), brier (mean squared error of the probability, lower is better).
    """
    called_truth, other_truth = truth[decided], truth[~decided]
    return {
        "sensitivity": float(decided[truth].mean()),
        "specificity": float((~decided[~truth]).mean()),
        "ppv": float(called_truth.mean()) if called_truth.size else float("nan"),
        "npv": float((~other_truth).mean()) if other_truth.size else float("nan"),
        "f1": float(metrics.f1_score(truth, decided)),
        "roc_auc": float(metrics.roc_auc_score(truth, probability)),
        "pr_auc": float(metrics.average_precision_score(truth, probability)),
        "brier": float(metrics.brier_score_loss(truth, probability)),
    }


def classifier_scores(class_numbers: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Score the predicted classes as a whole: accuracy and balanced accuracy (mean recall of the classes)."""
    return {
        "accuracy": float(metrics.accuracy_score(class_numbers, predicted)),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(class_numbers, predicted)),
    }


def roc_on_grid(truth: np.ndarray, probabilities: np.ndarray, n_points: int = 201) -> tuple[np.ndarray, np.ndarray]:
    """Compute the ROC curves of several seeds on one grid, so that they can be averaged at equal specificity.

    Args:
        truth: (N,) bool, both values among them.
        probabilities: (S, N) of the positive class, one row per seed; never labels, which would give three points.
        n_points: of the grid.

    Returns:
        False-positive rates (n_points + 1,), which begin with two zeros, and true-positive rates (S, n_points + 1): a
        curve starts at (0, 0) and its rise there is the second point.
    """
    grid = np.linspace(0, 1, n_points)
    curves = [metrics.roc_curve(truth, probability, drop_intermediate=False)[:2] for probability in probabilities]
    # where a curve rises straight up, interp gives the top
    rates = np.array([np.interp(grid, false_positive, true_positive) for false_positive, true_positive in curves])
    return np.concatenate([[0.0], grid]), np.pad(rates, ((0, 0), (1, 0)))
