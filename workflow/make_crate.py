"""Describe a finished study as an RO-Crate, to publish or archive it: make_crate.py CONFIGURATION.

The folder results/<dataset> becomes the crate: it gets the file ro-crate-metadata.json, and nothing is copied.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from chestgan.base import yaml_files
from chestgan.base.errors import UserError
from chestgan.study import crate


def main() -> int:
    """Write the description."""
    try:
        config = yaml_files.read(Path(sys.argv[1]))
        notes = (config.get("study_notes") or {}) | {"licence": config.get("licence")}
        print(f"the crate: {crate.write(Path('results', config['dataset']), notes)}")
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
