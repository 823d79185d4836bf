"""Presets: named, complete settings of a GAN and its training."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from chestgan import settings
from chestgan.errors import UserError
from chestgan.settings import setting


@dataclass(frozen=True, kw_only=True)
class GanSettings:
    """Everything that decides what a training makes of given images, but for its seed."""

    architecture: str = setting("networks: the CovidGAN paper's, or residual ones", choices=("covidgan", "residual"))
    conditioning: str = setting(
        "how the discriminator hears of classes: from a classifier (ac, AC-GAN), one that also tells real from fake "
        "(adc, ADC-GAN), one that compares images with one another (d2dce, ReACGAN), by projection, or not at all: a "
        "GAN a class (separate, DC-GAN)",
        choices=("separate", "ac", "adc", "d2dce", "projection"),
    )
    source_loss: str = setting("loss for real or fake", choices=("logistic", "hinge"))
    spectral_norm: bool = setting("bound the discriminator's layers by their largest singular value")
    augment: bool = setting("show the discriminator real and fake images moved, recoloured and with a square cut out")
    channels: int = setting("channels inside the networks: 1, or 3 as the sources have", minimum=1, maximum=3)
    latent_dim: int = setting("numbers in a latent", minimum=1, maximum=4096)
    latent_std: float = setting("standard deviation of the latents", minimum=1e-4, maximum=10)
    generator_width: int = setting("channels of the generator's widest feature map", minimum=16, maximum=4096)
    discriminator_width: int = setting("channels of the discriminator's first convolution", minimum=4, maximum=1024)
    dropout: float = setting("share of the discriminator's activations that are dropped", minimum=0, maximum=0.95)
    class_weight: float = setting("weight of the classes beside real or fake", minimum=0, maximum=100)
    class_ramp_kimg: float = setting("thousand images until the classes have their full weight", minimum=0)
    generator_learning_rate: float = setting("Adam's step for the generator", minimum=1e-7, maximum=1)
    discriminator_learning_rate: float = setting("Adam's step for the discriminator", minimum=1e-7, maximum=1)
    adam_beta1: float = setting("decay of Adam's first moment", minimum=0, maximum=0.9999)
    adam_beta2: float = setting("decay of Adam's second moment", minimum=0, maximum=0.99999)
    batch_size: int = setting("real images a step, over all processes together", minimum=2, maximum=65536)
    ema_kimg: float = setting("half-life of the averaged generator, thousand images; 0: no average", minimum=0)
    kimg: float = setting("length of the training in thousands of real images shown", minimum=0.001)
    snapshot_kimg: float = setting("thousand images between sample sheets, distances and checkpoints", minimum=0.001)
    mixed_precision: str = setting("precision of the networks' arithmetic", choices=("no", "bf16"))

    def __post_init__(self) -> None:
        settings.check(self)
        if self.channels == 2:
            raise UserError("channels is 2; expected 1 or 3")
        if self.architecture == "covidgan" and self.generator_width % 8:
            raise UserError(f"generator_width is {self.generator_width}; expected a multiple of 8: it is halved thrice")
        if self.architecture == "residual" and self.dropout:
            raise UserError(f"dropout is {self.dropout:g}; expected 0 with architecture residual, which has none")

    def class_weight_at(self, kimg: float) -> float:
        """Give the weight of the classes after so many thousand images.

        A small set's generator may collapse where classes count from the start (Shahbazi et al., arXiv 2201.06578).
        """
        return self.class_weight * min(1.0, kimg / self.class_ramp_kimg if self.class_ramp_kimg else 1.0)


# Waheed et al., CovidGAN (IEEE Access 2020), table 1 and section III
_COVIDGAN = GanSettings(
    architecture="covidgan",
    conditioning="ac",
    source_loss="logistic",
    spectral_norm=False,
    augment=False,
    channels=1,
    latent_dim=100,
    latent_std=0.02,
    generator_width=1024,
    discriminator_width=32,
    dropout=0.5,
    class_weight=1.0,
    class_ramp_kimg=0.0,
    generator_learning_rate=2e-4,
    discriminator_learning_rate=2e-4,
    adam_beta1=0.5,
    adam_beta2=0.999,
    batch_size=64,
    ema_kimg=0.0,
    kimg=1864.0,
    snapshot_kimg=20.0,
    mixed_precision="no",
)

PRESETS: dict[str, GanSettings] = {
    "covidgan": _COVIDGAN,
    # Radford et al., DCGAN (arXiv 1511.06434), has no dropout, and latents as wide as the networks can use
    "dcgan": dataclasses.replace(_COVIDGAN, conditioning="separate", class_weight=0.0, latent_std=1.0, dropout=0.0),
    "strong": GanSettings(
        architecture="residual",
        conditioning="projection",
        source_loss="hinge",
        spectral_norm=True,
        augment=True,
        channels=1,
        latent_dim=128,
        latent_std=1.0,
        generator_width=192,
        discriminator_width=24,
        dropout=0.0,
        class_weight=1.0,
        class_ramp_kimg=0.0,
        generator_learning_rate=2e-4,
        discriminator_learning_rate=4e-4,
        adam_beta1=0.0,
        adam_beta2=0.99,
        batch_size=32,
        ema_kimg=10.0,
        kimg=200.0,
        snapshot_kimg=8.0,
        mixed_precision="bf16",
    ),
}

# one optional field a setting: what a command line may change of a preset
Overrides = dataclasses.make_dataclass(
    "Overrides",
    [
        (field.name, field.type | None, dataclasses.field(default=None, metadata=field.metadata))
        for field in dataclasses.fields(GanSettings)
    ],
    frozen=True,
    kw_only=True,
)


def resolve(preset: str, overrides: Any) -> GanSettings:
    """Take a preset and replace what `overrides` sets.

    Raises:
        UserError: a value is out of bounds.
    """
    names = (field.name for field in dataclasses.fields(GanSettings))
    changes = {name: getattr(overrides, name) for name in names if getattr(overrides, name) is not None}
    return dataclasses.replace(PRESETS[preset], **changes)
