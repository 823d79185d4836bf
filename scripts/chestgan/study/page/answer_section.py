"""The first sections: what was studied, what the answer is, and why to be careful with it."""

from chestgan.study.page.blocks import Box, Items, Prose, Section
from chestgan.study.page.pictures import read_figure
from chestgan.study.page.sources import Study
from chestgan.study.page.words import counted
from chestgan.study.sources import share_without_patient
from chestgan.study.verdict import listed

NOT_FOR_DIAGNOSIS = (
    "Not for diagnosis. Nothing on this page was validated for patients; it compares ways to train a classifier."
)
# how stages begin to say that they don't know the patients
_UNKNOWN_PATIENTS = ("patients unknown", "no patient ids", "images without a patient id")


def study_section(study: Study) -> Section:
    """Say what the study is, in sentences."""
    real = study.real.manifest
    classes, known = listed(study.real.classes), _patients_known(study)
    patients = counted(real["patient"].nunique(), "patient") if known else "unknown patients"
    often = "once" if len(study.seeds) == 1 else f"{len(study.seeds)} times with another seed"
    told = (
        f"The study asks whether synthetic images make a classifier better that tells {classes} apart, by how much, "
        "and whether that is more than chance and more than standard augmentation of real images. "
        f"It has {counted(len(real), 'real image')} of {patients}, "
        f"{counted(len(study.generators), 'generator')} ({listed(study.generators)}), "
        f"{counted(len(study.arms), 'way')} to train the classifier, each {often}, "
        f"and {counted(study.told['counts']['runs'], 'classifier')} in all. "
        f"Every classifier was tested on the same {'patients, whom no training had seen' if known else 'images'}."
    )
    blocks = [Prose(text) for text in (study.notes.get("purpose"), told) if text]
    return Section("study", "The study", blocks)


def answer_section(study: Study) -> Section:
    """Give the answer in two sentences, every difference as a figure and in words, and the reasons to be careful."""
    answer = study.told["answer"]
    tested, *lines = study.told["verdict"][len(answer) :]
    figure = read_figure(
        study.folder / "forest.svg",
        "All differences between arms, with their intervals",
        "Every difference on which the answer rests. Thick: the interval of that difference alone; thin: the interval "
        "that holds for all of them together. An arm is better or worse only where the thin line doesn't reach zero.",
        " ".join(line.removeprefix("- ") for line in lines),
    )
    reasons = warnings(study)
    box = [Box("Why to be careful", reasons)] if reasons else []
    told = [Prose(text, important=True) for text in answer]
    return Section(
        "answer", "The answer", [*told, Prose(_tested(study)), *box, figure, Prose(tested), *_outcomes(lines)]
    )


def _tested(study: Study) -> str:
    """Say in a plain sentence on whom the answer rests."""
    arm = study.arms.iloc[0]
    images, trainings = counted(int(arm["n_test_images"]), "image"), counted(len(study.seeds), "training")
    if not _patients_known(study):
        seen = "of unknown patients, whom trainings may have seen"
        return f"It rests on {images} {seen}, and on {trainings} of every classifier."
    patients = counted(int(arm["n_test_patients"]), "patient")
    return f"It rests on {images} of {patients} whom no training had seen, and on {trainings} of every classifier."


def _patients_known(study: Study) -> bool:
    return share_without_patient(study.real.manifest) < 1


def warnings(study: Study) -> list[str]:
    """List what speaks against relying on the answer: first that patients are unknown, then what the summary found,
    then every warning of every stage that it didn't name."""
    of_stages = [text for settings in study.stages() for text in settings.get("warnings", ())]
    told = study.told["caveats"]
    others = [_sentence(text) for text in dict.fromkeys(of_stages) if not any(text in caveat for caveat in told)]
    unknown = [text for text in (*told, *others) if text.lower().startswith(_UNKNOWN_PATIENTS)]
    return list(dict.fromkeys([*unknown, *told, *others]))


def _sentence(text: str) -> str:
    """Write what a stage warned of as a sentence."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _outcomes(lines: list[str]) -> list[Items]:
    """Group the verdict's lines: a heading, and the items below it."""
    lists: list[Items] = []
    for line in lines:
        if line.startswith("- ") and lists:
            lists[-1].items.append(line.removeprefix("- "))
        else:
            lists.append(Items(line.removeprefix("- "), []))
    return lists
