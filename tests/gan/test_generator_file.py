"""A generator file holds all that is needed to sample from it, and one that doesn't is refused in one line."""

import copy
import dataclasses
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import nn

from chestgan.base.errors import UserError
from chestgan.gan import generator_file, presets
from chestgan.gan.generator_file import Description
from chestgan.gan.networks.build import build_discriminator
from chestgan.gan.origin import Origin, Start

KEY = "chestgan_generator"
SMALL = {"generator_width": 16, "discriminator_width": 4, "latent_dim": 4, "sampling_steps": 2}
# what the first version wrote beside the weights, word by word
FIRST_VERSION = {
    "classes": ["covid", "normal"],
    "distance": 0.25,
    "gan": {
        "adam_beta1": 0.5,
        "adam_beta2": 0.999,
        "architecture": "covidgan",
        "augment": False,
        "batch_size": 64,
        "channels": 1,
        "class_ramp_kimg": 0.0,
        "class_weight": 0.0,
        "conditioning": "separate",
        "discriminator_learning_rate": 0.0002,
        "discriminator_width": 4,
        "dropout": 0.0,
        "ema_kimg": 0.0,
        "generator_learning_rate": 0.0002,
        "generator_width": 16,
        "kimg": 1864.0,
        "latent_dim": 4,
        "latent_std": 1.0,
        "mixed_precision": "no",
        "snapshot_kimg": 20.0,
        "source_loss": "logistic",
        "spectral_norm": False,
    },
    "image_size": 32,
    "kimg": 1.5,
    "name": "mine",
    "preset": "dcgan",
    "seed": 4,
}


def described(preset: str, **changes: Any) -> Description:
    begin = presets.PRESETS[preset]
    small = {name: value for name, value in SMALL.items() if hasattr(begin, name)}
    settings = dataclasses.replace(begin, **small | changes)
    return Description("mine", 4, preset, settings, 32, ["covid", "normal"], 1.5, 0.25)


def built(description: Description) -> nn.Module:
    torch.manual_seed(0)
    build = generator_file.BUILDERS[description.settings.kind]
    return build(description.settings, len(description.classes), description.image_size)


def save_with(path: Path, text: str | None) -> Path:
    """Save the weights of a DC-GAN with this text beside them; None: as another project would."""
    weights = {name: weight.contiguous() for name, weight in built(described("dcgan")).state_dict().items()}
    path.write_bytes(save(weights, {"format": "pt"} if text is None else {KEY: text}))
    return path


def text_of(path: Path) -> str:
    with safe_open(path, framework="pt") as file:
        return file.metadata()[KEY]


def refused(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        generator_file.read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("preset", presets.PRESETS)
def test_what_was_written_is_read(preset: str, tmp_path: Path) -> None:
    description = described(preset)
    generator = built(description)
    generator_file.write(tmp_path / "g.safetensors", generator.state_dict(), description)
    read, told = generator_file.read(tmp_path / "g.safetensors")
    assert told == description
    assert all(torch.equal(one, other) for one, other in zip(*map(weights_of, (read, generator)), strict=True))
    latents, labels = torch.randn(6, description.settings.latents_of(32).dim), torch.arange(6) % 2
    assert torch.equal(read(latents, labels), generator.eval()(latents, labels))


def weights_of(generator: nn.Module) -> list[torch.Tensor]:
    return list(generator.state_dict().values())


def test_what_a_generator_was_made_from_is_read_as_it_was_written(tmp_path: Path) -> None:
    old = Start(
        **{"name": "old", "seed": 1, "kimg": 2.0, "sha256": "a" * 64, "generator_share": 0.5},
        **{"discriminator_share": None, "patients_known": False, "origin": None},
    )
    first = Origin(dataset="nih", licence="CC BY 4.0", n_patients=40, start=old)
    start = dataclasses.replace(old, name="base", discriminator_share=1.0, origin=first)
    description = dataclasses.replace(described("dcgan"), origin=Origin(dataset="mine", start=start))
    generator_file.write(tmp_path / "g.safetensors", built(description).state_dict(), description)
    assert generator_file.read(tmp_path / "g.safetensors")[1] == description


@pytest.mark.parametrize(
    ("origin", "reason"),
    [
        ({"licence": "CC\nBY"}, "licence is 'CC"),
        ({"dataset": "[#answer]"}, "dataset is '"),
        ({"n_patients": "many"}, "n_patients is 'many'; expected a whole number"),
        ({"start": {"name": "old"}}, "'origin'"),
        ({"unknown": 1}, "unknown"),
        ("nih", ""),
    ],
)
def test_an_origin_that_says_what_it_cannot_is_refused(origin: Any, reason: str, tmp_path: Path) -> None:
    told = refused(save_with(tmp_path / "g.safetensors", json.dumps(FIRST_VERSION | {"origin": origin})))
    assert "was written by another version of Chestgan: " in told
    assert reason in told


def test_a_discriminator_is_read_with_the_description_of_its_generator(tmp_path: Path) -> None:
    description = described("dcgan")
    weights = build_discriminator(description.settings, 2, 32).state_dict()
    generator_file.write(tmp_path / "d.safetensors", weights, description, "discriminator")
    read, told = generator_file.read_discriminator(tmp_path / "d.safetensors")
    assert told == description
    assert all(torch.equal(read[name], weights[name]) for name in weights)


def test_a_generator_that_was_read_is_ready_to_sample_and_not_to_train(tmp_path: Path) -> None:
    description = described("covidgan")
    generator_file.write(tmp_path / "g.safetensors", built(description).train().state_dict(), description)
    read, _ = generator_file.read(tmp_path / "g.safetensors")
    assert not any(module.training for module in read.modules())
    assert not any(parameter.requires_grad for parameter in read.parameters())


def test_equal_generators_are_equal_bytes(tmp_path: Path) -> None:
    description = described("covidgan")
    for name in "ab":
        generator_file.write(tmp_path / name, built(description).state_dict(), description)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    generator_file.write(
        tmp_path / "b", built(description).state_dict(), dataclasses.replace(description, validation_kd=0.5)
    )
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


def test_everybody_may_read_the_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    generator_file.write(tmp_path / "g.safetensors", built(described("covidgan")).state_dict(), described("covidgan"))
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "g.safetensors")]
    assert modes[0] == modes[1]


def test_a_file_of_the_first_version_is_read(tmp_path: Path) -> None:
    path = save_with(tmp_path / "g.safetensors", json.dumps(FIRST_VERSION))
    read, description = generator_file.read(path)
    assert description == described("dcgan")
    assert description.settings.conditioning == "per_class"
    assert description.validation_kd == 0.25
    assert all(torch.equal(one, other) for one, other in zip(*map(weights_of, (read, built(description))), strict=True))


def test_a_file_has_the_words_of_the_first_version(tmp_path: Path) -> None:
    description = described("dcgan")
    generator_file.write(tmp_path / "g.safetensors", built(description).state_dict(), description)
    assert text_of(tmp_path / "g.safetensors") == json.dumps(FIRST_VERSION, sort_keys=True)
    old = save_with(tmp_path / "old.safetensors", json.dumps(FIRST_VERSION, sort_keys=True))
    assert (tmp_path / "g.safetensors").read_bytes() == old.read_bytes()


def test_a_later_setting_is_in_a_file_where_it_differs(tmp_path: Path) -> None:
    description = described("covidgan_paper")
    generator_file.write(tmp_path / "g.safetensors", built(description).state_dict(), description)
    told = json.loads(text_of(tmp_path / "g.safetensors"))["gan"]
    later = {"joint_batch", "separate_fakes", "balanced", "initialisation", "batch_norm_epsilon", "adam_epsilon"}
    assert told.keys() - FIRST_VERSION["gan"].keys() == later
    read, again = generator_file.read(tmp_path / "g.safetensors")
    assert again == description
    assert {module.eps for module in read.modules() if isinstance(module, nn.BatchNorm2d)} == {1e-3}


def test_names_that_are_like_words_of_the_format_stay_as_they_are(tmp_path: Path) -> None:
    named = {"name": "per_class", "preset": "separate", "classes": ["distance", "settings"]}
    description = dataclasses.replace(described("dcgan"), **named)
    generator_file.write(tmp_path / "g.safetensors", built(description).state_dict(), description)
    assert named.items() <= json.loads(text_of(tmp_path / "g.safetensors")).items()
    assert generator_file.read(tmp_path / "g.safetensors")[1] == description


@pytest.mark.parametrize("conditioning", ["ac", "adc", "d2dce", "projection"])
def test_other_kinds_of_conditioning_have_the_same_word_in_a_file(conditioning: str, tmp_path: Path) -> None:
    description = described("covidgan", conditioning=conditioning)
    generator_file.write(tmp_path / "g.safetensors", built(description).state_dict(), description)
    assert json.loads(text_of(tmp_path / "g.safetensors"))["gan"]["conditioning"] == conditioning
    assert generator_file.read(tmp_path / "g.safetensors")[1] == description


def test_writing_leaves_the_description_as_it_was(tmp_path: Path) -> None:
    description = described("dcgan")
    before = copy.deepcopy(description)
    generator_file.write(tmp_path / "g.safetensors", built(description).state_dict(), description)
    assert description == before


def test_a_missing_file_is_told_with_what_makes_one(tmp_path: Path) -> None:
    told = f"there is no generator file {tmp_path / 'g'}; train_acgan makes one: generator.safetensors"
    assert refused(tmp_path / "g") == told
    (tmp_path / "g").mkdir()
    assert refused(tmp_path / "g") == told


def test_a_file_of_another_project_is_told(tmp_path: Path) -> None:
    path = save_with(tmp_path / "g.safetensors", None)
    told = f"{path} is a safetensors file of another project: its metadata has no '{KEY}'"
    assert refused(path) == told
    path.write_bytes(save({"weight": torch.zeros(3)}))
    assert refused(path) == told


@pytest.mark.parametrize("left", [0, 4, 50, -1])
def test_a_truncated_file_is_told_with_its_size(left: int, tmp_path: Path) -> None:
    path = save_with(tmp_path / "g.safetensors", json.dumps(FIRST_VERSION))
    path.write_bytes(path.read_bytes()[:left])
    size = path.stat().st_size
    assert refused(path).startswith(f"{path} ({size} bytes) is no whole safetensors file: ")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '"text"', "{}", '{"gan": []}', '{"gan": {}}'])
def test_a_description_that_is_none_is_told(text: str, tmp_path: Path) -> None:
    path = save_with(tmp_path / "g.safetensors", text)
    assert refused(path).startswith(f"{path} was written by another version of Chestgan: ")


@pytest.mark.parametrize("field", [*FIRST_VERSION, *(f"gan.{name}" for name in FIRST_VERSION["gan"])])
def test_a_missing_field_is_told(field: str, tmp_path: Path) -> None:
    fields = copy.deepcopy(FIRST_VERSION)
    section, _, name = field.rpartition(".")
    del (fields[section] if section else fields)[name]
    path = save_with(tmp_path / "g.safetensors", json.dumps(fields))
    before, after = f"{path} was written by another version of Chestgan: ", "; train it again"
    told = refused(path)
    assert told.startswith(before)
    assert told.endswith(after)
    # the path has the name of this test's field too
    named = {"distance": "validation_kd", "gan": "settings"}.get(name, name)
    assert f"'{named}'" in told.removeprefix(before)


def add_a_field(fields: dict) -> None:
    fields["licence"] = "CC0"


def add_a_setting(fields: dict) -> None:
    fields["gan"]["attention"] = True


def make_a_number_text(fields: dict) -> None:
    fields["gan"]["latent_dim"] = "4"


@pytest.mark.parametrize("change", [add_a_field, add_a_setting, make_a_number_text])
def test_fields_of_a_later_version_are_told(change: Callable[[dict], None], tmp_path: Path) -> None:
    fields = copy.deepcopy(FIRST_VERSION)
    change(fields)
    path = save_with(tmp_path / "g.safetensors", json.dumps(fields))
    assert refused(path).startswith(f"{path} was written by another version of Chestgan: ")


@pytest.mark.parametrize(
    ("field", "value"), [("image_size", 64), ("classes", ["covid"]), ("classes", ["covid", "normal", "other"])]
)
def test_weights_that_do_not_fit_their_description_are_told(field: str, value: Any, tmp_path: Path) -> None:
    path = save_with(tmp_path / "g.safetensors", json.dumps(FIRST_VERSION | {field: value}))
    with pytest.raises(UserError, match="don't fit the settings beside them"):
        generator_file.read(path)


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_with(tmp_path / "g.safetensors", json.dumps(FIRST_VERSION))
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        generator_file.write(path, load_file(path), described("dcgan"))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["g.safetensors"]


@pytest.mark.parametrize("wrong", [{"image_size": "32"}, {"classes": 2}])
def test_a_description_that_builds_nothing_is_refused(wrong: dict, tmp_path: Path) -> None:
    metadata = {KEY: json.dumps(FIRST_VERSION | wrong)}
    (tmp_path / "generator.safetensors").write_bytes(save({"dense.weight": torch.zeros(1)}, metadata))
    with pytest.raises(UserError, match="was written by another version of Chestgan") as error:
        generator_file.read(tmp_path / "generator.safetensors")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"classes": ["../../up", "normal"]}, "classes: '../../up' can't be a label: it couldn't name a folder"),
        ({"classes": ["/up", "normal"]}, "classes: '/up' can't be a label"),
        ({"classes": ["a\0b", "normal"]}, "classes: 'a\\x00b' can't be a label"),
        ({"classes": ["x" * 300, "y"]}, "it has 300 bytes"),
        ({"classes": [0, 1]}, "classes is 0; expected text"),
        ({"classes": ["normal", "covid"]}, "expected an alphabetical list"),
        ({"classes": ["covid", "covid"]}, "expected an alphabetical list"),
        ({"name": "../up"}, "name: '../up' can't be a label"),
        ({"image_size": "32"}, "image_size is '32'; expected a whole number"),
        ({"image_size": 65536}, "image_size is 65536; expected a whole number to 1024"),
        ({"seed": "4"}, "seed is '4'; expected a whole number"),
        ({"kimg": "4"}, "kimg is '4'; expected a number"),
        ({"gan": FIRST_VERSION["gan"] | {"latent_std": "0.02"}}, "latent_std is '0.02'; expected a number"),
        ({"gan": FIRST_VERSION["gan"] | {"spectral_norm": 1}}, "spectral_norm is 1; expected true or false"),
        ({"gan": FIRST_VERSION["gan"] | {"latent_dim": 100.5}}, "latent_dim is 100.5; expected a whole number"),
    ],
)
def test_a_description_that_would_harm_is_refused(fields: dict[str, Any], told: str, tmp_path: Path) -> None:
    path = save_with(tmp_path / "g.safetensors", json.dumps(FIRST_VERSION | fields))
    assert told in refused(path)
    assert [found.name for found in tmp_path.iterdir()] == ["g.safetensors"]
