"""The page as HTML: its sections in their order, through the one template."""

import re
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from chestgan.study.page.answer_section import NOT_FOR_DIAGNOSIS, answer_section, study_section
from chestgan.study.page.blocks import Section
from chestgan.study.page.classifier_section import classifier_section
from chestgan.study.page.data_section import data_section
from chestgan.study.page.generator_section import generator_section
from chestgan.study.page.glossary_section import glossary_section
from chestgan.study.page.image_section import image_section
from chestgan.study.page.limits_section import limits_section
from chestgan.study.page.methods_section import methods_section
from chestgan.study.page.provenance_section import provenance_section
from chestgan.study.page.references import REFERENCES
from chestgan.study.page.sources import Study

_TEMPLATES = Path(__file__).parent / "templates"
_CITATION, _ANCHOR = re.compile(r" ?\[@(\w+)\]"), re.compile(r"\[#(\w+)\]")


def sections(study: Study) -> list[Section]:
    """Make all sections, the answer first."""
    return [
        study_section(study),
        answer_section(study),
        data_section(study),
        image_section(study),
        classifier_section(study),
        generator_section(study),
        methods_section(study),
        limits_section(study),
        provenance_section(study),
        glossary_section(),
    ]


def render(study: Study, name: str) -> str:
    """Write the page of a study of this name."""
    made = sections(study)
    titles = {section.anchor: section.title for section in made}
    cited: dict[str, int] = {}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["linked"] = lambda text: _linked(text, cited, titles)
    environment.filters["kind"] = lambda block: type(block).__name__
    environment.filters["raw"] = Markup
    environment.tests["words"] = lambda text: text[:1].isalpha()
    # the body first: only then it is known which works are cited
    body = environment.get_template("body.html").render(sections=made)
    return environment.get_template("page.html").render(
        title=study.notes.get("title") or f"Do synthetic images help? The study {name}",
        warning=NOT_FOR_DIAGNOSIS,
        answer=" ".join(study.told["answer"]),
        sections=made,
        body=Markup(body),
        references=[REFERENCES[key] for key in cited],
        style=Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8")),
    )


def _linked(text: str, cited: dict[str, int], titles: dict[str, str]) -> Markup:
    """Escape a text, and turn `[@key]` into the number of a reference and `[#anchor]` into a link to a section."""

    def citation(found: re.Match) -> str:
        number = cited.setdefault(found[1], len(cited) + 1)
        return f'<sup><a href="#reference-{number}">[{number}]</a></sup>'

    def anchor(found: re.Match) -> str:
        return f'<a href="#{found[1]}">{escape(titles[found[1]])}</a>'

    return Markup(_ANCHOR.sub(anchor, _CITATION.sub(citation, str(escape(text)))))
