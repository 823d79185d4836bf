"""What a DICOM file's stored values look like: a grey level for every value that its pixels can have.

Rescale or modality LUT, then window or VOI LUT, then inversion (DICOM PS3.3 C.11.1, C.11.2 and C.7.6.3.1.2). All are
looked up in one table of at most 65,536 stored values, which are few beside the pixels of a film.
"""

import math

import numpy as np
from pydicom import Dataset
from pydicom.pixels import apply_rescale, apply_windowing

from chestgan.data import grey
from chestgan.data.grey import Window
from chestgan.data.refusal import Refusal

# other images without any window are shown from their least to their greatest value, which says nothing of tissue
_NEED_WINDOW = ("CT", "PT")
_WINDOW_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


def to_grey(pixels: np.ndarray, dataset: Dataset, frame: int, window: Window | None) -> tuple[np.ndarray, float | None]:
    """Map a frame's stored values to grey levels; padding is black.

    Args:
        pixels: (H, W) of integers with 8 or 16 bits.
        frame: counted from 1.
        window: in the units that rescale leads to; it wins over the file's, but for pixels of at most 8 bits.

    Returns:
        (H, W) uint8, and the share of pixels beyond the window that was given, or None.

    Raises:
        Refusal: a window is needed, or shows nothing.
    """
    codes = pixels.view(f"u{pixels.itemsize}")
    stored = np.arange(2 ** (8 * pixels.itemsize)).astype(codes.dtype).view(pixels.dtype)
    padding, outside = _is_padding(stored, dataset), None
    values = _modality_values(stored, _functional_group(dataset, frame, "PixelValueTransformationSequence"))
    levels = None if window and dataset.BitsStored > 8 else _levels_of_file(values, stored, dataset, frame)
    if levels is None:
        counts = np.bincount(codes.ravel(), minlength=len(stored)) * ~padding
        levels, outside = _levels_of_window(values, counts, dataset, window)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        levels = 255 - levels
    levels[padding] = 0
    return levels[codes], outside


def _levels_of_file(values: np.ndarray, stored: np.ndarray, dataset: Dataset, frame: int) -> np.ndarray | None:
    """Choose the grey levels by the file's VOI LUT, by its window, or by its bits where they are at most 8."""
    group = _functional_group(dataset, frame, "FrameVOILUTSequence")
    if group.get("VOILUTSequence"):
        outputs, bits = _looked_up(values, group.VOILUTSequence[0])
        return grey.through_window(outputs, Window(0, 2**bits - 1))[0]
    window = _window_of_file(group)
    if window is not None:
        return np.rint(apply_windowing(values, window)).astype(np.uint8)
    if dataset.BitsStored > 8:
        return None
    low = -(2 ** (dataset.BitsStored - 1)) if dataset.PixelRepresentation else 0
    possible = values[(stored >= low) & (stored < low + 2**dataset.BitsStored)]
    return grey.through_window(values, _between(possible))[0]


def _levels_of_window(
    values: np.ndarray, counts: np.ndarray, dataset: Dataset, window: Window | None
) -> tuple[np.ndarray, float | None]:
    """Choose the grey levels by a window, or from the least to the greatest value that is no padding.

    Args:
        counts: pixels of each stored value, 0 for padding.
    """
    if not counts.any():
        raise Refusal("blank", "every pixel is padding")
    found = _between(values[counts > 0])
    if window is None:
        if dataset.get("Modality") in _NEED_WINDOW:
            raise grey.no_window(found.low, found.high)
        return grey.through_window(values, found)[0], None
    levels, beyond = grey.through_window(values, window)
    outside = float(counts[beyond].sum() / counts.sum())
    grey.require_inside(outside, found.low, found.high, window)
    return levels, outside


def _between(values: np.ndarray) -> Window:
    low, high = values.min(), values.max()
    if low == high:
        raise Refusal("blank", f"every pixel is {low:g}")
    return Window(float(low), float(high))


def _functional_group(dataset: Dataset, frame: int, name: str) -> Dataset:
    """Find what a frame of an enhanced file says of itself, or else what the file says of all its frames."""
    of_frames = dataset.get("PerFrameFunctionalGroupsSequence") or []
    of_all = dataset.get("SharedFunctionalGroupsSequence") or []
    for group in (*of_frames[frame - 1 : frame], *of_all[:1]):
        if group.get(name):
            return group[name][0]
    return dataset


def _is_padding(stored: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Mark the stored values that fill the picture up to its rectangle (PS3.3 C.7.5.1.1.2)."""
    first = dataset.get("PixelPaddingValue")
    if first is None:
        return np.zeros(len(stored), dtype=bool)
    last = dataset.get("PixelPaddingRangeLimit")
    # a file may write them as unsigned where its pixels are signed
    ends = stored[np.array([first, first if last is None else last], dtype=np.int64) % len(stored)]
    return (stored >= ends.min()) & (stored <= ends.max())


def _modality_values(stored: np.ndarray, group: Dataset) -> np.ndarray:
    """Turn stored values into values with a meaning, such as Hounsfield units: float64."""
    if group.get("ModalityLUTSequence"):
        return _looked_up(stored, group.ModalityLUTSequence[0])[0]
    if group.get("RescaleSlope") is None or group.get("RescaleIntercept") is None:
        return stored.astype(np.float64)
    values = apply_rescale(stored, group)
    if not np.isfinite(values).all():
        raise Refusal("damaged", "its rescale slope or intercept is no finite number")
    return values


def _looked_up(values: np.ndarray, table: Dataset) -> tuple[np.ndarray, int]:
    """Look values up in a file's table (PS3.3 C.11.1.1): float64, and the bits of an entry.

    pydicom's own function counts the places in the entries' type, so that a table of 8-bit entries has only 256.
    """
    n_entries, first, bits = table.LUTDescriptor
    n_entries = n_entries % 65536 or 65536
    data = table.LUTData
    if isinstance(data, bytes):
        order = ">" if table.original_encoding[1] is False else "<"
        data = np.frombuffer(data, dtype=np.uint8 if len(data) < 2 * n_entries else f"{order}u2")
    entries = np.asarray(data, dtype=np.float64)[:n_entries]
    places = np.clip(np.rint(values) - first, 0, len(entries) - 1)
    return entries[places.astype(np.int64)], bits


def _window_of_file(group: Dataset) -> Dataset | None:
    """Return the first window of a file, as one that leads to 8 bits; None where it has none that shows anything."""
    centre, width = (_first_number(group.get(name)) for name in ("WindowCenter", "WindowWidth"))
    function = str(group.get("VOILUTFunction") or "LINEAR").upper()
    function = function if function in _WINDOW_FUNCTIONS else "LINEAR"
    # width 0 or 1 stand in many files that have no window
    if not (math.isfinite(centre) and math.isfinite(width) and width > (1 if function == "LINEAR" else 0)):
        return None
    window = Dataset()
    window.WindowCenter, window.WindowWidth, window.VOILUTFunction = centre, width, function
    window.PhotometricInterpretation, window.BitsStored, window.PixelRepresentation = "MONOCHROME2", 8, 0
    return window


def _first_number(value: object) -> float:
    """Read the first of one or several numbers; not a number where there is none."""
    first = next(iter(value), None) if isinstance(value, list | tuple) or hasattr(value, "__iter__") else value
    return math.nan if first is None or first == "" else float(first)
