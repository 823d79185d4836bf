"""The AC-GAN objective (Odena et al., arXiv 1610.09585, section 3), as losses to be made small.

    L_S = E[log P(real | x_real)] + E[log P(fake | x_fake)]         equation 2
    L_C = E[log P(c | x_real)] + E[log P(c | x_fake)]               equation 3

The discriminator maximises L_S + L_C, the generator L_C - L_S. As everywhere since Goodfellow et al. (2014), the
generator's part of L_S is taken in the form that doesn't saturate: it maximises E[log P(real | x_fake)].
"""

from torch import Tensor
from torch.nn import functional

from chestgan.networks import Logits


def discriminator_loss(
    real: Logits, real_labels: Tensor, fake: Logits, fake_labels: Tensor, class_weight: float
) -> tuple[Tensor, Tensor]:
    """Give the discriminator's source loss -L_S and its weighted class loss -L_C, each a mean over the batch."""
    source_loss = functional.softplus(-real.source_logits).mean() + functional.softplus(fake.source_logits).mean()
    class_loss = _class_loss(real, real_labels) + _class_loss(fake, fake_labels)
    return source_loss, class_weight * class_loss


def generator_loss(fake: Logits, fake_labels: Tensor, class_weight: float) -> tuple[Tensor, Tensor]:
    """Give the generator's source loss and its weighted class loss, each a mean over the batch."""
    return functional.softplus(-fake.source_logits).mean(), class_weight * _class_loss(fake, fake_labels)


def _class_loss(logits: Logits, labels: Tensor) -> Tensor:
    if logits.class_logits is None:
        return logits.source_logits.new_zeros(())
    return functional.cross_entropy(logits.class_logits, labels)
