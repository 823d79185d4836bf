"""run_in_image.sh: a rule's command in the image as if it ran outside."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import podman
from project import ROOT

RUN_IN_IMAGE = ROOT / "containers" / "run_in_image.sh"
# as a rule's command is: the shell has something to do before it, and the training saves its checkpoint when it is told
TRAIN = """
import signal, sys, time

def stop(number, frame):
    time.sleep(0.5)
    print(f"saved after {signal.Signals(number).name}")
    sys.exit(75)

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
    signal.signal(number, stop)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def variables(image: str) -> dict[str, str]:
    """Give the environment that the script reads."""
    return podman.environment() | {"CHESTGAN_ENGINE": "podman", "CHESTGAN_IMAGE": image}


def run(command: str, variables: dict[str, str], folder: Path, **options) -> subprocess.CompletedProcess:
    return podman.run(RUN_IN_IMAGE, "-c", command, env=variables, cwd=folder, **options)


def test_it_works_in_this_folder_as_this_user_and_ends_with_the_commands_code(variables, tmp_path) -> None:
    done = run("set -e; mkdir made; pwd > made/folder.txt; exit 7", variables, tmp_path)
    assert done.returncode == 7, done.stdout
    assert (tmp_path / "made" / "folder.txt").read_text().strip() == str(tmp_path)
    assert (tmp_path / "made" / "folder.txt").stat().st_uid == os.geteuid()


def test_what_the_command_needs_to_know_is_passed_on(variables, image, tmp_path) -> None:
    variables |= {"OMP_NUM_THREADS": "3", "CUDA_VISIBLE_DEVICES": "1,2", "MINE": "mine"}
    done = run('echo "$CHESTGAN_IMAGE $OMP_NUM_THREADS $CUDA_VISIBLE_DEVICES ${MINE:-nothing}"', variables, tmp_path)
    assert done.stdout.split() == [image, "3", "1,2", "nothing"]
    assert run("touch ~/a && rm ~/a", variables, tmp_path).returncode == 0


def test_there_is_no_network(variables, tmp_path) -> None:
    assert run("cut -d : -f 1 /proc/net/dev | tail -n +3", variables, tmp_path).stdout.split() == ["lo"]


def test_processes_that_train_together_find_each_other(variables, tmp_path) -> None:
    (tmp_path / "meet.py").write_text(
        "import torch.distributed as d; d.init_process_group('gloo'); print(d.get_world_size()); "
        "d.barrier(); d.destroy_process_group()"
    )
    done = run("torchrun --standalone --nproc-per-node 2 meet.py 2> log.txt", variables, tmp_path)
    assert "".join(done.stdout.split()) == "22", (tmp_path / "log.txt").read_text()


def test_what_lies_elsewhere_is_read_and_not_written(variables, tmp_path) -> None:
    folder, data, weights = (tmp_path / name for name in ("project", "my data", "weights.pth"))
    folder.mkdir()
    data.mkdir()
    (data / "a.txt").write_text("read\n")
    weights.write_text("too\n")
    variables["CHESTGAN_BINDS"] = f"{data}:{weights}"
    assert run(f"cat '{data}/a.txt' '{weights}'", variables, folder).stdout.split() == ["read", "too"]
    assert run(f"touch '{data}/b.txt'", variables, folder).returncode != 0
    assert run(f"ls {tmp_path.parent}", variables, folder).stdout.split() == [tmp_path.name]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_reaches_the_training_and_its_end_is_waited_for(variables, tmp_path, number) -> None:
    (tmp_path / "train.py").write_text(TRAIN)
    command = [RUN_IN_IMAGE, "-c", "set -euo pipefail; export A=1; python train.py > log.txt; echo never"]
    with subprocess.Popen(command, env=variables, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as job:
        wait_for(lambda: (tmp_path / "log.txt").exists() and "ready" in (tmp_path / "log.txt").read_text())
        job.send_signal(number)
        assert job.communicate(timeout=600)[0] == ""
    assert job.returncode == 75
    assert (tmp_path / "log.txt").read_text().split("\n")[1] == f"saved after {number.name}"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("CHESTGAN_ENGINE", "dokcer", "CHESTGAN_ENGINE is dokcer; expected docker or podman"),
        ("CHESTGAN_IMAGE", "", "CHESTGAN_IMAGE: is the digest of the image"),
        ("CHESTGAN_IMAGE", "0" * 64, "image not known"),
        ("CHESTGAN_BINDS", "/no/folder", "/no/folder"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_runs(variables, tmp_path, name, value, message) -> None:
    done = run("touch made", variables | {name: value}, tmp_path)
    assert done.returncode != 0
    assert message in done.stdout
    assert not (tmp_path / "made").exists()


class TestDocker:
    """Docker's own client, here before Podman's service; a service of Docker's would answer it in the same way."""

    @pytest.fixture
    def socket(self, image: str) -> Iterator[Path]:
        if shutil.which("docker") is None:
            pytest.skip("needs the client of Docker")
        path = podman.CACHE / "docker.socket"
        path.unlink(missing_ok=True)
        command = ["podman", "system", "service", "--time", "0", f"unix://{path}"]
        with subprocess.Popen(command, env=podman.environment()) as service:
            wait_for(path.exists)
            path.chmod(0o666)
            yield path
            service.terminate()

    def test_the_results_belong_to_the_user(self, socket: Path, image: str, tmp_path: Path) -> None:
        os.chown(tmp_path, 12345, 12345)
        variables = os.environ | {"DOCKER_HOST": f"unix://{socket}", "HOME": "/tmp"}
        variables |= {"CHESTGAN_ENGINE": "docker", "CHESTGAN_IMAGE": image}
        done = run("touch made ~/cache; id -u", variables, tmp_path, user=12345, group=12345, extra_groups=[])
        assert done.stdout.split() == ["12345"]
        assert (tmp_path / "made").stat().st_uid == 12345


def wait_for(true, seconds: float = 600) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
