"""The objective of a conditional GAN, as losses to be made small: a term for the source and one for the class.

The AC-GAN (Odena et al., arXiv 1610.09585, section 3) has

    L_S = E[log P(real | x_real)] + E[log P(fake | x_fake)]         equation 2
    L_C = E[log P(c | x_real)] + E[log P(c | x_fake)]               equation 3

The discriminator maximises L_S + L_C, the generator L_C - L_S. As everywhere since Goodfellow et al. (2014), the
generator's part of L_S is taken in the form that doesn't saturate: it maximises E[log P(real | x_fake)]. The hinge
(Lim and Ye, arXiv 1705.02894, equations 7 and 8) takes the place of L_S, other kinds of conditioning that of L_C.
"""

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional

from chestgan.heads import Logits

# Kang et al., arXiv 2111.01118, section 4.1: the margin of a proxy, and what divides the cosines
_D2DCE_MARGIN = 0.98
_D2DCE_TEMPERATURE = 0.5


class Objective(NamedTuple):
    """Which losses count at a step, and how much the classes count beside the source."""

    source_loss: str
    conditioning: str
    class_weight: float


def discriminator_loss(
    real: Logits, real_labels: Tensor, fake: Logits, fake_labels: Tensor, objective: Objective
) -> tuple[Tensor, Tensor]:
    """Give the discriminator's source loss and its weighted class loss, each a mean over the batch."""
    real_logits = _source_logits(real, real_labels, objective)
    fake_logits = _source_logits(fake, fake_labels, objective)
    if objective.source_loss == "hinge":
        source_loss = functional.relu(1 - real_logits).mean() + functional.relu(1 + fake_logits).mean()
    else:
        source_loss = functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()
    if objective.conditioning == "ac":
        class_loss = _cross_entropy(real, real_labels) + _cross_entropy(fake, fake_labels)
    elif objective.conditioning == "adc":
        class_loss = _cross_entropy(real, real_labels) + _cross_entropy(fake, _as_fake(fake, fake_labels))
    elif objective.conditioning == "d2dce":
        class_loss = _data_to_data(real, real_labels)
    else:
        class_loss = source_loss.new_zeros(())
    return source_loss, objective.class_weight * class_loss


def generator_loss(fake: Logits, fake_labels: Tensor, objective: Objective) -> tuple[Tensor, Tensor]:
    """Give the generator's source loss and its weighted class loss, each a mean over the batch."""
    fake_logits = _source_logits(fake, fake_labels, objective)
    source_loss = -fake_logits.mean() if objective.source_loss == "hinge" else functional.softplus(-fake_logits).mean()
    if objective.conditioning == "ac":
        class_loss = _cross_entropy(fake, fake_labels)
    elif objective.conditioning == "adc":
        class_loss = _cross_entropy(fake, fake_labels) - _cross_entropy(fake, _as_fake(fake, fake_labels))
    elif objective.conditioning == "d2dce":
        class_loss = _data_to_data(fake, fake_labels)
    else:
        class_loss = source_loss.new_zeros(())
    return source_loss, objective.class_weight * class_loss


def _source_logits(logits: Logits, labels: Tensor, objective: Objective) -> Tensor:
    """Add to the source logit what the asked class adds (Miyato and Koyama, arXiv 1802.05637, equation 5)."""
    if objective.conditioning != "projection":
        return logits.source_logits
    of_class = logits.class_logits.gather(1, labels.unsqueeze(1)).squeeze(1)
    return logits.source_logits + objective.class_weight * of_class


def _cross_entropy(logits: Logits, labels: Tensor) -> Tensor:
    return functional.cross_entropy(logits.class_logits, labels)


def _as_fake(logits: Logits, labels: Tensor) -> Tensor:
    """Give the fake twins of the labels (ADC-GAN, Hou et al., arXiv 2107.10060, equations 6 and 7)."""
    return labels + logits.class_logits.shape[1] // 2


def _data_to_data(logits: Logits, labels: Tensor) -> Tensor:
    """Draw each image to its class's proxy and away from images of other classes (arXiv 2111.01118, equation 7).

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
