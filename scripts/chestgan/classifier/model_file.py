"""The file of a trained classifier: the weights that were trained, and all that is needed to use them."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from chestgan.base import files, settings
from chestgan.base.errors import UserError
from chestgan.classifier import networks
from chestgan.classifier.networks import Classifier
from chestgan.images.image_set import MAX_IMAGE_SIZE
from chestgan.images.labels import check_labels

# the one key of the file's metadata; a file without it is another project's
_KEY = "chestgan_classifier"


@dataclass(frozen=True)
class Description:
    """The description of the weights in a classifier's file.

    Attributes:
        backbone: one of `networks.BACKBONES`.
        classes: the labels in the order of their numbers.
        image_size: side of its images in pixels.
        weights_sha256: of the pretrained weights that it began with, of which the frozen ones aren't in the file; None
            where it began with none.
        trainable_blocks: as in `networks.build`.
        thresholds: of each class against the rest, chosen on the validation patients.
    """

    backbone: str
    classes: list[str]
    positive_class: str
    image_size: int
    weights_sha256: str | None
    trainable_blocks: int
    thresholds: list[float]


def write(path: Path, classifier: Classifier, description: Description) -> None:
    """Write the weights that were trained; equal weights and descriptions give equal bytes."""
    weights = {name: weight.cpu().contiguous() for name, weight in classifier.trained.state_dict().items()}
    text = json.dumps(dataclasses.asdict(description), sort_keys=True)
    with files.new_file(path) as partial:
        # one key of metadata, for the order of several isn't fixed
        partial.write_bytes(save(weights, metadata={_KEY: text}))


def read(path: Path, pretrained: Path | None) -> tuple[Classifier, Description]:
    """Read a classifier, ready to predict: in evaluation mode, on the CPU.

    Args:
        pretrained: the weights file that it began with, for a backbone that takes one.

    Raises:
        UserError: the file is missing, damaged, another project's, or the pretrained weights are others.
    """
    if not path.is_file():
        raise UserError(f"there is no classifier {path.absolute()}; evaluate_classifier makes one: model.safetensors")
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_KEY)
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
    except SafetensorError as error:
        raise UserError(f"{path} ({path.stat().st_size} bytes) is no whole safetensors file: {error}") from None
    if text is None:
        raise UserError(f"{path} holds no classifier: its metadata has no {_KEY!r}; expected model.safetensors")
    try:
        description = Description(**json.loads(text))
        _require_sound(description)
    except (ValueError, TypeError, RecursionError, UserError) as error:
        raise UserError(f"{path} was written by another version of Chestgan: {error}; train it again") from None
    classifier = _build(path, description, pretrained)
    try:
        classifier.trained.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(f"the weights in {path} don't fit its description: {' '.join(str(error).split())}") from None
    return classifier.eval().requires_grad_(False), description


def _require_sound(description: Description) -> None:
    """Refuse what would make a network of any size, or no prediction."""
    settings.check(description)
    check_labels(description.classes, "classes")
    if description.classes != sorted(set(description.classes)):
        raise UserError(f"classes is {description.classes}; expected an alphabetical list")
    if description.positive_class not in description.classes:
        raise UserError(f"positive_class is {description.positive_class!r}; expected one of {description.classes}")
    if len(description.thresholds) != len(description.classes):
        raise UserError(f"thresholds has {len(description.thresholds)} values; expected one for each class")
    if not 1 <= description.image_size <= MAX_IMAGE_SIZE:
        raise UserError(f"image_size is {description.image_size}; expected a whole number to {MAX_IMAGE_SIZE}")


def _build(path: Path, description: Description, pretrained: Path | None) -> Classifier:
    wanted = description.weights_sha256
    if wanted and pretrained is None and networks.takes_weights(description.backbone):
        raise UserError(
            f"{path} is a {description.backbone} that began with pretrained weights of sha256 {wanted}; name their "
            "file by --weights"
        )
    n_classes, image_size = len(description.classes), description.image_size
    blocks = description.trainable_blocks
    classifier = networks.build(description.backbone, n_classes, image_size, pretrained, blocks)
    if classifier.weights_sha256 != wanted:
        raise UserError(
            f"{path} began with pretrained weights of sha256 {wanted}, and those of "
            f"{pretrained or description.backbone} have {classifier.weights_sha256}; expected the same"
        )
    return classifier
