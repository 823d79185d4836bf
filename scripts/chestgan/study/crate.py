"""A finished study as an RO-Crate: what its files are, by what they were made, and their checksums.

RO-Crate 1.1, https://w3id.org/ro/crate/1.1, with the workflow as the instrument of one run.
"""

import mimetypes
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.model.softwareapplication import SoftwareApplication
from rocrate.rocrate import ROCrate

from chestgan.base import checksums, files, release
from chestgan.base.errors import UserError

NAME = "ro-crate-metadata.json"
_LICENCE = f"https://spdx.org/licenses/{release.LICENCE}"
_TYPES = {".npy": "application/octet-stream", ".safetensors": "application/octet-stream", ".md": "text/markdown"}
_ANSWER = "study/verdict.txt"


def write(folder: Path, notes: Mapping[str, Any]) -> Path:
    """Write the description of a finished study into its folder of results, which becomes a crate, and return it.

    Args:
        folder: the study's results.
        notes: what its authors state: `title`, `authors`, `availability`, and the `licence` of the images.

    Raises:
        UserError: the study isn't finished, or a result isn't as it was made.
    """
    noted = checksums.read(folder)
    problems = checksums.verify(folder)
    if problems:
        raise UserError(f"{problems[0]}; a crate would vouch for it: make that result anew")
    if _ANSWER not in noted:
        raise UserError(f"{folder / _ANSWER} isn't there yet; let the study come to its end first")
    crate = ROCrate(version="1.1")
    verdict = (folder / _ANSWER).read_text()
    crate.name = notes.get("title") or f"Chestgan study {folder.name}"
    crate.description = verdict
    # of the software; what may be done with images and models is their owners' to say
    crate.license = notes.get("licence") or notes.get("availability") or "see the licences of the images"
    if "authors" in notes:
        crate.creator = crate.add(ContextEntity(crate, "#authors", {"@type": "Organization", "name": notes["authors"]}))
    results = [_add(crate, folder, name, digest) for name, digest in sorted(noted.items())]
    ended = datetime.fromtimestamp((folder / checksums.NAME).stat().st_mtime, UTC).isoformat(timespec="seconds")
    crate.datePublished = datetime.fromisoformat(ended)
    software = crate.add(SoftwareApplication(crate, "#chestgan", _software()))
    action = {"name": "the study's run", "endTime": ended, "actionStatus": "http://schema.org/CompletedActionStatus"}
    crate.add_action(software, identifier="#run", result=results, properties=action)
    with files.new_file(folder / NAME) as partial:
        crate.metadata.write_detached(partial.with_name(f"{partial.name}-{NAME}"))
        partial.with_name(f"{partial.name}-{NAME}").replace(partial)
    return folder / NAME


def _add(crate: ROCrate, folder: Path, name: str, digest: str) -> Any:
    kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    size = (folder / name).stat().st_size
    properties = {"name": name, "sha256": digest, "contentSize": str(size), "encodingFormat": kind}
    return crate.add_file(folder / name, dest_path=name, properties=properties)


def _software() -> dict[str, Any]:
    commit = release.commit()
    return {
        "name": "Chestgan",
        "softwareVersion": f"{release.VERSION}, commit {commit}" if commit else release.VERSION,
        "license": _LICENCE,
    }
