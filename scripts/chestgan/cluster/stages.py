"""The stages of a study, by the names of their rules and scripts, and which of them use GPUs."""

STAGES = (
    "split_data",
    "take_patients",
    "import_images",
    "train_acgan",
    "generate_images",
    "compute_fid",
    "evaluate_classifier",
    "classify_images",
    "draw_curves",
    "summarise_study",
    "write_report",
)
# each job asks for one GPU where the configuration has any; a training for one per process
ON_GPU = ("train_acgan", "generate_images", "compute_fid", "evaluate_classifier", "classify_images")
