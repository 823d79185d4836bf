"""The section of the images: real ones beside those of every generator and seed, closest pairs, and samples over each
training."""

import numpy as np

from chestgan.metrics import copies
from chestgan.study import study_figures
from chestgan.study.page.blocks import Gallery, Prose, Section, Tile
from chestgan.study.page.pictures import TILE, read_sheet, tile_source
from chestgan.study.page.sources import Study
from chestgan.study.page.words import number

# bytes of grey pixels of the images beside real ones, and of those over trainings: in base64 they take about as many
_BUDGET = 1_500_000
_MOST_COLUMNS = 6


def image_section(study: Study) -> Section:
    """Show images of every origin, none picked but the closest pairs."""
    galleries = [_beside(study), *_closest_pairs(study), *_over_training(study)]
    lead = (
        "No image was picked, but for the closest pairs: real ones are of training patients drawn at random, each of "
        "another patient, and generated ones are the first of every seed. Grey values are unchanged."
    )
    return Section("images", "What the images look like", [Prose(lead), *galleries])


def n_columns(n_rows: int, size: int) -> int:
    """Choose how many images a row may have, so that all rows together stay within the budget."""
    return int(np.clip(_BUDGET // (n_rows * min(size, TILE) ** 2), 1, _MOST_COLUMNS))


def _beside(study: Study) -> Gallery:
    """Show real images of each class, and below them those of every generator and seed."""
    real, classes = study.real, study.real.classes
    columns = n_columns(len(classes) * (1 + len(study.generated)), real.images.shape[1])
    chosen = study_figures.one_a_patient(real, study.told["settings"]["seed"])
    of_real = study_figures.first_images(real, chosen, classes, columns)
    of_generators = {
        name: study_figures.first_images(images, images.manifest, classes, columns)
        for name, (_, images) in study.generated.items()
    }
    rows = []
    for place, label in enumerate(classes):
        rows.append((f"{label}, real", _tiles(of_real[place], f"real image of class {label}")))
        for (generator, seed), images in of_generators.items():
            origin = f"{generator}, seed {seed}"
            rows.append((f"{label}, {origin}", _tiles(images[place], f"image of class {label} by {origin}")))
    return Gallery("Real images of each class, and those of every generator and seed", rows)


def _closest_pairs(study: Study) -> list[Gallery]:
    """Show the generated images that are closest to a training image, each beside that; nothing where none is known."""
    train = study.real.manifest["split"] == "train"
    places = dict(zip(study.real.manifest["file"][train], np.flatnonzero(train), strict=True))
    rows = []
    for pair in study.closest.head(copies.N_CLOSEST).to_dict("records"):
        _, images = study.generated[pair["generator"], int(pair["seed"])]
        origin, real = f"{pair['class']}, {pair['generator']}, seed {pair['seed']}", f"{pair['train_class']}, real"
        image, nearest = images.images[int(pair["image"])], study.real.images[places[pair["train_file"]]]
        found = "copy" if pair["copy"] else "no copy"
        if pair["mirrored"]:
            found += ", mirrored"
        tiles = [
            Tile(tile_source(image), f"generated image of class {pair['class']} by {pair['generator']}", "generated"),
            Tile(tile_source(nearest), f"training image of class {pair['train_class']} nearest to it", real),
        ]
        rows.append((f"{origin}: {found}, distance {number(pair['distance'], 2)}", tiles))
    caption = "The generated images closest to a training image, each beside it"
    return [Gallery(caption, rows, side_by_side=True)] if rows else []


def _over_training(study: Study) -> list[Gallery]:
    """Show the same latent after ever more training, for every generator and seed."""
    galleries, size = [], study.real.images.shape[1]
    n_snapshots = n_columns(len(study.real.classes) * max(1, len(study.trained)), size)
    for generator in dict.fromkeys(name for name, _ in study.trained):
        rows = []
        for (name, seed), (settings, folder) in study.trained.items():
            sheets = sorted((folder / "samples").glob("kimg-*.png")) if name == generator else []
            if not sheets:
                continue
            places = np.unique(np.linspace(len(sheets) - 1, 0, n_snapshots).round().astype(int))
            shown = [(sheets[place].stem, read_sheet(sheets[place], size)) for place in places]
            for row, label in enumerate(settings["classes"]):
                rows.append((f"{label}, seed {seed}", [_snapshot(stem, sheet[row, 0], label) for stem, sheet in shown]))
        if rows:
            caption = f"{generator} over its training: the same latent after so many thousand real images shown"
            galleries.append(Gallery(caption, rows))
    return galleries


def _snapshot(stem: str, image: np.ndarray, label: str) -> Tile:
    kimg = f"{float(stem.removeprefix('kimg-')):g}"
    return Tile(tile_source(image), f"image of class {label} after {kimg} thousand", kimg)


def _tiles(images: np.ndarray, text: str) -> list[Tile]:
    return [Tile(tile_source(image), text) for image in images if not (image == 255).all()]
