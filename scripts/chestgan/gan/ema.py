"""The exponential moving average of a generator's weights."""

import copy

from accelerate import Accelerator
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from chestgan.gan.presets import TrainingSettings

# the EMA forgets the first, useless images: its half-life is at most this share of the images shown
_EMA_RAMP = 0.1


def unwrapped_copy(network: nn.Module, accelerator: Accelerator) -> nn.Module:
    """Copy a network out of all that accelerate put around it.

    Whatever precision it trains in, the copy computes in float32, as the generator of a file does.
    """
    copied = copy.deepcopy(accelerator.unwrap_model(network))
    return accelerator.unwrap_model(copied, keep_fp32_wrapper=False).requires_grad_(False)


def update_ema(ema: nn.Module, generator: nn.Module, n_steps: int, settings: TrainingSettings) -> None:
    """Move the EMA towards the generator's weights, with a half-life counted in images."""
    half_life = min(1000 * settings.ema_kimg, _EMA_RAMP * n_steps * settings.batch_size)
    average = get_ema_multi_avg_fn(0.5 ** (settings.batch_size / half_life))
    average(list(ema.parameters()), list(generator.parameters()), None)
