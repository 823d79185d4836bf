"""DICOM files as grey pixels, by pydicom and the decoders of GDCM and Pillow."""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import gdcm
import numpy as np
import pydicom
from PIL import Image
from pydicom import Dataset
from pydicom.pixels import apply_color_lut, get_decoder, pixel_array
from pydicom.tag import BaseTag
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGExtended12Bit,
    SegmentationStorage,
)

from chestgan.data import dicom_values, grey
from chestgan.data.grey import Decoded, Window
from chestgan.data.refusal import Refusal

_GREY = ("MONOCHROME1", "MONOCHROME2")
_PALETTE = "PALETTE COLOR"
_REQUIRED = (
    *("PhotometricInterpretation", "SamplesPerPixel", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "PixelRepresentation"),
)
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
# remarks on odd files, which name none; what can't be read is a refusal
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
for _switch_off in (gdcm.Trace.DebugOff, gdcm.Trace.WarningOff, gdcm.Trace.ErrorOff):
    _switch_off()


def read(path: Path, frames: Sequence[int | None], window: Window | None, min_size: int) -> list[Decoded | Refusal]:
    """Read frames of a file, counted from 1; None stands for the first.

    Returns:
        For each frame its picture, or why it can't be used.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = _read_dataset(path)
            _require_usable(dataset, min_size)
        except Refusal as refusal:
            return [refusal] * len(frames)
        except Exception as error:  # pydicom raises whatever a damaged file leads it to, with values of the header
            return [Refusal("damaged", f"its header can't be read ({type(error).__name__})")] * len(frames)
        return [_read_frame(dataset, 1 if frame is None else frame, window) for frame in frames]


def read_header(path: Path, tags: Sequence[str | BaseTag]) -> Dataset:
    """Read some tags of a file and nothing else of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path, force=True, stop_before_pixels=True, specific_tags=list(tags))


def _read_dataset(path: Path) -> Dataset:
    dataset = pydicom.dcmread(path, force=True)
    if "TransferSyntaxUID" not in dataset.file_meta:
        is_implicit, is_little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if is_little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if is_implicit else explicit
    return dataset


def _require_usable(dataset: Dataset, min_size: int) -> None:
    """Refuse what the header alone says can't be used."""
    if "PixelData" not in dataset:
        raise _without_pixels(dataset)
    missing = [name for name in _REQUIRED if dataset.get(name) is None]
    if missing:
        raise Refusal("damaged", f"its header has no {', '.join(missing)}")
    if dataset.BitsAllocated == 1 or dataset.get("SOPClassUID") == SegmentationStorage:
        raise Refusal("mask", "a segmentation or a picture of 1 bit")
    kind = dataset.PhotometricInterpretation
    if kind not in (*_GREY, _PALETTE, *_COLOUR):
        raise Refusal("unsupported pixels", "its photometric interpretation is neither grey nor a known colour")
    if dataset.BitsAllocated not in (8, 16) or not 0 < dataset.BitsStored <= dataset.BitsAllocated:
        raise Refusal("unsupported pixels", f"{dataset.BitsStored} of {dataset.BitsAllocated} bits; expected 8 or 16")
    if kind in _COLOUR and dataset.BitsAllocated > 8:
        raise Refusal("16-bit colour", "there is no window for colour; save it as 16-bit grey or with 8 bits a colour")
    if dataset.SamplesPerPixel != (3 if kind in _COLOUR else 1):
        raise Refusal("damaged", f"{dataset.SamplesPerPixel} values a pixel in a picture that is {kind}")
    grey.require_size(dataset.Columns, dataset.Rows, min_size)
    _require_decoder(dataset)


def _without_pixels(dataset: Dataset) -> Refusal:
    if "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset:
        return Refusal("unsupported pixels", "floating-point numbers; expected integers of 8 or 16 bits")
    kind = dataset.file_meta.get("MediaStorageSOPClassUID") or dataset.get("SOPClassUID")
    is_known = isinstance(kind, UID) and kind.name != kind
    if is_known and "Image" not in kind.name:
        return Refusal("no picture", f"{kind.name}: it has no pixels")
    return Refusal("truncated", "it ends before its pixels")


def _require_decoder(dataset: Dataset) -> None:
    """Refuse a transfer syntax that none of the installed packages decodes."""
    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        known = f"{syntax.name} ({syntax})" if syntax.name != syntax else "an unknown one"
        raise Refusal("no decoder", f"its transfer syntax is {known}, and pydicom has no decoder for it") from None
    # GDCM and Pillow have JPEG Extended with 8 bits alone
    needs_more = syntax == JPEGExtended12Bit and dataset.BitsStored > 8 and "pylibjpeg" not in decoder.available_plugins
    if needs_more or not decoder.is_available:
        packages = [line.partition("requires ")[2] for line in decoder.missing_dependencies]
        raise Refusal(
            "no decoder",
            f"its transfer syntax is {syntax.name} ({syntax}), which takes {' or '.join(packages)}; store it "
            "uncompressed, or as JPEG Lossless, JPEG-LS, JPEG 2000 or RLE",
        )


def _read_frame(dataset: Dataset, frame: int, window: Window | None) -> Decoded | Refusal:
    try:
        pixels = _decode(dataset, frame)
        kind, coloured, outside = dataset.PhotometricInterpretation, 0.0, None
        if kind in _GREY:
            levels, outside = dicom_values.to_grey(pixels, dataset, frame, window)
        else:
            coloured, levels = grey.coloured_share(pixels), np.asarray(Image.fromarray(pixels).convert("L"))
        grey.require_contrast(levels)
        mode = f"{kind} {dataset.BitsStored} bits"
        return Decoded(levels, dataset.Columns, dataset.Rows, mode, coloured, outside)
    except Refusal as refusal:
        return refusal
    except Exception as error:
        return Refusal("damaged", f"its pixels can't be decoded ({type(error).__name__})")


def _decode(dataset: Dataset, frame: int) -> np.ndarray:
    """Decode a frame: (H, W) of integers as they are stored, or (H, W, 3) uint8 of a coloured one."""
    n_frames = int(dataset.get("NumberOfFrames") or 1)
    if not 1 <= frame <= n_frames:
        raise Refusal("damaged", f"there is no frame {frame}, but {n_frames}")
    try:
        pixels = pixel_array(dataset, index=frame - 1)
    except ValueError as error:
        if "less than expected" in str(error):
            raise Refusal("truncated", "its pixels end too early") from None
        raise
    if dataset.PhotometricInterpretation == _PALETTE:
        pixels = apply_color_lut(pixels, dataset)
        return pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
