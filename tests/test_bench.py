"""What make bench compares does the same work on both sides, and every part of it runs."""

import dataclasses
import importlib

import numpy as np
import pytest
import torch
from accelerate import Accelerator

import alternation
import bench
import distance
import plain
import sizes
import start
import train
from chestgan.gan import presets
from chestgan.gan.batches import make_batch
from chestgan.gan.step import build, train_step

SIZE = 32


@pytest.fixture(scope="module")
def accelerator() -> Accelerator:
    return Accelerator(cpu=True)


@torch.no_grad()
def load(one: torch.nn.Module, other: torch.nn.Module) -> None:
    """Give another network the weights of one, and the singular vectors that bound them."""
    tensors = (
        [*network.parameters(), *(values for name, values in network.named_buffers() if name.endswith(("_u", "_v")))]
        for network in (one, other)
    )
    for values, place in zip(*tensors, strict=True):
        place.copy_(values)


@pytest.mark.parametrize("preset", ["covidgan", "dcgan", "strong"])
def test_the_plain_loop_computes_the_losses_of_the_engine(preset: str, accelerator: Accelerator) -> None:
    gan = dataclasses.replace(
        presets.PRESETS[preset], generator_width=48, dropout=0.0, batch_size=8, mixed_precision="no"
    )
    ours, theirs = build(gan, 2, SIZE, 0, accelerator), plain.build(gan, 2, SIZE)
    load(ours.generator, theirs.generator)
    load(ours.discriminator, theirs.discriminator)
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (16, SIZE, SIZE), dtype=np.uint8))
    class_rows = [np.arange(8), np.arange(8, 16)]
    for step in range(3):
        batch = make_batch(images, class_rows, gan, 0, step, 0, 1)
        found = plain.train_step(theirs, batch, batch.latents, gan, step)
        expected = train_step(ours, batch, gan, step, accelerator)
        torch.testing.assert_close(found, expected, rtol=2e-3, atol=2e-3)


def test_dropout_apart_the_plain_loop_is_plain() -> None:
    made = plain.build(presets.PRESETS["covidgan"], 2, SIZE)
    kinds = {type(module) for network in (made.generator, made.discriminator) for module in network.modules()}
    assert {torch.nn.ConvTranspose2d, torch.nn.Dropout, torch.nn.LeakyReLU} <= kinds
    assert all(weights.is_contiguous() and weights.dtype == torch.float32 for weights in made.generator.parameters())


@pytest.mark.parametrize("part", ["train", "processes", "split", "plan", "memory", "scale"])
def test_a_part_is_measured(part: str, capsys: pytest.CaptureFixture) -> None:
    page = bench.PAGE.read_text()
    assert bench.main(["--tiny", "--parts", part]) == 0
    n_rows = {"train": len(train.PRECISIONS), "split": 6, "memory": 2, "scale": 2}.get(part, 1)
    assert capsys.readouterr().out.count("\n") == n_rows
    assert bench.PAGE.read_text() == page, "only all of it is worth a table"


def test_both_networks_give_the_same_features(fake_inception_weights, tmp_path) -> None:
    distance.write_sides(tmp_path, 4)
    images = np.load(tmp_path / "generated" / "images.npy")
    ours, _ = distance.make_our_features(fake_inception_weights, images, 1)
    theirs, _ = distance.make_their_features(fake_inception_weights, images, 1)
    np.testing.assert_allclose(ours(), theirs(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("script", start.WRONG)
def test_every_script_refuses_its_wrong_value(script: str, capsys: pytest.CaptureFixture) -> None:
    assert importlib.import_module(script).main(start.WRONG[script].split()) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_every_script_is_started() -> None:
    assert set(start.WRONG) == {path.stem for path in sizes.SCRIPTS.glob("*.py")}


def test_sides_take_turns_and_the_first_turn_is_not_counted() -> None:
    calls = []

    def side(name: str, *seconds: float):
        waiting = iter(seconds)
        return lambda: calls.append(name) or next(waiting)

    sides = {"a": side("a", 9, 1, 2), "b": side("b", 8, 3, 4)}
    assert alternation.alternate(sides, 2) == {"a": [1, 2], "b": [3, 4]}
    assert calls == ["a", "b"] * 3
    assert alternation.ratios([4, 6], [2, 2]) == [2, 3]


def test_a_row_shows_the_median_and_the_spread() -> None:
    row = alternation.Row("a", "b", [3.0, 1.0, 2.0], "c", [0.5, 0.25, 0.3])
    assert row.cells() == ["a", "b", "2.00 (1.00 to 3.00)", "30% (25% to 50%)", "c"]
    assert alternation.Row("a", "b", [1.0], "c").cells()[3] == ""


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="no-such"):
        alternation.run(["ls", "/no-such"], {})


def test_tables_take_the_place_of_the_last_ones() -> None:
    page = "before\n<!-- a -->\nold\n<!-- end of a -->\nafter"
    once = bench.with_tables(page, {"a": bench.table(["x"], [["1"]])}, "caption")
    assert once == "before\n<!-- a -->\ncaption\n\n| x |\n| --- |\n| 1 |\n<!-- end of a -->\nafter"
    assert bench.with_tables(once, {"a": bench.table(["x"], [["1"]])}, "caption") == once


def test_the_page_has_a_place_for_both_tables() -> None:
    written = bench.with_tables(bench.PAGE.read_text(), {"ratios": "R", "memory": "M"}, "caption")
    assert "caption\n\nR" in written
    assert "caption\n\nM" in written
