"""What a trained network shares with a new one: every tensor is the one that it has to be, or isn't shared."""

import dataclasses

import pytest
import torch
from torch import nn

from chestgan.gan import presets
from chestgan.gan.networks.build import build_discriminator, build_generator
from chestgan.gan.networks.denoiser import build_sampler
from chestgan.gan.presets import GanSettings
from chestgan.gan.shared_weights import Design, share_of, shared, with_classes

CLASSES = ["covid", "normal"]
NETWORKS = [build_generator, build_discriminator]


def small(preset: str, **changes: object) -> GanSettings:
    widths = {"generator_width": 48, "discriminator_width": 4, "latent_dim": 4}
    return dataclasses.replace(presets.PRESETS[preset], **widths | changes)


def weights_of(build, design: Design) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return build(design.settings, len(design.classes), design.image_size).state_dict()


def begun(build, old: Design, new: Design) -> tuple[nn.Module, dict[str, torch.Tensor]]:
    """Build a new network, give it what it shares, and return it with the trained one's weights."""
    weights = weights_of(build, old)
    torch.manual_seed(2)
    network = build(new.settings, len(new.classes), new.image_size)
    network.load_state_dict(shared(weights, build, old, new), strict=False)
    return network, weights


@pytest.mark.parametrize("build", NETWORKS)
@pytest.mark.parametrize("preset", ["strong", "covidgan", "dcgan"])
def test_a_network_shares_everything_with_its_like(preset: str, build) -> None:
    design = Design(small(preset), CLASSES, 32)
    weights = weights_of(build, design)
    found = shared(weights, build, design, design)
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], weights[name]) for name in weights)
    assert share_of(found, build, design) == 1


@pytest.mark.parametrize(("old_size", "new_size"), [(32, 64), (64, 32), (32, 128)])
def test_a_residual_generator_shares_the_blocks_that_are_nearest_to_the_image(old_size: int, new_size: int) -> None:
    settings = small("strong")
    network, weights = begun(build_generator, Design(settings, CLASSES, old_size), Design(settings, CLASSES, new_size))
    old = build_generator(settings, 2, old_size)
    old.load_state_dict(weights)
    n_common = min(len(old.blocks), len(network.blocks))
    assert drawn_by_last(n_common, old).equal(drawn_by_last(n_common, network))
    assert network.dense.weight.shape != old.dense.weight.shape or network.dense.weight.equal(old.dense.weight)


def drawn_by_last(n_blocks: int, generator: nn.Module) -> torch.Tensor:
    """Draw with the last blocks of a residual generator alone, from features of ones."""
    conditions = torch.linspace(-1, 1, generator.dense.in_features).expand(2, -1)
    blocks = generator.eval().blocks[-n_blocks:]
    features = torch.ones(2, blocks[0].convolve1.in_channels, 4, 4)
    for block in blocks:
        features = block(features, conditions)
    return generator.to_image(generator.normalise(features))


def test_a_residual_discriminator_shares_the_blocks_that_are_nearest_to_the_image() -> None:
    settings = small("strong")
    network, weights = begun(build_discriminator, Design(settings, CLASSES, 32), Design(settings, CLASSES, 64))
    old = build_discriminator(settings, 2, 32)
    old.load_state_dict(weights)
    images = torch.randn(2, 1, 32, 32)
    assert len(network.blocks) == len(old.blocks) + 1
    assert torch.equal(nn.Sequential(*old.blocks)(images), nn.Sequential(*network.blocks[:-1])(images))


def test_a_denoiser_shares_the_blocks_that_are_nearest_to_its_smallest_feature_map() -> None:
    settings = dataclasses.replace(presets.PRESETS["diffusion"], generator_width=32)
    old, new = Design(settings, CLASSES, 64), Design(settings, CLASSES, 128)
    weights = weights_of(build_sampler, old)
    found = shared(weights, build_sampler, old, new)
    lists = "denoiser.network."
    for name in ("down.0.", "down.1.", "down.2.", "up.0.", "up.1.", "middle.", "embed."):
        here = name.replace("down.2", "down.3").replace("down.1", "down.2").replace("down.0", "down.1")
        ends = [key.removeprefix(lists + name) for key in weights if key.startswith(lists + name)]
        assert ends
        assert all(torch.equal(found[lists + here + end], weights[lists + name + end]) for end in ends)
    assert share_of(found, build_sampler, new) > 0.9


def test_what_covidgan_shares_with_another_size_are_its_convolutions() -> None:
    settings = small("covidgan")
    old, new = Design(settings, CLASSES, 32), Design(settings, CLASSES, 64)
    missing = new.shapes(build_generator).keys() - shared(weights_of(build_generator, old), build_generator, old, new)
    assert missing == {"dense.weight", "dense.bias", "label.1.weight", "label.1.bias"}
    missing = new.shapes(build_discriminator).keys() - shared(
        weights_of(build_discriminator, old), build_discriminator, old, new
    )
    assert missing == {"head.source.weight", "head.label.weight"}


@pytest.mark.parametrize("preset", ["strong", "covidgan"])
def test_a_class_of_the_same_name_keeps_its_images_whatever_its_number(preset: str) -> None:
    settings = small(preset)
    old, new = Design(settings, ["covid", "normal"], 32), Design(settings, ["asthma", "covid", "healthy", "normal"], 32)
    network, weights = begun(build_generator, old, new)
    trained = build_generator(settings, 2, 32)
    trained.load_state_dict(weights)
    latents = torch.randn(3, settings.latent_dim)
    for there, here in ((0, 1), (1, 3)):
        images = [
            generator.eval()(latents, torch.full((3,), label))
            for generator, label in ((trained, there), (network, here))
        ]
        torch.testing.assert_close(*images)


@pytest.mark.parametrize("conditioning", ["ac", "adc", "d2dce", "projection"])
def test_a_class_of_the_same_name_keeps_its_logits(conditioning: str) -> None:
    settings = small("covidgan", conditioning=conditioning, dropout=0.0)
    old, new = Design(settings, ["covid", "normal"], 32), Design(settings, ["asthma", "covid", "normal"], 32)
    network, weights = begun(build_discriminator, old, new)
    trained = build_discriminator(settings, 2, 32)
    trained.load_state_dict(weights)
    images, labels = torch.randn(4, 1, 32, 32), torch.zeros(4, dtype=torch.int64)
    before, after = trained(images, labels), network(images, labels)
    torch.testing.assert_close(before.source_logits, after.source_logits)
    by_class = after.class_logits.unflatten(1, (-1, 3))
    torch.testing.assert_close(before.class_logits.unflatten(1, (-1, 2)), by_class[:, :, 1:])
    if conditioning != "d2dce":
        # linear, so that the mean of the weights gives the mean of the logits
        torch.testing.assert_close(by_class[:, :, 1:].mean(2), by_class[:, :, 0])


def test_an_unknown_class_gets_the_mean_of_all_in_each_output() -> None:
    # two outputs of two classes behind one row that isn't of classes
    weight = torch.tensor([[9.0], [1.0], [3.0], [10.0], [30.0]])
    found = with_classes(weight, torch.Size([7, 1]), ["a", "c"], ["a", "b", "c"])
    assert found.squeeze(1).tolist() == [9.0, 1.0, 2.0, 3.0, 10.0, 20.0, 30.0]
    assert with_classes(weight, torch.Size([7, 1]), ["a", "c"], ["c"]).squeeze(1).tolist() == [9.0, 3.0, 30.0]
    assert torch.equal(with_classes(weight, weight.shape, ["a", "c"], ["d"]), weight)


def test_another_conditioning_has_a_class_layer_of_its_own() -> None:
    old = Design(small("covidgan", conditioning="ac"), CLASSES, 32)
    new = Design(small("covidgan", conditioning="projection"), CLASSES, 32)
    found = shared(weights_of(build_discriminator, old), build_discriminator, old, new)
    assert new.shapes(build_discriminator).keys() - found == {"head.label.weight"}
    assert share_of(shared(weights_of(build_generator, old), build_generator, old, new), build_generator, new) == 1


@pytest.mark.parametrize("build", NETWORKS)
def test_networks_for_each_class_go_by_its_name(build) -> None:
    settings = small("dcgan")
    old, new = Design(settings, ["covid", "normal"], 32), Design(settings, ["asthma", "covid"], 32)
    weights = weights_of(build, old)
    found = shared(weights, build, old, new)
    assert {name.split(".")[1] for name in found} == {"1"}
    assert all(torch.equal(weight, weights[name.replace(".1.", ".0.", 1)]) for name, weight in found.items())
    assert share_of(found, build, new) == pytest.approx(0.5)


def test_networks_of_other_widths_share_next_to_nothing() -> None:
    old, new = (Design(small("strong", generator_width=width), CLASSES, 32) for width in (48, 96))
    assert share_of(shared(weights_of(build_generator, old), build_generator, old, new), build_generator, new) < 0.01
