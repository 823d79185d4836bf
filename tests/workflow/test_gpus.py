"""The GPUs of one machine: no more jobs than fit are started, and every job has its own."""

import collections
from pathlib import Path

import pytest
import yaml

import fake_gpus
from project import Project, small_study, stand_in_for_apptainer

AFTERWARDS = ("draw_curves", "summarise_study", "write_report")
STAGES = {"train_acgan": 2, "generate_images": 2, "compute_fid": 2, "evaluate_classifier": 6, "classify_images": 2}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give the project on a machine whose driver lists 4 GPUs, with stand-ins for all stages."""
    project = Project(tmp_path / "project")
    for name, value in {"FAKE_JOBS": tmp_path / "jobs", "CHESTGAN_LEASES": tmp_path / "leases"}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / "jobs").mkdir()
    fake_gpus.job(tmp_path / "jobs")
    fake_gpus.stages(fake_gpus.driver(tmp_path / "bin", [0] * 4))
    return project


def run(machine: Project, *arguments: str, **settings: object) -> list[list[str]]:
    """Run the study's stages that use GPUs, and give which of them saw which GPUs."""
    write(machine, **settings)
    bin_folder, jobs = machine.folder.parent / "bin", machine.folder.parent / "jobs"
    done = machine.snakemake("--cores", "8", "--omit-from", *AFTERWARDS, *arguments, path=bin_folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (jobs / "held-twice").exists() == (settings.get("jobs_per_gpu", 1) > 1)
    seen = [line.split() for line in (jobs / "stages").read_text().splitlines()]
    assert collections.Counter(stage for stage, _ in seen) == STAGES
    return [[stage, *gpus.split(",")] for stage, gpus in seen]


def write(machine: Project, **settings: object) -> None:
    (machine.folder / "config" / "small.yaml").write_text(yaml.safe_dump(small_study() | settings))


@pytest.mark.parametrize("gpus", [1, 2, 4])
def test_each_job_sees_as_many_gpus_as_it_asks_for(machine: Project, gpus: int) -> None:
    for stage, *seen in run(machine, gpus=gpus):
        assert len(set(seen)) == len(seen) == (gpus if stage == "train_acgan" else 1)
        assert set(seen) <= set("0123")


def test_no_more_jobs_are_started_than_a_user_allows(machine: Project) -> None:
    fake_gpus.use(machine.folder.parent / "bin", [0, 70000, 70000, 70000])
    assert {gpu for _, *seen in run(machine, "--resources", "gpu=1", gpus=1) for gpu in seen} == {"0"}
    logs = [path.read_text() for path in (machine.folder / "logs").rglob("*.log")]
    assert not any("waiting" in text for text in logs)


def test_small_networks_share_a_gpu(machine: Project) -> None:
    fake_gpus.use(machine.folder.parent / "bin", [0])
    assert {gpu for _, *seen in run(machine, gpus=1, jobs_per_gpu=2) for gpu in seen} == {"0"}


def test_a_job_in_apptainer_leases_its_gpu_inside(machine: Project) -> None:
    bin_folder = machine.folder.parent / "bin"
    stand_in = stand_in_for_apptainer(machine.folder.parent / "apptainer")
    (stand_in / "apptainer").rename(bin_folder / "apptainer")
    (machine.folder / "containers" / "chestgan.sif").touch()
    (machine.folder / "containers" / "chestgan.sif.sha256").write_text(f"{'0' * 64}  chestgan.sif\n")
    run(machine, "--software-deployment-method", "apptainer", gpus=1)
    assert f"beyond {machine.folder.parent / 'leases'}" in (stand_in / "calls").read_text()


@pytest.mark.parametrize("engine", ["podman", "docker"])
def test_a_container_is_given_the_gpus_of_its_lease_alone(machine: Project, engine: str) -> None:
    bin_folder = machine.folder.parent / "bin"
    (bin_folder / engine).write_text(
        f"""#!/usr/bin/env bash
[ "$1" = run ] || {{ echo digest; exit; }}
echo "$CUDA_VISIBLE_DEVICES: $@" | head -n 1 >> {machine.folder.parent}/calls
# the last word is the rule's command
exec bash -c "${{@: -1}}"
"""
    )
    (bin_folder / engine).chmod(0o755)
    run(machine, gpus=2, container_engine=engine)
    calls = (machine.folder.parent / "calls").read_text().splitlines()
    leased = [call.split(": ") for call in calls if "CHESTGAN_LEASE " in call]
    assert len(leased) == sum(STAGES.values())
    for gpus, call in leased:
        numbered = ",".join(map(str, range(len(gpus.split(",")))))
        assert f"--env CUDA_VISIBLE_DEVICES={numbered} " in call
        given = [f"--device=nvidia.com/gpu={gpu}" for gpu in gpus.split(",")]
        given = [f'--gpus "device={gpus}"'] if engine == "docker" else given
        assert f" {' '.join(given)} " in call
    assert {len(gpus) for gpus, _ in leased} == {len("0"), len("0,1")}


def test_more_gpus_than_there_are_is_refused_in_the_plan(machine: Project) -> None:
    write(machine, gpus=8)
    done = machine.snakemake("--dry-run", path=machine.folder.parent / "bin")
    assert done.returncode == 1
    assert "error: gpus is 8, and this machine has 4 GPUs; set gpus to 4\n" in done.stdout + done.stderr
    write(machine, gpus=1)
    done = machine.snakemake("--dry-run", "--resources", "gpu=9", path=machine.folder.parent / "bin")
    assert "error: --resources gpu=9, and this machine has 4 GPUs; name no more" in done.stdout + done.stderr


def test_a_machine_without_gpus_may_plan_and_starts_nothing(machine: Project) -> None:
    write(machine, gpus=2)
    bin_folder = machine.folder.parent / "bin"
    (bin_folder / "nvidia-smi").unlink()
    assert machine.snakemake("--dry-run", path=bin_folder).returncode == 0
    done = machine.snakemake(path=bin_folder)
    assert done.returncode == 1
    assert "gpus is 2, and this machine has no GPU; set gpus to 0" in done.stdout + done.stderr
    assert not (machine.folder / "results").exists()


def test_jobs_of_slurm_lease_nothing(machine: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "profile", "slurm")
    write(machine, gpus=8)
    done = machine.snakemake("--dry-run", "--printshellcmds", path=machine.folder.parent / "bin")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "scripts/train_acgan.py" in done.stdout + done.stderr
    assert "lease_gpus" not in done.stdout + done.stderr
