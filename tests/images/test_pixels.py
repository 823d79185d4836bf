"""Every grey value is the same after the way into a network and back."""

import torch

from chestgan.images import pixels


def test_grey_values_survive_the_way_to_the_network_and_back() -> None:
    images = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
    for channels in (1, 3):
        scaled = pixels.to_network(images, channels)
        assert scaled.shape == (1, channels, 16, 16)
        assert (scaled.min(), scaled.max()) == (-1, 1)
        assert torch.equal(pixels.to_grey(scaled), images)
