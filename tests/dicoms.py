"""Small DICOM files for tests, with a patient's name and birth date that must never get into a result."""

from pathlib import Path

import gdcm
import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

# what must not be in any file of a result
NAME, BIRTH_DATE = "Secretname^Given", "19370412"
# those that GDCM writes for the tests
ENCODED = {
    "RLE Lossless": gdcm.TransferSyntax.RLELossless,
    "JPEG Lossless": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    "JPEG-LS": gdcm.TransferSyntax.JPEGLSLossless,
    "JPEG 2000": gdcm.TransferSyntax.JPEG2000Lossless,
    "JPEG Baseline": gdcm.TransferSyntax.JPEGBaselineProcess1,
}


def film(pixels: np.ndarray, bits: int = 12, **tags) -> Dataset:
    """Make a film of pixels, (H, W) or (frames, H, W), as a detector stores them; a tag that is None is taken away."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = CTImageStorage if tags.get("Modality") == "CT" else DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = generate_uid()
    dataset.PatientName, dataset.PatientBirthDate, dataset.PatientID = NAME, BIRTH_DATE, "P1"
    dataset.Modality, dataset.ViewPosition, dataset.Manufacturer = "DX", "PA", "Maker"
    dataset.PatientSex, dataset.PatientAge, dataset.InstitutionName = "F", "064Y", "Saint Elsewhere"
    dataset.StudyInstanceUID = generate_uid()
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8 * pixels.itemsize, bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    if pixels.ndim == 3:
        dataset.NumberOfFrames = len(pixels)
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OW" if pixels.itemsize == 2 else "OB"
    for name, value in tags.items():
        if value is None:
            del dataset[name]
        else:
            setattr(dataset, name, value)
    return dataset


def save_film(path: Path, pixels: np.ndarray, bits: int = 12, encoding: str | None = None, **tags) -> Path:
    """Save a film, in one of the encodings of `ENCODED` or uncompressed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    film(pixels, bits, **tags).save_as(path, enforce_file_format=True)
    if encoding is not None:
        encode(path, ENCODED[encoding])
    return path


def encode(path: Path, syntax: int) -> None:
    """Encode a file in place by GDCM."""
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()


def values(seed: int = 0, height: int = 72, width: int = 80, most: int = 4095) -> np.ndarray:
    """Draw soft random values with all of 0 to `most` among them: (height, width) uint16."""
    cells = np.random.default_rng(seed).random((9, 9))
    down, right = np.linspace(0, 8, height), np.linspace(0, 8, width)
    soft = np.array([np.interp(right, range(9), line) for line in cells])
    soft = np.array([np.interp(down, range(9), column) for column in soft.T]).T
    soft = (soft - soft.min()) / np.ptp(soft)
    return np.rint(soft * most).astype(np.uint16)
