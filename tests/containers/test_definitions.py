"""The two image definitions come to one environment, and the locks pin all that is asked for."""

import re

import pytest

from project import ROOT

DOCKERFILE = (ROOT / "containers" / "Dockerfile").read_text()
DEFINITION = (ROOT / "containers" / "apptainer.def").read_text()


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "envs" / name).read_text()
    return dict(re.findall(r"^([\w.-]+)==([^\s;#]+)", text.lower().replace("_", "-"), flags=re.MULTILINE))


def test_both_begin_with_one_base() -> None:
    bases = re.findall(r"^FROM docker.io/library/(\S+)", DOCKERFILE, flags=re.MULTILINE)
    assert set(bases) == set(re.findall(r"^From: (\S+)", DEFINITION, flags=re.MULTILINE))


@pytest.mark.parametrize(
    "command",
    [
        "--requirement /opt/chestgan/envs/chestgan.in --constraint /opt/chestgan/envs/chestgan.lock",
        """cp /opt/chestgan/envs/chestgan.lock "$(python -c 'import sys; print(sys.prefix)')"\n""",
        "sh /opt/chestgan/containers/place_weights.sh\n",
        "chmod --recursive a+rX /opt/chestgan\n",
    ],
)
def test_both_run_the_same_commands(command: str) -> None:
    assert command in DOCKERFILE
    assert command in DEFINITION


def test_both_copy_the_same_files() -> None:
    copied = re.findall(r"^(?:COPY|ADD) ([^-$\n]+) /opt", DOCKERFILE, flags=re.MULTILINE)
    in_definition = re.findall(r"^    (\S+) /opt/chestgan/\S+$", DEFINITION.split("%post")[0], flags=re.MULTILINE)
    # weights.* are the checksums and, if they were given, the Inception weights: a build argument of the Dockerfile
    assert sorted(" ".join(copied).split()) == sorted(
        file.replace("weights.*", "weights.sha256") for file in in_definition
    )


def test_both_set_the_same_environment() -> None:
    def variables(text: str) -> dict[str, str]:
        return dict(re.findall(r"(\b[A-Z_]+)=([^\s$]\S*)", text.replace("$caches", "/tmp/chestgan")))

    in_docker = variables(DOCKERFILE[DOCKERFILE.index("ENV ") :])
    # of pip for the build, and of Docker's way to a GPU, which for Apptainer is --nv
    of_docker = {name for name in in_docker if name.startswith(("PIP_", "NVIDIA_"))}
    assert {name: value for name, value in in_docker.items() if name not in of_docker} == variables(DEFINITION)


def test_what_is_asked_for_is_locked_in_that_version() -> None:
    locked = pins("chestgan.lock")
    assert pins("chestgan.in").items() <= locked.items()
    assert pins("dev.in").items() <= pins("dev.lock").items()
    assert not pins("dev.lock").keys() & locked.keys()
    assert (locked["torch"], locked["torchvision"]) == ("2.14.1", "0.29.1")
