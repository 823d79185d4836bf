"""The items of three reporting guidelines, and where each is answered.

CLAIM: Tejani et al. 2024. TRIPOD+AI: Collins et al. 2024. STARD: Bossuyt et al. 2015.
"""

from typing import NamedTuple


class Item(NamedTuple):
    """What a study has to report.

    Attributes:
        topic: what it is.
        claim: the item's number in CLAIM, or empty.
        tripod: in TRIPOD+AI.
        stard: in STARD.
        section: the anchor of the section that answers it here; empty: only the authors can.
        note: the key of `study_notes` by which the authors answer it.
    """

    topic: str
    claim: str
    tripod: str
    stard: str
    section: str = ""
    note: str = ""


ITEMS = (
    Item("title that names the kind of study", "1", "1", "1", note="title"),
    Item("summary of design, methods and results", "2", "2", "2", "answer"),
    Item("background, intended use and role", "3", "3a, 3b", "3", note="purpose"),
    Item("known inequalities between groups", "", "3c", "", note="inequalities"),
    Item("objective and hypothesis", "4, 6", "4", "4", "study"),
    Item("prospective or retrospective", "5", "5a", "5", note="design"),
    Item("sources, setting and dates of the data", "7", "5a, 5b, 6a", "7, 8, 9", note="population"),
    Item("who was included and excluded", "8", "6b", "6", note="population"),
    Item("treatments", "", "6c", "", note="population"),
    Item("preparation of the data", "9, 10", "7", "", "methods"),
    Item("de-identification", "11", "", "", note="deidentification"),
    Item("missing data and files left out", "12", "11", "15, 16", "data"),
    Item("acquisition of the images", "13", "", "10a", note="acquisition"),
    Item("reference standard and its rationale", "14, 15", "8a", "10b, 11, 12b", note="reference_standard"),
    Item("annotators, blinding, agreement", "16, 17, 18", "8b, 8c", "13a, 13b", note="annotators"),
    Item("time between image and reference standard", "", "", "22", note="reference_standard"),
    Item("splits, and that they are disjoint by patient", "19, 20", "12a", "", "data"),
    Item("sample size and its rationale", "21", "10", "18", note="sample_size"),
    Item("models, software, initialisation, training, selection", "22–27", "9a, 12b, 12c", "10a", "methods"),
    Item("choice of the threshold", "", "15", "12a", "classifiers"),
    Item("scores and their uncertainty, how computed", "28, 29", "12e, 12g", "14, 17", "methods"),
    Item("class imbalance", "", "13", "", "methods"),
    Item("robustness and fairness between groups", "30", "12d, 14, 23b", "17", "classifiers"),
    Item("explainability", "31", "", "", note="explainability"),
    Item("internal and external test data", "32, 33", "12a, 16", "", "data"),
    Item("ethical approval", "", "17", "", note="ethics"),
    Item("registration and protocol", "34, 42", "18c, 18d", "28, 29", note="registration"),
    Item("patients and the public in the research", "", "19", "", note="involvement"),
    Item("flow of patients", "35", "20a, 21", "19", "data"),
    Item("who the patients are, by split", "36", "20b, 20c", "20, 21a, 21b", "data"),
    Item("performance with its precision", "37, 38", "23a", "24", "classifiers"),
    Item("table of decisions beside the reference standard", "", "", "23", "classifiers"),
    Item("the model itself", "43", "22", "", "provenance"),
    Item("images that were classified wrongly", "39", "", "", "classifiers"),
    Item("adverse events", "", "", "25", note="ethics"),
    Item("limitations", "40", "26", "26", "limits"),
    Item("interpretation and implications for practice", "41", "25, 27a–27c", "27", note="implications"),
    Item("availability of data, code and model", "43", "18e, 18f", "", "provenance"),
    Item("funding and interests", "44", "18a, 18b", "30", note="funding"),
)
