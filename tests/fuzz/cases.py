"""The inputs of a fuzz: each case puts changed files into a folder of its own and says what is run on them.

A case is known by its number, from which all its random choices follow.
"""

import importlib
import shutil
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path

import mutations
import stock
from mutations import Random, one

# flags by which long work can be asked for
WORK = ("kimg", "patients", "images_per_patient", "patience", "n_draws", "n_subsets", "threads", "processes")
# what is run: the name of a script, and its flags
Command = tuple[str, list[str]]
IMAGES_AT_ONCE = 20
SNAKEFILE = stock.ROOT / "workflow" / "Snakefile"
SCRIPTS = [
    *("check_setup", "classify_images", "compute_fid", "configure_study", "draw_curves", "evaluate_classifier"),
    *("generate_images", "import_images", "make_demo_data", "split_data", "summarise_study", "take_patients"),
    *("train_acgan", "write_report"),
]
# those of a study but the training
STAGES = [script for script in SCRIPTS if script not in ("check_setup", "configure_study", "train_acgan")]
# the flags that each script is run with where others are changed; `output` comes to them
SOUND = {
    "check_setup": "--profile local.yaml --configfile config.yaml",
    "classify_images": "--model real/model.safetensors --images generated --threads 1",
    "compute_fid": "--real split --generated generated --n-draws 1 --n-subsets 2 --threads 1",
    "configure_study": "--folder data",
    "draw_curves": "--split split --train train --classifier real",
    "evaluate_classifier": f"--real split --arm mine {' '.join(stock.CLASSIFY)}",
    "generate_images": "--generator train/generator.safetensors --counts covid=2 normal=1 --threads 1",
    "import_images": "--images data --name mine --real split --threads 1",
    "make_demo_data": "--patients 4 --images-per-patient 1 --image-size 64",
    "split_data": "--folder data --metadata metadata.csv --image-size 32 --allow-small --threads 1",
    "summarise_study": "--real study/split --generated study/covidgan/seed-0/generated "
    "--history study/covidgan/seed-0/train --fid study/covidgan/seed-0/fid --classifier "
    "study/classifier/real/seed-0 study/classifier/real_synthetic-covidgan/seed-0",
    "take_patients": "--real split --real-fraction 0.5",
    "train_acgan": f"--real split {' '.join(stock.TRAIN)}",
    "write_report": "--study study/study --split study/split --generated study/covidgan/seed-0/generated "
    "--train study/covidgan/seed-0/train --fid study/covidgan/seed-0/fid --classifier study/classifier/real/seed-0",
}
# files that each script reads, with what changes them
READ = {
    "classify_images": ["real/model.safetensors", "generated/manifest.csv", "generated/images.npy"],
    "compute_fid": ["split/manifest.csv", "split/images.npy", "generated/settings.json", "generated/manifest.csv"],
    "draw_curves": ["split/settings.json", "split/manifest.csv", "train/history.csv", "real/history.csv"],
    "evaluate_classifier": ["split/manifest.csv", "split/images.npy", "split/settings.json"],
    "generate_images": ["train/generator.safetensors"],
    "import_images": ["split/settings.json", "split/manifest.csv", "split/images.npy"],
    "summarise_study": [
        "study/split/manifest.csv",
        "study/classifier/real/seed-0/predictions.csv",
        "study/classifier/real/seed-0/settings.json",
        "study/covidgan/seed-0/fid/distances.csv",
        "study/covidgan/seed-0/fid/diversity.csv",
        "study/covidgan/seed-0/train/history.csv",
        "study/covidgan/seed-0/generated/settings.json",
    ],
    "take_patients": ["split/manifest.csv", "split/images.npy", "split/settings.json"],
    "train_acgan": ["split/manifest.csv", "split/images.npy", "split/settings.json"],
    "write_report": ["study/study/study.json", "study/study/verdict.txt", "study/split/settings.json"],
}
CHANGES: dict[str, Callable[[Path, Random], None]] = {
    ".yaml": mutations.yaml_file,
    ".json": mutations.json_file,
    ".csv": mutations.text_file,
    ".tsv": mutations.text_file,
    ".txt": mutations.text_file,
    ".safetensors": mutations.safetensors_file,
    ".npy": mutations.npy_file,
}


def command(script: str, *more: str) -> Command:
    """Write a script's sound flags, and more of them."""
    output = "out.txt" if script == "check_setup" else "out.yaml" if script == "configure_study" else "out"
    return script, [*SOUND[script].split(), "--output", "out.html" if script == "write_report" else output, *more]


def change(path: Path, random: Random) -> None:
    """Change a file as its kind asks."""
    CHANGES.get(path.suffix, mutations.binary_file)(path, random)


def copy(stored: Path, folder: Path, *names: str) -> None:
    """Copy files and folders of the stock into a case."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (stored / name).is_dir():
            shutil.copytree(stored / name, folder / name, dirs_exist_ok=True)
        else:
            shutil.copy(stored / name, folder / name)


def needed(script: str) -> list[str]:
    """List what of the stock a script's sound flags name."""
    stocked = {"data", "split", "train", "generated", "real", "study", "config.yaml", "local.yaml"}
    named = {word.split("/")[0] for word in SOUND[script].split()} & stocked
    return sorted(named | {"data"} if script == "check_setup" else named)


def configurations(random: Random, stored: Path, folder: Path) -> Command:
    """Change the configuration of a study."""
    copy(stored, folder, "data", "config.yaml", "local.yaml")
    for _ in range(random.integers(1, 3)):
        if random.random() < 0.05:
            mutations.of_place(folder / "config.yaml", random)
            break
        try:
            mutations.yaml_file(folder / "config.yaml", random)
        except (ValueError, mutations.yaml.YAMLError):
            break
    return command("check_setup")


def plans(random: Random, stored: Path, folder: Path) -> Command:
    """Change values of a configuration, and let Snakemake plan the study."""
    copy(stored, folder, "data", "config.yaml")
    config = mutations.of_values(mutations.yaml.safe_load((folder / "config.yaml").read_text()), random)
    (folder / "config.yaml").write_text(mutations.yaml.safe_dump(config))
    return "snakemake", ["--snakefile", str(SNAKEFILE), "--configfile", "config.yaml", "--cores", "1", "--dry-run"]


def profiles(random: Random, stored: Path, folder: Path) -> Command:
    """Change a profile."""
    copy(stored, folder, "config.yaml", "data", "slurm.yaml")
    mutations.yaml_file(folder / "slurm.yaml", random)
    (folder / "slurm.yaml").rename(folder / "local.yaml")
    return command("check_setup")


def recipes(random: Random, stored: Path, folder: Path) -> Command:
    """Change a recipe."""
    copy(stored, folder, "data", "recipe.yaml")
    mutations.yaml_file(folder / "recipe.yaml", random)
    return command("split_data", "--recipe", "recipe.yaml")


def flags(random: Random, stored: Path, folder: Path) -> Command:
    """Give a script odd values, or an output of an odd kind."""
    script = one(random, SCRIPTS)
    copy(stored, folder, *needed(script))
    declared = fields(importlib.import_module(script).Config)
    more = []
    for _ in range(random.integers(1, 3)):
        field = one(random, list(declared))
        # what takes no value gets none; long work isn't asked for
        words = [one(random, mutations.TEXTS) for _ in range(random.integers(1, 3))]
        bounded = field.default is not MISSING and isinstance(field.default, float | int)
        words = [str(one(random, mutations.NUMBERS))] if bounded and random.random() < 0.5 else words
        # endless work may be asked for, and isn't here
        if field.name in WORK:
            words = [word for word in words if len(word) < 2] or ["1"]
        # what is asked to be written elsewhere is written there
        words = ["." if word.startswith("..") else word for word in words]
        more += [f"--{field.name.replace('_', '-')}", *(word.replace("\0", "") for word in words)]
    if random.random() < 0.3:
        name = command(script)[1][command(script)[1].index("--output") + 1]
        (folder / name).mkdir()
        mutations.of_place(folder / name, random)
    return command(script, *more)


def tables(random: Random, stored: Path, folder: Path) -> Command:
    """Change a table of labels."""
    copy(stored, folder, "data")
    table = folder / "data" / one(random, ["metadata.csv", "metadata.csv", "metadata.tsv", "metadata.xlsx"])
    if random.random() < 0.05:
        mutations.of_place(table, random)
    else:
        change(table, random)
    return command("split_data", "--metadata", table.name)


def results(random: Random, stored: Path, folder: Path) -> Command:
    """Change what an earlier stage wrote: image sets, tables, settings, networks."""
    script = one(random, list(READ))
    copy(stored, folder, *needed(script))
    path = folder / one(random, READ[script])
    if random.random() < 0.1:
        mutations.of_place(path, random)
    else:
        change(path, random)
    # without the checksums, as of a set that was made by hand
    if path.name in ("images.npy", "manifest.csv") and random.random() < 0.7 and script != "import_images":
        (path.parent / "settings.json").unlink(missing_ok=True)
    return command(script)


def generator_files(random: Random, stored: Path, folder: Path) -> Command:
    """Change a generator file."""
    copy(stored, folder, "train")
    mutations.safetensors_file(folder / "train" / "generator.safetensors", random)
    return command("generate_images")


def starts(random: Random, stored: Path, folder: Path) -> Command:
    """Change a file of what a training begins from."""
    copy(stored, folder, "split", "train")
    name = one(random, ["generator.safetensors", "discriminator.safetensors", "images_seen.csv"])
    path = folder / "train" / name
    if random.random() < 0.1:
        mutations.of_place(path, random)
    else:
        (mutations.safetensors_file if path.suffix == ".safetensors" else change)(path, random)
    return command("train_acgan", "--start-from", "train/generator.safetensors")


def checkpoints(random: Random, stored: Path, folder: Path) -> Command:
    """Change a checkpoint of the very training that is asked for."""
    copy(stored, folder, "split", "train-checkpoint", "evil.pt")
    path = folder / "train-checkpoint" / "checkpoint.pt"
    if random.random() < 0.1:
        (folder / "evil.pt").replace(path)
    elif random.random() < 0.1:
        mutations.of_place(path, random)
    else:
        mutations.binary_file(path, random)
    return command("train_acgan", "--checkpoint", "train-checkpoint")


def images(random: Random, stored: Path, folder: Path) -> Command:
    """Damage images of all formats, among sound ones."""
    copy(stored, folder, "data")
    kinds = sorted((stored / "formats").iterdir())
    # the readers of DICOM and NIfTI work in processes of their own, which take their time
    medical = random.random() < 0.5
    kinds = [path for path in kinds if (path.suffix in (".dcm", ".nii", ".gz")) == medical]
    for number in range(IMAGES_AT_ONCE):
        kind = one(random, kinds)
        place = folder / "data" / one(random, ["covid", "normal"]) / f"damaged-{number:02d}-{kind.name}"
        place.write_bytes(mutations.of_bytes(kind.read_bytes(), random))
    (folder / "data" / "metadata.csv").unlink()
    window = ["--window-low", "0", "--window-high", "4096"] if random.random() < 0.5 else []
    more = ["--allow-small", "--max-rejected", "1", "--min-size", "16", "--frames", "0", *window]
    return "split_data", ["--folder", "data", "--image-size", "32", "--threads", "2", "--output", "out", *more]


# of a hundred inputs
SHARES = {
    configurations: 19,
    plans: 1,
    profiles: 6,
    recipes: 8,
    flags: 24,
    tables: 10,
    results: 18,
    generator_files: 8,
    starts: 2,
    checkpoints: 4,
}


def make(number: int, seed: int, of_images: bool, stored: Path, folder: Path) -> Command:
    """Make a case by its number."""
    random = mutations.np.random.default_rng([seed, number, int(of_images)])
    kinds, shares = list(SHARES), list(SHARES.values())
    kind = images if of_images else kinds[random.choice(len(kinds), p=mutations.np.array(shares) / sum(shares))]
    return kind(random, stored, folder)
