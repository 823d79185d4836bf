"""Memorisation: whether synthetic images are copies of the training images."""

import numpy as np

from chestgan.metrics.neighbours import nearest


def dcr_ratio(train_features: np.ndarray, test_features: np.ndarray, synthetic_features: np.ndarray) -> float:
    """Compare the distance to the closest record (DCR) of synthetic images with that of unseen real ones.

    Args:
        train_features: (n, d) of the images that the generator was trained on.
        test_features: (m, d) of real images of other patients.
        synthetic_features: (m', d).

    Returns:
        The median distance of the synthetic images to their nearest training image, divided by that of the test images:
        near 1 where synthetic images are as new as other patients are, towards 0 where they are copies, above 1 where
        they lie off all real images.
    """
    synthetic, unseen = (
        np.median(nearest(features, train_features)[0]) for features in (synthetic_features, test_features)
    )
    return float(synthetic / unseen)
