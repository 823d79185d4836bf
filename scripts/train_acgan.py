"""Train a GAN on the training patients of a split, and keep the generator that is nearest to the validation patients.

    python scripts/train_acgan.py --real results/demo/split --preset covidgan --seed 0 --output results/demo/train

Every setting of the preset can be overridden by its flag. A training that was killed goes on from its checkpoint when
it is started again with the same flags. It stops itself, with a checkpoint and exit code 75, shortly before its time
limit and after TERM, INT or USR1.
"""

import dataclasses
import math
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from accelerate import Accelerator

from chestgan import (
    checkpoint,
    commandline,
    compute,
    curves,
    environment,
    files,
    generatorfile,
    interruption,
    presets,
    progress,
    selection,
    settings,
    training,
)
from chestgan.errors import Unfinished, UserError
from chestgan.settings import setting

# a finer history than one point a snapshot
ROWS_PER_SNAPSHOT = 8
# several processes have to stop at the same step, and asking one another takes time
STEPS_BETWEEN_QUESTIONS = 8


@dataclass(frozen=True, kw_only=True)
class Config(presets.Overrides):
    """The flags of this script beside those that override the preset."""

    real: Path = setting("image set with a split column, made by split_data")
    output: Path = setting("new folder for the generator, its history and its pictures")
    preset: str = setting("settings to begin with", "covidgan", choices=tuple(presets.PRESETS))
    name: str | None = setting("what tables and figures call this generator; the preset's name if not given", None)
    seed: int = setting("seed of all that is random", 0, minimum=0)
    checkpoint: Path | None = setting("folder that keeps the checkpoint; beside the output if not given", None)
    device: str = setting("where to compute", "cpu", choices=compute.DEVICES)
    processes: int = setting("processes that train together, one a GPU; another number is refused", 1, minimum=1)
    threads: int = setting("CPU threads of all processes of a machine together; 0: as torch decides", 0, minimum=0)
    time_limit: float = setting("minutes after which this job is killed; 0: none", 0.0, minimum=0.0)
    tensorboard: Path | None = setting("folder for TensorBoard's logs; none are written if not given", None)

    def __post_init__(self) -> None:
        settings.check(self)


@dataclass
class State:
    """How far a training has come; with the networks and optimisers, all of it goes into the checkpoint."""

    step: int = 0
    best_weights: dict[str, torch.Tensor] = field(default_factory=dict)
    best_kimg: float = 0.0
    best_distance: float = math.inf
    history: list[dict[str, float]] = field(default_factory=list)
    # of the history's next row: the sum of the losses, of how many steps, and the seconds that they took
    summed: torch.Tensor = field(default_factory=lambda: torch.zeros(len(training.LOSSES)))
    n_summed: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Job:
    """What stays the same throughout a training."""

    config: Config
    settings: presets.GanSettings
    data: training.Data
    accelerator: Accelerator
    checkpoint_folder: Path
    fingerprint: str

    @property
    def name(self) -> str:
        """What tables and figures call the generator."""
        return self.config.name or self.config.preset

    @property
    def n_steps(self) -> int:
        """The steps that show `kimg` thousand images."""
        return math.ceil(1000 * self.settings.kimg / self.settings.batch_size)

    @property
    def log_steps(self) -> int:
        """The steps that one row of the history sums up."""
        return math.ceil(1000 * self.settings.snapshot_kimg / self.settings.batch_size / ROWS_PER_SNAPSHOT)

    def kimg(self, step: int) -> float:
        """Give the thousands of real images shown in so many steps."""
        return step * self.settings.batch_size / 1000


def run(config: Config) -> None:
    """Train, and write the best and the last generator with the history of the training."""
    files.require_empty(config.output)
    job = prepare(config)
    gan = training.build(job.settings, len(job.data.classes), job.data.image_size, config.seed, job.accelerator)
    state = resume(job, gan)
    with interruption.watch(config.time_limit) as watching:
        train(job, gan, state, watching)
    if job.accelerator.is_main_process:
        publish(job, gan, state)
    job.accelerator.wait_for_everyone()
    job.accelerator.end_training()


def prepare(config: Config) -> Job:
    """Check all that was asked for before any work is done, and join the processes."""
    gan_settings = presets.resolve(config.preset, config)
    data = training.read_data(config.real, gan_settings, config.processes)
    compute.use_threads(config.threads)
    accelerator = compute.accelerator(
        config.device, config.processes, gan_settings.mixed_precision, log_folder=config.tensorboard
    )
    if config.tensorboard:
        accelerator.init_trackers(config.name or config.preset)
    accelerator.print(
        f"{config.processes} process{'es' if config.processes > 1 else ''} on {accelerator.device.type}, "
        f"{gan_settings.batch_size // config.processes} of {gan_settings.batch_size} images a step each",
        file=sys.stderr,
    )
    # a longer training begins like a shorter one, so its length is no part of what it is
    decisive = dataclasses.asdict(gan_settings) | {"seed": config.seed, "kimg": None}
    data_files = [config.real / "images.npy", config.real / "manifest.csv"]
    return Job(
        config,
        gan_settings,
        data,
        accelerator,
        config.checkpoint or config.output.with_name(f"{config.output.name}-checkpoint"),
        checkpoint.fingerprint(data_files, decisive, Path(__file__)),
    )


def resume(job: Job, gan: training.Gan) -> State:
    """Go on from the checkpoint of exactly this training, or begin at the beginning."""
    # the first process sets aside what it can't use; the others then find nothing
    with job.accelerator.main_process_first():
        saved, message = checkpoint.load(job.checkpoint_folder / "checkpoint.pt", job.fingerprint)
    if saved and saved["state"]["step"] > job.n_steps:
        saved, message = None, f"the checkpoint is beyond {job.settings.kimg:g} thousand images and isn't used"
    if saved and saved["processes"] != job.config.processes:
        message += f"; the number of processes was {saved['processes']} and is {job.config.processes}"
    if message:
        job.accelerator.print(message, file=sys.stderr)
    if not saved:
        return State()
    for name, part in training.parts(gan, job.accelerator).items():
        part.load_state_dict(saved[name])
    return State(**saved["state"])


def train(job: Job, gan: training.Gan, state: State, watching: interruption.Watch) -> None:
    """Take the steps that remain; every so many images a row of history, a snapshot, a checkpoint.

    Raises:
        Unfinished: the training had to stop; its checkpoint is of the last step.
    """
    accelerator, gan_settings, seed = job.accelerator, job.settings, job.config.seed
    rank, main = accelerator.process_index, accelerator.is_main_process
    images = torch.from_numpy(job.data.train.images).to(accelerator.device)
    class_rows = job.data.train.rows_by_class(job.data.classes)
    judge = selection.prepare(job.data.validation, job.data.classes, accelerator.device) if main else None
    generator = accelerator.unwrap_model(gan.generator)
    state.summed = state.summed.to(accelerator.device)
    require_time(job, watching)
    started = time.monotonic()
    steps = range(state.step, job.n_steps)
    for step in progress.track(steps, f"train {job.name}", "steps") if main else steps:
        batch = training.draw_batch(images, class_rows, gan_settings, seed, step, rank, accelerator.num_processes)
        torch.manual_seed(training.step_seed(seed, step, rank + 1))
        state.summed += training.train_step(gan, batch, gan_settings, step, accelerator)
        state.n_summed += 1
        state.step = step + 1
        if gan.averaged:
            training.update_average(gan, generator, state.step, gan_settings)
        is_last = state.step == job.n_steps
        if is_last or state.step % job.log_steps == 0:
            state.seconds += time.monotonic() - started
            end_row(job, gan, state, judge)
            started = time.monotonic()
        if not is_last and (reason := reason_to_stop(job, watching, state.step)):
            state.seconds += time.monotonic() - started
            stop(job, gan, state, reason)


def end_row(job: Job, gan: training.Gan, state: State, judge: selection.Selection | None) -> None:
    """Add a row to the history; in the main process, where it is time, take a snapshot and save a checkpoint."""
    rate = state.n_summed * job.settings.batch_size / state.seconds
    state.history.append(history_row(job.kimg(state.step), state.summed / state.n_summed, rate))
    state.summed, state.n_summed, state.seconds = torch.zeros_like(state.summed), 0, 0.0
    is_snapshot = state.step % (ROWS_PER_SNAPSHOT * job.log_steps) == 0
    if judge and (is_snapshot or state.step == job.n_steps):
        take_snapshot(job, gan, state, judge)
    if judge and is_snapshot:
        save_checkpoint(job, gan, state)
    job.accelerator.log(state.history[-1], step=state.step)


def require_time(job: Job, watching: interruption.Watch) -> None:
    """Refuse a time limit that the start alone has used up: no attempt would ever come further."""
    if watching.reason() and not watching.received:
        raise UserError(
            f"time_limit is {job.config.time_limit:g} minutes, and the start took nearly all of it; in a profile it is "
            "the runtime of train_acgan: give it more"
        )


def reason_to_stop(job: Job, watching: interruption.Watch, step: int) -> str:
    """Agree among the processes on a reason to stop before the next step; empty to go on."""
    if job.accelerator.num_processes == 1:
        return watching.reason()
    if step % STEPS_BETWEEN_QUESTIONS:
        return ""
    reason = watching.reason()
    n_stopping = job.accelerator.reduce(torch.tensor(float(bool(reason)), device=job.accelerator.device))
    return reason or ("another process has to stop" if n_stopping else "")


def stop(job: Job, gan: training.Gan, state: State, reason: str) -> None:
    """Save a checkpoint of this very step, and end the work.

    Raises:
        Unfinished: always.
    """
    if job.accelerator.is_main_process:
        save_checkpoint(job, gan, state)
    job.accelerator.wait_for_everyone()
    job.accelerator.end_training()
    raise Unfinished(
        f"{reason}; the checkpoint is at {job.kimg(state.step):g} of {job.settings.kimg:g} thousand images, and the "
        "same command goes on from there"
    )


def history_row(kimg: float, losses: torch.Tensor, images_per_second: float) -> dict[str, float]:
    """Make a row of the history, and stop the training where a loss isn't finite."""
    row = dict(zip(training.LOSSES, losses.tolist(), strict=True))
    if not all(map(math.isfinite, row.values())):
        seen = ", ".join(f"{name} {value:g}" for name, value in row.items())
        raise UserError(
            f"a loss isn't finite after {kimg:g} thousand images: {seen}; lower the learning rates, or set "
            "mixed_precision to no; the last checkpoint stands"
        )
    return {"kimg": kimg} | row | {"images_per_second": images_per_second, "distance": math.nan}


def take_snapshot(job: Job, gan: training.Gan, state: State, judge: selection.Selection) -> None:
    """Draw a sample sheet, measure the distance to the validation patients, and keep the generator if it is best."""
    generator = training.drawing_generator(gan, job.settings, len(job.data.classes), job.accelerator)
    kimg, row = job.kimg(state.step), state.history[-1]
    row["distance"] = selection.distance(generator, job.settings, judge)
    sheet = selection.sample_sheet(generator, job.settings, len(job.data.classes))
    curves.save_sheet(sheet, job.checkpoint_folder / "samples" / sheet_name(kimg))
    if row["distance"] < state.best_distance:
        state.best_distance, state.best_kimg = row["distance"], kimg
        state.best_weights = training.copied_weights(generator)
    generator.train(gan.averaged is None)
    job.accelerator.print(
        f"{job.name}, seed {job.config.seed}: {kimg:g} of {job.settings.kimg:g} thousand images, "
        f"{row['images_per_second']:.0f} images/s, distance {row['distance']:.4f} "
        f"(best {state.best_distance:.4f} at {state.best_kimg:g})",
        file=sys.stderr,
    )


def sheet_name(kimg: float) -> str:
    """Name a sample sheet so that the names' order is that of the training."""
    return f"kimg-{kimg:010.3f}.png"


def save_checkpoint(job: Job, gan: training.Gan, state: State) -> None:
    """Replace the checkpoint, so that a killed training loses no more than one snapshot's time."""
    parts = {name: part.state_dict() for name, part in training.parts(gan, job.accelerator).items()}
    content = parts | {"state": vars(state), "processes": job.config.processes}
    checkpoint.save(job.checkpoint_folder / "checkpoint.pt", content, job.fingerprint)


def publish(job: Job, gan: training.Gan, state: State) -> None:
    """Write the results: the folder appears whole."""
    history = pd.DataFrame(state.history)
    generator = training.drawing_generator(gan, job.settings, len(job.data.classes), job.accelerator)
    last = training.copied_weights(generator)
    last_distance = state.history[-1]["distance"]
    with files.new_folder(job.config.output) as folder:
        best = describe(job, state.best_kimg, state.best_distance)
        generatorfile.write(folder / "generator.safetensors", state.best_weights, best)
        generatorfile.write(
            folder / "generator_last.safetensors", last, describe(job, job.kimg(state.step), last_distance)
        )
        history.to_csv(folder / "history.csv", index=False, lineterminator="\n")
        curves.gan_curves(history, f"{job.name}, seed {job.config.seed}", state.best_kimg, folder / "curves.png")
        (folder / "samples").mkdir()
        for kimg in history["kimg"][history["distance"].notna()]:
            shutil.copy(job.checkpoint_folder / "samples" / sheet_name(kimg), folder / "samples")
        shutil.copy(folder / "samples" / sheet_name(state.best_kimg), folder / "samples.png")
        files.write_json(folder / "settings.json", provenance(job, state))


def describe(job: Job, kimg: float, distance: float) -> generatorfile.Description:
    """Say in a generator file what its weights are."""
    return generatorfile.Description(
        name=job.name,
        seed=job.config.seed,
        preset=job.config.preset,
        gan=job.settings,
        image_size=job.data.image_size,
        classes=job.data.classes,
        kimg=kimg,
        distance=distance,
    )


def provenance(job: Job, state: State) -> dict[str, Any]:
    """Say what was trained on what, and how the generator was chosen."""
    return {
        "script": "train_acgan",
        "settings": vars(job.config) | dataclasses.asdict(job.settings),
        "classes": job.data.classes,
        "n_train": job.data.train.manifest["label"].value_counts().to_dict(),
        "n_validation": job.data.validation.manifest["label"].value_counts().to_dict(),
        "best_kimg": state.best_kimg,
        "best_distance": state.best_distance,
        "distance": f"kernel distance over {selection.EXTRACTOR} to the validation patients, as many fakes a class",
        "fingerprint": job.fingerprint,
        "versions": environment.versions("torch", "accelerate", "numpy"),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
