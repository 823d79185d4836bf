"""The training of a classifier: early stopping on validation patients, which also select the weights.

Length is counted in thousands of images shown, not in passes over the data: an arm with twice the images gets no more
updates, and its validation and its patience come at the same steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from chestgan.base import progress
from chestgan.base.errors import UserError
from chestgan.classifier.networks import Classifier
from chestgan.images import augmentation, pixels

PROTOCOL = (
    "AdamW at a constant rate, weight decay 0.01; cross-entropy in which the classes count equally, in training and in "
    "validation; stopped when the validation loss has not improved for `patience` validations, weights of its lowest "
    "value kept; pretrained BatchNorm keeps its statistics; augmented images are moved by up to a twentieth of their "
    "side, brightened or darkened by up to a tenth of black to white, their contrast changed by up to a fifth, anew "
    "whenever they are shown"
)
_ENCODE_BATCH = 64


@dataclass(frozen=True)
class Labelled:
    """Images as a classifier's `encode` gave them, on its device.

    Attributes:
        encoded: (N, ...).
        class_numbers: (N,) int64.
    """

    encoded: Tensor
    class_numbers: Tensor


@dataclass(frozen=True)
class Length:
    """How long to train.

    Attributes:
        kimg: thousand images to show at most.
        validation_kimg: thousand images between validations.
        patience: validations without improvement before the training ends.
    """

    kimg: float
    validation_kimg: float
    patience: int


@dataclass(frozen=True)
class Validation:
    """The state at a validation: thousand images shown, and mean losses in nats."""

    kimg: float
    train_loss: float
    validation_loss: float


def encode(classifier: Classifier, images: np.ndarray, description: str) -> Tensor:
    """Pass (N, H, W) uint8 images through the frozen part of a classifier, on its device."""
    device = classifier.mean.device
    starts = range(0, len(images), _ENCODE_BATCH)
    batches = (torch.from_numpy(np.array(images[start : start + _ENCODE_BATCH])).to(device) for start in starts)
    if not len(classifier.frozen):
        return torch.cat(list(batches))
    unit = f"batches of {_ENCODE_BATCH} images"
    tracked = progress.track(batches, description, unit, total=len(starts), images=_ENCODE_BATCH)
    with torch.no_grad():
        return torch.cat([classifier.encode(batch) for batch in tracked])


def train(
    classifier: Classifier,
    training: Labelled,
    validation: Labelled,
    length: Length,
    batch_size: int,
    learning_rate: float,
    seed: int,
    augment: bool,
) -> list[Validation]:
    """Train a classifier and leave it with the weights of its lowest validation loss.

    Images are shuffled and augmented by `seed`; dropout draws from torch's global generator. Where `augment` is set,
    `training.encoded` has to be the (N, H, W) uint8 images themselves: changed, they are encoded whenever shown.

    Raises:
        UserError: a loss isn't finite.
    """
    parameters = [parameter for parameter in classifier.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(parameters, learning_rate, weight_decay=0.01)
    train_weights = balancing_weights(training.class_numbers)
    batches = shuffled_batches(len(training.class_numbers), batch_size, seed)
    random = torch.Generator().manual_seed(seed)
    # validations further apart than the whole training would make it longer
    steps = max(1, round(1000 * min(length.validation_kimg, length.kimg) / batch_size))
    n_validations = max(1, round(1000 * length.kimg / (steps * batch_size)))
    history: list[Validation] = []
    lowest, kept, since = float("inf"), copied_weights(classifier), 0
    ends = range(steps, (n_validations + 1) * steps, steps)
    for step in progress.track(ends, "train classifier", "validations", images=steps * batch_size):
        classifier.train()
        total = torch.zeros((), device=training.encoded.device)
        for _ in range(steps):
            rows = torch.from_numpy(next(batches)).to(training.encoded.device)
            shown = training.encoded[rows]
            if augment:
                shown = classifier.encode(augmented(shown, random))
            logits = classifier(shown)
            loss = functional.cross_entropy(logits, training.class_numbers[rows], train_weights)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.detach()
        seen = Validation(step * batch_size / 1000, float(total) / steps, validation_loss(classifier, validation))
        require_finite(seen)
        history.append(seen)
        since += 1
        if seen.validation_loss < lowest:
            lowest, kept, since = seen.validation_loss, copied_weights(classifier), 0
        if since == length.patience:
            break
    classifier.trained.load_state_dict(kept)
    return history


def augmented(images: Tensor, random: torch.Generator) -> Tensor:
    """Change (N, H, W) uint8 images at random, each in its own way."""
    numbers = augmentation.random_numbers(len(images), random).to(images.device)
    return pixels.to_grey(augmentation.augment_gently(pixels.to_network(images, channels=1), numbers))


def shuffled_batches(n_images: int, batch_size: int, seed: int) -> Iterator[np.ndarray]:
    """Yield (batch_size,) rows without end: pass after pass over all images, each in an order of its own."""
    random = np.random.default_rng(seed)
    waiting = np.empty(0, dtype=np.int64)
    while True:
        while len(waiting) < batch_size:
            waiting = np.concatenate([waiting, random.permutation(n_images)])
        yield waiting[:batch_size]
        waiting = waiting[batch_size:]


def balancing_weights(class_numbers: Tensor) -> Tensor:
    """Weight each class by the inverse of its count: (K,) float32 with a mean of 1 over the images."""
    counts = torch.bincount(class_numbers)
    return len(class_numbers) / (len(counts) * counts.float())


def predict(classifier: Classifier, encoded: Tensor) -> np.ndarray:
    """Compute the class probabilities of encoded images: (N, K) float64, rows that sum to 1."""
    # in float64, where sure predictions stay apart in their order
    return _logits(classifier, encoded).double().softmax(dim=1).cpu().numpy()


def validation_loss(classifier: Classifier, validation: Labelled) -> float:
    """Compute the cross-entropy in which every class counts equally."""
    weights = balancing_weights(validation.class_numbers)
    return float(functional.cross_entropy(_logits(classifier, validation.encoded), validation.class_numbers, weights))


def require_finite(seen: Validation) -> None:
    """Stop a training whose loss isn't finite."""
    if not np.isfinite([seen.train_loss, seen.validation_loss]).all():
        raise UserError(
            f"the loss isn't finite after {seen.kimg:g} thousand images (training {seen.train_loss}, validation "
            f"{seen.validation_loss}); a lower learning_rate helps most often"
        )


def copied_weights(classifier: nn.Module) -> dict[str, Tensor]:
    """Copy all that training can change."""
    return {name: weight.detach().clone() for name, weight in classifier.trained.state_dict().items()}


def _logits(classifier: Classifier, encoded: Tensor) -> Tensor:
    classifier.eval()
    with torch.no_grad():
        return torch.cat([classifier(batch) for batch in encoded.split(_ENCODE_BATCH)])
