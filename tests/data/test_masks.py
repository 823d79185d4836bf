"""Masks and overlays are told from X-rays, by name and by pixels."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from chestgan.data import decoding, framing, masks
from pictures import picture, save
from public_sets import mask


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("COVID/masks/COVID-1.png", "mask"),
        ("covid/1_mask.png", "mask"),
        ("covid/1-Lung-Mask.PNG", "mask"),
        ("covid/lung masks/1.png", "mask"),
        ("covid/LungMask/1.png", "mask"),
        ("covid/segmentation/1.png", "mask"),
        ("covid/1_seg.png", "mask"),
        ("covid/ground-truth/1.png", None),
        ("covid/groundtruth/1.png", "mask"),
        ("covid/heatmaps/1.png", "overlay"),
        ("covid/1-overlay.jpg", "overlay"),
        ("covid/gradcam_1.jpg", "overlay"),
        ("covid/images/1.png", None),
        ("covid/unmasked/1.png", None),
        ("Lung Segmentation Data/covid/1.png", None),
        ("covid/segment-7.png", None),
        ("covid/.png", None),
    ],
)
def test_names_tell_masks(file: str, reason: str | None) -> None:
    assert masks.by_name([file])["reason"].tolist() == ([] if reason is None else [reason])


def heat_map(colours: str) -> np.ndarray:
    rows, columns = np.mgrid[:72, :80]
    heat = np.exp(-((rows - 30) ** 2 + (columns - 50) ** 2) / 800)
    shown = 127 * matplotlib.colormaps[colours](heat)[..., :3] + picture(1)[..., None] / 2
    return shown.astype(np.uint8)


def found(folder: Path) -> dict[str, str]:
    files = sorted(path.name for path in folder.iterdir())
    decoded = [decoding.read_grey(folder / file) for file in files]
    table = pd.DataFrame({"file": files, "label": "covid", "coloured": [one.coloured for one in decoded]})
    thumbnails = np.stack([framing.thumbnail(one.grey) for one in decoded])
    seen = masks.by_pixels(folder, table, thumbnails)
    assert seen["file"].tolist() == [files[row] for row in seen.index]
    return dict(zip(seen["file"], seen["reason"], strict=True))


def test_pixels_tell_masks_and_overlays(tmp_path: Path) -> None:
    save(tmp_path / "film.png", picture(1))
    bars = picture(2).copy()
    bars[:30] = 0
    save(tmp_path / "film-with-bars.png", bars)
    tint = np.stack([picture(3), picture(3) // 2, picture(3) // 3], axis=2)
    save(tmp_path / "film-with-tint.png", tint)
    save(tmp_path / "a.png", mask(1))
    save(tmp_path / "b.jpg", np.kron(mask(2), np.ones((4, 4), dtype=np.uint8)), quality=60)
    Image.fromarray(mask(3) > 0).save(tmp_path / "c.png")
    for colours in ("jet", "hot", "viridis"):
        save(tmp_path / f"{colours}.png", heat_map(colours))
    assert found(tmp_path) == {
        "a.png": "mask",
        "b.jpg": "mask",
        "c.png": "mask",
        "jet.png": "overlay",
        "hot.png": "overlay",
        "viridis.png": "overlay",
    }


def test_where_all_is_black_and_white_nothing_is_a_mask(tmp_path: Path) -> None:
    for number in range(4):
        save(tmp_path / f"{number}.png", mask(number))
    assert found(tmp_path) == {}


def test_real_films_are_no_masks(tmp_path: Path, shared_data: Path) -> None:
    films = sorted((shared_data / "cxr").glob("*/*.*"))[::80] + sorted((shared_data / "dirty").glob("*.jpg"))
    for number, film in enumerate(films):
        (tmp_path / f"{number}{film.suffix}").symlink_to(film)
    save(tmp_path / "mask.png", mask(1))
    assert len(films) > 20
    assert found(tmp_path) == {"mask.png": "mask"}
