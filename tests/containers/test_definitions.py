"""The two image definitions come to one environment, and the locks pin all that is asked for."""

import re

from project import ROOT

DOCKERFILE = (ROOT / "containers" / "Dockerfile").read_text()
DEFINITION = (ROOT / "containers" / "apptainer.def").read_text()


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "envs" / name).read_text()
    return dict(re.findall(r"^([\w.-]+)==([^\s;#]+)", text.lower().replace("_", "-"), flags=re.MULTILINE))


def test_both_begin_with_one_base() -> None:
    base = re.search(r"^FROM docker.io/library/(\S+)", DOCKERFILE, flags=re.MULTILINE)[1]
    assert re.search(r"^From: (\S+)", DEFINITION, flags=re.MULTILINE)[1] == base


def test_both_install_the_lock() -> None:
    installed = "--requirement /opt/chestgan/envs/chestgan.in --constraint /opt/chestgan/envs/chestgan.lock"
    assert installed in DOCKERFILE
    assert installed in DEFINITION


def test_both_set_the_same_environment() -> None:
    in_docker = dict(re.findall(r"(\b[A-Z_]+)=(\S+)", DOCKERFILE))
    in_definition = dict(re.findall(r"(\b[A-Z_]+)=(\S+)", DEFINITION))
    # of pip for the build, and of Docker's way to a GPU, which for Apptainer is --nv
    of_docker = {name for name in in_docker if name.startswith(("PIP_", "NVIDIA_"))}
    assert {name: value for name, value in in_docker.items() if name not in of_docker} == in_definition


def test_what_is_asked_for_is_locked_in_that_version() -> None:
    locked = pins("chestgan.lock")
    assert pins("chestgan.in").items() <= locked.items()
    assert pins("dev.in").items() <= pins("dev.lock").items()
    assert not pins("dev.lock").keys() & locked.keys()
    assert (locked["torch"], locked["torchvision"]) == ("2.14.1", "0.29.1")
