# What the rules share: the checked configuration, and the names and lists that follow from it.
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

from chestgan.base import branches, commandline, configuration, files, imported
from chestgan.base import renamed, seeds, source_code, start_files, yaml_files
from chestgan.base.errors import UserError
from chestgan.data import data_files

try:
    for path in workflow.configfiles:
        yaml_files.read(Path(path))
    configuration.check(config, SCHEMA)
    validate(config, str(SCHEMA))
    configuration.normalise(config, SCHEMA)
    PRESETS = files.read_json(SCHEMA.with_name("networks.json"))["presets"]
    DATA = config["split_data"]
    IS_DEMO = DATA["folder"] == configuration.DEMO_FOLDER
    DEVICE = configuration.device(config)
    DATA_FILES = [] if IS_DEMO else configuration.data_files(DATA["folder"], DATA.get("metadata", []))
    RESULTS = f"results/{config['dataset']}"
    renamed.require_current(Path(RESULTS))
    # sorted: the order of the keys of a configuration means nothing
    SEEDS = sorted(config["seeds"])
    GENERATORS = sorted(config["generators"])
    # generators that aren't trained: their images lie in a folder for each seed, or in one for all
    IMPORTED = imported.folders(config["generators"], SEEDS)
    # the generator files that trainings begin from
    STARTS = branches.starts(config)
    # an arm with synthetic images has a branch for each generator: real, real_synthetic-covidgan, ...
    ARMS = branches.arms(config)
    # what is trained with a fraction of the patients lies in a part of the results, and that with all beside these
    PARTS = branches.parts(config)
    CLASSIFIERS = branches.classifiers(config)
    TRAININGS = branches.trainings(config)
except UserError as error:
    # one line, as a script says it, without the places in these files that Snakemake would add
    sys.exit(f"error: {error}")
except OSError as error:
    # a path that can't be one, such as a name that is too long
    sys.exit(f"error: {error.strerror}: {str(error.filename):.100}")

LOGS = f"logs/{config['dataset']}"
BENCHMARKS = f"benchmarks/{config['dataset']}"
BRANCH = f"{RESULTS}/{{generator}}/seed-{{seed}}"
# of all patients, or of a fraction
PART_BRANCH = f"{RESULTS}/{{part}}{{generator}}/seed-{{seed}}"
PART_ARM = f"{RESULTS}/{{part}}classifier/{{arm}}/seed-{{seed}}"
TRAINED = [name for name in GENERATORS if name not in IMPORTED]
# how the page of a study is laid out: no code, so that `code_of` doesn't know it
TEMPLATES = sorted(Path(os.path.relpath(SCRIPTS / "chestgan" / "study" / "page" / "templates")).iterdir())
# what the classifiers of real images read in the synthetic ones; a study without them has none
CLASSIFIED = GENERATORS if "real" in config["arms"] else []
FIGURES = {
    "forest": "differences",
    "roc": "ROC curves",
    "scores": "scores",
    "calibration": "calibration",
    "decisions": "decision curves",
    "samples": "real and generated images",
    "distances": "distances",
    "diversity": "diversity and memorisation",
}
FIGURES |= {"training": "learning curves"} if TRAINED else {}
FIGURES |= {"patients": "scores over real patients"} if PARTS else {}


def one_of(names):
    """Make the regular expression of a wildcard that is one of these names."""
    return "|".join(names) or "(?!)"


wildcard_constraints:
    generator="|".join(GENERATORS),
    arm="|".join(ARMS),
    seed=r"\d+",
    part=f"({one_of(PARTS)})?",


def path_of(name):
    """Name a script as a rule's command does, the same wherever the project lies."""
    return os.path.relpath(SCRIPTS / f"{name}.py")


def code_of(name):
    """Compute a checksum of what a script and its modules do.

    As a parameter, not as input files: a comment changes a file, and nothing that it does.
    """
    return source_code.checksum(SCRIPTS / f"{name}.py")


def flags(*sections):
    """Turn settings into flags; a later section wins over an earlier one, and null leaves the script's default."""
    merged = {}
    for section in sections:
        merged |= section
    return shlex.join(commandline.flags(merged))


def data_sha256(wildcards):
    """Compute a checksum of the data, so that a new, a changed or a lost image is noticed.

    As a parameter: thousands of images as inputs would fill every message about the job. Of the demo's images, which a
    rule draws, it is one of what was done to them since.
    """
    if IS_DEMO:
        return data_files.changes_since_drawn(Path(configuration.DEMO_FOLDER))
    tables = files.locate(Path(DATA["folder"]), DATA.get("metadata", []), "split_data.metadata")
    return configuration.sha256_of_files(data_files.decisive(DATA_FILES, tables))


def generator_flags(wildcards):
    """Make the flags of a training: the common ones and the generator's own, where its preset has other values."""
    settings = config["train_acgan"] | config["generators"][wildcards.generator]
    return flags(configuration.beyond_preset(settings, PRESETS))


def start_sha256(wildcards):
    """Compute a checksum of what a training begins from, as `data_sha256` does; none where it begins anew."""
    path = STARTS.get((wildcards.generator, int(wildcards.seed)))
    return configuration.sha256_of_files(start_files.files_of(path)) if path else ""


def imported_folder(wildcards):
    """Locate the images of a generator that isn't trained."""
    return str(IMPORTED[wildcards.generator][int(wildcards.seed)])


def imported_sha256(wildcards):
    """Compute a checksum of the images of a generator that isn't trained, as `data_sha256` does."""
    return configuration.sha256_of_files(files.below(Path(imported_folder(wildcards))))


def imported_once(wildcards):
    """Make the flag of images that are the same for every seed."""
    by_seed = seeds.SEED in config["generators"][wildcards.generator]["images"]
    return "" if by_seed else "--same-for-all-seeds"


def real_set(wildcards):
    """Name the files of the real images: the split, or the set with a fraction of its training patients."""
    folder = f"{RESULTS}/{wildcards.part}patients/seed-{wildcards.seed}" if wildcards.part else f"{RESULTS}/split"
    return {"real": f"{folder}/images.npy", "real_manifest": f"{folder}/manifest.csv"}


def ratio_to(wildcards, input):
    """Make the flag of the real images that the number of synthetic ones is a ratio to."""
    return f"--real {Path(input.real).parent}" if config["generate_images"].get("ratio") else ""


def synthetic_set(wildcards):
    """Name the folder of the synthetic set that an arm trains on; None for real images alone.

    Images from elsewhere are the same at every fraction of the patients.
    """
    generator = ARMS[wildcards.arm]["generator"]
    part = "" if generator in IMPORTED else wildcards.part
    return f"{RESULTS}/{part}{generator}/seed-{wildcards.seed}/generated" if generator else None


def synthetic_files(wildcards):
    """List the files of the synthetic set that an arm trains on; none for real images alone."""
    folder = synthetic_set(wildcards)
    return [f"{folder}/{name}" for name in ("images.npy", "manifest.csv", "settings.json")] if folder else []


def of_each(path, pairs, name):
    """Fill in the part of the results, a name and every seed."""
    return [str(path).format(part=part, seed=seed, **{name: of}) for part, of in pairs for seed in SEEDS]


def split_flags(wildcards):
    """Make the flags of split_data.

    As a function: Snakemake would take the columns of a template, {image_id}, for wildcards.
    """
    return flags(config["split_data"])


def real_weights():
    """Make the flag of the pretrained weights that the classifiers of the arm real begin with."""
    real = config["evaluate_classifier"] | config["arms"].get("real", {})
    return flags({"weights": real.get("weights")})


def arm_flags(wildcards):
    """Make the flags of an arm: the common ones, its own, and the folder of its synthetic set."""
    arm = dict(ARMS[wildcards.arm]) | {"generated": synthetic_set(wildcards)}
    for key in ("generator", "generators", "real_fraction"):
        arm.pop(key, None)
    return flags(config["evaluate_classifier"], arm)
