"""A training shows as many images whatever the arm, keeps its best weights, and is the same to the bit."""

import itertools

import numpy as np
import pytest
import torch

from chestgan.base.errors import UserError
from chestgan.classifier import networks, training
from chestgan.classifier.networks import Classifier
from chestgan.classifier.training import Labelled, Length
from chestgan.images import image_set

LENGTH = Length(kimg=0.512, validation_kimg=0.064, patience=100)


def labelled(classifier: Classifier, images: image_set.ImageSet) -> Labelled:
    encoded = training.encode(classifier, images.images, "images")
    return Labelled(encoded, torch.from_numpy(images.class_numbers(images.classes)))


def train(split: image_set.ImageSet, length: Length = LENGTH, seed: int = 0, learning_rate: float = 1e-3, **more):
    """Train a ConvNet and give it with its history and its validation images."""
    torch.manual_seed(seed)
    classifier = networks.build(more.get("backbone", "convnet"), 2, 32)
    train_set, validation = (labelled(classifier, split.where(split=side)) for side in ("train", "validation"))
    history = training.train(classifier, train_set, validation, length, 16, learning_rate, seed, augment=False)
    return classifier, history, validation


@pytest.fixture(scope="module")
def split(tiny_split) -> image_set.ImageSet:
    return image_set.read(tiny_split)


@pytest.mark.parametrize("backbone", ["convnet", "efficientnet_lite0"])
def test_a_classifier_learns(split, backbone: str) -> None:
    learning_rate = 1e-3 if backbone == "convnet" else 1e-2
    classifier, history, _ = train(split, learning_rate=learning_rate, backbone=backbone)
    assert history[-1].validation_loss < 0.5 < history[0].train_loss
    test = split.where(split="test")
    probabilities = training.predict(classifier, labelled(classifier, test).encoded)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)
    assert (probabilities.argmax(axis=1) == test.class_numbers(test.classes)).mean() > 0.9


def test_same_seed_same_bits(split) -> None:
    (one, history, _), (same, same_history, _), (other, _, _) = (train(split, seed=seed) for seed in (3, 3, 4))
    assert history == same_history
    weights = one.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in same.state_dict().items())
    assert not torch.equal(weights["trained.0.0.weight"], other.state_dict()["trained.0.0.weight"])


@pytest.mark.parametrize("backbone", ["convnet", "efficientnet_lite0"])
def test_augmented_images_are_others_whenever_shown(split, backbone: str, monkeypatch) -> None:
    torch.manual_seed(0)
    classifier = networks.build(backbone, 2, 32)
    images = split.where(split="train")
    train_set = Labelled(torch.from_numpy(np.array(images.images)), labelled(classifier, images).class_numbers)
    validation = labelled(classifier, split.where(split="validation"))
    shown, encode = [], classifier.encode
    monkeypatch.setattr(classifier, "encode", lambda changed: shown.append(changed) or encode(changed))
    length = Length(kimg=0.096, validation_kimg=0.048, patience=100)
    # 24 images in batches of 24: each pass shows all
    history = training.train(classifier, train_set, validation, length, 24, 1e-3, 0, augment=True)
    assert len(history) == 2
    passes = torch.stack(shown)
    assert passes.shape == (4, 24, 32, 32)
    assert passes.dtype == torch.uint8
    assert len(passes.flatten(0, 1).unique(dim=0)) == 4 * 24
    # changed they are, but little: on the average they are the real ones
    assert abs(passes.float().mean() - train_set.encoded.float().mean()) < 10
    shown.clear()
    training.train(classifier, train_set, validation, length, 24, 1e-3, 0, augment=True)
    assert torch.equal(torch.stack(shown), passes)


def test_length_is_counted_in_images(split) -> None:
    """As many updates with twice the images."""
    for repeats in (1, 2):
        torch.manual_seed(0)
        classifier = networks.build("convnet", 2, 32)
        train_set, validation = (labelled(classifier, split.where(split=side)) for side in ("train", "validation"))
        train_set = Labelled(train_set.encoded.repeat(repeats, 1, 1), train_set.class_numbers.repeat(repeats))
        history = training.train(classifier, train_set, validation, LENGTH, 16, 1e-4, 0, augment=False)
        assert [seen.kimg for seen in history] == pytest.approx(np.arange(0.064, 0.513, 0.064))


def test_validations_further_apart_than_the_training_do_not_prolong_it(split) -> None:
    _, history, _ = train(split, Length(kimg=0.064, validation_kimg=1e9, patience=100))
    assert [seen.kimg for seen in history] == [0.064]


def test_the_best_weights_are_kept_and_patience_ends(split) -> None:
    """With a wild step size the loss is at its lowest early."""
    length = Length(kimg=10, validation_kimg=0.032, patience=4)
    classifier, history, validation = train(split, length, learning_rate=0.02)
    losses = [seen.validation_loss for seen in history]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 4
    assert history[-1].kimg < 10
    assert training.validation_loss(classifier, validation) == losses[best]


def test_a_loss_that_is_not_finite_stops(split) -> None:
    with pytest.raises(UserError, match=r"the loss isn't finite after 0.064 thousand images .*learning_rate"):
        train(split, learning_rate=1e30)


def test_every_pass_shows_each_image_once() -> None:
    batches = itertools.islice(training.shuffled_batches(10, 4, 0), 10)
    passes = np.concatenate(list(batches)).reshape(4, 10)
    assert (np.sort(passes, axis=1) == np.arange(10)).all()
    assert len({tuple(order) for order in passes}) == 4


def test_batches_may_be_larger_than_the_set() -> None:
    batch = next(training.shuffled_batches(3, 8, 0))
    assert len(batch) == 8
    assert np.bincount(batch).tolist() in ([2, 3, 3], [3, 2, 3], [3, 3, 2])


def test_classes_count_equally() -> None:
    class_numbers = torch.tensor([0, 0, 0, 1])
    weights = training.balancing_weights(class_numbers)
    assert weights.tolist() == pytest.approx([2 / 3, 2])
    assert weights[class_numbers].mean() == pytest.approx(1)


def test_validation_loss_is_the_mean_of_the_classes_means(split) -> None:
    torch.manual_seed(0)
    classifier = networks.build("convnet", 2, 32)
    images = split.where(split="train")
    rows = np.array([0, 1, 2, 4, 5])  # three of covid, two of normal
    chosen = Labelled(torch.from_numpy(images.images[rows]), torch.tensor([0, 0, 1, 0, 0]))
    probabilities = training.predict(classifier, chosen.encoded)
    losses = -np.log(probabilities[np.arange(5), chosen.class_numbers])
    expected = (losses[[0, 1, 3, 4]].mean() + losses[2]) / 2
    assert training.validation_loss(classifier, chosen) == pytest.approx(expected, rel=1e-5)
