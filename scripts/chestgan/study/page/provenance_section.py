"""The section of the provenance: with what, from what and when the results were made, and how to make them again."""

from chestgan.base import files, release
from chestgan.base.configuration import DEMO_FOLDER
from chestgan.study.page.blocks import Commands, Prose, Section, Table, Terms
from chestgan.study.page.sources import Study
from chestgan.study.page.words import UNKNOWN, number, plain
from chestgan.study.verdict import listed

_COMMAND = "snakemake --profile profiles/local --configfile config/mine.yaml"


def provenance_section(study: Study) -> Section:
    """State versions, checksums, seeds and times, and how to repeat, cite and reuse the study."""
    authors = [study.notes[key] for key in ("authors", "funding", "availability") if key in study.notes]
    blocks = [
        *(Prose(text) for text in authors),
        Terms(_versions(study)),
        _checksums(study),
        *_times(study),
        Prose("To repeat the study, with Chestgan at the commit above and the same images, from the project's folder:"),
        Commands("make demo" if _is_demo(study) else _COMMAND),
        Prose(
            "With the same seeds the results on a CPU are the same to the bit. The code has the "
            f"{release.LICENCE} licence; the images keep that of their owners."
        ),
        Prose(
            f"Please cite the software as its CITATION.cff says (Chestgan {release.VERSION}), and the paper whose "
            "question it asks again [@covidgan]."
        ),
    ]
    return Section("provenance", "Provenance, and how to repeat it", blocks)


def _is_demo(study: Study) -> bool:
    return study.split["settings"].get("folder") == DEMO_FOLDER


def _versions(study: Study) -> dict[str, str]:
    """List the versions of everything that any stage named; several where stages differ."""
    found: dict[str, set[str]] = {}
    for settings in (*study.stages(), study.told):
        for name, version in settings.get("versions", {}).items():
            found.setdefault(name, set()).update([version] if version else [])
    images = found.pop("image", set())
    lock = found.pop("lock_sha256", set())
    found.setdefault("chestgan", set()).add(release.VERSION)
    own = {
        "Chestgan": listed(sorted(found.pop("chestgan"))),
        "commit": release.commit() or "not known: not run from a clone",
    }
    listed_versions = {name: listed(sorted(versions)) for name, versions in sorted(found.items()) if versions}
    return (
        own
        | listed_versions
        | {
            "lock file (sha256)": listed(sorted(lock)) if lock else UNKNOWN,
            "container image": listed(sorted(images)) if images else "none",
            "seeds of the trainings": plain(study.seeds),
            "seed of the split": plain(study.split["settings"].get("seed")),
            "seed of the bands": plain(study.told["settings"]["seed"]),
        }
    )


def _checksums(study: Study) -> Table:
    """List the checksums of the data and of every generator; those of all other inputs are in study.json."""
    rows = [[f"split/{name}", digest] for name, digest in study.split.get("sha256", {}).items()]
    for (generator, seed), (settings, _) in study.generated.items():
        if "generator_sha256" in settings:
            rows.append([f"{generator}, seed {seed}: generator", settings["generator_sha256"]])
    rows.append(["study/study.json", files.sha256(study.folder / "study.json")])
    caption = "Checksums (sha256); those of every file that the summary read are in study/study.json"
    return Table(caption, ["file", "sha256"], rows, of_text=True)


def _times(study: Study) -> list[Table]:
    rows = [[stage.replace("_", " "), number(seconds / 60, 1)] for stage, seconds in study.seconds.items()]
    caption = "Times of the jobs, added up; of a training that was resumed, its last attempt"
    return [Table(caption, ["stage", "minutes"], rows)] if rows else []
