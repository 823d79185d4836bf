"""The section of the limits, and of what reporting guidelines ask for."""

from chestgan.study.page.answer_section import NOT_FOR_DIAGNOSIS
from chestgan.study.page.blocks import Items, Prose, Section, Table
from chestgan.study.page.checklists import ITEMS, Item
from chestgan.study.page.sources import Study

_SAME_PLACES = (
    "The test patients come from the same places as the training patients: how classifiers do elsewhere isn't known."
)
_ONE_SOURCE = (
    "The test patients come from one source, {source}, which no training saw: how classifiers do at others isn't known."
)
_LIMITS = [
    "If a class comes from one hospital, one scanner or one age, a classifier may have learned that instead of the "
    "disease, whatever its score.",
    "Intervals speak of other patients from the same places and of other seeds, not of other settings.",
    "Where classifiers hardly err on few test patients, intervals held the truth too seldom in the simulations of "
    "Chestgan's docs/statistics.md: there the answer is that a difference can't be told.",
    "Where no difference is shown there may still be one that this test set is too small to show.",
    "Distances of generated images depend on the extractor, which was trained on photographs, and on n: compare them "
    "with those of real images beside them alone.",
]


def limits_section(study: Study) -> Section:
    """State the limits, and answer the items of CLAIM, TRIPOD+AI and STARD."""
    rows = [[item.topic, item.claim, item.tripod, item.stard, _answer(study, item)] for item in ITEMS]
    table = Table(
        "What CLAIM, TRIPOD+AI and STARD ask for, by the numbers of their items",
        ["item", "CLAIM", "TRIPOD+AI", "STARD", "answer"],
        rows,
        of_text=True,
    )
    lead = Prose(
        "The items are those of CLAIM [@claim], TRIPOD+AI [@tripod] and STARD [@stard]. The authors answer what this "
        "page can't know in the configuration, below study_notes."
    )
    own = [Prose(study.notes["limitations"])] if "limitations" in study.notes else []
    source = study.split["settings"].get("test_source")
    places = _SAME_PLACES if source is None else _ONE_SOURCE.format(source=source)
    limits = [NOT_FOR_DIAGNOSIS, places, *_LIMITS]
    return Section("limits", "Limits, and what guidelines ask for", [Items("", limits), *own, lead, table])


def _answer(study: Study, item: Item) -> str:
    """Say where an item is answered: by the authors, on this page, or nowhere."""
    if item.note in study.notes:
        return f"by the authors: {study.notes[item.note]}"
    return f"on this page: [#{item.section}]" if item.section else f"not stated (study_notes.{item.note})"
