"""Where images come from: what their source, such as a hospital, tells of the class, and whether patients are known."""

import pandas as pd

from chestgan.images.image_set import IMAGE_AS_PATIENT


def told_by_source(images: pd.DataFrame) -> float | None:
    """Compute how often the source alone tells the class of the test images.

    Each source stands for the class of which it has the largest share among the other images; a source that these don't
    have tells nothing. A single image of another class in a source changes next to nothing.

    Args:
        images: label and split of the images of all splits, and source where the data have it, empty where unknown.

    Returns:
        The mean over the classes of the share of test images (balanced accuracy): 1 / K where the source tells nothing;
        None where no source is known.
    """
    if not are_known(images):
        return None
    of_test = images["split"] == "test"
    shares = pd.crosstab(images["source"][~of_test], images["label"][~of_test], normalize="columns")
    test = images[of_test]
    classes = test["label"].unique()
    told = test["source"].map(shares.idxmax(axis=1))
    right = (told == test["label"]).astype(float).where(told.notna(), 1 / len(classes))
    return float(right.groupby(test["label"]).mean().mean())


def are_known(images: pd.DataFrame) -> bool:
    """Say whether the source of any image is known."""
    return "source" in images and bool((images["source"] != "").any())


def images_and_patients(test: pd.DataFrame) -> str:
    """Count test images and their patients, such as `75 images of 40 test patients`, or say that these are unknown."""
    unknown = share_without_patient(test) == 1
    return f"{len(test)} images of {'unknown' if unknown else test['patient'].nunique()} test patients"


def share_without_patient(images: pd.DataFrame) -> float:
    """Compute the share of images whose patient is unknown, so that they count as patients of their own."""
    return float(images["patient"].astype(str).str.startswith(IMAGE_AS_PATIENT).mean())
