"""The start of every script: how long until it explains itself, and until it refuses a wrong value."""

import os
import sys
from pathlib import Path
from statistics import median

from alternation import Row, alternate, ratios, run
from sizes import SCRIPTS, Sizes

# a value that each script refuses, with the flags that it can't do without
WRONG = {
    "check_setup": "--profile nowhere",
    "classify_images": "--model nowhere --images x --output x --threads -1",
    "compute_fid": "--real x --generated x --output x --n-draws 0",
    "configure_study": "--folder nowhere",
    "draw_curves": "--output x",
    "evaluate_classifier": "--real x --output x --arm x --kimg -1",
    "generate_images": "--generator x --output x --first-seed -1",
    "import_images": "--images x --name x --real x --output x --threads 0",
    "leave_one_source_out": "--configfile nowhere",
    "make_demo_data": "--output x --patients 0",
    "split_data": "--folder x --output x --image-size 0",
    "summarise_study": "--real x --generated x --history x --fid x --classifier x --output x --confidence 2",
    "take_patients": "--real x --output x --real-fraction 2",
    "train_acgan": "--real x --output x --batch-size 0",
    "write_report": "--study nowhere --split x --generated x --output x",
}
TORCH = 'python -c "import torch"'


def measure(sizes: Sizes, folder: Path) -> list[Row]:
    """Measure both starts of every script against the import of torch."""
    environment = dict(os.environ)
    sides = {TORCH: lambda: run([sys.executable, "-c", "import torch"], environment)[0]}
    for script, flags in WRONG.items():
        words = [sys.executable, SCRIPTS / f"{script}.py"]
        sides[f"{script}, --help"] = lambda words=words: run([*words, "--help"], environment)[0]
        refused = [*words, *flags.split()]
        sides[f"{script}, a wrong value refused"] = lambda words=refused: run(words, environment, status=1)[0]
    seconds = alternate(sides, sizes.rounds)
    theirs = seconds.pop(TORCH)
    return [
        Row(name, TORCH, ratios(theirs, ours), f"{median(ours):.1f} and {median(theirs):.1f} s")
        for name, ours in seconds.items()
    ]
