"""The names of scores, arms and probes as figures, tables and sentences spell them."""

from chestgan.study.arms import NO_GENERATOR

_LABELS = {"ppv": "PPV", "npv": "NPV", "f1": "F1", "roc_auc": "ROC AUC", "pr_auc": "PR AUC", "brier": "Brier score"}
_ARMS = {
    "real": "real images alone",
    "real_augmented": "real images, augmented",
    "real_synthetic": "real and synthetic images",
    "pretrained": "synthetic images first, then real ones",
    "synthetic": "synthetic images alone",
    "duplicated": "real images, repeated",
    "shuffled": "real and synthetic images, labels permuted",
}
_PROBES = {
    "border": "the border of the images",
    "histogram": "the histogram of grey levels",
    "thumbnail": "a thumbnail of 16 × 16 pixels",
    "size": "the original size of the file",
    "source": "the source",
}
_EXTRACTORS = {"fd_efficientnet_lite0": "EfficientNet-Lite0", "fid": "Inception"}


def score_label(score: str) -> str:
    """Spell a score for people, such as `balanced accuracy`."""
    return _LABELS.get(score, score.replace("_", " "))


def arm_label(arm: str, generator: str = NO_GENERATOR) -> str:
    """Spell an arm for people, such as `real and synthetic images (strong)`; one of the user's own keeps its name."""
    label = _ARMS.get(arm, arm.replace("_", " "))
    return label if generator == NO_GENERATOR else f"{label} ({generator})"


def probe_label(probe: str) -> str:
    """Spell what a probe sees, such as `the border of the images`."""
    return _PROBES[probe]


def extractor_label(extractor: str) -> str:
    """Spell an extractor for people; a new one keeps its name."""
    return _EXTRACTORS.get(extractor, extractor.replace("_", " "))
