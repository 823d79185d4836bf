"""A result says which environment it was computed in."""

import sys

import pytest
import torch

from chestgan.base import files, provenance, release


@pytest.fixture
def prefix(tmp_path, monkeypatch):
    """Give an environment of our own, outside an image."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.delenv("CHESTGAN_IMAGE", raising=False)
    return tmp_path


def test_versions_are_those_of_python_and_the_packages(prefix) -> None:
    told = provenance.versions("torch")
    assert told["chestgan"] == release.VERSION
    assert told["python"] == sys.version.split()[0]
    assert torch.__version__.startswith(told["torch"])


def test_the_lock_and_the_image_are_told(prefix, monkeypatch) -> None:
    (prefix / "chestgan.lock").write_text("torch==2.14.1\n")
    monkeypatch.setenv("CHESTGAN_IMAGE", "sha256:abc")
    told = provenance.versions()
    assert told["lock_sha256"] == files.sha256(prefix / "chestgan.lock")
    assert told["image"] == "abc", "one spelling, whatever the engine"


@pytest.mark.parametrize("image", [None, ""])
def test_what_there_isnt_is_told_as_none(image: str | None, prefix, monkeypatch) -> None:
    if image is not None:
        monkeypatch.setenv("CHESTGAN_IMAGE", image)
    told = provenance.versions()
    assert (told["lock_sha256"], told["image"]) == (None, None)
