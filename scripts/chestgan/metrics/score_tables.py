"""The tables that the test of a classifier leaves: the columns of predictions.csv and of scores.csv."""

# as `scores` defines them, each of one class held against the rest, but for the first two, which are of all classes
SCORES = (
    "accuracy",
    "balanced_accuracy",
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "f1",
    "roc_auc",
    "pr_auc",
    "brier",
)
LOWER_IS_BETTER = ("brier",)
# PPV and NPV are undefined where no image, or every one, is called positive
PRIMARY_SCORES = tuple(score for score in SCORES if score not in ("ppv", "npv"))
SCORE_COLUMNS = ["label", "positive", "n_images", "n_patients", "prevalence", "threshold", *SCORES]
PREDICTION_COLUMNS = ["file", "patient", "source", "label", "predicted"]


def probability_columns(classes: list[str]) -> list[str]:
    """List the columns of predictions.csv that hold the probability of each class."""
    return [f"score_{label}" for label in classes]
