"""The metrics of synthetic images, and the scores of classifiers."""
