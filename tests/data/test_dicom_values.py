"""Stored values become the grey levels that the standard says, the same as pydicom's own where it has an answer."""

import numpy as np
import pytest
from pydicom import Dataset, Sequence
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from chestgan.data import dicom_values
from chestgan.data.grey import Window
from chestgan.data.refusal import Refusal
from dicoms import film, values

DEEP = values()


def shown(pixels: np.ndarray, bits: int = 12, window: Window | None = None, frame: int = 1, **tags) -> np.ndarray:
    return dicom_values.to_grey(pixels, film(pixels, bits, **tags), frame, window)[0]


def table(entries: list[int], first: int, bits: int, representation: int = 0) -> Sequence:
    """Make the one item of a modality or VOI LUT sequence."""
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    item["LUTDescriptor"].VR = "SS" if representation else "US"
    item.LUTData = np.array(entries, dtype="<u2").tobytes()
    item["LUTData"].VR = "OW"
    return Sequence([item])


def pydicoms(pixels: np.ndarray, bits: int = 12, **tags) -> np.ndarray:
    """Let pydicom map the values, and scale its range of outputs to 8 bits."""
    dataset = film(pixels, bits, **tags)
    least = -(2 ** (bits - 1)) if pixels.dtype.kind == "i" else 0
    low, high = apply_modality_lut(np.array([least, least + 2**bits - 1]), dataset)
    grey = (apply_voi_lut(apply_modality_lut(pixels, dataset), dataset) - float(low)) / (float(high) - low) * 255
    return 255 - grey if dataset.PhotometricInterpretation == "MONOCHROME1" else grey


WINDOW = {"WindowCenter": 1500, "WindowWidth": 2000}
RESCALE = {"RescaleSlope": 2, "RescaleIntercept": -1000}


@pytest.mark.parametrize(
    ("pixels", "bits", "tags"),
    [
        (DEEP, 12, WINDOW),
        (DEEP, 12, WINDOW | {"VOILUTFunction": "LINEAR_EXACT"}),
        (DEEP, 12, WINDOW | {"VOILUTFunction": "SIGMOID"}),
        (DEEP, 12, {"WindowCenter": [1500, 40], "WindowWidth": [2000, 80]}),
        (DEEP, 12, WINDOW | {"PhotometricInterpretation": "MONOCHROME1"}),
        (DEEP, 12, WINDOW | RESCALE),
        (DEEP * 16, 16, {"WindowCenter": 30000, "WindowWidth": 20000}),
        (DEEP.astype(np.int16) - 1000, 12, {"WindowCenter": 40, "WindowWidth": 400}),
        (DEEP.astype(np.int16) - 1000, 16, RESCALE | {"WindowCenter": 40.5, "WindowWidth": 1500.25}),
        ((DEEP // 16).astype(np.uint8), 8, {"WindowCenter": 100, "WindowWidth": 50}),
        ((DEEP // 16).astype(np.uint8), 8, {}),
        ((DEEP // 16).astype(np.uint8), 8, {"PhotometricInterpretation": "MONOCHROME1"}),
        ((DEEP // 16 - 128).astype(np.int8), 8, {}),
        ((DEEP // 64).astype(np.uint8), 6, {}),
    ],
)
def test_windows_and_rescale_are_those_of_pydicom(pixels: np.ndarray, bits: int, tags: dict) -> None:
    difference = np.abs(shown(pixels, bits, **tags) - pydicoms(pixels, bits, **tags))
    assert difference.max() <= 0.5 + 1e-6


def test_a_voi_lut_is_that_of_pydicom_and_wins_over_the_window() -> None:
    curve = [int(1023 * (place / 2999) ** 2) for place in range(3000)]
    tags = WINDOW | {"VOILUTSequence": table(curve, 500, 10)}
    mapped = apply_voi_lut(DEEP, film(DEEP, **tags)) / 1023 * 255
    assert np.abs(shown(DEEP, **tags) - mapped).max() <= 0.5 + 1e-6


def test_a_modality_lut_is_that_of_pydicom() -> None:
    curve = [int(4095 * (place / 4095) ** 0.5) for place in range(4096)]
    tags = {"ModalityLUTSequence": table(curve, 0, 16), "WindowCenter": 3000, "WindowWidth": 1000}
    dataset = film(DEEP, **tags)
    mapped = apply_voi_lut(apply_modality_lut(DEEP, dataset), dataset) / 65535 * 255
    assert np.abs(shown(DEEP, **tags) - mapped).max() <= 0.5 + 1e-6


def test_a_lut_of_8_bits_may_have_thousands_of_entries() -> None:
    pixels = np.array([[0, 1000], [2000, 4095]], dtype=np.uint16)
    curve = [255 - place // 16 for place in range(4096)]
    assert shown(pixels, VOILUTSequence=table(curve, 0, 8)).tolist() == [[255, 193], [130, 0]]


def test_a_lut_may_begin_below_zero() -> None:
    pixels = np.array([[-2000, -1000], [-999, 0]], dtype=np.int16)
    found = shown(pixels, 16, VOILUTSequence=table([0, 128, 255], -1001, 8, representation=1))
    assert found.tolist() == [[0, 128], [255, 255]]


def test_without_a_window_the_least_and_the_greatest_value_are_the_ends() -> None:
    pixels = np.array([[700, 800], [900, 1100]], dtype=np.uint16)
    assert shown(pixels).tolist() == [[0, 64], [128, 255]]
    assert shown(pixels, PhotometricInterpretation="MONOCHROME1").tolist() == [[255, 191], [127, 0]]


@pytest.mark.parametrize("junk", [{"WindowCenter": 0, "WindowWidth": 0}, {"WindowCenter": 0, "WindowWidth": 1}])
def test_a_window_that_shows_nothing_is_none(junk: dict) -> None:
    np.testing.assert_array_equal(shown(DEEP, **junk), shown(DEEP))


@pytest.mark.parametrize("modality", ["CT", "PT"])
def test_slices_without_a_window_are_refused(modality: str) -> None:
    with pytest.raises(Refusal, match=r"^16-bit without a window: values from 0 to 4095; say with --window-low"):
        shown(DEEP, Modality=modality)


def test_the_window_that_is_set_wins_and_is_in_rescaled_units() -> None:
    pixels = np.array([[0, 500], [1000, 2000]], dtype=np.uint16)
    dataset = film(pixels, RescaleSlope=1, RescaleIntercept=-1000, Modality="CT", WindowCenter=40, WindowWidth=80)
    levels, outside = dicom_values.to_grey(pixels, dataset, 1, Window(-1000, 0))
    assert levels.tolist() == [[0, 128], [255, 255]]
    assert outside == 0.25
    with pytest.raises(Refusal, match=r"^outside the window: values from -1000 to 1000"):
        dicom_values.to_grey(pixels, dataset, 1, Window(3000, 4000))


def test_8_bits_need_no_window_and_keep_their_own() -> None:
    pixels = np.array([[0, 100], [200, 255]], dtype=np.uint8)
    assert shown(pixels, 8, Window(-1000, 400)).tolist() == pixels.tolist()


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, [[0, 8], [12, 255]]),
        ({"PixelPaddingValue": 0}, [[0, 0], [5, 255]]),
        ({"PixelPaddingValue": 0, "PhotometricInterpretation": "MONOCHROME1"}, [[0, 255], [250, 0]]),
        ({"PixelPaddingValue": 4000, "PixelPaddingRangeLimit": 4095}, [[0, 170], [255, 0]]),
        ({"PixelPaddingValue": 4095, "PixelPaddingRangeLimit": 4000}, [[0, 170], [255, 0]]),
        ({"PixelPaddingValue": 4095, "WindowCenter": 100.5, "WindowWidth": 201}, [[0, 128], [191, 0]]),
    ],
)
def test_padding_is_black_and_no_end_of_the_values(tags: dict, expected: list) -> None:
    pixels = np.array([[0, 100], [150, 4000 if "PixelPaddingRangeLimit" in tags else 4095]], dtype=np.uint16)
    if tags == {}:
        pixels[:] = [[0, 128], [193, 4095]]
    if tags.get("PixelPaddingValue") == 0:
        pixels[:] = [[0, 100], [177, 4095]]
    assert shown(pixels, **tags).tolist() == expected


def test_signed_padding_that_is_written_unsigned_is_found() -> None:
    pixels = np.array([[-2000, 0], [100, 1000]], dtype=np.int16)
    dataset = film(pixels, 16)
    dataset.add_new("PixelPaddingValue", "US", 63536)
    assert dicom_values.to_grey(pixels, dataset, 1, None)[0].tolist() == [[0, 0], [26, 255]]


def test_only_padding_and_flat_pictures_are_blank() -> None:
    with pytest.raises(Refusal, match=r"^blank: every pixel is padding"):
        shown(np.zeros((4, 4), dtype=np.uint16), PixelPaddingValue=0)
    with pytest.raises(Refusal, match=r"^blank: every pixel is 7"):
        shown(np.full((4, 4), 7, dtype=np.uint16))


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_slope_that_is_no_number_is_damage() -> None:
    with pytest.raises(Refusal, match=r"^damaged: its rescale"):
        shown(DEEP, RescaleSlope=float("inf"), RescaleIntercept=0)


def functional_group(**sequences: dict) -> Dataset:
    """Make a functional group of sequences with one item each."""
    group = Dataset()
    for name, tags in sequences.items():
        item = Dataset()
        for tag, value in tags.items():
            setattr(item, tag, value)
        setattr(group, name, Sequence([item]))
    return group


def test_each_frame_of_an_enhanced_file_has_its_own_rescale_and_window() -> None:
    pixels = np.array([[0, 100], [200, 400]], dtype=np.uint16)
    frames = [
        functional_group(
            PixelValueTransformationSequence={"RescaleSlope": slope, "RescaleIntercept": -200},
            FrameVOILUTSequence={"WindowCenter": 0, "WindowWidth": 200, "VOILUTFunction": "LINEAR_EXACT"},
        )
        for slope in (1, 2)
    ]
    tags = {"PerFrameFunctionalGroupsSequence": Sequence(frames), "Modality": "CT", "WindowCenter": 9, "WindowWidth": 9}
    assert shown(pixels, frame=1, **tags).tolist() == [[0, 0], [128, 255]]
    assert shown(pixels, frame=2, **tags).tolist() == [[0, 128], [255, 255]]
    shared = {"SharedFunctionalGroupsSequence": Sequence(frames[1:]), "Modality": "CT"}
    assert shown(pixels, frame=2, **shared).tolist() == [[0, 128], [255, 255]]
