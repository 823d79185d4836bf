"""Growth: a training shows its images small first, and its networks grow with them (its stages: `schedule`).

At each doubling new networks take over what they share with those before (`shared_weights`); all else of them begins
anew, and so do the optimisers. The idea is that of progressive growing (Karras et al., arXiv 1710.10196), without its
fading in of layers.
"""

from collections.abc import Sequence

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional

from chestgan.gan import shared_weights
from chestgan.gan.generator_file import BUILDERS
from chestgan.gan.kinds import KINDS, Model
from chestgan.gan.networks.build import build_discriminator
from chestgan.gan.presets import TrainingSettings
from chestgan.gan.shared_weights import Design, shared

# images that are made smaller at a time
_CHUNK = 1024


def shrink(images: Tensor, image_size: int) -> Tensor:
    """Make (N, H, W) uint8 images smaller, to (N, image_size, image_size), by the means of whole squares of pixels."""
    factor = images.shape[1] // image_size
    if factor == 1:
        return images
    chunks = [functional.avg_pool2d(chunk.float().unsqueeze(1), factor).squeeze(1) for chunk in images.split(_CHUNK)]
    return torch.cat([chunk.round().to(torch.uint8) for chunk in chunks])


def grow(
    model: Model,
    settings: TrainingSettings,
    classes: Sequence[str],
    sizes: tuple[int, int],
    seed: int,
    accelerator: Accelerator,
) -> Model:
    """Build the networks of the second size with what they share with those of the first, which are let go.

    The generator goes on from its EMA, if there is one.
    """
    kind = KINDS[settings.kind]
    old, new = (Design(settings, classes, size) for size in sizes)
    sampled = kind.sampling_generator(model, settings, len(classes), accelerator)
    generator = shared(sampled.state_dict(), BUILDERS[settings.kind], old, new)
    discriminator = {}
    parts = kind.stateful_parts(model, accelerator)
    if "discriminator" in parts:
        discriminator = shared(parts["discriminator"].state_dict(), build_discriminator, old, new)
    accelerator.free_memory()
    grown = kind.build(settings, len(classes), new.image_size, seed, accelerator)
    shared_weights.begin(kind.stateful_parts(grown, accelerator), generator, discriminator)
    return grown
