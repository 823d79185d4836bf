"""The kinds of what a training trains, each by the functions of its step: a GAN, or a diffusion model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from chestgan.gan import batches, diffusion_step, step


class Model(Protocol):
    """What a training moves: networks and optimisers, of which every kind has these.

    Attributes:
        generator: the network whose weights are those of the generator.
        ema: its average, if there is one.
    """

    generator: nn.Module
    ema: nn.Module | None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The functions of a kind's step; those of a GAN, in `step` and `batches`, say what each takes and returns.

    Attributes:
        losses: the names of the losses that a step returns, as columns of the history.
        make_batch: makes one process's share of the batch of a step.
        build: builds the networks, their optimisers and the EMA.
        train_step: moves all of it by one batch, but the EMA.
        sampling_generator: returns the generator that images are sampled from.
        stateful_parts: names every part whose state a checkpoint saves and restores.
    """

    losses: tuple[str, ...]
    make_batch: Callable[..., Any]
    build: Callable[..., Model]
    train_step: Callable[..., Tensor]
    sampling_generator: Callable[..., nn.Module]
    stateful_parts: Callable[..., dict[str, Any]]


KINDS = {
    "gan": Kind(
        losses=step.LOSSES,
        make_batch=batches.make_batch,
        build=step.build,
        train_step=step.train_step,
        sampling_generator=step.sampling_generator,
        stateful_parts=step.stateful_parts,
    ),
    "diffusion": Kind(
        losses=diffusion_step.LOSSES,
        make_batch=batches.make_noisy_batch,
        build=diffusion_step.build,
        train_step=diffusion_step.train_step,
        sampling_generator=diffusion_step.sampling_generator,
        stateful_parts=diffusion_step.stateful_parts,
    ),
}
