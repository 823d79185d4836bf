"""The section of the generators: how near their images are to real ones, how varied, and how they were trained."""

from statistics import mean
from typing import Any

from chestgan.base.tables import read_table
from chestgan.metrics.catalogue import METRICS
from chestgan.study.page.blocks import Section, Table
from chestgan.study.page.pictures import read_figure
from chestgan.study.page.sources import Study
from chestgan.study.page.words import number, plain, with_interval

_FIGURES = {
    "distances": (
        "Distances of every generator to the test patients",
        "Distances to the test patients, over all images and by class; a point is a seed, the dark line real training "
        "images at the same n.",
    ),
    "diversity": (
        "Diversity and copies of every generator",
        "Coverage of the test patients, share of copies of training images, precision, recall and density, distance to "
        "the closest training image, and likeness of images of a class; a point is a seed, the dark line real training "
        "images at the same n.",
    ),
    "training": (
        "Distance to the validation patients over every training",
        "Distance to the validation patients over the training; line: mean over the seeds, shade: their range, points: "
        "the selected generators.",
    ),
}
_SETTINGS = {
    "preset": "preset",
    "kind": "kind",
    "architecture": "networks",
    "conditioning": "class by",
    "source_loss": "loss",
    "kimg": "thousand images shown",
    "batch_size": "batch",
    "latent_dim": "latent dimensions",
    "generator_width": "width of generator",
    "discriminator_width": "width of discriminator",
    "generator_learning_rate": "learning rate of generator",
    "discriminator_learning_rate": "of discriminator",
    "augment": "DiffAugment",
    "spectral_norm": "spectral norm",
    "ema_kimg": "EMA, thousand images",
    "sampling_steps": "steps from noise to an image",
}
_HOURS = "hours of its steps, without snapshots: mean over the seeds"
_SECONDS_PER_HOUR = 3600


def generator_section(study: Study) -> Section:
    """Show the metrics of every generator with those of real images, and its settings."""
    figures = [
        read_figure(study.folder / f"{name}.svg", title, caption)
        for name, (title, caption) in _FIGURES.items()
        if (study.folder / f"{name}.svg").is_file()
    ]
    return Section("generators", "The generators", [_metrics(study), *_labels(study), *figures, *_settings(study)])


def _metrics(study: Study) -> Table:
    """Tabulate each metric of each generator, and of real images at the same n."""
    generators, rows = study.told["generators"], []
    for metric in METRICS:
        label = metric.label.replace("\n", " ")
        ends = (f"{metric.name}_mean", f"{metric.name}_least", f"{metric.name}_most")
        rows.append([label, *(with_interval(*(one[end] for end in ends)) for one in generators)])
        rows.append([f"{label}, real training images", *(number(one[metric.real_name]) for one in generators)])
        if metric.name == "coverage":
            # copies of training images raise the coverage
            rows.append(["copies of training images (95 % interval)", *map(_copies, generators)])
    rows.append(["images on each side", *(str(one["n"]) for one in generators)])
    rows.append(["seeds", *(str(one["n_seeds"]) for one in generators)])
    for which in ("best", "last"):
        name = {"best": "selected", "last": "last"}[which]
        label = f"kernel distance to the validation patients, {name} generator"
        rows.append([label, *(number(one[f"{which}_validation_kd"]) for one in generators)])
    return Table(
        "Every generator beside the test patients: mean over its seeds (least to most), and real training images at "
        "the same n",
        ["metric", *study.generators],
        rows,
    )


def _copies(generator: dict[str, Any]) -> str:
    """Write the copies of a generator, such as `3 of 150, 0.020 (0.007 to 0.057)`."""
    share = with_interval(*(generator[f"copies_{part}"] for part in ("share", "low", "high")))
    return f"{generator['n_copies']:.0f} of {generator['n_images']:.0f}, {share}"


def _labels(study: Study) -> list[Table]:
    """Tabulate as what a classifier of real patients reads the images of each class; nothing where none was asked."""
    classes = study.real.classes
    rows = [
        [
            row["generator"],
            str(row["seed"]),
            row["class"],
            *(str(row[f"read_as_{label}"]) for label in classes),
            number(row["recall"]),
            number(row["real_recall"]),
        ]
        for row in study.told["labels"]
    ]
    caption = (
        "Do the images show what their labels say? As what the classifier trained on real images alone, of the same "
        "seed, reads them"
    )
    columns = ["generator", "seed", "label", *(f"read as {label}" for label in classes)]
    columns += ["share read as labelled", "of real test images"]
    return [Table(caption, columns, rows)] if rows else []


def _settings(study: Study) -> list[Table]:
    """Tabulate the settings of each generator that was trained here, by its lowest seed."""
    first = {}
    for (name, _), (settings, _) in sorted(study.trained.items()):
        first.setdefault(name, settings["settings"])
    rows = [
        [label, *(plain(settings.get(key)) for settings in first.values())]
        for key, label in _SETTINGS.items()
        if any(key in settings for settings in first.values())
    ]
    if first:
        rows.append([_HOURS, *(number(_hours(study, name), 2) for name in first)])
    return [Table("How the generators were trained", ["setting", *first], rows, of_text=True)] if rows else []


def _hours(study: Study, generator: str) -> float:
    """Average over the seeds how long the steps of a generator's training took, without its snapshots."""
    folders = [folder for (name, _), (_, folder) in study.trained.items() if name == generator]
    speeds = [read_table(folder / "speed.csv", ["kimg", "images_per_second"], ()) for folder in folders]
    return mean(
        (1000 * speed["kimg"].diff().fillna(speed["kimg"]) / speed["images_per_second"]).sum() / _SECONDS_PER_HOUR
        for speed in speeds
    )
