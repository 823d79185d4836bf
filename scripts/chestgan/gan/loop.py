"""The loop of a training: its steps, its history and snapshots, and how it stops and resumes."""

import math
import sys
import time
from functools import partial
from typing import Any

import torch
from torch import nn

from chestgan.base import interruption, progress
from chestgan.base.errors import Unfinished, UserError
from chestgan.gan import checkpoint, growth, kept_snapshots, schedule, shared_weights, snapshots
from chestgan.gan.batches import step_seed
from chestgan.gan.ema import update_ema
from chestgan.gan.kinds import Model
from chestgan.gan.snapshots import Validation
from chestgan.gan.training import State, Training
from chestgan.images.sheets import save_sheet

# the history is finer than one row a snapshot
ROWS_PER_SNAPSHOT = 8
# the column of a row's images per second
SPEED = "images_per_second"
# several processes have to stop at the same step, and asking one another takes time
STEPS_BETWEEN_QUESTIONS = 8


def resume(training: Training) -> tuple[Model, State]:
    """Build the networks, and go on from the checkpoint of exactly this training, or start from scratch."""
    saved = _load_checkpoint(training)
    settings, data, accelerator = training.settings, training.data, training.accelerator
    stage = training.stage(saved["state"]["step"] if saved else 0)
    model = training.kind.build(settings, len(data.classes), stage.image_size, training.seed, accelerator)
    parts = training.kind.stateful_parts(model, accelerator)
    if saved:
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        return model, State(**saved["state"])
    if training.running_start:
        shared_weights.begin(parts, training.running_start.generator, training.running_start.discriminator)
    return model, State(torch.zeros(len(training.kind.losses)))


def _load_checkpoint(training: Training) -> dict[str, Any] | None:
    """Load the checkpoint; None, and the reason on stderr, where there is none that can be used."""
    # the first process renames what it can't use; the others then find nothing
    with training.accelerator.main_process_first():
        saved, message = checkpoint.load(training.checkpoint, training.fingerprint)
    if saved and saved["state"]["step"] > training.n_steps:
        saved, message = None, f"the checkpoint is beyond {training.settings.kimg:g} thousand images and isn't used"
    if saved and not training.keeping.is_covered_by(saved["kept"]):
        saved, message = None, "keep_snapshots asks for networks of before the checkpoint, so it isn't used"
    if saved and saved["processes"] != training.processes:
        message += f"; the number of processes was {saved['processes']} and is {training.processes}"
    if message:
        training.accelerator.print(message, file=sys.stderr)
    return saved


def train(training: Training, model: Model, state: State, watch: interruption.Watch) -> Model:
    """Take the remaining steps, and add to the history, the snapshots and the checkpoint on the way.

    Returns:
        The networks of the last stage.

    Raises:
        Unfinished: the training had to stop; its checkpoint is of the last step.
    """
    accelerator, settings, seed = training.accelerator, training.settings, training.seed
    rank, is_main = accelerator.process_index, accelerator.is_main_process
    kind = training.kind

    # Load the images, as uint8 on the device, and the validation patients.
    whole_images = torch.from_numpy(training.data.train.images).to(accelerator.device)
    stage = training.stage(state.step)
    images = growth.shrink(whole_images, stage.image_size)
    class_rows = training.data.train.rows_by_class(training.data.classes)
    validation = None
    if is_main:
        kept_snapshots.drop_others(training.keeping, training.kept_kimgs(state.step))
        validation = snapshots.prepare(training.data.validation, training.data.classes, accelerator.device)
    generator = accelerator.unwrap_model(model.generator)
    state.summed_losses = state.summed_losses.to(accelerator.device)
    _require_time(watch)

    started = time.monotonic()
    steps = range(state.step, state.step if _has_waited_enough(training, state) else training.n_steps)
    shown = {"images": settings.batch_size, "before": state.step, "work": partial(schedule.work, training.stages)}
    for step in progress.track(steps, f"train {training.name}", "steps", **shown) if is_main else steps:
        # Grow the networks where the images become larger.
        before, stage = stage, schedule.stage_of(training.stages, step)
        if stage != before:
            sizes = (before.image_size, stage.image_size)
            model = growth.grow(model, settings, training.data.classes, sizes, seed, accelerator)
            generator = accelerator.unwrap_model(model.generator)
            images = growth.shrink(whole_images, stage.image_size)

        # Update the networks.
        batch = kind.make_batch(images, class_rows, settings, seed, step, rank, accelerator.num_processes)
        torch.manual_seed(step_seed(seed, step, rank + 1))
        step_losses = kind.train_step(model, batch, settings, step, accelerator)
        state.summed_losses += step_losses
        state.n_summed += 1
        state.step = step + 1

        # Update the EMA.
        if model.ema:
            update_ema(model.ema, generator, state.step - stage.first_step, settings)

        # Add a row to the history; where it is due, take a snapshot and save a checkpoint.
        is_last = state.step == training.n_steps
        if is_last or training.is_due(state.step, ROWS_PER_SNAPSHOT):
            means = (state.summed_losses / state.n_summed).tolist()
            # the device has done all steps by now
            state.seconds += time.monotonic() - started
            _end_row(training, model, state, means, validation)
            started = time.monotonic()
            # End where it comes no nearer.
            if training.is_due(state.step) and _has_waited_enough(training, state):
                accelerator.print(
                    f"{training.name}, seed {seed}: ends, as no snapshot of the last {settings.patience_kimg:g} "
                    "thousand images was nearer to the validation patients",
                    file=sys.stderr,
                )
                break

        # Stop in time.
        if not is_last and (reason := _reason_to_stop(training, watch, state.step)):
            state.seconds += time.monotonic() - started
            _stop(training, model, state, reason)
    return model


def _has_waited_enough(training: Training, state: State) -> bool:
    """Agree among the processes whether too many images have been shown since the best snapshot."""
    settings, accelerator = training.settings, training.accelerator
    if not settings.patience_kimg:
        return False
    # the main process alone takes snapshots, and chooses among those of whole images
    waited = training.kimg(state.step) - max(state.best_kimg, training.growth_kimg)
    is_over = torch.tensor(float(accelerator.is_main_process and waited >= settings.patience_kimg))
    return bool(accelerator.reduce(is_over.to(accelerator.device)))


def _end_row(training: Training, model: Model, state: State, means: list[float], validation: Validation | None) -> None:
    """Add a row to the history; in the main process, where it is due, take a snapshot and save a checkpoint."""
    rate = state.n_summed * training.settings.batch_size / state.seconds
    losses = dict(zip(training.kind.losses, means, strict=True))
    state.history.append(_history_row(training.kimg(state.step), losses, rate))
    state.summed_losses, state.n_summed, state.seconds = torch.zeros_like(state.summed_losses), 0, 0.0
    is_snapshot = training.is_due(state.step)
    if validation and (is_snapshot or state.step == training.n_steps):
        _take_snapshot(training, model, state, validation)
    if validation and is_snapshot:
        _save_checkpoint(training, model, state)
    training.accelerator.log(state.history[-1], step=state.step)


def _history_row(kimg: float, losses: dict[str, float], images_per_second: float) -> dict[str, float]:
    """Make a row of the history; a loss that isn't finite ends the training."""
    if not all(map(math.isfinite, losses.values())):
        found = ", ".join(f"{name} {value:g}" for name, value in losses.items())
        raise UserError(
            f"a loss isn't finite after {kimg:g} thousand images: {found}; lower the learning rates, or set "
            "mixed_precision to no; the last checkpoint stands"
        )
    return {"kimg": kimg} | losses | {SPEED: images_per_second, "validation_kd": math.nan}


def _take_snapshot(training: Training, model: Model, state: State, validation: Validation) -> None:
    """Save a sample sheet; of whole images, measure the distance to the validation patients too.

    The nearest generator is kept, and where it was asked for, the networks of every n-th as files.
    """
    n_classes, image_size = len(training.data.classes), training.data.image_size
    stage = training.stage(state.step)
    latents = training.settings.latents_of(stage.image_size)
    generator = training.kind.sampling_generator(model, training.settings, n_classes, training.accelerator)
    kimg, row = training.kimg(state.step), state.history[-1]
    save_sheet(snapshots.sample_sheet(generator, latents, n_classes, image_size), training.sheet(kimg))
    said = f"of {stage.image_size} pixels, which will grow"
    if stage.image_size == image_size:
        row["validation_kd"] = snapshots.validation_kd(generator, latents, validation)
        _keep(training, model, state, generator)
        said = f"validation KD {row['validation_kd']:.4f} (best {state.best_validation_kd:.4f} at {state.best_kimg:g})"
    training.accelerator.print(
        f"{training.name}, seed {training.seed}: {kimg:g} of {training.settings.kimg:g} thousand images, "
        f"{row[SPEED]:.0f} images/s, {said}",
        file=sys.stderr,
    )


def _keep(training: Training, model: Model, state: State, generator: nn.Module) -> None:
    """Keep a snapshot's generator if it is the nearest so far, and its networks as files where it was asked for."""
    networks = training.kind.stateful_parts(model, training.accelerator) | {"generator": generator}
    kimg, validation_kd = training.kimg(state.step), state.history[-1]["validation_kd"]
    if validation_kd < state.best_validation_kd:
        state.best_validation_kd, state.best_kimg = validation_kd, kimg
        state.best_weights = snapshots.copied_weights(generator)
        if "discriminator" in networks:
            state.best_discriminator = snapshots.copied_weights(networks["discriminator"])
    if kimg in training.kept_kimgs(state.step):
        weights = {network: networks[network].state_dict() for network in training.keeping.networks}
        kept_snapshots.write(training.keeping, weights, training.description(kimg, validation_kd))


def _save_checkpoint(training: Training, model: Model, state: State) -> None:
    """Replace the checkpoint: a killed training loses no more than the time since the last snapshot."""
    parts = training.kind.stateful_parts(model, training.accelerator)
    content = {name: part.state_dict() for name, part in parts.items()}
    content |= {"state": vars(state), "processes": training.processes, "kept": training.keeping.choice}
    checkpoint.save(training.checkpoint, content, training.fingerprint)


def _require_time(watch: interruption.Watch) -> None:
    """Refuse a time limit that the start alone has used up: no attempt would ever come further."""
    if watch.reason() and not watch.received:
        raise UserError(
            f"time_limit is {watch.time_limit:g} minutes, and the start took nearly all of it; in a profile it is the "
            "runtime of train_acgan: give it more"
        )


def _reason_to_stop(training: Training, watch: interruption.Watch, step: int) -> str:
    """Agree among the processes on a reason to stop before the next step; empty to go on."""
    if training.accelerator.num_processes == 1:
        return watch.reason()
    if step % STEPS_BETWEEN_QUESTIONS:
        return ""
    reason = watch.reason()
    n_stopping = training.accelerator.reduce(torch.tensor(float(bool(reason)), device=training.accelerator.device))
    return reason or ("another process has to stop" if n_stopping else "")


def _stop(training: Training, model: Model, state: State, reason: str) -> None:
    """Save a checkpoint of this very step, and end the work.

    Raises:
        Unfinished: always.
    """
    if training.accelerator.is_main_process:
        _save_checkpoint(training, model, state)
    training.accelerator.wait_for_everyone()
    training.accelerator.end_training()
    raise Unfinished(
        f"{reason}; the checkpoint is at {training.kimg(state.step):g} of {training.settings.kimg:g} thousand images, "
        "and the same command resumes from there"
    )
