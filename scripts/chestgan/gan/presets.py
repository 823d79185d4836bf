"""The settings of a training, of a GAN or of a diffusion model, and presets: complete settings by name."""

import dataclasses
from dataclasses import dataclass
from typing import Any, NamedTuple

from chestgan.base import settings
from chestgan.base.errors import UserError
from chestgan.base.settings import setting
from chestgan.gan.conditioning import CONDITIONINGS
from chestgan.gan.networks.architectures import ARCHITECTURES, DENOISERS
from chestgan.gan.schedule import Stage, stages


class Latents(NamedTuple):
    """What a generator's latents are drawn from: their dimension, and the standard deviation of their numbers."""

    dim: int
    std: float


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """The settings of every training, whatever it trains; its data and its seed stand elsewhere."""

    kind: str = setting("what is trained: a GAN, or a diffusion model", choices=("gan", "diffusion"))
    channels: int = setting("channels inside the networks: 1, or 3 as the sources have", minimum=1, maximum=3)
    generator_width: int = setting("channels of the generator's widest feature map", minimum=16, maximum=4096)
    generator_learning_rate: float = setting("learning rate of the generator", minimum=1e-7, maximum=1)
    adam_beta1: float = setting("beta1 of Adam", minimum=0, maximum=0.9999)
    adam_beta2: float = setting("beta2 of Adam", minimum=0, maximum=0.99999)
    batch_size: int = setting("real images per step, all processes together", minimum=2, maximum=65536)
    ema_kimg: float = setting("half-life of the generator's EMA in thousand images; 0: no EMA", minimum=0)
    kimg: float = setting("length of the training in thousand real images shown, at most", minimum=0.001)
    snapshot_kimg: float = setting("thousand images from snapshot to snapshot", minimum=0.001)
    mixed_precision: str = setting(
        "mixed precision of the networks; where a CPU or GPU has no instructions for bf16, they compute in float32",
        choices=("no", "bf16"),
    )
    # These came later: files of generators without them have the defaults.
    balanced: bool = setting("classes have equal parts of a batch; otherwise as in the data", True)
    adam_epsilon: float = setting("epsilon of Adam", 1e-8, minimum=1e-16, maximum=1)
    patience_kimg: float = setting(
        "thousand images after which a training ends if none of its snapshots came nearer to the validation patients; "
        "0: it goes on to kimg",
        0.0,
        minimum=0,
    )
    growth_kimg: float = setting(
        "thousand images at each smaller size that a training begins with, from 32 pixels on: half, a quarter, ... of "
        "the images' own; together at most half of kimg; 0: none",
        0.0,
        minimum=0,
    )

    def __post_init__(self) -> None:
        settings.check(self)
        if self.channels == 2:
            raise UserError("channels is 2; expected 1 or 3")

    def stages_of(self, image_size: int) -> list[Stage]:
        """List the stages of a training on images of this size, the smallest first."""
        return stages(image_size, kimg=self.kimg, growth_kimg=self.growth_kimg, batch_size=self.batch_size)

    def latents_of(self, image_size: int) -> Latents:
        """Describe the latents of a generator of images of this size."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class GanSettings(TrainingSettings):
    """All settings of a GAN and its training."""

    architecture: str = setting("networks: the CovidGAN paper's, or residual ones", choices=tuple(ARCHITECTURES))
    conditioning: str = setting(
        "how the discriminator is conditioned on the class: "
        + "; ".join(f"{name}, {kind.help}" for name, kind in CONDITIONINGS.items()),
        choices=tuple(CONDITIONINGS),
    )
    source_loss: str = setting("loss for real or fake", choices=("logistic", "hinge"))
    spectral_norm: bool = setting("spectral normalisation of the discriminator's layers")
    augment: bool = setting("DiffAugment: shift and recolour real and fake images, and cut a square out of them")
    latent_dim: int = setting("latent dimension", minimum=1, maximum=4096)
    latent_std: float = setting("standard deviation of the latents", minimum=1e-4, maximum=10)
    discriminator_width: int = setting("channels of the discriminator's first convolution", minimum=4, maximum=1024)
    dropout: float = setting("dropout rate of the discriminator", minimum=0, maximum=0.95)
    class_weight: float = setting("weight of the class loss; that of the source loss is 1", minimum=0, maximum=100)
    class_ramp_kimg: float = setting("thousand images until the class loss has its full weight", minimum=0)
    discriminator_learning_rate: float = setting("learning rate of the discriminator", minimum=1e-7, maximum=1)
    # These came later, as above.
    kind: str = setting("what is trained", "gan", choices=("gan",))
    joint_batch: bool = setting(
        "real and fake images are judged in one batch, which shares its statistics and the discriminator's mean loss",
        False,
    )
    separate_fakes: bool = setting(
        "each network's step draws fake images of its own, of random classes; otherwise one set of the real images' "
        "classes serves both",
        False,
    )
    initialisation: str = setting(
        "first weights: the architecture's own, or Glorot's uniform ones, Keras' default",
        "own",
        choices=("own", "glorot"),
    )
    batch_norm_epsilon: float = setting("epsilon of BatchNorm", 1e-5, minimum=1e-12, maximum=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        # a network that a step has no image for would stay without a gradient
        if self.conditioning == "per_class" and self.separate_fakes:
            raise UserError("separate_fakes is true; expected false with conditioning per_class")
        if self.conditioning == "per_class" and not self.balanced:
            raise UserError("balanced is false; expected true with conditioning per_class")
        ARCHITECTURES[self.architecture].check(self.generator_width, self.dropout)

    def class_weight_at(self, kimg: float) -> float:
        """Compute the weight of the class loss after `kimg` thousand images.

        On a small set a generator may collapse if classes count from the start (Shahbazi et al., arXiv 2201.06578).
        """
        return self.class_weight * min(1.0, kimg / self.class_ramp_kimg if self.class_ramp_kimg else 1.0)

    def latents_of(self, image_size: int) -> Latents:
        """Describe the latents, which are the same for every size of images."""
        return Latents(self.latent_dim, self.latent_std)


@dataclass(frozen=True, kw_only=True)
class DiffusionSettings(TrainingSettings):
    """All settings of a diffusion model and its training."""

    kind: str = setting("what is trained", choices=("diffusion",))
    architecture: str = setting("of a diffusion model, a UNet", choices=tuple(DENOISERS))
    sampling_steps: int = setting(
        "steps from noise to an image, each of which asks the denoiser twice", minimum=2, maximum=1000
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        DENOISERS[self.architecture].check(self.generator_width)

    def latents_of(self, image_size: int) -> Latents:
        """Describe the latents: the noise that an image begins as, which the sampler scales."""
        return Latents(self.channels * image_size**2, 1.0)


# the settings of each kind, and what an error calls it
SETTINGS = {"gan": GanSettings, "diffusion": DiffusionSettings}
_NOUNS = {"gan": "a GAN", "diffusion": "a diffusion model"}

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

_STRONG = GanSettings(
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
    kimg=1000.0,
    patience_kimg=100.0,
    growth_kimg=48.0,
    snapshot_kimg=8.0,
    mixed_precision="bf16",
)

PRESETS: dict[str, TrainingSettings] = {
    "covidgan": _COVIDGAN,
    # the same by the letter: docs/covidgan.md
    "covidgan_paper": dataclasses.replace(
        _COVIDGAN,
        channels=3,
        joint_batch=True,
        separate_fakes=True,
        balanced=False,
        initialisation="glorot",
        batch_norm_epsilon=1e-3,
        adam_epsilon=1e-7,
    ),
    # Radford et al., DCGAN (arXiv 1511.06434), has no dropout, and latents from N(0, 1)
    "dcgan": dataclasses.replace(_COVIDGAN, conditioning="per_class", class_weight=0.0, latent_std=1.0, dropout=0.0),
    "strong": _STRONG,
    # the sources' method without its collapse. Of adc and d2dce the ablation has adc nearer to real images, at 32 px
    # and at 64; ac is no further away, and has no remedy against the collapse
    "strong_ac": dataclasses.replace(_STRONG, conditioning="adc"),
    # Karras et al., EDM (arXiv 2206.00364), with a small UNet. An image takes 35 passes, and a snapshot needs as many
    # images as there are validation images, so snapshots are rarer than a GAN's
    "diffusion": DiffusionSettings(
        kind="diffusion",
        architecture="unet",
        sampling_steps=18,
        channels=1,
        generator_width=192,
        generator_learning_rate=5e-4,
        adam_beta1=0.9,
        adam_beta2=0.99,
        batch_size=32,
        ema_kimg=10.0,
        kimg=1000.0,
        patience_kimg=120.0,
        snapshot_kimg=40.0,
        mixed_precision="bf16",
    ),
}


def _overridable() -> list[tuple[str, Any, Any]]:
    """List an optional field for each setting of any kind: what a command line may change of a preset.

    The kind is the preset's own. Where two kinds have other choices by one name, the field has those of both.
    """
    found: dict[str, tuple[Any, dict[str, Any]]] = {}
    for field in (field for kind in SETTINGS.values() for field in dataclasses.fields(kind)):
        _, before = found.get(field.name, (None, field.metadata))
        metadata = dict(field.metadata)
        if metadata != before:
            metadata["help"] = f"{before['help']}; {metadata['help']}"
            metadata["choices"] = (*before["choices"], *metadata["choices"])
        found[field.name] = field.type | None, metadata
    del found["kind"]
    return [
        (name, hint, dataclasses.field(default=None, metadata=metadata)) for name, (hint, metadata) in found.items()
    ]


Overrides = dataclasses.make_dataclass("Overrides", _overridable(), frozen=True, kw_only=True)


def resolve(preset: str, overrides: Any) -> TrainingSettings:
    """Replace the settings of a preset that `overrides` sets.

    Raises:
        UserError: a value is out of bounds, or the preset's kind has no such setting.
    """
    names = [field.name for field in dataclasses.fields(Overrides)]
    changes = {name: getattr(overrides, name) for name in names if getattr(overrides, name) is not None}
    begin = PRESETS[preset]
    for name, value in changes.items():
        if not hasattr(begin, name):
            raise UserError(
                f"{name} is {value!r}, but the preset {preset} is {_NOUNS[begin.kind]}, which has no such setting; "
                "leave it out"
            )
    return dataclasses.replace(begin, **changes)
