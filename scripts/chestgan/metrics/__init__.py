"""What images and classifiers are measured by."""
