"""How the discriminator is conditioned on the class: for each kind its class layer, and its loss beside it.

A new kind is one entry of `CONDITIONINGS`, with the functions that it needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

# Kang et al., arXiv 2111.01118, section 4.1: the margin of a proxy, and the temperature that divides the cosines
_D2DCE_MARGIN = 0.98
_D2DCE_TEMPERATURE = 0.5


class Logits(NamedTuple):
    """A discriminator's answer to N images.

    Attributes:
        source_logits: (N,) float32, real or fake.
        class_logits: (N, outputs) float32, or None without a class layer; each kind says what its outputs are.
        features: (N, d) float32 of length 1 for `d2dce`, otherwise None.
    """

    source_logits: Tensor
    class_logits: Tensor | None
    features: Tensor | None = None

    def of(self, images: slice) -> "Logits":
        """Return the answer to some of the images."""
        return Logits(*(part if part is None else part[images] for part in self))


@dataclass(frozen=True, kw_only=True)
class Conditioning:
    """One kind of conditioning.

    Attributes:
        help: what it is, for the command line and the documentation.
        outputs: outputs of the class layer for each class; 0: there is no class layer.
        bias: whether the class layer has one.
        on_sphere: whether features and weights of the class layer are scaled to length 1.
        discriminator_loss: from the logits and labels of real and of fake images to a scalar.
        generator_loss: from the logits and the labels of fake images to a scalar.
        source_logits: from logits, labels and the weight of the classes to the (N,) source logits that the loss is of.
    """

    help: str
    outputs: int
    bias: bool = False
    on_sphere: bool = False
    discriminator_loss: Callable[[Logits, Tensor, Logits, Tensor], Tensor]
    generator_loss: Callable[[Logits, Tensor], Tensor]
    source_logits: Callable[[Logits, Tensor, float], Tensor] = lambda logits, labels, weight: logits.source_logits


class Head(nn.Module):
    """Map features to logits: one linear layer for real or fake, another for the classes."""

    def __init__(self, conditioning: str, n_features: int, n_classes: int) -> None:
        super().__init__()
        kind = CONDITIONINGS[conditioning]
        n_outputs = kind.outputs * n_classes
        self.on_sphere = kind.on_sphere
        self.source = nn.Linear(n_features, 1)
        self.label = nn.Linear(n_features, n_outputs, bias=kind.bias) if n_outputs else None

    def forward(self, features: Tensor) -> Logits:
        """Judge (N, n_features) features, in full precision: a margin is soon smaller than a step of bf16."""
        with torch.autocast(features.device.type, enabled=False):
            features = features.float()
            source_logits = self.source(features).squeeze(1)
            if self.label is None:
                return Logits(source_logits, None)
            if not self.on_sphere:
                return Logits(source_logits, self.label(features))
            features = functional.normalize(features)
            return Logits(source_logits, features @ functional.normalize(self.label.weight).T, features)


def _no_discriminator_loss(real: Logits, real_labels: Tensor, fake: Logits, fake_labels: Tensor) -> Tensor:
    return real.source_logits.new_zeros(())


def _no_generator_loss(fake: Logits, fake_labels: Tensor) -> Tensor:
    return fake.source_logits.new_zeros(())


def _cross_entropy(logits: Logits, labels: Tensor) -> Tensor:
    return functional.cross_entropy(logits.class_logits, labels)


# AC-GAN (Odena et al., arXiv 1610.09585, equation 3): a logit for each class


def _ac_discriminator_loss(real: Logits, real_labels: Tensor, fake: Logits, fake_labels: Tensor) -> Tensor:
    return _cross_entropy(real, real_labels) + _cross_entropy(fake, fake_labels)


# ADC-GAN (Hou et al., arXiv 2107.10060, equations 6 and 7): logits of the real classes, then of their fake twins


def _adc_discriminator_loss(real: Logits, real_labels: Tensor, fake: Logits, fake_labels: Tensor) -> Tensor:
    return _cross_entropy(real, real_labels) + _cross_entropy(fake, _fake_twins(fake, fake_labels))


def _adc_generator_loss(fake: Logits, fake_labels: Tensor) -> Tensor:
    return _cross_entropy(fake, fake_labels) - _cross_entropy(fake, _fake_twins(fake, fake_labels))


def _fake_twins(logits: Logits, labels: Tensor) -> Tensor:
    return labels + logits.class_logits.shape[1] // 2


# ReACGAN (Kang et al., arXiv 2111.01118): cosines between the features and the proxy of each class


def _d2dce_discriminator_loss(real: Logits, real_labels: Tensor, fake: Logits, fake_labels: Tensor) -> Tensor:
    return _data_to_data_cross_entropy(real, real_labels)


def _data_to_data_cross_entropy(logits: Logits, labels: Tensor) -> Tensor:
    """Attract each image to the proxy of its class and repel it from images of other classes (equation 7).

    With cosines p to the own proxy and s to the others' features, margin m and temperature t, the mean of
    -log(exp([p - m]₋ / t) / (exp([p - m]₋ / t) + Σ exp([s - (1 - m)]₊ / t))), the sum over images of other classes.
    """
    of_class = logits.class_logits.gather(1, labels.unsqueeze(1))
    attraction = (of_class - _D2DCE_MARGIN).clamp(max=0) / _D2DCE_TEMPERATURE
    repulsion = (logits.features @ logits.features.T - (1 - _D2DCE_MARGIN)).clamp(min=0) / _D2DCE_TEMPERATURE
    same_class = labels.unsqueeze(0) == labels.unsqueeze(1)
    repulsion = repulsion.masked_fill(same_class, float("-inf"))
    both = functional.pad(repulsion, (1, 0)) + functional.pad(attraction, (0, len(labels)))
    return (both.logsumexp(1) - attraction.squeeze(1)).mean()


# projection (Miyato and Koyama, arXiv 1802.05637, equation 5): what each class would add to the source logit


def _projected(logits: Logits, labels: Tensor, class_weight: float) -> Tensor:
    of_class = logits.class_logits.gather(1, labels.unsqueeze(1)).squeeze(1)
    return logits.source_logits + class_weight * of_class


CONDITIONINGS = {
    "per_class": Conditioning(
        help="an unconditional GAN for each class (DC-GAN)",
        outputs=0,
        discriminator_loss=_no_discriminator_loss,
        generator_loss=_no_generator_loss,
    ),
    "ac": Conditioning(
        help="an auxiliary classifier (AC-GAN)",
        outputs=1,
        bias=True,
        discriminator_loss=_ac_discriminator_loss,
        generator_loss=_cross_entropy,
    ),
    "adc": Conditioning(
        help="one that also tells real from fake (ADC-GAN)",
        outputs=2,
        bias=True,
        discriminator_loss=_adc_discriminator_loss,
        generator_loss=_adc_generator_loss,
    ),
    "d2dce": Conditioning(
        help="one that compares images with one another (ReACGAN)",
        outputs=1,
        on_sphere=True,
        discriminator_loss=_d2dce_discriminator_loss,
        generator_loss=_data_to_data_cross_entropy,
    ),
    "projection": Conditioning(
        help="a projection of the features on an embedding of the class",
        outputs=1,
        discriminator_loss=_no_discriminator_loss,
        generator_loss=_no_generator_loss,
        source_logits=_projected,
    ),
}
