"""Which Chestgan this is: its version, and the commit where it is a clone."""

import subprocess
from pathlib import Path

VERSION = "1.0.0"
LICENCE = "MIT"


def commit() -> str | None:
    """Name the commit that the code was cloned at, with `+` where it was changed since; None outside a clone."""
    folder = Path(__file__).parent
    try:
        found, changes = (
            subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{found}+" if changes else found
