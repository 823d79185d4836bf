"""Train a GAN or a diffusion model on training patients, and select the generator nearest to the validation patients.

    python scripts/train_acgan.py --real results/demo/split --preset covidgan --seed 0 --output results/demo/train

Every setting of the preset can be overridden by its flag. A training that was killed resumes from its checkpoint when
it is started again with the same flags. It stops itself, with a checkpoint and exit code 75, shortly before its time
limit and after TERM, INT or USR1.
"""

import contextlib
import dataclasses
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from chestgan.base import commandline, devices, files, interruption, real_fraction, settings, start_files
from chestgan.base.errors import UserError
from chestgan.base.provenance import versions
from chestgan.base.seeds import in_path
from chestgan.base.settings import argument, setting
from chestgan.base.tables import write_table
from chestgan.gan import checkpoint, generator_file, images_seen, presets, snapshots, start, training_set
from chestgan.gan.kept_snapshots import Keeping
from chestgan.gan.kinds import Model
from chestgan.gan.loop import SPEED, resume, train
from chestgan.gan.origin import Origin
from chestgan.gan.start import RunningStart
from chestgan.gan.training import State, Training
from chestgan.gan.training_set import TrainingSet
from chestgan.images.labels import check_labels
from chestgan.images.sheets import save_sheet


@dataclass(frozen=True, kw_only=True)
class Config(presets.Overrides):
    """The flags of this script beside those that override the preset."""

    start_from: Path | None = setting(
        "generator file to begin from, with its discriminator beside it; {seed} in it stands for the seed", None
    )
    preset: str = setting("preset that the other settings override", "covidgan", choices=tuple(presets.PRESETS))
    keep_snapshots: int = setting("keep the generator of every n-th snapshot as a file; 0: of none", 0, minimum=0)
    keep_discriminators: bool = setting("keep the discriminator beside each of these generators", False)
    real: Path = argument("image set with a split column, made by split_data")
    output: Path = argument("new folder for the generator, its history and its samples")
    dataset: str | None = argument("name of the data, which the generator file tells; default: none", None)
    licence: str | None = argument("licence of the images, which the generator file tells; default: none", None)
    name: str | None = argument("what tables and figures call this generator; default: the preset", None)
    seed: int = argument("seed of all that is random", 0, minimum=0)
    checkpoint: Path | None = argument("folder that keeps the checkpoint; default: beside the output", None)
    snapshots: Path | None = argument("folder of the networks that are kept; default: beside the output", None)
    device: str = argument("compute device", "cpu", choices=devices.DEVICES)
    processes: int = argument("processes that train together, one a GPU; another number is refused", 1, minimum=1)
    threads: int = argument("CPU threads of all processes of a machine; 0: torch's own choice", 0, minimum=0)
    time_limit: float = argument("minutes after which this job is killed; 0: no limit", 0.0, minimum=0.0)
    tensorboard: Path | None = argument("folder for TensorBoard's logs; default: none", None)

    def __post_init__(self) -> None:
        settings.check(self)
        if self.name is not None:
            check_labels([self.name], "name")
        if self.keep_discriminators and not self.keep_snapshots:
            raise UserError("keep_discriminators goes with keep_snapshots: the snapshots to keep them of")

    @property
    def start_file(self) -> Path | None:
        """The generator file that this seed's training begins from."""
        return self.start_from and in_path(self.start_from, self.seed)


def run(config: Config) -> None:
    """Train, and write the selected and the last generator with the history of the training."""
    files.require_empty(config.output)
    training = prepare(config)
    accelerator = training.accelerator
    with contextlib.ExitStack() as stack:
        if accelerator.is_main_process:
            stack.enter_context(checkpoint.hold(training.checkpoint))
        model, state = resume(training)
        watch = stack.enter_context(interruption.watch(config.time_limit))
        model = train(training, model, state, watch)
        if accelerator.is_main_process:
            publish(config, training, model, state)
    accelerator.wait_for_everyone()
    accelerator.end_training()


def prepare(config: Config) -> Training:
    """Check everything before any work is done, and join the processes."""
    training_settings = presets.resolve(config.preset, config)
    if config.start_file:
        # a start knows more than smaller images would teach
        training_settings = dataclasses.replace(training_settings, growth_kimg=0.0)
    if config.keep_discriminators and training_settings.kind != "gan":
        raise UserError(f"keep_discriminators is true, but the preset {config.preset} has no discriminator")
    data = training_set.read(config.real, training_settings, config.processes)
    running_start = read_start(config.start_file, training_settings, data) if config.start_file else None
    devices.use_threads(config.threads)
    precision = devices.precision(config.device, training_settings.mixed_precision)
    accelerator = devices.accelerator(config.device, config.processes, precision, log_folder=config.tensorboard)
    name = config.name or config.preset
    if config.tensorboard:
        accelerator.init_trackers(name)
    accelerator.print(
        f"{config.processes} process{'es' if config.processes > 1 else ''} on {accelerator.device.type}, "
        f"{training_settings.batch_size // config.processes} of {training_settings.batch_size} images per step each",
        file=sys.stderr,
    )
    if precision != training_settings.mixed_precision:
        accelerator.print(
            f"this {config.device} has no instructions for {training_settings.mixed_precision}, so the networks "
            "compute in float32",
            file=sys.stderr,
        )
    for line in start.lines(running_start, config.start_file) if running_start else ():
        accelerator.print(line, file=sys.stderr)
    stages = training_settings.stages_of(data.image_size)
    # a longer training begins like a shorter one, so its length is no part of what it is but in its stages
    lengths = {"kimg": None, "patience_kimg": None}
    decisive = dataclasses.asdict(training_settings) | {"seed": config.seed, "stages": stages} | lengths
    data_files = [config.real / "images.npy", config.real / "manifest.csv"]
    data_files += start_files.networks_of(config.start_file) if config.start_file else []
    return Training(
        name=name,
        preset=config.preset,
        seed=config.seed,
        settings=training_settings,
        data=data,
        stages=stages,
        accelerator=accelerator,
        processes=config.processes,
        checkpoint_folder=config.checkpoint or config.output.with_name(f"{config.output.name}-checkpoint"),
        keeping=Keeping(
            config.snapshots or config.output.with_name(f"{config.output.name}-snapshots"),
            config.keep_snapshots,
            config.keep_discriminators,
        ),
        fingerprint=checkpoint.fingerprint(data_files, decisive, Path(__file__)),
        origin=Origin(
            dataset=config.dataset,
            licence=config.licence,
            n_patients=images_seen.n_patients(data.manifest),
            start=running_start and running_start.told,
        ),
        running_start=running_start,
    )


def read_start(path: Path, training_settings: presets.TrainingSettings, data: TrainingSet) -> RunningStart:
    """Read the start of a training; one that has seen patients whom this study holds out is refused."""
    found = start.read(path, training_settings, data.classes, data.image_size)
    if found.seen is not None:
        images_seen.require_unseen(found.seen, data.manifest, path)
    return found


def publish(config: Config, training: Training, model: Model, state: State) -> None:
    """Write the results; the folder appears whole."""
    history = pd.DataFrame(state.history)
    n_classes = len(training.data.classes)
    generator = training.kind.sampling_generator(model, training.settings, n_classes, training.accelerator)
    last = snapshots.copied_weights(generator)
    last_kimg, last_validation_kd = training.kimg(state.step), state.history[-1]["validation_kd"]
    selected = training.description(state.best_kimg, state.best_validation_kd)
    generator.load_state_dict(state.best_weights)
    sheets = {kimg: training.sheet(kimg) for kimg in [*training.snapshot_kimgs(state.step), last_kimg]}
    lost = [kimg for kimg, sheet in sheets.items() if not sheet.is_file()]
    warnings = [f"{len(lost)} of {len(sheets)} sample sheets were deleted beside the checkpoint"] if lost else []
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    with files.new_folder(config.output) as folder:
        generator_file.write(folder / "generator.safetensors", state.best_weights, selected)
        # for a training that begins from this one; a diffusion model has none, and a file without weights
        generator_file.write(folder / "discriminator.safetensors", state.best_discriminator, selected, "discriminator")
        before = training.running_start and training.running_start.seen
        write_table(folder / start_files.SEEN, images_seen.table(training.data.manifest, config.dataset, before))
        generator_file.write(
            folder / "generator_last.safetensors", last, training.description(last_kimg, last_validation_kd)
        )
        write_table(folder / "history.csv", history.drop(columns=SPEED))
        # what no two trainings have in common stands apart, so that all the rest is the same for equal ones
        write_table(folder / "speed.csv", history[["kimg", SPEED]])
        (folder / "samples").mkdir()
        for kimg in sheets.keys() - set(lost):
            shutil.copy(sheets[kimg], folder / "samples")
        image_size = training.data.image_size
        latents = training.settings.latents_of(image_size)
        save_sheet(snapshots.sample_sheet(generator, latents, n_classes, image_size), folder / "samples.png")
        files.write_json(folder / "settings.json", provenance(config, training, state) | {"warnings": warnings})


def provenance(config: Config, training: Training, state: State) -> dict[str, Any]:
    """Collect what was trained on what, and how the generator was selected."""
    return {
        "script": "train_acgan",
        "settings": flags_beside_overrides(config) | dataclasses.asdict(training.settings),
        "name": training.name,
        "seed": training.seed,
        "origin": dataclasses.asdict(training.origin),
        "classes": training.data.classes,
        "real_fraction": real_fraction.of_set(config.real),
        "n_train": training.data.train.manifest["label"].value_counts().to_dict(),
        "n_validation": training.data.validation.manifest["label"].value_counts().to_dict(),
        "stages": [
            {"image_size": stage.image_size, "from_kimg": training.kimg(stage.first_step)} for stage in training.stages
        ],
        "best_kimg": state.best_kimg,
        "best_validation_kd": state.best_validation_kd,
        "kept_kimg": training.kept_kimgs(state.step),
        "validation_kd": f"kernel distance over {snapshots.EXTRACTOR} between the validation images and as many fake "
        "images of each class",
        # of this job; one before it may have run elsewhere
        "precision": training.accelerator.mixed_precision,
        "fingerprint": training.fingerprint,
        "versions": versions("torch", "accelerate", "numpy"),
    }


def flags_beside_overrides(config: Config) -> dict[str, Any]:
    """Give the flags but those that override settings, of which a kind has only some."""
    overrides = {field.name for field in dataclasses.fields(presets.Overrides)}
    return {name: value for name, value in vars(config).items() if name not in overrides}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
