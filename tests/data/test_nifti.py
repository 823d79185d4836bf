"""Axial slices of volumes come out as radiologists see them, whatever the order of the file's axes."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, inv_ornt_aff, ornt_transform

from chestgan.data import nifti
from chestgan.data.decoding import read_grey
from chestgan.data.grey import Window
from chestgan.data.refusal import Refusal

RANDOM = np.random.default_rng(0)
# to the right, to the front, up
BODY = RANDOM.integers(-1000, 1000, (20, 24, 6)).astype(np.int16)
WINDOW = Window(-1000, 1000)


def save_volume(path: Path, axes: str = "RAS", body: np.ndarray = BODY) -> Path:
    """Save the body with axes in the order and direction of a code, such as LPS."""
    turn = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(axes))
    stored = nibabel.orientations.apply_orientation(body, turn)
    affine = np.diag([2.0, 2.0, 5.0, 1.0]) @ inv_ornt_aff(turn, body.shape)
    nibabel.save(nibabel.Nifti1Image(stored, affine), path)
    return path


def seen(number: int, body: np.ndarray = BODY) -> np.ndarray:
    """Show a slice from the feet: lines from front to back, columns from the patient's right to the left."""
    lines = [[body[right, front, number - 1] for right in range(20)[::-1]] for front in range(24)[::-1]]
    return np.rint((np.array(lines) + 1000.0) / 2000 * 255)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("axes", ["RAS", "LPS", "LAS", "SRA", "PIR"])
def test_slices_are_axial_and_upright_whatever_the_axes(tmp_path: Path, axes: str, name: str) -> None:
    path = save_volume(tmp_path / name, axes)
    assert nifti.count_slices(path) == 6
    for number, decoded in zip((6, 1, 3), nifti.read(path, [6, 1, 3], WINDOW, 20), strict=True):
        np.testing.assert_array_equal(decoded.grey, seen(number))
        assert (decoded.width, decoded.height, decoded.mode, decoded.outside_window) == (20, 24, "int16", 0)


def test_slope_and_intercept_are_applied_before_the_window(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(BODY, np.eye(4))
    image.header.set_slope_inter(0.5, 100)
    image.header["vox_offset"] = 352
    # not by nibabel, which would divide by them
    (tmp_path / "a.nii").write_bytes(image.header.binaryblock + bytes(4) + BODY.tobytes(order="F"))
    grey = read_grey(tmp_path / "a.nii", Window(-400, 600), frame=2).grey
    np.testing.assert_array_equal(grey, seen(2))


def test_numbers_that_are_none_are_black(tmp_path: Path) -> None:
    body = BODY.astype(np.float32)
    body[0, 0, :] = np.nan
    [decoded] = nifti.read(save_volume(tmp_path / "a.nii", body=body), [1], WINDOW, 1)
    assert decoded.grey[-1, -1] == 0
    assert decoded.outside_window == 0
    body[:] = np.nan
    [refusal] = nifti.read(save_volume(tmp_path / "a.nii", body=body), [1], WINDOW, 1)
    assert refusal.reason == "blank"


def test_a_flat_file_is_one_slice(tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(BODY[:, :, 0], np.eye(4)), tmp_path / "a.nii")
    assert nifti.count_slices(tmp_path / "a.nii") == 1
    np.testing.assert_array_equal(read_grey(tmp_path / "a.nii", WINDOW).grey, seen(1))


@pytest.mark.parametrize(
    ("body", "options", "reason"),
    [
        (BODY, {}, "16-bit without a window"),
        (BODY, {"window": Window(2000, 3000)}, "outside the window"),
        (BODY, {"window": WINDOW, "min_size": 21}, "too small"),
        (BODY, {"window": WINDOW, "frame": 7}, "damaged"),
        (np.zeros((20, 24, 2, 3), dtype=np.int16), {"window": WINDOW}, "several volumes"),
        (np.zeros((20, 24, 2), dtype=np.complex64), {"window": WINDOW}, "unsupported pixels"),
        (np.zeros((20, 24, 2), dtype=np.int16), {"window": WINDOW}, "blank"),
    ],
)
def test_what_cannot_be_used_is_told_apart(tmp_path: Path, body: np.ndarray, options: dict, reason: str) -> None:
    nibabel.save(nibabel.Nifti1Image(body, np.eye(4)), tmp_path / "a.nii")
    with pytest.raises(Refusal) as caught:
        read_grey(tmp_path / "a.nii", **options)
    assert caught.value.reason == reason


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_damaged_volumes_are_read_or_refused(tmp_path: Path, name: str) -> None:
    content = save_volume(tmp_path / "whole.nii").read_bytes()
    random = np.random.default_rng(0)
    for _ in range(100):
        changed = bytearray(content)
        for place in random.integers(4, 352, 4):
            changed[place] = random.integers(256)
        changed = changed[: random.integers(len(changed))] if random.random() < 0.2 else changed
        (tmp_path / name).write_bytes(gzip.compress(changed) if name.endswith(".gz") else changed)
        [found] = nifti.read(tmp_path / name, [1], WINDOW, 1)
        assert isinstance(found, Refusal) or found.grey.dtype == np.uint8
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(content)[:-200])
    with pytest.raises(Refusal):
        read_grey(tmp_path / "a.nii.gz", WINDOW)
