"""Keep a page of the samples that a study's trainings have drawn so far: watch.py CONFIGURATION [--once].

The page is results/<dataset>/samples.html. It needs no server: a browser opens the file and reads it again by itself.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from chestgan.base import configuration, yaml_files
from chestgan.base.errors import UserError
from chestgan.display import samples_page

_SECONDS_BETWEEN_LOOKS = 10


def main() -> int:
    """Write the page again and again, until Ctrl-C."""
    try:
        path = Path(sys.argv[1])
        dataset = configuration.dataset_of(yaml_files.read(path), path)
        results, logs = Path("results", dataset), Path("logs", dataset)
        if not results.is_dir():
            raise UserError(f"there is no folder {results} yet; start the study first")
        print(f"samples so far: {samples_page.write(results, logs).absolute().as_uri()}", flush=True)
        while "--once" not in sys.argv:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            samples_page.write(results, logs)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
