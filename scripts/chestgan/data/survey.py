"""What a folder of images holds, as far as a configuration needs it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from chestgan.base import recipes
from chestgan.data import column_guesses, decoding, file_formats, listing, masks, metadata
from chestgan.data.column_guesses import TableGuess
from chestgan.data.refusal import Refusal

_N_LOOKED_AT = 60
_LEAST_OF_CLASS = 3
# what folders inside class folders are called that aren't patients
_PARTS = re.compile(r"images?|imgs?|train|test|val|valid|validation|masks?|png|jpe?g", re.IGNORECASE)
_SPLITS = re.compile(r"train(ing)?|test(ing)?|val(id(ation)?)?", re.IGNORECASE)
# that black bars would be seen
_UNLIKE_SQUARE = 1.05
# Hounsfield units in which a CT of the lung is looked at
_LUNG = (-1350, 150)


@dataclass(frozen=True)
class Survey:
    """What was found.

    Attributes:
        n_images: the images, without masks.
        n_masks: files that are called masks or overlays.
        classes: the images of each class folder.
        classes_below: whether the class folders lie in folders such as train and test.
        patients_in_folders: whether the folders inside class folders look like patients.
        table: the table that names the images, if there is one.
        recipes: the recipes that the files look like.
        sides: (N, 2) int64, width and height of the images that were looked at.
        window: values of the images of more than 8 bits between which nearly all pixels lie, or those of the lung in a
            CT without a window of its own; None where none is needed.
    """

    n_images: int
    n_masks: int
    classes: dict[str, int]
    classes_below: bool
    patients_in_folders: bool
    table: TableGuess | None
    recipes: list[str]
    sides: np.ndarray
    window: tuple[int, int] | None

    @property
    def varies_in_shape(self) -> bool:
        """Whether more than one image in twenty is clearly no square."""
        if not len(self.sides):
            return False
        return bool(np.mean(self.sides.max(axis=1) > _UNLIKE_SQUARE * self.sides.min(axis=1)) > 1 / 20)


def survey(folder: Path) -> Survey:
    """Look at a folder: its files, its tables, and the pixels of some images."""
    images, others = metadata.find(folder)
    images, _ = listing.with_text_names(images)
    masked = set(masks.by_name(images)["file"])
    films = [image for image in images if image not in masked]
    top = {film.split("/")[0] for film in films if "/" in film}
    below = bool(top) and all(_SPLITS.fullmatch(name) for name in top)
    classes = Counter(film.split("/")[below] for film in films if film.count("/") > below)
    sides, windows = [], []
    for film in films[:: max(1, len(films) // _N_LOOKED_AT)][:_N_LOOKED_AT]:
        size, window = _look(folder / film)
        sides += [size] if size else []
        windows += [window] if window else []
    return Survey(
        n_images=len(films),
        n_masks=len(masked),
        classes={name: n for name, n in sorted(classes.items()) if n >= _LEAST_OF_CLASS},
        classes_below=below,
        patients_in_folders=not below and _are_patients(films),
        table=column_guesses.find_table(folder, films, others),
        recipes=recipes.recognise([*images, *others]),
        sides=np.array(sides, dtype=np.int64).reshape(-1, 2),
        window=(min(low for low, _ in windows), max(high for _, high in windows)) if windows else None,
    )


def _look(path: Path) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Return an image's size, and, if it has more than 8 bits, the values between which nearly all pixels lie."""
    try:
        decoded = decoding.read_grey(path)
        return (decoded.width, decoded.height), None
    except Refusal as refusal:
        if refusal.reason != "16-bit without a window":
            return None, None
    if file_formats.medical_format(path):
        return None, _LUNG
    with Image.open(path) as image:
        low, high = np.percentile(np.asarray(image), (0.5, 99.5))
        return image.size, (int(low), int(high) + 1)


def _are_patients(films: Sequence[str]) -> bool:
    """Check whether class folders have several folders each, with names of their own."""
    inner = {tuple(film.split("/")[:2]) for film in films if film.count("/") >= 2}
    per_class = Counter(name for name, _ in inner)
    names = [name for _, name in inner]
    own = len(names) == len(set(names)) and not any(_PARTS.fullmatch(name) for name in names)
    return bool(inner) and own and min(per_class.values()) >= _LEAST_OF_CLASS
