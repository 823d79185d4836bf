"""Growth: a training shows its images small first, and its networks grow with them.

What small images teach costs a quarter of the operations an image at half the size. So a training begins at the
smallest size of at least 32 pixels from which doubling leads to that of the images. At each doubling new networks take
over what they share with those before (`shared_weights`); all else of them begins anew, and so do the optimisers. The
idea is that of progressive growing (Karras et al., arXiv 1710.10196), without its fading in of layers.
"""

from collections.abc import Sequence
from typing import NamedTuple

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

# smaller images show no lungs
_SMALLEST = 32
# a short training has at least this part of its images at their own size
_OWN_PART = 0.5
# images that are made smaller at a time
_CHUNK = 1024


class Stage(NamedTuple):
    """A part of a training in which the images have one size.

    Attributes:
        image_size: their side.
        first_step: the step that it begins with.
    """

    image_size: int
    first_step: int


def stages(settings: TrainingSettings, image_size: int) -> list[Stage]:
    """List the stages of a training on images of this size, the smallest first."""
    sizes = [image_size]
    while settings.growth_kimg and sizes[0] % 2 == 0 and sizes[0] >= 2 * _SMALLEST:
        sizes.insert(0, sizes[0] // 2)
    n_smaller = len(sizes) - 1
    kimg = min(settings.growth_kimg, _OWN_PART * settings.kimg / max(1, n_smaller))
    n_steps = int(1000 * kimg / settings.batch_size)
    return [Stage(size, number * n_steps) for number, size in enumerate(sizes)]


def stage_of(stages: Sequence[Stage], step: int) -> Stage:
    """Find the stage that a step belongs to."""
    return [stage for stage in stages if stage.first_step <= step][-1]


def work(stages: Sequence[Stage], n_steps: int) -> int:
    """Measure the work of the first steps: by the pixels of an image, over all of them."""
    ends = [*(stage.first_step for stage in stages[1:]), n_steps]
    return sum(
        stage.image_size**2 * max(0, min(end, n_steps) - stage.first_step)
        for stage, end in zip(stages, ends, strict=True)
    )


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
