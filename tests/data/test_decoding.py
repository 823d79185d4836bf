"""Image files of every kind become grey pixels, or a row with a reason."""

import contextlib
import io
import os
import socket
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from chestgan.data.decoding import read_grey
from chestgan.data.file_formats import is_candidate, may_be_medical, medical_format
from chestgan.data.grey import Window
from chestgan.data.refusal import Refusal
from dicoms import save_film, values
from pictures import picture, save

GREY = picture(0)


def refused(path: Path, **options) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_grey(path, **options)
    return caught.value


def png_of_16_bits(path: Path, values: np.ndarray, colour_type: int) -> Path:
    """Write a PNG of 16-bit samples, (H, W, channels): Pillow writes none with colour."""
    height, width, _ = values.shape
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.TIFF", "A.PNG", "b.Bmp"])
def test_lossless_formats_give_the_same_pixels(tmp_path: Path, name: str) -> None:
    decoded = read_grey(save(tmp_path / name, GREY))
    np.testing.assert_array_equal(decoded.grey, GREY)
    assert (decoded.width, decoded.height, decoded.mode, decoded.coloured) == (80, 72, "L", 0)


def test_jpeg_is_read_nearly_the_same(tmp_path: Path) -> None:
    decoded = read_grey(save(tmp_path / "a.jpg", GREY, quality=95))
    assert np.abs(decoded.grey.astype(int) - GREY).max() <= 8


def test_the_content_counts_and_not_the_ending(tmp_path: Path) -> None:
    save(tmp_path / "a.bmp", GREY).rename(tmp_path / "a.jpg")
    np.testing.assert_array_equal(read_grey(tmp_path / "a.jpg").grey, GREY)


def test_colour_becomes_luminance(tmp_path: Path) -> None:
    pixels = np.zeros((8, 9, 3), dtype=np.uint8)
    pixels[:, :3, 0] = pixels[:, 3:6, 1] = pixels[:, 6:, 2] = 255
    decoded = read_grey(save(tmp_path / "a.png", pixels))
    np.testing.assert_array_equal(decoded.grey[0, ::3], [76, 150, 29])
    assert decoded.coloured == 1


def test_grey_in_three_channels_is_no_colour(tmp_path: Path) -> None:
    decoded = read_grey(save(tmp_path / "a.png", np.stack([GREY] * 3, axis=2)))
    np.testing.assert_array_equal(decoded.grey, GREY)
    assert decoded.coloured == 0


def test_palette_is_looked_up(tmp_path: Path) -> None:
    image = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3)).convert("P")
    image.putpalette([value for grey in (250, 10, 200, 30, 90, 0) for value in (grey, grey, grey)])
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_grey(tmp_path / "a.png").grey, [[250, 10, 200], [30, 90, 0]])


def test_cmyk_jpeg_is_not_inverted(tmp_path: Path) -> None:
    Image.fromarray(np.stack([GREY] * 3, axis=2)).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    decoded = read_grey(tmp_path / "a.jpg")
    assert decoded.mode == "CMYK"
    assert np.abs(decoded.grey.astype(int) - GREY).max() <= 8


def test_transparency_shows_black(tmp_path: Path) -> None:
    pixels = np.full((4, 4, 4), 200, dtype=np.uint8)
    pixels[0, :, 3], pixels[1, :, 3], pixels[2:, :, 3] = 0, 128, 255
    grey = read_grey(save(tmp_path / "a.png", pixels)).grey
    assert grey[:, 0].tolist() == [0, 100, 200, 200]


def test_grey_with_a_transparent_value_shows_black(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.array([[7, 200], [90, 7]], dtype=np.uint8), transparency=7)
    np.testing.assert_array_equal(read_grey(tmp_path / "a.png").grey, [[0, 200], [90, 0]])


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_turns_upright(tmp_path: Path, name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    options = {"a.jpg": {"quality": 95}, "a.tif": {"compression": "tiff_lzw"}}.get(name, {})
    decoded = read_grey(save(tmp_path / name, GREY, exif=exif, **options))
    turns = {1: (0, False), 2: (0, True), 3: (2, False), 4: (2, True), 5: (1, True), 6: (3, False), 7: (3, True)}
    n_turns, mirrored = turns.get(orientation, (1, False))
    # EXIF mirrors the stored picture first for 2, 4; and along its diagonals for 5 and 7
    expected = np.rot90(np.fliplr(GREY) if mirrored else GREY, n_turns)
    assert decoded.grey.shape == expected.shape
    assert (decoded.width, decoded.height) == expected.shape[::-1]
    assert np.abs(decoded.grey.astype(int) - expected).max() <= 8


def test_an_uncompressed_tiff_that_lies_is_refused_and_not_garbled(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    assert refused(save(tmp_path / "a.tif", GREY, exif=exif)).reason == "stored lying"
    exif[274] = 3
    np.testing.assert_array_equal(read_grey(save(tmp_path / "b.tif", GREY, exif=exif)).grey, GREY[::-1, ::-1])


def test_a_huge_jpeg_is_decoded_smaller_and_keeps_its_size_on_record(tmp_path: Path) -> None:
    decoded = read_grey(save(tmp_path / "a.jpg", picture(1, 4200, 4100), quality=90))
    assert (decoded.width, decoded.height) == (4200, 4100)
    assert 1024 <= min(decoded.grey.shape) < 2048


def test_16_bits_without_a_window_are_refused_with_their_values(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", GREY.astype(np.uint16) * 16)
    refusal = refused(path)
    assert refusal.reason == "16-bit without a window"
    assert "--window-low" in refusal.detail
    assert f"values from {16 * int(GREY.min())} to {16 * int(GREY.max())}" in refusal.detail


def test_16_bits_that_would_fit_into_8_are_refused_too(tmp_path: Path) -> None:
    assert refused(save(tmp_path / "a.png", GREY.astype(np.uint16))).reason == "16-bit without a window"


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_a_window_maps_linearly_and_tells_what_lies_beyond(tmp_path: Path, name: str) -> None:
    values = np.array([[0, 1000], [2000, 3000], [4000, 65535]], dtype=np.uint16)
    decoded = read_grey(save(tmp_path / name, values), Window(1000, 3000))
    np.testing.assert_array_equal(decoded.grey, [[0, 0], [128, 255], [255, 255]])
    assert decoded.outside_window == pytest.approx(0.5)
    assert refused(tmp_path / name, window=Window(70000, 80000)).reason == "outside the window"


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_hounsfield_units_go_through_the_window(tmp_path: Path, kind: type) -> None:
    values = np.array([[-1000, -600], [0, 400]], dtype=kind)
    grey = read_grey(save(tmp_path / "a.tif", values), Window(-1000, 400)).grey
    np.testing.assert_array_equal(grey, [[0, 73], [182, 255]])


def test_16_bits_counted_from_white_are_turned_round(tmp_path: Path) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0
    values = np.array([[0, 3000], [1500, 3000]], dtype=np.uint16)
    save(tmp_path / "a.tif", values, tiffinfo=tags)
    with Image.open(tmp_path / "a.tif") as image:
        assert image.tag_v2[262] == 0
    np.testing.assert_array_equal(read_grey(tmp_path / "a.tif", Window(0, 3000)).grey, [[255, 0], [127, 0]])


def test_a_window_leaves_8_bits_alone(tmp_path: Path) -> None:
    decoded = read_grey(save(tmp_path / "a.png", GREY), Window(0, 4095))
    np.testing.assert_array_equal(decoded.grey, GREY)
    assert decoded.outside_window is None


@pytest.mark.parametrize(("colour_type", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_16_bit_colour_is_refused_and_not_clipped(tmp_path: Path, colour_type: int, channels: int) -> None:
    values = np.random.default_rng(0).integers(0, 4096, (10, 12, channels))
    assert refused(png_of_16_bits(tmp_path / "a.png", values, colour_type)).reason == "16-bit colour"


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    values = np.array([[0, np.nan], [1, 2]], dtype=np.float32)
    assert refused(save(tmp_path / "a.tif", values), window=Window(0, 2)).reason == "damaged"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.tif"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6, 0.9])
def test_truncated_files_are_refused(tmp_path: Path, name: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 100), dtype=np.uint8)
    content = save(tmp_path / name, noise).read_bytes()
    (tmp_path / name).write_bytes(content[: int(share * len(content))])
    expected = {"empty file"} if share == 0 else {"truncated", "damaged", "not an image"}
    assert refused(tmp_path / name).reason in expected
    if share == 0.6 and name != "a.tif":
        assert refused(tmp_path / name).reason == "truncated"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.tif"])
def test_no_damage_escapes_as_another_error(tmp_path: Path, name: str) -> None:
    content = save(tmp_path / name, GREY).read_bytes()
    random = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(content)
        for place in random.integers(0, min(len(content), 400), 6):
            damaged[place] = random.integers(256)
        (tmp_path / name).write_bytes(damaged)
        with contextlib.suppress(Refusal):
            assert read_grey(tmp_path / name).grey.dtype == np.uint8


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:51e8\nsize 132244\n", "text pointer"),
        (b"<!DOCTYPE html><title>404</title>", "not an image"),
        (b"", "empty file"),
        (b"GIF89a" + bytes(40), "another format"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "another format"),
        (bytes(128) + b"DICM" + bytes(99), "misnamed"),
        (b"II*\0" + b"nonsense" * 9, "damaged"),
    ],
)
def test_what_is_no_image_is_told_apart(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert refused(tmp_path / "a.png").reason == reason


def test_nothing_but_a_regular_file_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "device.png").symlink_to("/dev/zero")
    (tmp_path / "folder.dcm").mkdir()
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "s.png"))
    for name, kind in {"pipe.png": "FIFO", "device.png": "device", "s.png": "socket", "folder.dcm": "folder"}.items():
        refusal = refused(tmp_path / name)
        assert (refusal.reason, refusal.detail) == ("not a file", f"a {kind}")
    os.mkfifo(tmp_path / "pipe")
    assert not is_candidate(tmp_path / "pipe")


def test_a_file_that_cannot_be_read_may_be_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "IM1").write_bytes(b"no image")
    assert not is_candidate(tmp_path / "IM1")

    def deny(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    assert is_candidate(tmp_path / "IM1")
    assert refused(tmp_path / "IM1").reason == "unreadable"


def test_medical_files_are_told_by_name_and_first_bytes(tmp_path: Path) -> None:
    save_film(tmp_path / "IM1", values())
    (tmp_path / "a.png").write_bytes((tmp_path / "IM1").read_bytes())
    (tmp_path / "a.dcm").write_text("version https://git-lfs.github.com/spec/v1")
    (tmp_path / "a.nii.gz").write_bytes(b"\x1f\x8b")
    (tmp_path / "b.nii.gz").write_text("no gzip")
    assert [name for name in ("IM1", "a.png", "a.dcm") if medical_format(tmp_path / name) == "DICOM"] == ["IM1"]
    assert medical_format(tmp_path / "a.nii.gz") == "NIfTI"
    assert medical_format(tmp_path / "b.nii.gz") is None
    assert [may_be_medical(tmp_path / name) for name in ("a.dcm", "IM1", "a.nii", "a.PNG", "a.jpg")] == [True] * 3 + [
        False
    ] * 2
    assert all(is_candidate(tmp_path / name) for name in ("IM1", "a.png", "a.dcm", "a.nii.gz", "none.nii"))
    assert refused(tmp_path / "a.png").reason == "misnamed"
    assert refused(tmp_path / "a.dcm").reason == "text pointer"
    assert refused(tmp_path / "b.nii.gz").reason == "not an image"
    assert refused(tmp_path / "a.nii.gz").reason == "damaged"


def test_a_link_to_nothing_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
    assert refused(tmp_path / "a.png").reason == "unreadable"


def test_several_pictures_in_one_file_are_refused(tmp_path: Path) -> None:
    pages = [Image.fromarray(picture(seed)) for seed in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert refused(tmp_path / "a.tif").reason == "several pictures"


def test_a_uniform_picture_is_blank(tmp_path: Path) -> None:
    assert refused(save(tmp_path / "a.png", np.full((70, 70), 9, dtype=np.uint8))).reason == "blank"


def test_the_shorter_side_decides_what_is_too_small(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", picture(0, 300, 63))
    assert refused(path, min_size=64).reason == "too small"
    assert read_grey(path, min_size=63).width == 300


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    Image.new("1", (13_000, 13_000)).save(bomb, "PNG")
    (tmp_path / "a.png").write_bytes(bomb.getvalue())
    assert refused(tmp_path / "a.png").reason == "too large"


def test_real_dirty_files_are_judged_as_a_radiologist_would(shared_data: Path) -> None:
    judged = {}
    for path in sorted((shared_data / "dirty").iterdir()):
        try:
            judged[path.name] = read_grey(path, min_size=64).mode
        except Refusal as refusal:
            judged[path.name] = refusal.reason
    assert judged == {
        "README.md": "not an image",
        "UPPERCASE.PNG": "RGBA",
        "colour_marks_cxr.png": "P",
        "ct_in_cxr_folder.jpg": "RGB",
        "git_lfs_pointer.png": "text pointer",
        "huge_4298x4300.jpg": "RGB",
        "jpeg.jfif": "RGB",
        "jpeg_named_png.png": "RGB",
        "lateral_view.jpg": "RGB",
        "palette_ct.png": "P",
        "rgba_png_named_jpg.jpg": "RGBA",
        "rgba_real_transparency.png": "RGBA",
        "tiny%7.png": "too small",
    }
