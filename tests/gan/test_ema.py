"""The EMA, and the copies that images are sampled from."""

import dataclasses

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from chestgan.gan import presets, sampling
from chestgan.gan.generator_file import BUILDERS
from chestgan.gan.kinds import KINDS


@pytest.mark.parametrize("ema_kimg", [0.0, 1.0])
@pytest.mark.parametrize("kind", ["gan", "diffusion"])
def test_what_is_sampled_computes_as_its_file_will(kind: str, ema_kimg: float) -> None:
    AcceleratorState._reset_state(reset_partial_state=True)
    small = {"generator_width": 16, "batch_size": 8, "ema_kimg": ema_kimg}
    its_settings = dataclasses.replace(presets.PRESETS["strong" if kind == "gan" else "diffusion"], **small)
    mixed = Accelerator(cpu=True, mixed_precision="bf16")
    try:
        model = KINDS[kind].build(its_settings, 2, 32, 0, mixed)
        drawing = KINDS[kind].sampling_generator(model, its_settings, 2, mixed)
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
    with torch.no_grad():
        # a new denoiser's last layer is 0
        for parameter in drawing.parameters():
            parameter += 0.01
    read = BUILDERS[kind](its_settings, 2, 32)
    read.load_state_dict(drawing.state_dict())
    of = its_settings.latents_of(32)
    latents, labels = sampling.latents(np.arange(4), 0, of), torch.tensor([0, 0, 1, 1])
    drawn = sampling.sample_images(drawing, latents, labels)
    assert len(np.unique(drawn)) > 1
    assert np.array_equal(drawn, sampling.sample_images(read.eval(), latents, labels))
