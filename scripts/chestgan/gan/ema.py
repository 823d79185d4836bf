"""The exponential moving average of a generator's weights."""

from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from chestgan.gan.presets import TrainingSettings

# the EMA forgets the first, useless images: its half-life is at most this share of the images shown
_EMA_RAMP = 0.1


def update_ema(ema: nn.Module, generator: nn.Module, n_steps: int, settings: TrainingSettings) -> None:
    """Move the EMA towards the generator's weights, with a half-life counted in images."""
    half_life = min(1000 * settings.ema_kimg, _EMA_RAMP * n_steps * settings.batch_size)
    average = get_ema_multi_avg_fn(0.5 ** (settings.batch_size / half_life))
    average(list(ema.parameters()), list(generator.parameters()), None)
