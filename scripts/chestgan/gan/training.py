"""A training of a GAN or a diffusion model: what stays the same throughout, and how far it has come."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
from accelerate import Accelerator

from chestgan.gan import schedule
from chestgan.gan.generator_file import Description
from chestgan.gan.kept_snapshots import Keeping
from chestgan.gan.kinds import KINDS, Kind
from chestgan.gan.origin import Origin
from chestgan.gan.presets import TrainingSettings
from chestgan.gan.schedule import Stage
from chestgan.gan.start import RunningStart
from chestgan.gan.training_set import TrainingSet


@dataclass
class State:
    """The progress of a training; with the networks and optimisers, all of it goes into the checkpoint."""

    # of the history's next row: the sum of the losses, of how many steps, and the seconds that they took
    summed_losses: torch.Tensor
    n_summed: int = 0
    seconds: float = 0.0
    step: int = 0
    best_weights: dict[str, torch.Tensor] = field(default_factory=dict)
    # of the discriminator at the same step
    best_discriminator: dict[str, torch.Tensor] = field(default_factory=dict)
    best_kimg: float = 0.0
    best_validation_kd: float = math.inf
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Training:
    """What stays the same throughout a training.

    Attributes:
        name: what tables and figures call the generator.
        preset: the name of the preset that the settings began with.
        stages: from `TrainingSettings.stages_of`: the sizes that the images have in turn.
        processes: how many train together.
        origin: what the generator is made from, as its file tells it.
        running_start: the weights that it begins with; None where it begins from random ones.
        fingerprint: of all that decides the training, from `checkpoint.fingerprint`.
    """

    name: str
    preset: str
    seed: int
    settings: TrainingSettings
    data: TrainingSet
    stages: list[Stage]
    accelerator: Accelerator
    processes: int
    checkpoint_folder: Path
    keeping: Keeping
    fingerprint: str
    origin: Origin
    running_start: RunningStart | None

    @property
    def kind(self) -> Kind:
        """The functions of the step."""
        return KINDS[self.settings.kind]

    @property
    def n_steps(self) -> int:
        """The steps that show `kimg` thousand images."""
        return math.ceil(1000 * self.settings.kimg / self.settings.batch_size)

    @property
    def checkpoint(self) -> Path:
        """The file that the training resumes from."""
        return self.checkpoint_folder / "checkpoint.pt"

    @property
    def snapshot_images(self) -> int:
        """The images from snapshot to snapshot."""
        return round(1000 * self.settings.snapshot_kimg)

    def snapshots(self, step: int, per_interval: int = 1) -> int:
        """Count the snapshots that are due by a step, or the rows of the history, of which an interval has several.

        One is due at the step that reaches a multiple of the interval: so the mean interval is the one that was asked
        for, whatever the batch size.
        """
        return per_interval * step * self.settings.batch_size // self.snapshot_images

    def is_due(self, step: int, per_interval: int = 1) -> bool:
        """Tell whether a snapshot, or a row of the history, is due at a step."""
        return self.snapshots(step, per_interval) > self.snapshots(step - 1, per_interval)

    def snapshot_kimgs(self, step: int, every: int = 1) -> list[float]:
        """List after how many thousand images every n-th snapshot up to a step was taken."""
        numbers = range(every, self.snapshots(step) + 1, every)
        return [self.kimg(-(-number * self.snapshot_images // self.settings.batch_size)) for number in numbers]

    def kept_kimgs(self, step: int) -> list[float]:
        """List after how many thousand images the snapshots up to a step were taken whose networks are kept."""
        if not self.keeping.every:
            return []
        return [kimg for kimg in self.snapshot_kimgs(step, self.keeping.every) if kimg > self.growth_kimg]

    @property
    def growth_kimg(self) -> float:
        """The thousand images after which the images have their own size."""
        return self.kimg(self.stages[-1].first_step)

    def stage(self, step: int) -> Stage:
        """Find the stage of the networks after a number of steps."""
        return schedule.stage_of(self.stages, max(0, step - 1))

    def description(self, kimg: float, validation_kd: float) -> Description:
        """Describe the weights of a generator file."""
        return Description(
            name=self.name,
            seed=self.seed,
            preset=self.preset,
            settings=self.settings,
            image_size=self.data.image_size,
            classes=self.data.classes,
            kimg=kimg,
            validation_kd=validation_kd,
            origin=self.origin,
        )

    def kimg(self, step: int) -> float:
        """Convert steps to thousands of real images shown."""
        return step * self.settings.batch_size / 1000

    def sheet(self, kimg: float) -> Path:
        """Name the sample sheet of a snapshot so that the names' order is that of the training."""
        return self.checkpoint_folder / "samples" / f"kimg-{kimg:010.3f}.png"
