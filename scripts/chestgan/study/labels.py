"""The names of scores as figures and sentences spell them."""

_LABELS = {"ppv": "PPV", "npv": "NPV", "f1": "F1", "roc_auc": "ROC AUC", "pr_auc": "PR AUC", "brier": "Brier score"}


def score_label(score: str) -> str:
    """Spell a score for people, such as `balanced accuracy`."""
    return _LABELS.get(score, score.replace("_", " "))
