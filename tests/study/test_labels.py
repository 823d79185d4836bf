"""Every score, arm, probe and extractor is spelled for people."""

import pytest

from chestgan.metrics.score_tables import SCORES
from chestgan.study.labels import arm_label, extractor_label, probe_label, score_label


@pytest.mark.parametrize(
    ("score", "label"),
    [
        ("accuracy", "accuracy"),
        ("balanced_accuracy", "balanced accuracy"),
        ("sensitivity", "sensitivity"),
        ("specificity", "specificity"),
        ("ppv", "PPV"),
        ("npv", "NPV"),
        ("f1", "F1"),
        ("roc_auc", "ROC AUC"),
        ("pr_auc", "PR AUC"),
        ("brier", "Brier score"),
        ("a_new_score", "a new score"),
    ],
)
def test_a_score_is_spelled(score: str, label: str) -> None:
    assert score_label(score) == label


def test_no_two_scores_are_spelled_alike_and_none_as_code() -> None:
    labels = [score_label(score) for score in SCORES]
    assert len(set(labels)) == len(SCORES)
    assert not any("_" in label for label in labels)


@pytest.mark.parametrize(
    ("arm", "label"),
    [
        (("real",), "real images alone"),
        (("real_augmented", "-"), "real images, augmented"),
        (("real_synthetic", "strong"), "real and synthetic images (strong)"),
        (("pretrained", "strong"), "synthetic images first, then real ones (strong)"),
        (("duplicated", "-"), "real images, repeated"),
        (("shuffled", "strong"), "real and synthetic images, labels permuted (strong)"),
        (("my_own_arm", "strong"), "my own arm (strong)"),
    ],
)
def test_an_arm_is_spelled(arm: tuple[str, ...], label: str) -> None:
    assert arm_label(*arm) == label


def test_no_extractor_is_spelled_as_code() -> None:
    assert [extractor_label(name) for name in ("fd_efficientnet_lite0", "fid", "my_own")] == [
        *("EfficientNet-Lite0", "Inception", "my own"),
    ]


def test_a_probe_is_spelled() -> None:
    assert probe_label("border") == "the border of the images"
