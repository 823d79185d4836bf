"""Threads of trainings side by side, and how threads wait."""

import subprocess

import pytest

from chestgan.base import threads


@pytest.mark.parametrize(
    ("cores", "n_trainings", "expected"), [(2, 10, 1), (2, 2, 1), (2, 1, 2), (16, 5, 3), (16, 1, 4), (1, 0, 1)]
)
def test_cores_that_no_training_would_have_are_shared_out(cores: int, n_trainings: int, expected: int) -> None:
    assert threads.of_training(cores, n_trainings) == expected


def test_the_environment_can_be_exported() -> None:
    words = " ".join(f"{name}={value}" for name, value in threads.ENVIRONMENT.items())
    told = subprocess.run(["bash", "-c", f"export {words}; env"], capture_output=True, text=True, check=True).stdout
    assert set(words.split()) <= set(told.splitlines())
