"""Exactly the stages that a change can affect run again."""

import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from chestgan.base import checksums, source_code
from project import ROOT, Project, small_study

# what a stage's result goes into
FEEDS = {
    "make_demo_data": {"split_data"},
    "split_data": {
        *("train_acgan", "generate_images", "compute_fid", "evaluate_classifier", "classify_images"),
        *("draw_curves", "summarise_study", "write_report"),
    },
    "train_acgan": {"generate_images", "draw_curves", "summarise_study", "write_report"},
    "generate_images": {"compute_fid", "evaluate_classifier", "classify_images", "summarise_study", "write_report"},
    "compute_fid": {"summarise_study", "write_report"},
    "evaluate_classifier": {"classify_images", "draw_curves", "summarise_study", "write_report"},
    "classify_images": {"summarise_study"},
    "draw_curves": set(),
    "summarise_study": {"write_report"},
    "write_report": set(),
}
AFTER_CLASSIFIERS = {"draw_curves": 1, "summarise_study": 1, "write_report": 1}
SCRIPTS = ROOT / "scripts"
MODULES = [path.relative_to(SCRIPTS).as_posix() for path in sorted((SCRIPTS / "chestgan").rglob("*.py"))]
# they show work, or word its errors, and decide nothing
SHOWING = ("chestgan/base/progress.py", "chestgan/base/release.py", "chestgan/base/renamed.py")
# readers of formats, which are loaded with the first file of their format
LOADED_LATER = ("chestgan.data.dicom", "chestgan.data.nifti")
LIST_MODULES = (
    "import sys, json, importlib; sys.path.insert(0, {folder!r}); import {script};"
    "'chestgan.data.decoding' in sys.modules and [importlib.import_module(name) for name in {later}];"
    "print(json.dumps([module.__file__ for name, module in sys.modules.items() if name.split('.')[0] == 'chestgan']))"
)


def and_all_that_follows(rules: set[str]) -> set[str]:
    """Add to some rules every rule that their results go into."""
    following = set().union(rules, *(FEEDS[rule] for rule in rules))
    return rules if following == rules else and_all_that_follows(following)


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """List for every script the modules that Python really loads, and their packages."""
    found = {}
    for script in FEEDS:
        command = LIST_MODULES.format(folder=str(SCRIPTS), script=script, later=LOADED_LATER)
        done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
        found[script] = {Path(path).relative_to(SCRIPTS).as_posix() for path in json.loads(done.stdout)}
    return found


def test_nothing_is_done_twice(finished: Project) -> None:
    assert finished.planned() == {}


def test_a_plain_copy_of_a_finished_project_plans_nothing(finished: Project, tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", finished.folder, tmp_path / "copy"], check=True)
    copy = object.__new__(Project)
    copy.folder, copy.profile = tmp_path / "copy", finished.profile
    assert copy.planned() == {}


def test_no_later_run_vouches_for_an_edited_result(finished: Project, tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", finished.folder, tmp_path / "copy"], check=True)
    copy = object.__new__(Project)
    copy.folder, copy.profile = tmp_path / "copy", finished.profile
    results = copy.folder / "results" / "demo"
    page = (results / "report.html").read_bytes()
    # one that no stage reads, so that nothing runs again for it
    edited = min(results.glob("dcgan/seed-0/generated/png/*/*.png"))
    edited.write_bytes(edited.read_bytes() + b" ")
    told = [f"{edited} was changed: its checksum isn't the one of when it was made"]
    for arguments in (["--dry-run"], []):
        done = copy.snakemake(*arguments)
        assert "Nothing to be done" in done.stdout + done.stderr
        assert checksums.verify(results) == told
    config = small_study() | {"study_notes": {"title": "Phantoms"}}
    (copy.folder / "config" / "small.yaml").write_text(yaml.safe_dump(config))
    assert copy.snakemake().returncode == 0
    assert (results / "report.html").read_bytes() != page
    assert checksums.verify(results) == told


@pytest.fixture(scope="module")
def affected(loaded) -> dict[str, frozenset[str]]:
    """Name for every module the rules that a statement in it can affect."""
    users = {
        module: {script for script, modules in loaded.items() if module in modules and module not in SHOWING}
        for module in MODULES
    }
    return {module: frozenset(and_all_that_follows(scripts)) for module, scripts in users.items()}


def test_every_module_counts_for_the_scripts_that_python_loads_it_in(affected) -> None:
    for module, rules in affected.items():
        counting = {
            script
            for script in FEEDS
            if SCRIPTS / module in source_code.files(SCRIPTS / f"{script}.py", source_code.SHOWING)
        }
        assert and_all_that_follows(counting) == rules, module


def test_words_and_layout_rerun_nothing(finished: Project) -> None:
    changed = [finished.folder / "scripts" / name for name in (*MODULES, *(f"{script}.py" for script in FEEDS))]
    before = {path: path.read_text() for path in changed}
    for path, text in before.items():
        path.write_text(reworded(text))
    planned = finished.planned()
    for path, text in before.items():
        path.write_text(text)
    assert planned == {}


@pytest.mark.parametrize("script", FEEDS)
def test_a_changed_script_reruns_its_stage_and_what_follows(finished: Project, script: str) -> None:
    with changed(finished.folder / "scripts" / f"{script}.py"):
        assert set(finished.planned()) == and_all_that_follows({script})


def test_changed_modules_rerun_the_stages_that_load_them(finished: Project, affected) -> None:
    # a dry run for all that affect the same: the test above tells one module from another
    for rules in set(affected.values()):
        modules = [module for module in MODULES if affected[module] == rules]
        with contextlib.ExitStack() as stack:
            for module in modules:
                stack.enter_context(changed(finished.folder / "scripts" / module))
            assert finished.planned().keys() == rules, modules


def test_a_changed_colour_redraws_figures_alone(finished: Project) -> None:
    style = finished.folder / "scripts" / "chestgan" / "base" / "figure_style.py"
    with changed(style, style.read_text().replace('"#404040"', '"#303030"')):
        assert finished.planned() == AFTER_CLASSIFIERS


def test_a_new_extractor_trains_nothing(finished: Project) -> None:
    metrics = finished.folder / "scripts" / "chestgan" / "metrics"
    features = (metrics / "features.py").read_text()
    assert "(efficientnet, inception)" in features
    features = features.replace("(efficientnet, inception)", "(efficientnet, inception, dummy)")
    features = features.replace("import efficientnet, inception", "import dummy, efficientnet, inception")
    (metrics / "dummy.py").write_text('NAME = "dummy"\n')
    with changed(metrics / "features.py", features):
        assert finished.planned() == {"compute_fid": 2, "summarise_study": 1, "write_report": 1}
    (metrics / "dummy.py").unlink()


def test_a_new_metric_trains_nothing(finished: Project) -> None:
    metrics = finished.folder / "scripts" / "chestgan" / "metrics"
    catalogue = (metrics / "catalogue.py").read_text()
    entry = 'Metric(name="dummy", label="dummy", protocol="nothing", compute=dummy.measure),'
    catalogue = catalogue.replace("DIVERSITY = (", f"from chestgan.metrics import dummy\n\nDIVERSITY = (\n    {entry}")
    (metrics / "dummy.py").write_text("def measure(comparison):\n    return 0.0\n")
    with changed(metrics / "catalogue.py", catalogue):
        assert finished.planned() == {"compute_fid": 2, "summarise_study": 1, "write_report": 1}
    (metrics / "dummy.py").unlink()


@pytest.mark.parametrize(
    ("section", "changes", "rules"),
    [
        ("make_demo_data", {"seed": 5}, {"make_demo_data"}),
        ("split_data", {"seed": 5}, {"split_data"}),
        ("split_data", {"image_size": 48}, {"split_data"}),
        ("train_acgan", {"kimg": 0.192}, {"train_acgan"}),
        ("generate_images", {"ratio": 1.5}, {"generate_images"}),
        ("compute_fid", {"seed": 5}, {"compute_fid"}),
        ("evaluate_classifier", {"batch_size": 16}, {"evaluate_classifier"}),
        ("summarise_study", {"confidence": 0.9}, {"summarise_study"}),
    ],
)
def test_a_changed_section_reruns_its_stage(finished: Project, section: str, changes: dict, rules: set[str]) -> None:
    config = small_study()
    config[section] |= changes
    assert set(planned_with(finished, config)) == and_all_that_follows(rules)


def test_one_generators_settings_rerun_its_branch_alone(finished: Project) -> None:
    config = small_study()
    config["generators"]["dcgan"]["latent_dim"] = 50
    assert planned_with(finished, config) == {
        "train_acgan": 1,
        "generate_images": 1,
        "compute_fid": 1,
        "evaluate_classifier": 2,
        "classify_images": 1,
        "draw_curves": 1,
        "summarise_study": 1,
        "write_report": 1,
    }


def test_one_arms_settings_rerun_that_arm_alone(finished: Project) -> None:
    config = small_study()
    config["arms"]["synthetic"]["ratio"] = 0.5
    assert planned_with(finished, config) == {"evaluate_classifier": 2, **AFTER_CLASSIFIERS}


def test_an_added_arm_runs_its_own_jobs_the_summary_and_the_page(finished: Project) -> None:
    config = small_study()
    config["arms"]["half_as_many"] = {"train_on": "real_synthetic", "ratio": 0.5}
    assert planned_with(finished, config) == {"evaluate_classifier": 2, **AFTER_CLASSIFIERS}


def test_a_control_without_a_generator_is_run_once_a_seed_and_the_other_for_each(finished: Project) -> None:
    config = small_study()
    duplicated = config["arms"] | {"duplicated": {"train_on": "duplicated"}}
    assert planned_with(finished, config | {"arms": duplicated}) == {"evaluate_classifier": 1, **AFTER_CLASSIFIERS}
    shuffled = config["arms"] | {"shuffled": {"train_on": "shuffled"}}
    assert planned_with(finished, config | {"arms": shuffled}) == {"evaluate_classifier": 2, **AFTER_CLASSIFIERS}


def test_notes_and_layout_of_the_page_write_it_again_alone(finished: Project) -> None:
    config = small_study() | {"study_notes": {"title": "Phantoms"}}
    assert planned_with(finished, config) == {"write_report": 1}
    style = finished.folder / "scripts" / "chestgan" / "study" / "page" / "templates" / "page.css"
    with changed(style, style.read_text().replace("#ffffff", "#fffffe")):
        assert finished.planned() == {"write_report": 1}


def test_a_new_seed_runs_beside_what_is_there(finished: Project) -> None:
    config = small_study() | {"seeds": [0, 1]}
    assert planned_with(finished, config) == {
        "train_acgan": 2,
        "generate_images": 2,
        "compute_fid": 2,
        "evaluate_classifier": 6,
        "classify_images": 2,
        "draw_curves": 1,
        "summarise_study": 1,
        "write_report": 1,
    }


@pytest.mark.parametrize("changes", [{"gpus": 1}, {"gpus": 2, "device": "cpu"}, {"gpus": 4, "nodes": 2}])
def test_where_it_is_computed_changes_nothing(finished: Project, changes: dict) -> None:
    assert planned_with(finished, small_study() | changes) == {}


def test_an_image_changes_nothing(finished: Project) -> None:
    assert finished.planned("--software-deployment-method", "apptainer") == {}


@pytest.fixture
def own_data(finished: Project) -> dict:
    """Give a study of a user's own folder of images, already split."""
    config = small_study() | {"dataset": "own"}
    config["split_data"]["folder"] = "own"
    if not (finished.folder / "own").exists():
        subprocess.run(["cp", "-r", "data/demo", "own"], cwd=finished.folder, check=True)
    write_config(finished, config)
    done = finished.snakemake("--until", "split_data", configfile="config/changed.yaml")
    assert done.returncode == 0, done.stderr
    return config


def plan_of_split(project: Project, config: dict) -> set[str]:
    return set(planned_with(project, config, "--until", "split_data"))


def test_an_image_that_was_only_touched_is_known_by_its_bytes(finished: Project, own_data: dict) -> None:
    next((finished.folder / "own").rglob("*.png")).touch()
    assert plan_of_split(finished, own_data) == set()


def test_an_image_that_was_changed_is_noticed(finished: Project, own_data: dict) -> None:
    image = next((finished.folder / "own").rglob("*.png"))
    kept = image.read_bytes()
    Image.new("L", (128, 128), 77).save(image)
    assert plan_of_split(finished, own_data) == {"split_data"}
    image.write_bytes(kept)
    assert plan_of_split(finished, own_data) == set()


def test_an_image_that_was_added_is_noticed(finished: Project, own_data: dict) -> None:
    added = finished.folder / "own" / "covid" / "added.png"
    Image.new("L", (128, 128), 77).save(added)
    assert plan_of_split(finished, own_data) == {"split_data"}
    added.unlink()
    assert plan_of_split(finished, own_data) == set()


def test_a_changed_recipe_reruns_what_its_settings_do(finished: Project, own_data: dict) -> None:
    recipe = finished.folder / "own.yaml"
    recipe.write_text("file_template: '{file}'\nseed: 0\n")
    config = own_data | {"split_data": {"recipe": "own.yaml"} | own_data["split_data"]}
    del config["split_data"]["seed"]
    own_seed = own_data | {"split_data": {"file_template": "{file}", "seed": 0} | own_data["split_data"]}
    write_config(finished, own_seed)
    assert finished.snakemake("--until", "split_data", configfile="config/changed.yaml").returncode == 0
    assert plan_of_split(finished, config) == set()
    recipe.write_text("# a comment\nfile_template: '{file}'\nseed: 0\n")
    assert plan_of_split(finished, config) == set()
    recipe.write_text("file_template: '{file}'\nseed: 5\n")
    assert plan_of_split(finished, config) == {"split_data"}


def test_a_lost_result_is_made_again(finished: Project) -> None:
    lost = finished.folder / "results" / "demo" / "study" / "verdict.txt"
    kept = lost.read_bytes()
    lost.unlink()
    assert finished.planned() == {"summarise_study": 1, "write_report": 1}
    lost.write_bytes(kept)
    assert finished.planned() == {}


class changed:
    """Change a file for a while: add a statement to it, or give it another text."""

    def __init__(self, path: Path, text: str | None = None) -> None:
        self.path, self.before = path, path.read_text()
        self.after = self.before + "\nCHANGED = True\n" if text is None else text

    def __enter__(self) -> None:
        self.path.write_text(self.after)

    def __exit__(self, *_) -> None:
        self.path.write_text(self.before)


def reworded(text: str) -> str:
    """Change the comments, docstrings and layout of a module."""
    text = re.sub(r'^( *)"""(?=\w)', r'\1"""Changed: ', text, flags=re.MULTILINE)
    return "# a comment\n" + re.sub(r"\n\n(?=(def|class) )", "\n\n\n# another\n", text) + "\n\n# the last\n"


def write_config(project: Project, config: dict) -> None:
    (project.folder / "config" / "changed.yaml").write_text(yaml.safe_dump(config))


def planned_with(project: Project, config: dict, *arguments: str) -> dict[str, int]:
    """Plan with another configuration."""
    write_config(project, config)
    return project.planned(*arguments, configfile="config/changed.yaml")
