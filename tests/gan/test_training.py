"""Snapshots are taken as often as was asked for, whatever the batch size."""

import dataclasses
from pathlib import Path

import pytest

from chestgan.gan import presets
from chestgan.gan.kept_snapshots import Keeping
from chestgan.gan.origin import Origin
from chestgan.gan.schedule import Stage
from chestgan.gan.training import Training


def training(batch_size: int, snapshot_kimg: float, every: int = 0) -> Training:
    settings = dataclasses.replace(presets.PRESETS["covidgan"], batch_size=batch_size, snapshot_kimg=snapshot_kimg)
    return Training(
        name="mine",
        preset="covidgan",
        seed=0,
        settings=settings,
        data=None,
        stages=[Stage(64, 0)],
        accelerator=None,
        processes=1,
        checkpoint_folder=Path("unused"),
        keeping=Keeping(Path("unused"), every, discriminators=False),
        fingerprint="",
        origin=Origin(),
        running_start=None,
    )


@pytest.mark.parametrize("batch_size", [7, 32, 64, 100])
@pytest.mark.parametrize("snapshot_kimg", [0.1, 0.4, 1.0, 2.5, 20.0])
def test_the_mean_interval_is_the_one_that_was_asked_for(batch_size: int, snapshot_kimg: float) -> None:
    made = training(batch_size, snapshot_kimg)
    steps = range(1, 60_000 // batch_size)
    due = [made.kimg(step) for step in steps if made.is_due(step)]
    for number, kimg in enumerate(due, start=1):
        late = kimg - number * snapshot_kimg
        assert -1e-9 < late < batch_size / 1000, number
    assert len(due) == int(made.kimg(steps[-1]) / snapshot_kimg + 1e-9)


def test_two_fifths_of_a_thousand_are_taken_with_batches_of_64() -> None:
    made = training(64, 0.4)
    assert [made.kimg(step) for step in range(1, 40) if made.is_due(step)] == [0.448, 0.832, 1.216, 1.6, 2.048, 2.432]


@pytest.mark.parametrize(("batch_size", "snapshot_kimg"), [(32, 5.0), (64, 20.0), (8, 0.064)])
def test_the_history_has_eight_rows_a_snapshot_and_each_snapshot_one(batch_size: int, snapshot_kimg: float) -> None:
    made = training(batch_size, snapshot_kimg)
    steps = range(1, 20 * round(1000 * snapshot_kimg) // batch_size + 1)
    rows = [step for step in steps if made.is_due(step, 8)]
    assert len(rows) == 8 * 20
    assert {step for step in steps if made.is_due(step)} <= set(rows)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_every_nth_snapshot_is_kept(every: int) -> None:
    made = training(64, 0.4, every)
    due = [made.kimg(step) for step in range(1, 100) if made.is_due(step)]
    assert made.kept_kimgs(99) == due[every - 1 :: every]
    assert made.kept_kimgs(0) == []


def test_without_the_wish_nothing_is_kept() -> None:
    assert training(64, 0.4).kept_kimgs(1000) == []
