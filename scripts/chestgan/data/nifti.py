"""Slices of NIfTI volumes as grey pixels, by nibabel.

A slice is axial, whatever axes the file has: those of its affine that are nearest to the body's. It is seen as
radiologists see it, from the feet: the patient's right is on the left, the front above. Slices count from 1 at the
feet.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import nibabel
import numpy as np
from nibabel.orientations import apply_orientation, io_orientation

from chestgan.data import grey
from chestgan.data.grey import Decoded, Window
from chestgan.data.refusal import Refusal

_UP = 2  # of nibabel's axes: to the right, to the front, up
logging.getLogger("nibabel.global").setLevel(logging.CRITICAL)


def read(path: Path, frames: Sequence[int | None], window: Window | None, min_size: int) -> list[Decoded | Refusal]:
    """Read slices of a volume, counted from 1; None stands for the first.

    Returns:
        For each slice its picture, or why it can't be used.
    """
    try:
        image = nibabel.load(path)
        stored, to_values = _stored(image, min_size)
    except Refusal as refusal:
        return [refusal] * len(frames)
    except Exception as error:  # nibabel raises whatever a damaged file leads it to
        return [_damaged(error)] * len(frames)
    return [_read_slice(stored, to_values, 1 if frame is None else frame, window) for frame in frames]


def count_slices(path: Path) -> int:
    """Count the axial slices of a volume, by its header alone."""
    image = nibabel.load(path)
    return _sides(image)[_axis_up(image)]


def _sides(image: nibabel.spatialimages.SpatialImage) -> tuple[int, int, int]:
    """Return the lengths of a file's first three axes; a flat one has a third of length 1."""
    first, second, third = (*map(int, image.shape), 1)[:3]
    return first, second, third


def _axis_up(image: nibabel.spatialimages.SpatialImage) -> int:
    """Find the axis of a file that runs along the body."""
    axes = io_orientation(image.affine)[:, 0]
    return int(np.flatnonzero(axes == _UP)[0])


def _stored(image: nibabel.spatialimages.SpatialImage, min_size: int) -> tuple[np.ndarray, tuple[float, float]]:
    """Return a volume's stored numbers, (right, front, up) as nibabel's canonical axes, and their slope and intercept.

    A view of the file where it isn't compressed.
    """
    if len(image.shape) < 2 or any(length > 1 for length in image.shape[3:]):
        shown = " × ".join(map(str, image.shape))
        raise Refusal("several volumes", f"{shown} numbers; expected one volume, with a slice or more")
    if image.get_data_dtype().kind not in "iuf":
        raise Refusal("unsupported pixels", f"{image.get_data_dtype()}; expected whole or floating-point numbers")
    sides = _sides(image)
    grey.require_size(*(length for axis, length in enumerate(sides) if axis != _axis_up(image)), min_size)
    stored = image.dataobj.get_unscaled().reshape(sides)
    return apply_orientation(stored, io_orientation(image.affine)), (image.dataobj.slope, image.dataobj.inter)


def _read_slice(
    stored: np.ndarray, to_values: tuple[float, float], number: int, window: Window | None
) -> Decoded | Refusal:
    try:
        if not 1 <= number <= stored.shape[_UP]:
            raise Refusal("damaged", f"there is no slice {number}, but {stored.shape[_UP]}")
        # lines from the front to the back, columns from the patient's right to the left
        plane = stored[::-1, ::-1, number - 1].T
        slope, intercept = to_values
        values = plane * np.float64(slope) + intercept
        known = np.isfinite(values)
        if not known.any():
            raise Refusal("blank", "no pixel is a finite number")
        least, most = values[known].min(), values[known].max()
        if window is None:
            raise grey.no_window(least, most)
        levels, beyond = grey.through_window(np.where(known, values, -np.inf), window)
        outside = float(np.mean(beyond[known]))
        grey.require_inside(outside, least, most, window)
        grey.require_contrast(levels)
        return Decoded(levels, plane.shape[1], plane.shape[0], str(stored.dtype), 0.0, outside)
    except Refusal as refusal:
        return refusal
    except Exception as error:
        return _damaged(error)


def _damaged(error: Exception) -> Refusal:
    # nibabel's messages name the file, whose path is in the table anyway, and sizes; long ones list a header
    return Refusal("damaged", f"it can't be read ({type(error).__name__})")
