"""Warnings about a split, and the table of its patients."""

import pandas as pd

from chestgan.data import patients
from chestgan.images.image_set import IMAGE_AS_PATIENT, LEAST_TEST_PATIENTS

# from this share of the pixels on, a tint or marks are worth a warning
_COLOURED = 0.001
# reasons to leave a file out that a key of the configuration asks for
_WISHED = ("ignored label", "excluded", "not taken", "row left out", "no label rule")


def on_patients(table: pd.DataFrame) -> list[str]:
    """Warn of what is odd about the patients of a table.

    Args:
        table: file, label, source, patient, and `given`: the patient as it was written.
    """
    notes = []
    missing = table["patient"].str.startswith(IMAGE_AS_PATIENT)
    if missing.all():
        notes.append(
            f"NO PATIENT IDS: each of the {len(table)} images counts as a patient of its own and only duplicates are "
            "held together, so images of one patient may lie in two splits and the scores may be too good; name the "
            "patients in a metadata table"
        )
    elif missing.any():
        notes.append(
            f"images without a patient id: {missing.sum()}; each counts as a patient of its own, such as "
            f"{_shown(table.loc[missing, 'file'])}"
        )
    respelled = patients.respelled(table["given"])
    if respelled:
        spellings = ["{" + _shown(written) + "}" for written in respelled.values()]
        notes.append(f"patient ids written in several ways and made one: {len(respelled)}, {_shown(spellings)}")
    for column in ("label", "source"):
        several = patients.with_several(table, column)
        if several:
            notes.append(f"patients with several {column}s, each kept in one split: {len(several)}, {_shown(several)}")
    return notes


def on_subfolders(table: pd.DataFrame) -> list[str]:
    """Say what was made of the folders inside class folders.

    Args:
        table: file, label, patient of each image.
    """
    parents = table["file"].str.rpartition("/")[0]
    below = table[parents.str.contains("/")]
    if below.empty:
        return []
    counts = below.groupby([parents[below.index], "label"]).size()
    named = [f"{folder} ({n} images, label {label})" for (folder, label), n in counts.items()]
    unknown = below["patient"].str.startswith(IMAGE_AS_PATIENT).any()
    by_top = (below["label"] == below["file"].str.partition("/")[0]).all()
    hint = "; if each is a patient: split_data.patient_pattern: ^[^/]+/([^/]+)/" if unknown and by_top else ""
    return [f"folders inside folders, and the labels that their images have: {_shown(named)}{hint}"]


def on_images(table: pd.DataFrame) -> list[str]:
    """Warn of what is odd about images that were accepted.

    Args:
        table: file, original_width, original_height, coloured, outside_window.
    """
    notes = []
    coloured = table["coloured"] > _COLOURED
    if coloured.any():
        notes.append(
            f"images with colour (a tint, marks, or no radiograph) that were made grey: {coloured.sum()}, "
            f"{_shown(table.loc[coloured, 'file'])}"
        )
    outside = table["outside_window"].dropna().astype(float)
    if len(outside):
        notes.append(
            f"16-bit images shown through the window: {len(outside)}; {outside.mean():.1%} of their pixels lie "
            f"beyond it and are black or white (at most {outside.max():.1%} of one)"
        )
    return notes


def on_rejected(rejected: pd.DataFrame) -> list[str]:
    """Warn of files that were left out without the user's wish, by reason."""
    unwished = rejected[~rejected["reason"].isin(_WISHED)]
    return [f"files left out: {by_reason(unwished)}; see rejected.csv"] if len(unwished) else []


def on_duplicates(pairs: pd.DataFrame, action: str) -> list[str]:
    """Warn of duplicates, with what was done about them."""
    if pairs.empty:
        return []
    contradictory = int((pairs["label_a"] != pairs["label_b"]).sum())
    done = {
        "group": "their patients were put in one split",
        "drop": "their patients were put in one split and the copies left out",
        "keep": "nothing was done about them, so one picture may lie in two splits",
    }[action]
    labels = f", {contradictory} of them WITH DIFFERENT LABELS" if contradictory else ""
    return [f"pairs of images that are one picture: {len(pairs)}{labels}; {done}: see duplicates.csv"]


def on_splits(table: pd.DataFrame) -> list[str]:
    """Warn of classes with few patients in a split."""
    counts = table.groupby(["label", "split"])["patient"].nunique()
    few = [f"{label} {n} in {split}" for (label, split), n in counts.items() if n < LEAST_TEST_PATIENTS]
    return [f"few patients, so that scores will swing: {', '.join(few)}"] if few else []


def patient_table(table: pd.DataFrame) -> pd.DataFrame:
    """Make one row per patient: its split, its ids as written, its number of images, its labels and sources."""
    grouped = table.groupby("patient")
    joined = {column: grouped[column].agg(_joined) for column in ("given", "label", "source")}
    made = pd.DataFrame({"split": grouped["split"].first(), "n_images": grouped.size()} | joined)
    return made.rename(columns={"given": "written", "label": "labels", "source": "sources"}).reset_index()


def by_reason(rejected: pd.DataFrame) -> str:
    """Count rejected files by reason, the most frequent first."""
    counts = rejected["reason"].value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} {n}" for reason, n in ordered)


def _joined(values: pd.Series) -> str:
    return " | ".join(sorted(set(values)))


def _shown(names: pd.Series | list[str], most: int = 5) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
