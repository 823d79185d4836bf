# What the rules share: the checked configuration, and the names and lists that follow from it.
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

SCRIPTS = Path(workflow.basedir).parent / "scripts"
SCHEMA = Path(workflow.basedir) / "schemas" / "config.schema.json"
sys.path.insert(0, str(SCRIPTS))

from chestgan.base import commandline, configuration, files, imported, renamed, source_code, yaml_files
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
    ARM_GENERATORS = imported.arms_with(config["arms"], GENERATORS)
except UserError as error:
    # one line, as a script says it, without the places in these files that Snakemake would add
    sys.exit(f"error: {error}")

LOGS = f"logs/{config['dataset']}"
BENCHMARKS = f"benchmarks/{config['dataset']}"
BRANCH = f"{RESULTS}/{{generator}}/seed-{{seed}}"
TRAINED = [name for name in GENERATORS if name not in IMPORTED]
# an arm with synthetic images has a branch for each generator: real, real_synthetic-covidgan, ...
ARMS = {
    name if generator is None else f"{name}-{generator}": {"arm": name, "generator": generator} | arm
    for name, arm in sorted(config["arms"].items())
    for generator in ARM_GENERATORS[name]
}
# how the page of a study is laid out: no code, so that `code_of` doesn't know it
TEMPLATES = sorted(Path(os.path.relpath(SCRIPTS / "chestgan" / "study" / "page" / "templates")).iterdir())
# what the classifiers of real images read in the synthetic ones; a study without them has none
CLASSIFIED = GENERATORS if "real" in config["arms"] else []
FIGURES = {
    "forest": "differences",
    "roc": "ROC curves",
    "scores": "scores",
    "calibration": "calibration",
    "samples": "real and generated images",
    "distances": "distances",
    "diversity": "diversity and memorisation",
} | ({"training": "learning curves"} if TRAINED else {})


wildcard_constraints:
    generator="|".join(GENERATORS),
    arm="|".join(ARMS),
    seed=r"\d+",


def one_of(names):
    """Make the regular expression of a wildcard that is one of these names."""
    return "|".join(names) or "(?!)"


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


def imported_folder(wildcards):
    """Locate the images of a generator that isn't trained."""
    return str(IMPORTED[wildcards.generator][int(wildcards.seed)])


def imported_sha256(wildcards):
    """Compute a checksum of the images of a generator that isn't trained, as `data_sha256` does."""
    return configuration.sha256_of_files(files.below(Path(imported_folder(wildcards))))


def imported_once(wildcards):
    """Make the flag of images that are the same for every seed."""
    by_seed = imported.SEED in config["generators"][wildcards.generator]["images"]
    return "" if by_seed else "--same-for-all-seeds"


def synthetic_files(wildcards):
    """List the files of the synthetic set that an arm trains on; none for real images alone."""
    generator = ARMS[wildcards.arm]["generator"]
    paths = [f"{BRANCH}/generated/{name}" for name in ("images.npy", "manifest.csv", "settings.json")]
    return expand(paths, generator=generator, seed=wildcards.seed) if generator else []


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
    arm = dict(ARMS[wildcards.arm])
    generator = arm.pop("generator")
    arm.pop("generators", None)
    folder = f"{RESULTS}/{generator}/seed-{wildcards.seed}/generated" if generator else None
    return flags(config["evaluate_classifier"], arm, {"generated": folder})
