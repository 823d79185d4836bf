"""The presets, and the steps of the ablation from one to another."""

import dataclasses
from types import SimpleNamespace

import pytest
import yaml

from chestgan.gan import presets
from project import ROOT

CONFIG = ROOT / "config"
NETWORKS = {"architecture", "generator_width", "discriminator_width", "dropout"}


def resolved(*sections: dict) -> dict:
    """Give all settings of a generator as the workflow's flags set them, a later section over an earlier one."""
    merged = {key: value for section in sections for key, value in section.items()}
    preset = merged.pop("preset")
    names = [field.name for field in dataclasses.fields(presets.Overrides)]
    overrides = SimpleNamespace(**(dict.fromkeys(names) | merged))
    return dataclasses.asdict(presets.resolve(preset, overrides))


@pytest.fixture(scope="module")
def ablation() -> dict[str, dict]:
    config = yaml.safe_load((CONFIG / "ablation.yaml").read_text())
    return {name: resolved(config["train_acgan"], section) for name, section in config["generators"].items()}


def changed(one: dict, other: dict) -> set[str]:
    return {key for key in one if one[key] != other[key]}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("s0_covidgan", "s1_latents", {"latent_std"}),
        ("s1_latents", "s2_average", {"ema_kimg"}),
        ("s2_average", "s3_augment", {"augment"}),
        ("s3_augment", "s4_spectral_norm", {"spectral_norm"}),
        ("s4_spectral_norm", "s5_residual", NETWORKS),
        ("s5_residual", "s6_rates", {"discriminator_learning_rate", "adam_beta1", "adam_beta2"}),
        ("s6_rates", "s7_hinge", {"source_loss"}),
        ("s7_hinge", "s8_projection", {"conditioning"}),
        ("s8_projection", "s9_doubled_rates", {"generator_learning_rate", "discriminator_learning_rate"}),
        ("s8_projection", "strong_ac", {"conditioning"}),
        ("s8_projection", "ramp_projection", {"class_ramp_kimg"}),
        ("ramp_projection", "ramp_ac", {"conditioning"}),
        ("ramp_projection", "ramp_adc", {"conditioning"}),
        ("ramp_projection", "ramp_d2dce", {"conditioning"}),
        ("ramp_projection", "ramp_fp32", {"mixed_precision"}),
        ("ramp_projection", "long", {"kimg", "snapshot_kimg"}),
        ("long", "long_without_average", {"ema_kimg"}),
        ("long", "long_without_augment", {"augment"}),
        ("long", "long_without_spectral_norm", {"spectral_norm"}),
        ("long", "long_without_ramp", {"class_ramp_kimg"}),
    ],
)
def test_a_step_of_the_ablation_changes_one_thing(ablation: dict, before: str, after: str, expected: set) -> None:
    assert changed(ablation[before], ablation[after]) == expected


def test_the_ablation_goes_from_covidgan_to_strong(ablation: dict) -> None:
    shared = {"latent_dim", "batch_size", "kimg", "patience_kimg", "growth_kimg", "snapshot_kimg", "mixed_precision"}
    covidgan, strong = (dataclasses.asdict(presets.PRESETS[name]) for name in ("covidgan", "strong"))
    assert changed(ablation["s0_covidgan"], covidgan) - shared == {"generator_width"}
    assert changed(ablation["s8_projection"], strong) - shared == set()


def test_the_letter_of_the_paper_is_covidgan_but_for_what_its_page_names() -> None:
    covidgan, paper = (dataclasses.asdict(presets.PRESETS[name]) for name in ("covidgan", "covidgan_paper"))
    named = {name: paper[name] for name in changed(covidgan, paper)}
    assert named == {
        "channels": 3,
        "joint_batch": True,
        "separate_fakes": True,
        "balanced": False,
        "initialisation": "glorot",
        "batch_norm_epsilon": 1e-3,
        "adam_epsilon": 1e-7,
    }
    page = (ROOT / "docs" / "covidgan.md").read_text()
    assert [name for name in named if f"`{name}" not in page] == []


def test_what_a_command_line_may_change_is_what_any_kind_has() -> None:
    fields = {field.name: field for field in dataclasses.fields(presets.Overrides)}
    own = [{field.name for field in dataclasses.fields(kind)} for kind in presets.SETTINGS.values()]
    assert fields.keys() == set.union(*own) - {"kind"}
    assert fields["architecture"].metadata["choices"] == ("covidgan", "residual", "unet")
    assert fields["mixed_precision"].metadata["choices"] == ("no", "bf16")
    assert all(field.default is None for field in fields.values())
