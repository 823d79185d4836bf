"""DICOM files of every encoding become the pixels that they hold, and what can't be read is a reason."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset, Sequence
from pydicom.encaps import encapsulate
from pydicom.pixels import convert_color_space
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from chestgan.data import dicom
from chestgan.data.decoding import read_grey
from chestgan.data.grey import Decoded, Window
from chestgan.data.refusal import Refusal
from dicoms import BIRTH_DATE, ENCODED, NAME, film, save_film, values

DEEP = values()
FULL = Window(0, 4095)


def refused(path: Path, **options) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_grey(path, **options)
    return caught.value


def with_syntax(path: Path, syntax: str, **tags) -> Path:
    """Save a film that names a transfer syntax, with bytes that no decoder of it would take."""
    dataset = film(DEEP, **tags)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([b"no such thing"])
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("encoding", ["RLE Lossless", "JPEG Lossless", "JPEG-LS", "JPEG 2000"])
@pytest.mark.parametrize(
    ("pixels", "bits"),
    [((DEEP // 16).astype(np.uint8), 8), (DEEP, 12), (DEEP * 16, 16), (DEEP.astype(np.int16) - 1000, 16)],
    ids=["8 bits", "12 bits", "16 bits", "signed"],
)
def test_every_lossless_encoding_gives_the_pixels_of_the_uncompressed_file(
    tmp_path: Path, encoding: str, pixels: np.ndarray, bits: int
) -> None:
    plain = save_film(tmp_path / "plain.dcm", pixels, bits)
    encoded = save_film(tmp_path / "encoded.dcm", pixels, bits, encoding)
    assert pydicom.dcmread(encoded).file_meta.TransferSyntaxUID.is_compressed
    np.testing.assert_array_equal(pydicom.dcmread(encoded).pixel_array, pixels)
    np.testing.assert_array_equal(read_grey(encoded).grey, read_grey(plain).grey)


def test_jpeg_baseline_is_nearly_the_same(tmp_path: Path) -> None:
    pixels = (DEEP // 16).astype(np.uint8)
    grey = read_grey(save_film(tmp_path / "a.dcm", pixels, 8, "JPEG Baseline")).grey
    assert np.abs(grey.astype(int) - pixels).max() <= 8


def test_implicit_and_big_endian_files_are_read(tmp_path: Path) -> None:
    expected = np.rint(DEEP / 4095 * 255)
    for syntax, order in ((ImplicitVRLittleEndian, "<"), (ExplicitVRBigEndian, ">")):
        dataset = film(DEEP)
        lut = Dataset()
        lut.LUTDescriptor, lut.LUTData = [4096, 0, 12], np.arange(4096, dtype=f"{order}u2").tobytes()
        lut["LUTDescriptor"].VR, lut["LUTData"].VR = "US", "OW"
        dataset.VOILUTSequence = Sequence([lut])
        dataset.PixelData = DEEP.astype(f"{order}u2").tobytes()
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
        np.testing.assert_array_equal(read_grey(tmp_path / "a.dcm").grey, expected)


@pytest.mark.parametrize("name", ["a.dcm", "a.DICOM", "a.ima", "IM0001"])
def test_files_are_known_by_their_first_bytes_whatever_their_name(tmp_path: Path, name: str) -> None:
    decoded = read_grey(save_film(tmp_path / name, DEEP))
    np.testing.assert_array_equal(decoded.grey, np.rint(DEEP / 4095 * 255))
    assert (decoded.width, decoded.height, decoded.mode, decoded.coloured) == (80, 72, "MONOCHROME2 12 bits", 0)
    assert decoded.outside_window is None


@pytest.mark.parametrize("is_implicit", [True, False])
def test_files_without_preamble_are_known_by_name(tmp_path: Path, is_implicit: bool) -> None:
    dataset = film(DEEP)
    del dataset.file_meta
    dataset.save_as(tmp_path / "a.dcm", implicit_vr=is_implicit, little_endian=True)
    assert (tmp_path / "a.dcm").read_bytes()[:2] == b"\x08\0"
    np.testing.assert_array_equal(read_grey(tmp_path / "a.dcm").grey, np.rint(DEEP / 4095 * 255))


def test_dicom_named_as_a_picture_is_refused_for_its_header_would_go_unread(tmp_path: Path) -> None:
    assert refused(save_film(tmp_path / "a.png", DEEP)).reason == "misnamed"


def test_colour_becomes_luminance(tmp_path: Path) -> None:
    rgb = np.zeros((72, 81, 3), dtype=np.uint8)
    rgb[:, :27, 0] = rgb[:, 27:54, 1] = rgb[:, 54:, 2] = 255
    colour = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "Rows": 72, "Columns": 81}
    for kind, stored in (("RGB", rgb), ("YBR_FULL", convert_color_space(rgb, "RGB", "YBR_FULL"))):
        path = tmp_path / f"{kind}.dcm"
        tags = {"PhotometricInterpretation": kind, "PixelData": stored.tobytes()}
        decoded = read_grey(save_film(path, stored.reshape(-1, 243), 8, **colour, **tags))
        assert np.abs(decoded.grey[0, ::27].astype(int) - [76, 150, 29]).max() <= 1
        assert decoded.coloured == 1


def test_a_palette_is_looked_up(tmp_path: Path) -> None:
    tags = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour in ("Red", "Green", "Blue"):
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tags[f"{colour}PaletteColorLookupTableData"] = (np.arange(256)[::-1].astype("<u2") << 8).tobytes()
    pixels = (DEEP // 16).astype(np.uint8)
    decoded = read_grey(save_film(tmp_path / "a.dcm", pixels, 8, **tags))
    np.testing.assert_array_equal(decoded.grey, 255 - pixels)
    assert decoded.coloured == 0


@pytest.mark.parametrize("encoding", [None, "RLE Lossless", "JPEG 2000"])
def test_frames_are_counted_from_one(tmp_path: Path, encoding: str | None) -> None:
    frames = np.stack([values(seed) for seed in range(4)])
    path = save_film(tmp_path / "a.dcm", frames, 12, encoding)
    found = dicom.read(path, [4, 1, 5, 0], FULL, 1)
    for decoded, place in zip(found[:2], (3, 0), strict=True):
        np.testing.assert_array_equal(decoded.grey, np.rint(frames[place] / 4095 * 255))
    assert [str(one) for one in found[2:]] == [f"damaged: there is no frame {frame}, but 4" for frame in (5, 0)]
    np.testing.assert_array_equal(read_grey(path, FULL).grey, found[1].grey)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"PixelData": None}, "truncated"),
        ({"PixelData": None, "BitsAllocated": None}, "truncated"),
        ({"PixelData": None, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.1"}, "no picture"),
        ({"PixelData": bytes(2000)}, "truncated"),
        ({"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0}, "mask"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4"}, "mask"),
        ({"BitsAllocated": 32}, "unsupported pixels"),
        ({"BitsStored": 17}, "unsupported pixels"),
        ({"PhotometricInterpretation": "HSV"}, "unsupported pixels"),
        ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, "16-bit colour"),
        ({"SamplesPerPixel": 2}, "damaged"),
        ({"Rows": None}, "damaged"),
        ({"Rows": 20, "PixelData": bytes(3200)}, "too small"),
        ({"Rows": 65535, "Columns": 65535}, "too large"),
    ],
)
def test_what_cannot_be_used_is_told_apart(tmp_path: Path, tags: dict, reason: str) -> None:
    assert refused(save_film(tmp_path / "a.dcm", DEEP, **tags), min_size=64).reason == reason


@pytest.mark.parametrize(
    ("syntax", "told"),
    [
        ("1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 Image Compression (Lossless Only) (1.2.840.10008.1.2"),
        ("1.2.840.10008.1.2.4.201", "pylibjpeg-openjpeg>=2.0"),
        ("1.2.840.10008.1.2.4.51", "JPEG Extended (Process 2 and 4) (1.2.840.10008.1.2.4.51), which takes pylibjpeg"),
        ("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1 (1.2.840.10008.1.2.4.102)"),
    ],
)
def test_what_no_decoder_reads_is_refused_with_its_transfer_syntax(tmp_path: Path, syntax: str, told: str) -> None:
    refusal = refused(with_syntax(tmp_path / "a.dcm", syntax))
    assert refusal.reason == "no decoder"
    assert told in refusal.detail


def test_folders_of_discs_and_reports_hold_no_picture(tmp_path: Path) -> None:
    folder = Path(pydicom.data.__file__).parent / "test_files"
    refusal = refused(folder / "dicomdirtests" / "DICOMDIR")
    assert (refusal.reason, refusal.detail) == ("no picture", "Media Storage Directory Storage: it has no pixels")
    assert refused(folder / "reportsi.dcm").detail == "Basic Text SR Storage: it has no pixels"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("693_J2KI.dcm", "MONOCHROME2 14 bits"),
        ("JPEGLSNearLossless_16.dcm", "MONOCHROME2 16 bits"),
        ("SC_rgb_jpeg_dcmtk.dcm", "YBR_FULL 8 bits"),
        ("examples_overlay.dcm", "MONOCHROME2 12 bits"),
        ("MR_truncated.dcm", "truncated"),
        ("JPEG2000-embedded-sequence-delimiter.dcm", "damaged"),
        ("rtdose.dcm", "unsupported pixels"),
        ("liver_1frame.dcm", "mask"),
    ],
)
def test_files_of_real_scanners_are_judged(name: str, found: str) -> None:
    [one] = dicom.read(Path(pydicom.data.__file__).parent / "test_files" / name, [None], None, 1)
    assert (one.mode if isinstance(one, Decoded) else one.reason) == found


def damaged(content: bytes, random: np.random.Generator) -> bytes:
    """Damage a file in one of three ways: bytes flipped in its header or anywhere, or its end cut off."""
    changed = bytearray(content)
    kind = random.integers(3)
    if kind == 2:
        return content[: random.integers(len(content))]
    for place in random.integers(132, (900, len(content))[kind], 8):
        changed[place] = random.integers(256)
    return bytes(changed)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("encoding", [None, *ENCODED])
def test_damaged_files_are_read_or_refused_and_tell_nobodys_name(tmp_path: Path, encoding: str | None) -> None:
    pixels = (DEEP // 16).astype(np.uint8) if encoding == "JPEG Baseline" else DEEP
    content = save_film(tmp_path / "a.dcm", pixels, 8 * pixels.itemsize, encoding).read_bytes()
    random = np.random.default_rng(0)
    for _ in range(50):
        (tmp_path / "a.dcm").write_bytes(damaged(content, random))
        [found] = dicom.read(tmp_path / "a.dcm", [None], None, 1)
        if isinstance(found, Refusal):
            assert found.reason
            assert not any(word in str(found) for word in (*NAME.split("^"), BIRTH_DATE))
        else:
            assert found.grey.dtype == np.uint8
            assert found.grey.ndim == 2


WRONG = [None, ("US", 0), ("US", 65535), ("US", [1, 2, 3]), ("SS", -1), ("IS", "-1"), ("DS", "1e9"), ("DS", "")]
WRONG += [("LO", "text"), ("FD", float("nan")), ("OB", b"\xff\xfe"), ("UI", "1.2"), ("SQ", []), ("LT", "1")]
TAGS = ["Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel"]
TAGS += ["PhotometricInterpretation", "RescaleSlope", "WindowWidth", "PixelPaddingValue", "NumberOfFrames", "Modality"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("tag", TAGS)
def test_tags_of_a_wrong_kind_are_read_or_refused(tmp_path: Path, tag: str) -> None:
    for wrong in WRONG:
        dataset = film(DEEP, WindowCenter=2000, WindowWidth=3000, RescaleSlope=1, RescaleIntercept=0)
        if tag in dataset:
            del dataset[tag]
        if wrong is not None:
            dataset.add_new(tag, *wrong)
        dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
        [found] = dicom.read(tmp_path / "a.dcm", [None], None, 1)
        assert isinstance(found, Refusal) or found.grey.dtype == np.uint8


def test_a_header_is_read_as_far_as_it_is_asked_for(tmp_path: Path) -> None:
    save_film(tmp_path / "a.dcm", DEEP)
    header = dicom.read_header(tmp_path / "a.dcm", ["PatientID", "Modality"])
    assert [element.keyword for element in header] == ["Modality", "PatientID"]
