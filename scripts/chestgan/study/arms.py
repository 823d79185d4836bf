"""The names of the arms of a study, and of those that others are compared with."""

NO_GENERATOR = "-"
REAL, REAL_AUGMENTED = "real", "real_augmented"
# the columns that name an arm of a study's tables
ARM = ["arm", "generator"]
# the arms that others are compared with, and what the columns of these differences begin with
REFERENCE_ARMS = {REAL: "", REAL_AUGMENTED: "augmented_"}
