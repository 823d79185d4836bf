"""The judging of generated images by networks of their own tells near ones from far ones."""

import numpy as np
import pandas as pd
import pytest
import torch

import judge
from chestgan.classifier import networks
from chestgan.images.image_set import ImageSet


@pytest.fixture
def model() -> networks.Classifier:
    torch.manual_seed(0)
    return networks.build("convnet", 2, 16).eval()


def discs(n: int, seed: int) -> ImageSet:
    """Draw discs of two classes: dark and bright."""
    random = np.random.default_rng(seed)
    labels = np.array(["bright", "dark"] * (n // 2))
    radii = random.uniform(2, 7, n)[:, None, None]
    rows, columns = np.indices((16, 16)) - 7.5
    grey = np.where(labels == "bright", 220, 60)[:, None, None]
    images = np.where(rows**2 + columns**2 < radii**2, grey, 10) + random.integers(0, 20, (n, 16, 16))
    return ImageSet(images.astype(np.uint8), pd.DataFrame({"label": labels}))


def test_what_the_last_layer_sees_gives_its_logits(model: networks.Classifier) -> None:
    images = discs(10, 0).images
    features = torch.from_numpy(judge.penultimate(model, images))
    torch.testing.assert_close(model.trained[-1][-1](features), model(torch.from_numpy(images)))


def test_images_of_the_same_kind_are_near_and_others_far(model: networks.Classifier) -> None:
    test = discs(60, 0)
    [(near, covered)] = judge.judge(discs(90, 1), test, [model])
    noise = np.random.default_rng(2).integers(0, 256, (90, 16, 16), dtype=np.uint8)
    [(far, uncovered)] = judge.judge(ImageSet(noise, discs(90, 1).manifest), test, [model])
    assert abs(near) < 0.05 * far
    assert covered > 0.8
    assert uncovered < 0.2


def test_each_class_has_as_many_images_as_the_test_images(model: networks.Classifier) -> None:
    test = discs(40, 0)
    fewer = test.manifest["label"].eq("dark").to_numpy() | (np.arange(40) < 10)
    test = ImageSet(test.images[fewer], test.manifest[fewer].reset_index(drop=True))
    chosen = judge._as_many_of_each_class(discs(60, 1), test)
    counts = discs(60, 1).manifest["label"].iloc[chosen].value_counts()
    assert counts.to_dict() == {"dark": 20, "bright": 5}
