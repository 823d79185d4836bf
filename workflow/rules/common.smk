# What the rules share: the checked configuration, and the names and lists that follow from it.
import ast
import functools
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

SCRIPTS = Path(workflow.basedir).parent / "scripts"
SCHEMA = Path(workflow.basedir) / "schemas" / "config.schema.json"
sys.path.insert(0, str(SCRIPTS))

from chestgan import configuration
from chestgan.errors import UserError

DEMO_FOLDER = "data/demo"

try:
    configuration.check(config, SCHEMA)
    validate(config, str(SCHEMA))
    DATA = config["split_data"]
    IS_DEMO = DATA["folder"] == DEMO_FOLDER
    DEVICE = configuration.device(config)
    DATA_FILES = [] if IS_DEMO else configuration.data_files(DATA["folder"], DATA.get("metadata"))
except UserError as error:
    raise WorkflowError(str(error))

RESULTS = f"results/{config['dataset']}"
LOGS = f"logs/{config['dataset']}"
BENCHMARKS = f"benchmarks/{config['dataset']}"
BRANCH = f"{RESULTS}/{{generator}}/seed-{{seed}}"
SEEDS = config["seeds"]
GENERATORS = list(config["generators"])
# an arm with synthetic images is a branch a generator: real, real_synthetic-covidgan, ...
ARMS = {
    name if generator is None else f"{name}-{generator}": {"arm": name, "generator": generator} | arm
    for name, arm in config["arms"].items()
    for generator in ([None] if arm["train_on"] == "real" else GENERATORS)
}
FIGURES = {
    "roc": "ROC curves",
    "scores": "scores",
    "samples": "real and generated images",
    "distances": "distances",
    "variety": "variety",
    "training": "learning curves",
}


wildcard_constraints:
    generator="|".join(GENERATORS),
    arm="|".join(ARMS),
    seed=r"\d+",


def script_files(name):
    """List a script and all modules of Chestgan that it imports, directly or through one another."""
    found, waiting = [], [SCRIPTS / f"{name}.py"]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.append(path)
            waiting += imported_files(path)
    return [os.path.relpath(path) for path in found]


@functools.cache
def imported_files(path):
    """List the modules of Chestgan that a script or a module imports."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "chestgan":
            names += [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    modules = [SCRIPTS / f"{name.replace('.', '/')}.py" for name in names]
    return [module for module in modules if module.is_file()]


def flags(*sections):
    """Turn settings into flags; a later section wins over an earlier one, and null leaves the script's default."""
    merged = {}
    for section in sections:
        merged |= section
    words = []
    for name, value in merged.items():
        flag = f"--{name.replace('_', '-')}"
        if value is None or value == []:
            continue
        elif isinstance(value, bool):
            words.append(flag if value else flag.replace("--", "--no-", 1))
        elif isinstance(value, dict):
            words += [flag, *(f"{key}={number}" for key, number in value.items())]
        else:
            words += [flag, *(map(str, value) if isinstance(value, list) else [str(value)])]
    return shlex.join(words)


def data_sha256(wildcards):
    """Give a checksum of the data, so that a new, a changed and a lost image are noticed.

    As a parameter, for thousands of images as inputs would fill every message about the job. The demo's images are made
    by a rule, and known by its output.
    """
    return "" if IS_DEMO else configuration.sha256_of_files(DATA_FILES)


def pool_of(wildcards):
    """List the files of the pool that an arm trains on; none for real images alone."""
    generator = ARMS[wildcards.arm]["generator"]
    pool = [f"{BRANCH}/generated/{name}" for name in ("images.npy", "manifest.csv", "settings.json")]
    return expand(pool, generator=generator, seed=wildcards.seed) if generator else []


def arm_flags(wildcards):
    """Give the flags of an arm: the common ones, its own, and the folder of its pool."""
    arm = dict(ARMS[wildcards.arm])
    generator = arm.pop("generator")
    pool = f"{RESULTS}/{generator}/seed-{wildcards.seed}/generated" if generator else None
    return flags(config["evaluate_classifier"], arm, {"generated": pool})
