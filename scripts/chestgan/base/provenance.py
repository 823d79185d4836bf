"""The provenance of a result: the environment that it was computed in."""

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

from chestgan.base import files, release

LOCK = "chestgan.lock"


def versions(*packages: str) -> dict[str, str | None]:
    """Return the versions of Chestgan, of Python and of the named packages, and what they were installed from.

    Beside them, `lock_sha256` is the checksum of the lock file that the environment was made from, and `image` the
    digest of the container image; each is None where there is none.
    """
    lock = Path(sys.prefix) / LOCK
    return (
        {"chestgan": release.VERSION, "python": platform.python_version()}
        | {package: metadata.version(package) for package in packages}
        | {
            "lock_sha256": files.sha256(lock) if lock.is_file() else None,
            # Docker writes sha256: before the digits, Podman and Apptainer don't
            "image": os.environ.get("CHESTGAN_IMAGE", "").removeprefix("sha256:") or None,
        }
    )
