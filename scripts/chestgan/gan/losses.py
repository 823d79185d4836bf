"""The objective of a conditional GAN as losses to minimise: one term for the source, one for the class.

The AC-GAN (Odena et al., arXiv 1610.09585, section 3) has

    L_S = E[log P(real | x_real)] + E[log P(fake | x_fake)]         equation 2
    L_C = E[log P(c | x_real)] + E[log P(c | x_fake)]               equation 3

The discriminator maximises L_S + L_C, the generator L_C - L_S. As everywhere since Goodfellow et al. (2014), the
generator's part of L_S has the form that doesn't saturate: it maximises E[log P(real | x_fake)]. The hinge loss (Lim
and Ye, arXiv 1705.02894, equations 7 and 8) can replace L_S; `conditioning` has L_C and what can replace it.
"""

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional

from chestgan.gan.conditioning import CONDITIONINGS, Logits


class Objective(NamedTuple):
    """The losses of a step, and the weight of the class loss."""

    source_loss: str
    conditioning: str
    class_weight: float


def discriminator_loss(
    real: Logits, real_labels: Tensor, fake: Logits, fake_labels: Tensor, objective: Objective
) -> tuple[Tensor, Tensor]:
    """Compute the discriminator's source loss and its weighted class loss, each a mean over the batch."""
    kind = CONDITIONINGS[objective.conditioning]
    real_logits = kind.source_logits(real, real_labels, objective.class_weight)
    fake_logits = kind.source_logits(fake, fake_labels, objective.class_weight)
    if objective.source_loss == "hinge":
        source_loss = functional.relu(1 - real_logits).mean() + functional.relu(1 + fake_logits).mean()
    else:
        source_loss = functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()
    class_loss = kind.discriminator_loss(real, real_labels, fake, fake_labels)
    return source_loss, objective.class_weight * class_loss


def generator_loss(fake: Logits, fake_labels: Tensor, objective: Objective) -> tuple[Tensor, Tensor]:
    """Compute the generator's source loss and its weighted class loss, each a mean over the batch."""
    kind = CONDITIONINGS[objective.conditioning]
    fake_logits = kind.source_logits(fake, fake_labels, objective.class_weight)
    source_loss = -fake_logits.mean() if objective.source_loss == "hinge" else functional.softplus(-fake_logits).mean()
    return source_loss, objective.class_weight * kind.generator_loss(fake, fake_labels)
