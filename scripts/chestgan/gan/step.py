"""One step of a GAN's training, and the networks, optimisers and EMA that it moves."""

from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from chestgan.gan import losses
from chestgan.gan.batches import Batch
from chestgan.gan.conditioning import Logits
from chestgan.gan.ema import unwrapped_copy
from chestgan.gan.networks.build import build_discriminator, build_generator
from chestgan.gan.presets import GanSettings
from chestgan.images import augmentation

# what the EMA's batch statistics are estimated from
_ESTIMATION_BATCHES = 8
_ESTIMATION_BATCH_SIZE = 64
LOSSES = ("discriminator_source", "discriminator_class", "generator_source", "generator_class")


@dataclass
class Gan:
    """The networks and optimisers as accelerate prepared them, and the EMA of the generator if there is one."""

    generator: nn.Module
    discriminator: nn.Module
    generator_optimiser: Any
    discriminator_optimiser: Any
    ema: nn.Module | None


def build(settings: GanSettings, n_classes: int, image_size: int, seed: int, accelerator: Accelerator) -> Gan:
    """Build networks with the same first weights in every process, their optimisers and the EMA."""
    torch.manual_seed(seed)
    generator = build_generator(settings, n_classes, image_size)
    discriminator = build_discriminator(settings, n_classes, image_size)
    adam = {"betas": (settings.adam_beta1, settings.adam_beta2), "eps": settings.adam_epsilon, "fused": True}
    generator, discriminator, generator_optimiser, discriminator_optimiser = accelerator.prepare(
        generator,
        discriminator,
        torch.optim.Adam(generator.parameters(), settings.generator_learning_rate, **adam),
        torch.optim.Adam(discriminator.parameters(), settings.discriminator_learning_rate, **adam),
    )
    ema = unwrapped_copy(generator, accelerator) if settings.ema_kimg else None
    return Gan(generator, discriminator, generator_optimiser, discriminator_optimiser, ema)


def train_step(gan: Gan, batch: Batch, settings: GanSettings, step: int, accelerator: Accelerator) -> Tensor:
    """Update the discriminator, then the generator, on the same fake images or each on its own.

    Returns:
        The four losses of `LOSSES`, detached, on the device.
    """
    class_weight = settings.class_weight_at(step * settings.batch_size / 1000)
    objective = losses.Objective(settings.source_loss, settings.conditioning, class_weight)

    # Fake images, once for both updates unless each has its own.
    def draw(latents: Tensor, labels: Tensor) -> Tensor:
        with accelerator.autocast():
            images = gan.generator(latents, labels)
        return augmentation.augment(images, batch.fake_augmentation) if settings.augment else images

    with torch.set_grad_enabled(not settings.separate_fakes):
        fake_images = draw(batch.latents, batch.fake_labels)
    real_images = batch.real_images
    if settings.augment:
        real_images = augmentation.augment(real_images, batch.real_augmentation)

    # Update the discriminator: real images and detached fakes.
    gan.discriminator.requires_grad_(True)
    real = (real_images, batch.labels)
    with accelerator.autocast():
        real_logits, fake_logits = _judge(
            gan.discriminator, real, (fake_images.detach(), batch.fake_labels), settings.joint_batch
        )
    source_loss, class_loss = losses.discriminator_loss(
        real_logits, batch.labels, fake_logits, batch.fake_labels, objective
    )
    if settings.joint_batch:
        # the mean over one batch of both is half the sum of a mean each
        source_loss, class_loss = source_loss / 2, class_loss / 2
    gan.discriminator_optimiser.zero_grad()
    accelerator.backward(source_loss + class_loss)
    gan.discriminator_optimiser.step()

    # Update the generator: its fakes, judged by the new discriminator. It is frozen, so that the generator's gradient
    # passes through and leaves nothing behind.
    gan.discriminator.requires_grad_(False)
    if settings.separate_fakes:
        fake_images = draw(batch.generator_latents, batch.generator_labels)
    fake = (fake_images, batch.generator_labels)
    with accelerator.autocast():
        if settings.joint_batch:
            # beside the real images, as it learned to: fakes alone have other statistics, and could look real by them
            _, fake_logits = _judge(gan.discriminator, real, fake, settings.joint_batch)
        else:
            fake_logits = gan.discriminator(*fake)
    generator_source_loss, generator_class_loss = losses.generator_loss(fake_logits, batch.generator_labels, objective)
    gan.generator_optimiser.zero_grad()
    accelerator.backward(generator_source_loss + generator_class_loss)
    gan.generator_optimiser.step()

    return torch.stack([source_loss, class_loss, generator_source_loss, generator_class_loss]).detach()


def _judge(
    discriminator: nn.Module, real: tuple[Tensor, Tensor], fake: tuple[Tensor, Tensor], jointly: bool
) -> tuple[Logits, Logits]:
    """Judge real and fake images, given with their labels, in one batch or each in its own."""
    if not jointly:
        return discriminator(*real), discriminator(*fake)
    logits = discriminator(*(torch.cat(parts) for parts in zip(real, fake, strict=True)))
    n_real = len(real[0])
    return logits.of(slice(n_real)), logits.of(slice(n_real, None))


def sampling_generator(gan: Gan, settings: GanSettings, n_classes: int, accelerator: Accelerator) -> nn.Module:
    """Return the generator that images are sampled from, the EMA or a copy, in evaluation mode."""
    if gan.ema is None:
        return unwrapped_copy(gan.generator, accelerator).eval()
    _estimate_batch_statistics(gan.ema, settings, n_classes)
    return gan.ema.eval()


def stateful_parts(gan: Gan, accelerator: Accelerator) -> dict[str, Any]:
    """Name every part whose state a checkpoint saves and restores."""
    parts = {
        "generator": accelerator.unwrap_model(gan.generator),
        "discriminator": accelerator.unwrap_model(gan.discriminator),
        "generator_optimiser": gan.generator_optimiser,
        "discriminator_optimiser": gan.discriminator_optimiser,
    }
    return parts | ({"ema": gan.ema} if gan.ema else {})


@torch.no_grad()
def _estimate_batch_statistics(generator: nn.Module, settings: GanSettings, n_classes: int) -> None:
    """Re-estimate the BatchNorm statistics of the EMA, which never ran in training mode."""
    for module in generator.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            # all batches count alike
            module.momentum = None
    device = next(generator.parameters()).device
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(_ESTIMATION_BATCH_SIZE, device=device) % n_classes
    generator.train()
    for _ in range(_ESTIMATION_BATCHES):
        latents = torch.randn(_ESTIMATION_BATCH_SIZE, settings.latent_dim, generator=random)
        generator((latents * settings.latent_std).to(device), labels)
