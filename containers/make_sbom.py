"""Print the software bill of materials of the image that this runs in: CycloneDX 1.5, as JSON.

It lists the Python packages that the lock has put in, with the checksums of which the lock holds one for each file that
a package has, and Debian's packages of the base image. The same image gives the same bytes.
"""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from chestgan.base import files, release

LOCK = Path(sys.prefix) / "chestgan.lock"


def python_packages() -> list[dict[str, Any]]:
    """List the installed packages, and for those of the lock the checksums of the files that pip may have taken."""
    entries = re.findall(r"^([\w.-]+)==.*((?:\n +--hash=.*)*)", LOCK.read_text(), flags=re.MULTILINE)
    checksums = {name: re.findall(r"sha256:(\w+)", hashes) for name, hashes in entries}
    components = []
    for package in metadata.distributions():
        name = re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower()
        component = _component("pypi", name, package.version)
        licence = package.metadata["License-Expression"]
        if licence:
            component["licenses"] = [{"expression": licence}]
        component["properties"] = [
            {"name": "chestgan:lock:sha256", "value": checksum} for checksum in checksums.get(name, [])
        ]
        components.append(component)
    return components


def debian_packages() -> list[dict[str, Any]]:
    """List the packages of the base image."""
    command = ["dpkg-query", "--show", "--showformat", "${Package} ${Version} ${Architecture}\n"]
    rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    packages = [row.split() for row in rows]
    return [_component("deb/debian", name, version, f"?arch={arch}") for name, version, arch in packages]


def _component(kind: str, name: str, version: str, qualifiers: str = "") -> dict[str, Any]:
    purl = f"pkg:{kind}/{name}@{version.replace('+', '%2B').replace(':', '%3A')}{qualifiers}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def bill() -> dict[str, Any]:
    """Make the bill of materials."""
    unique = {component["bom-ref"]: component for component in python_packages() + debian_packages()}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "name": "chestgan",
                "version": release.VERSION,
                "licenses": [{"license": {"id": release.LICENCE}}],
            },
            "properties": [{"name": "chestgan:lock_sha256", "value": files.sha256(LOCK)}],
        },
        "components": [unique[key] for key in sorted(unique)],
    }


if __name__ == "__main__":
    print(json.dumps(bill(), indent=1))
