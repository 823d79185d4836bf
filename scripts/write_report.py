"""Write the page of a finished study: the answer first, and all that it rests on.

    python scripts/write_report.py --study results/demo/study --split results/demo/split \\
        --generated results/demo/covidgan/seed-*/generated --train results/demo/covidgan/seed-*/train \\
        --fid results/demo/covidgan/seed-*/fid --classifier results/demo/classifier/*/seed-* \\
        --output results/demo/report.html

The page is one file, which needs no network and no JavaScript.
"""

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chestgan.base import commandline, files, settings
from chestgan.base.settings import argument, setting
from chestgan.study.page import sources
from chestgan.study.page.model_card import model_card
from chestgan.study.page.render import render

# what only the authors know: a section of the configuration
NOTES = "study_notes"
_MOST_BYTES = 5_000_000


@dataclass(frozen=True, kw_only=True)
class Config:
    """The flags of this script."""

    study: Path = argument("result of summarise_study")
    split: Path = argument("result of split_data")
    generated: tuple[Path, ...] = argument("synthetic sets, of every generator and seed")
    train: tuple[Path, ...] = argument("results of train_acgan; none for images from elsewhere", ())
    fid: tuple[Path, ...] = argument("results of compute_fid", ())
    classifier: tuple[Path, ...] = argument("results of evaluate_classifier", ())
    benchmarks: Path | None = argument("folder of the times that Snakemake took", None)
    output: Path = argument("the page, an HTML file; one that is there is replaced")
    cards: Path | None = argument("folder for model cards, <generator>/seed-<s>/model_card.md; default: none", None)
    title: str | None = setting("title of the page", None, section=NOTES)
    authors: str | None = setting("who did the study", None, section=NOTES)
    purpose: str | None = setting("what the classifier is meant for, and for whom", None, section=NOTES)
    design: str | None = setting("prospective or retrospective, and why", None, section=NOTES)
    population: str | None = setting("where, when and how patients were chosen or excluded", None, section=NOTES)
    acquisition: str | None = setting("how the images were taken: devices, views, protocols", None, section=NOTES)
    reference_standard: str | None = setting("how the classes were established, and why so", None, section=NOTES)
    annotators: str | None = setting(
        "who established the classes, what they knew, how they agreed", None, section=NOTES
    )
    deidentification: str | None = setting("how the images were de-identified", None, section=NOTES)
    inequalities: str | None = setting("known inequalities between groups of patients", None, section=NOTES)
    sample_size: str | None = setting("why so many patients", None, section=NOTES)
    explainability: str | None = setting("how the classifier's decisions were explained", None, section=NOTES)
    ethics: str | None = setting("ethical approval and consent, and adverse events", None, section=NOTES)
    registration: str | None = setting("registration and protocol of the study", None, section=NOTES)
    involvement: str | None = setting("patients and the public in the research", None, section=NOTES)
    limitations: str | None = setting("limitations that the authors see", None, section=NOTES)
    implications: str | None = setting("what follows for practice", None, section=NOTES)
    availability: str | None = setting("where data, code and models are to be had", None, section=NOTES)
    funding: str | None = setting("funding and interests", None, section=NOTES)

    def __post_init__(self) -> None:
        settings.check(self)

    @property
    def notes(self) -> dict[str, str]:
        """What the authors added, by key."""
        keys = [field.name for field in dataclasses.fields(self) if field.metadata["section"] == NOTES]
        return {key: getattr(self, key) for key in keys if getattr(self, key)}


def run(config: Config) -> None:
    """Read the study and write its page and the model cards; each appears whole."""
    study = sources.read(
        config.study,
        config.split,
        config.generated,
        config.train,
        config.fid,
        config.classifier,
        config.notes,
        config.benchmarks,
    )
    page = render(study, config.output.absolute().parent.name)
    if len(page.encode()) > _MOST_BYTES:
        print(f"warning: the page has {len(page.encode()) / 1e6:.1f} MB, more than 5", file=sys.stderr)
    texts = {config.output: page}
    if config.cards:
        for generator, seed in study.trained:
            path = config.cards / generator / f"seed-{seed}" / "model_card.md"
            texts[path] = model_card(study, generator, seed)
    for path, text in texts.items():
        files.sweep(path)
        with files.new_file(path) as partial:
            partial.write_text(text, encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the script with these arguments and return its exit code."""
    return commandline.execute(Config, run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
