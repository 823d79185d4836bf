"""The rows of files with what their headers say: patient, source, view, a row for each frame."""

from collections.abc import Sequence

import pandas as pd

from chestgan.base.errors import UserError
from chestgan.data import headers, patients

# what may become columns of the manifest
COLUMNS = ("study", "view", "modality", "manufacturer", "institution", "sex", "age")
# what is further known of each row, for this module and the decoding
ADDED = ("path", "frame", "n_frames", "overlays", "burned_in", "has_header")
# which of the columns may be the source of an image
SOURCES = ("manufacturer", "institution")
# set before a study's id, which stands for its patient where a header has none
STUDY_PREFIX = "study:"
# shorter ids stand in many names by chance
_SHORTEST_TOLD = 4


def describe(table: pd.DataFrame, found: Sequence[headers.Header], source_from: str | None) -> pd.DataFrame:
    """Add to the rows of files what their headers say; where the table says something, it wins.

    Args:
        table: file, patient and source, and any of `COLUMNS`.
        found: the header of each file.
        source_from: the one of `SOURCES` that is an image's source; None if headers don't give it.

    Returns:
        The table with all of `COLUMNS`, and with the fields of `Header`; `has_header` where it says anything.
    """
    said = pd.DataFrame([header.columns for header in found], index=table.index, columns=list(headers.TAGS), dtype=str)
    said = said.fillna("")
    study = (STUDY_PREFIX + said["study"]).where(said["study"] != "", "")
    said["patient"] = said["patient"].where(said["patient"].map(patients.normalise) != "", study)
    said["source"] = said[source_from] if source_from else ""
    known = table.reindex(columns=[*table.columns, *(name for name in COLUMNS if name not in table)], fill_value="")
    for column in ("patient", "source", *COLUMNS):
        known[column] = known[column].where(known[column] != "", said[column])
    return known.assign(
        n_frames=[header.n_frames for header in found],
        overlays=[header.overlays for header in found],
        burned_in=[header.burned_in for header in found],
        has_header=[bool(header.columns) for header in found],
    )


def left_out(table: pd.DataFrame, column: str, wanted: Sequence[str], key: str) -> pd.DataFrame:
    """List the rows that have another value than those that are wanted: file, label, reason, detail.

    Args:
        table: from `describe`.
        column: `view` or `modality`.
        wanted: its values, in any case; '' for files whose header has none. All rows are wanted if there is none.
        key: of the configuration, that says which are wanted.

    Raises:
        UserError: no row has one of them.
    """
    values = table[column].str.upper()
    other = ~values.isin([value.upper() for value in wanted]) & ((values != "") | table["has_header"])
    rows = table.loc[other & bool(wanted), ["file", "label"]].copy()
    if len(rows) == len(table) > 0:
        found = sorted(set(values) - {""})
        raise UserError(
            f"{key} is {', '.join(wanted)}, and no image has that; the headers say {', '.join(found) or 'nothing'}"
        )
    shown = values[rows.index].replace("", "not in its header")
    return rows.assign(reason=f"other {column}", detail=shown + f"; wanted: {', '.join(wanted)}")


def expand(table: pd.DataFrame, n_wanted: int) -> pd.DataFrame:
    """Make a row of each frame that is taken: `file#12` is the twelfth of a file.

    Args:
        table: from `describe`.
        n_wanted: the most frames of a file, as `choose_frames` takes them.

    Returns:
        The table with `path`, the file without its frame, and `frame`, None for a file with one.
    """
    chosen = [choose_frames(n_frames, n_wanted) for n_frames in table["n_frames"]]
    made = table.assign(path=table["file"], frame=pd.Series(chosen, index=table.index, dtype=object))
    made = made.explode("frame", ignore_index=True)
    made.loc[made["n_frames"] == 1, "frame"] = None
    numbered = made["file"] + "#" + made["frame"].astype(str)
    return made.assign(file=made["file"].where(made["n_frames"] == 1, numbered))


def choose_frames(n_frames: int, n_wanted: int) -> list[int]:
    """Choose frames at equal distances, counted from 1: the middle of each of so many equal parts; all if 0 or enough.

    One is the middle frame.
    """
    if n_wanted == 0 or n_wanted >= n_frames:
        return list(range(1, n_frames + 1))
    return [int((2 * part + 1) * n_frames / (2 * n_wanted)) + 1 for part in range(n_wanted)]


def warnings_about(table: pd.DataFrame) -> list[str]:
    """Warn of what headers say that may harm.

    Args:
        table: from `describe`.
    """
    notes = []
    if table["burned_in"].any():
        notes.append(
            f"DICOM files whose header says that text is burned into the picture, perhaps a name: "
            f"{table['burned_in'].sum()}; look at them before you share an image"
        )
    if table["overlays"].any():
        notes.append(f"DICOM files with overlays, which are not drawn: {table['overlays'].sum()}")
    by_study = table["patient"].str.startswith(STUDY_PREFIX)
    if by_study.any():
        notes.append(
            f"DICOM files without a patient id: {by_study.sum()}; their study counts as the patient, so images of one "
            "patient's several studies may lie in two splits"
        )
    return notes


def hide_patients(table: pd.DataFrame, salt: bytes) -> tuple[pd.DataFrame, list[str]]:
    """Replace patients and studies by keyed hashes, and warn of names of files that still tell the patients.

    Args:
        table: file, patient and study.
    """
    told = [
        len(patient) >= _SHORTEST_TOLD and patient in file.casefold()
        for file, patient in zip(table["file"], table["patient"].map(patients.normalise), strict=True)
    ]
    hidden = table.assign(**{name: patients.hashed(table[name], salt) for name in ("patient", "study")})
    note = f"files whose names hold the id of their patient, which patient_salt doesn't hide: {sum(told)}; rename them"
    return hidden, [note] if any(told) else []
