"""The two image definitions come to one environment, and the locks pin all that is asked for, with checksums."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from chestgan.base import release
from project import ROOT

DOCKERFILE = (ROOT / "containers" / "Dockerfile").read_text()
DEFINITION = (ROOT / "containers" / "apptainer.def").read_text()


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "envs" / name).read_text()
    return dict(re.findall(r"^([\w.-]+)==([^\s;#]+)", text.lower().replace("_", "-"), flags=re.MULTILINE))


def test_both_begin_with_one_base() -> None:
    bases = re.findall(r"\bBASE=(\S+)", DOCKERFILE.split("LABEL")[0]) + re.findall(r"\bBASE=(\S+)", DEFINITION)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    # a name may mean another image tomorrow
    assert re.fullmatch(r"docker.io/library/python@sha256:[0-9a-f]{64}", bases[0])
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.MULTILINE)) == {"${BASE}"}
    assert "\nFrom: {{ BASE }}\n" in DEFINITION


@pytest.mark.parametrize(
    "command",
    [
        " install --yes --no-install-recommends ibverbs-providers libibverbs1 librdmacm1",
        "sh /opt/chestgan/containers/install.sh gpu ",
        "sh /opt/chestgan/containers/install.sh torch ",
        "sh /opt/chestgan/containers/install.sh rest\n",
        "sh /opt/chestgan/containers/place_weights.sh",
        "python /opt/chestgan/containers/make_sbom.py > /opt/chestgan/sbom.cdx.json\n",
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

    in_docker = variables(re.search(r"^ENV (.*\\\n)*.*", DOCKERFILE, flags=re.MULTILINE)[0])
    # of pip for the build, and of Docker's way to a GPU, which for Apptainer is --nv
    of_docker = {name for name in in_docker if name.startswith(("PIP_", "NVIDIA_"))}
    in_definition = variables(DEFINITION.split("%environment")[1])
    assert {name: value for name, value in in_docker.items() if name not in of_docker} == in_definition


def test_both_bear_the_same_labels() -> None:
    def labels(text: str) -> dict[str, str]:
        found = re.findall(r"org\.opencontainers\.image\.([\w.]+)[= ](.*?)(?: \\)?$", text, flags=re.MULTILINE)
        return {name: re.sub(r'["${}]', "", value).strip() for name, value in found}

    in_docker = labels(DOCKERFILE)
    assert in_docker == labels(DEFINITION)
    assert (in_docker["version"], in_docker["licenses"]) == (release.VERSION, release.LICENCE)


def test_what_is_asked_for_is_locked_in_that_version() -> None:
    locked = pins("chestgan.lock")
    assert pins("chestgan.in").items() <= locked.items()
    # what the tests need is chosen beside what runs, and changes none of it
    assert (pins("dev.in") | locked).items() <= pins("dev.lock").items()
    assert (locked["torch"], locked["torchvision"]) == ("2.14.1", "0.29.1")


@pytest.mark.parametrize("name", ["chestgan.lock", "dev.lock"])
def test_every_package_of_a_lock_has_checksums(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / "envs" / name).read_text().split("make lock\n")[1])
    for entry in entries:
        assert re.fullmatch(r"[\w.-]+==\S+( ;[^\n\\]*)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n?", entry), entry


class TestInstall:
    """install.sh: what each of its parts hands to pip."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Copy the script, with a pip before it that notes how it is called and installs nothing."""
        for part in ("containers", "envs"):
            (tmp_path / part).mkdir()
        shutil.copy(ROOT / "containers" / "install.sh", tmp_path / "containers")
        shutil.copy(ROOT / "envs" / "chestgan.lock", tmp_path / "envs")
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "pip").write_text(
            f'#!/bin/sh\necho "pip $@" >> {tmp_path}/calls\n[ "$1" = check ] || cat >> {tmp_path}/calls\n'
        )
        (tmp_path / "bin" / "python").write_text(f"#!/bin/sh\necho {tmp_path}\n")
        for program in (tmp_path / "bin").iterdir():
            program.chmod(0o755)
        return tmp_path

    def calls(self, folder: Path, *arguments: str) -> list[str]:
        """Run the script, and give each call of pip with its requirements."""
        (folder / "calls").write_text("")
        command = ["sh", folder / "containers" / "install.sh", *arguments]
        subprocess.run(command, env={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}, check=True)
        return re.split(r"^pip ", (folder / "calls").read_text(), flags=re.MULTILINE)[1:]

    def test_the_parts_are_the_lock_and_every_package_is_checked(self, folder: Path) -> None:
        calls = [call for part in ("gpu", "torch", "rest") for call in self.calls(folder, part)]
        installed = [call for call in calls if call.startswith("install ")]
        assert all(" --require-hashes " in call and " --no-deps " in call for call in installed)
        packages = [re.findall(r"^([\w.-]+)==", call, flags=re.MULTILINE) for call in installed]
        assert "nvidia-cudnn-cu13" in packages[0]
        assert packages[1] == ["torch", "torchvision"]
        assert sorted(name for part in packages for name in part) == sorted(pins("chestgan.lock"))
        assert calls[-1] == "check\n"
        assert (folder / "chestgan.lock").read_bytes() == (ROOT / "envs" / "chestgan.lock").read_bytes()

    def test_torch_of_another_index_has_the_version_of_the_lock_and_brings_nothing_of_nvidia(self, folder) -> None:
        index = "https://wheels.example/cpu"
        assert self.calls(folder, "gpu", index) == []
        (call,) = self.calls(folder, "torch", index)
        assert f" --index-url {index} " in call
        locked = pins("chestgan.lock")
        assert call.splitlines()[1:] == [f"torch=={locked['torch']}", f"torchvision=={locked['torchvision']}"]

    def test_pip_takes_a_build_for_cpus_of_the_version_of_the_lock(self, folder: Path) -> None:
        (folder / "bin" / "pip").write_text(f'#!/bin/sh\nexec {sys.executable} -m pip "$@"\n')
        for name in ("torch", "torchvision"):
            version = f"{pins('chestgan.lock')[name]}+cpu"
            (folder / "index" / name).mkdir(parents=True)
            wheel = folder / "index" / name / f"{name}-{version}-py3-none-any.whl"
            with zipfile.ZipFile(wheel, "w") as archive:
                about = f"{name}-{version}.dist-info"
                archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
                archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
                archive.writestr(f"{about}/RECORD", "")
            wheel.with_name("index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
        command = ["sh", folder / "containers" / "install.sh", "torch", f"file://{folder}/index"]
        variables = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PIP_TARGET": str(folder / "installed")}
        # of this machine's own pip nothing counts
        subprocess.run(command, env=variables | {"PIP_CONFIG_FILE": os.devnull}, check=True, capture_output=True)
        names = {path.name for path in (folder / "installed").iterdir()}
        assert names == {"torch-2.14.1+cpu.dist-info", "torchvision-0.29.1+cpu.dist-info"}


def test_readme_and_engine_allow_a_container_no_more_than_the_tests_do() -> None:
    text = (ROOT / "README.md").read_text()
    command = re.search(r"^podman run (.*\\\n)*.*", text, flags=re.MULTILINE)[0]
    script = (ROOT / "containers" / "run_in_image.sh").read_text()
    tested = (ROOT / "tests" / "containers" / "conftest.py").read_text().replace('", "', " ")
    for limit in (
        "--network none",
        "--read-only",
        "--tmpfs /tmp",
        "--cap-drop all",
        "--security-opt no-new-privileges",
    ):
        assert limit in command
        assert limit in script
        assert limit in tested
