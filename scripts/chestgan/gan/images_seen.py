"""The images that a training has seen, by patient and checksum: so that no later study tests on them unknowingly."""

from pathlib import Path

import pandas as pd

from chestgan.base.errors import UserError
from chestgan.base.start_files import SEEN
from chestgan.base.tables import read_table
from chestgan.images.image_set import IMAGE_AS_PATIENT

# patient: as the manifest of its own study calls it; sha256: of the file that the image was decoded from
COLUMNS = ["dataset", "patient", "split", "sha256"]
# the validation patients chose the generator
_SPLITS = ("train", "validation")


def table(manifest: pd.DataFrame, dataset: str | None, before: pd.DataFrame | None) -> pd.DataFrame:
    """List the images that a training sees and those that what it began from has seen: `COLUMNS`, a row an image.

    Args:
        manifest: of all splits.
        dataset: the name of the data.
        before: the table of the start; None where there is none.
    """
    own = manifest[manifest["split"].isin(_SPLITS)].reindex(columns=COLUMNS, fill_value="")
    own = own.assign(dataset=dataset or "")
    return own if before is None else pd.concat([before, own]).drop_duplicates(ignore_index=True)


def read(generator: Path) -> pd.DataFrame | None:
    """Read the table that lies beside a generator file; None where there is none.

    Raises:
        UserError: it is damaged.
    """
    path = generator.with_name(SEEN)
    return read_table(path, COLUMNS, COLUMNS)[COLUMNS] if path.is_file() else None


def names_patients(seen: pd.DataFrame) -> bool:
    """Check whether a table names the patient of every image."""
    return bool(_named(seen["patient"]).all())


def n_patients(manifest: pd.DataFrame) -> int | None:
    """Count the training patients of a manifest; None where it doesn't name them."""
    train = manifest[manifest["split"] == "train"]
    if "patient" not in train or not _named(train["patient"]).all():
        return None
    return int(train["patient"].nunique())


def require_unseen(seen: pd.DataFrame, manifest: pd.DataFrame, start_from: Path) -> None:
    """Refuse a start that has seen patients or images which a study holds out to validate or to test.

    Args:
        seen: `COLUMNS`, of the start.
        manifest: of the study, all splits.
        start_from: the start's file, for the message.

    Raises:
        UserError: says how many there are, and which is the first.
    """
    told = f"start_from is {start_from}, and its training saw"
    patients = _held_out_and_seen(seen, manifest, "patient")
    if len(patients):
        first = patients.iloc[0]
        raise UserError(
            f"{told} {len(patients)} patients of this study's validation or test split, such as {first['patient']!r} "
            f"in {first['split']}; pre-train without them, or leave them out here; if they only have the same ids, "
            "give one of the two sets a split_data.patient_salt"
        )
    images = _held_out_and_seen(seen, manifest, "sha256")
    if len(images):
        first = images.iloc[0]
        raise UserError(
            f"{told} {len(images)} images of this study's validation or test split, under other patients, such as "
            f"{first['file']!r} in {first['split']}; pre-train without them, or leave them out here"
        )


def _held_out_and_seen(seen: pd.DataFrame, manifest: pd.DataFrame, column: str) -> pd.DataFrame:
    """Find the rows of a manifest that are held out and seen, one for each patient or checksum.

    What chose the start alone may choose again, for no training saw it.
    """
    if column not in manifest:
        return manifest[:0]
    named = manifest[_named(manifest[column])]
    in_training = named[column].isin(seen.loc[seen["split"] == "train", column])
    to_test = (named["split"] == "test") & named[column].isin(seen[column])
    to_validate = (named["split"] == "validation") & in_training
    return named[to_test | to_validate].drop_duplicates(column)


def _named(column: pd.Series) -> pd.Series:
    """Tell which values name something: an image whose patient is unknown has its file's name as its patient."""
    return (column != "") & ~column.str.startswith(IMAGE_AS_PATIENT)
