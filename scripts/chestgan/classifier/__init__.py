"""The classifier of a study: networks, training sets and training."""
