"""Compare every result of a study with its checksum of when it was made: verify.py CONFIGURATION."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from chestgan.base import checksums, configuration, yaml_files
from chestgan.base.errors import UserError


def main() -> int:
    """Tell every file that isn't as it was."""
    try:
        path = Path(sys.argv[1])
        folder = Path("results", configuration.dataset_of(yaml_files.read(path), path))
        problems = checksums.verify(folder)
    except UserError as error:
        problems = [str(error)]
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if not problems:
        print(f"{len(checksums.read(folder))} files in {folder} are as they were made")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
