"""The stages are the scripts that have rules, and those on GPUs are the rules that ask for one."""

import re

import pytest

from chestgan.cluster.stages import ON_GPU, STAGES
from project import ROOT

# they make data, look at the machine, draft a configuration or run whole studies: none makes a result of a study
NO_STAGES = {"make_demo_data", "check_setup", "configure_study", "leave_one_source_out"}


@pytest.fixture(scope="module")
def rules() -> dict[str, str]:
    """Give each rule's text by its name."""
    found = {}
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        parts = re.split(r"^rule (\w+):$", path.read_text(), flags=re.MULTILINE)
        found |= dict(zip(parts[1::2], parts[2::2], strict=True))
    return found


def test_the_stages_are_the_scripts_that_have_rules(rules: dict[str, str]) -> None:
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    assert set(STAGES) == scripts - NO_STAGES
    assert set(STAGES) == rules.keys() - NO_STAGES
    assert len(set(STAGES)) == len(STAGES)


def test_a_rule_runs_the_script_of_its_name_and_follows_its_code(rules: dict[str, str]) -> None:
    for name in STAGES:
        for function in ("path_of", "code_of"):
            assert re.findall(rf'{function}\("(\w+)"\)', rules[name]) == [name], name


def test_on_gpus_are_the_rules_that_ask_for_their_own_number(rules: dict[str, str]) -> None:
    asking = {rule: re.findall(r'gpu=GPUS\["(\w+)"\]', text) for rule, text in rules.items()}
    assert {rule: names for rule, names in asking.items() if names} == {rule: [rule] for rule in ON_GPU}
    assert set(ON_GPU) <= set(STAGES)


def test_only_they_are_told_a_device(rules: dict[str, str]) -> None:
    assert {rule for rule, text in rules.items() if "--device {resources.device}" in text} == set(ON_GPU)


def test_a_stage_comes_after_those_whose_results_it_takes(rules: dict[str, str]) -> None:
    for place, name in enumerate(STAGES):
        taken = set(re.findall(r"rules\.(\w+)\.output", rules[name])) - NO_STAGES
        assert taken <= set(STAGES[:place]), name
