"""Describe a finished study as an RO-Crate, to publish or archive it: make_crate.py CONFIGURATION.

The folder results/<dataset> becomes the crate: it gets the file ro-crate-metadata.json, and nothing is copied.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from chestgan.base import configuration, yaml_files
from chestgan.base.errors import UserError
from chestgan.study import crate


def main() -> int:
    """Write the description."""
    try:
        path = Path(sys.argv[1])
        config = yaml_files.read(path)
        folder, notes = Path("results", configuration.dataset_of(config, path)), config.get("study_notes") or {}
        if not isinstance(notes, dict):
            raise UserError(f"{path}: study_notes is {notes!r:.100}; expected lines such as `title: ...` below it")
        print(f"the crate: {crate.write(folder, notes | {'licence': config.get('licence')})}")
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
