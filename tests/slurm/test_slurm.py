"""The workflow on a real cluster: what is asked for, what goes wrong, and what happens then."""

import math
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

import cluster
from chestgan.base import files
from cluster import Cluster
from laboratory import read_profile, write_config, write_profile
from project import Project, small_study, stand_in_for_apptainer

TRAINED = "results/demo/covidgan/seed-0/train/generator.safetensors"
CHECKPOINT = "results/demo/covidgan/seed-0/checkpoint/checkpoint.pt"
LOG = "logs/demo/train_acgan/covidgan-seed-0.log"
# a training long enough for something to happen meanwhile, and one that nothing but a signal ends
SOME_KIMG, ENDLESS_KIMG = 16.0, 100_000.0


def job_of(rule: str, state: str = "RUNNING") -> str:
    """Wait for a job of a rule in a state, and give its number."""

    def found() -> list[str]:
        listed = cluster.output("squeue", "--noheader", "--states", state, "--format", "%i %k").splitlines()
        return [line.split()[0] for line in listed if line.split()[1].startswith(f"rule_{rule}")]

    cluster.wait_for(lambda: bool(found()), f"no job of {rule} is {state}")
    return found()[0]


def finished_jobs(folder: Path) -> list[dict[str, str]]:
    """Give the scheduler's records of the jobs that were submitted from a folder, in their order."""
    fields = ("jobid", "comment", "partition", "state", "alloctres", "workdir", "nodelist")
    lines = cluster.output("sacct", "-X", "-P", "-n", "-S", "now-1days", "-o", ",".join(fields)).splitlines()
    rows = [dict(zip(fields, line.split("|"), strict=True)) for line in lines]
    return [row for row in rows if row["workdir"] == str(folder)]


def training(kimg: float, **settings: object) -> dict:
    """Give the small study with a training of so many thousand images, and a checkpoint every few seconds."""
    config = small_study() | {"gpus": 1, "device": "cpu"} | settings
    config["train_acgan"] |= {"kimg": kimg, "snapshot_kimg": 4.0}
    return config


def set_resource(study: Project, rule: str, **resources: object) -> None:
    """Edit a rule's resources in the profile."""
    profile = read_profile(study)
    profile["set-resources"][rule] |= resources
    write_profile(study, profile)


def interrupt_once_it_trains(study: Project, action, *arguments: str) -> subprocess.CompletedProcess:
    """Run the training of one generator, do something as soon as it has a checkpoint, and wait for the end."""
    process = study.start(TRAINED, *arguments)
    try:
        cluster.wait_for((study.folder / CHECKPOINT).exists, "no checkpoint")
        action(process)
        output, errors = process.communicate(timeout=3600)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def test_every_stage_is_submitted_and_gets_what_it_asks_for(study: Project) -> None:
    write_config(study, small_study() | {"gpus": 2, "device": "cpu"})
    done = study.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "RuntimeWarning" not in done.stderr
    gpus = {"train_acgan": 2, "generate_images": 1, "compute_fid": 1, "evaluate_classifier": 1}
    gpus |= {"draw_curves": 0, "summarise_study": 0, "write_report": 0, "classify_images": 1}
    jobs = finished_jobs(study.folder)
    counted = {"train_acgan": 2, "generate_images": 2, "compute_fid": 2, "evaluate_classifier": 6}
    counted |= {"draw_curves": 1, "summarise_study": 1, "write_report": 1, "classify_images": 2}
    rules = [re.match("rule_([a-z]+_[a-z]+)", job["comment"])[1] for job in jobs]
    assert {rule: rules.count(rule) for rule in rules} == counted
    for rule, job in zip(rules, jobs, strict=True):
        assert job["state"] == "COMPLETED"
        assert job["partition"] == ("gpu" if gpus[rule] else "cpu")
        given = re.search(r"gres/gpu=(\d+)", job["alloctres"])
        assert int(given[1] if given else 0) == gpus[rule]
    assert "2 processes on cpu, 16 of 32 images per step each" in (study.folder / LOG).read_text()
    assert "ROC AUC" in (study.folder / "results" / "demo" / "study" / "verdict.txt").read_text()
    assert study.planned() == {}


def test_a_node_is_checked_with_the_profile_in_use_whenever_it_is_asked(study: Project) -> None:
    answer = study.folder / "results" / "demo" / "setup.txt"
    for _ in range(2):
        study.snakemake("check_setup", "--retries", "0")
        lines = answer.read_text().splitlines()
        assert "fine     profile: slurm/config.yaml: jobs go to slurm" in lines
        assert any(line.startswith("fine     Slurm: this is its job ") for line in lines)
        answer.unlink()


def test_a_job_that_finds_no_gpu_fails_and_says_so(study: Project) -> None:
    write_config(study, small_study() | {"gpus": 1})
    done = study.snakemake(TRAINED, "--retries", "0")
    assert done.returncode == 1
    assert "error: device is gpu, but torch sees no GPU here" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_two_nodes_train_one_generator(study: Project) -> None:
    write_config(study, training(0.512, gpus=2, nodes=2))
    done = study.snakemake(TRAINED, "--retries", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    (job,) = finished_jobs(study.folder)
    assert job["nodelist"] == "gpu[1-2]"
    assert "gres/gpu=4" in job["alloctres"]
    log = (study.folder / LOG).read_text()
    assert "4 processes on cpu, 8 of 32 images per step each" in log
    assert "images/s" in log
    assert "DistNetworkError" not in log
    assert "rendezvous" not in log
    assert len(list((study.folder / "results").rglob("generator.safetensors"))) == 1


def test_each_of_two_nodes_enters_the_container_by_itself(study: Project, tmp_path: Path) -> None:
    write_config(study, training(0.128, gpus=1, nodes=2))
    write_profile(study, read_profile(study) | {"apptainer-args": "--nv --env 'A=one two'"})
    (study.folder / "containers" / "chestgan.sif").touch()
    (study.folder / "containers" / "chestgan.sif.sha256").write_text("c0ffee  chestgan.sif\n")
    programs = stand_in_for_apptainer(tmp_path / "bin")
    in_image = (TRAINED, "--retries", "0", "--software-deployment-method", "apptainer")
    done = study.snakemake(*in_image, path=programs)
    assert done.returncode == 0, done.stdout + done.stderr
    calls = (programs / "calls").read_text().splitlines()
    assert len(calls) == 2
    assert {call.split("accelerate launch")[0] for call in calls} == {
        f"exec --home {study.folder} --nv --env A=one two containers/chestgan.sif "
    }


def speed(study: Project) -> tuple[float, float]:
    """Measure how many images a second this machine trains, and the seconds of a short training from start to end.

    No trace of it is left.
    """
    write_config(study, training(4.0))
    study.profile = "profiles/local"
    started = time.monotonic()
    assert study.snakemake(TRAINED).returncode == 0
    seconds = time.monotonic() - started
    study.profile = "slurm"
    rates = pd.read_csv((study.folder / TRAINED).with_name("speed.csv"))["images_per_second"]
    shutil.rmtree(study.folder / "results" / "demo" / "covidgan")
    return rates.max(), seconds


def test_a_training_stops_before_its_time_limit_and_the_next_attempt_goes_on(study: Project) -> None:
    images_per_second, seconds = speed(study)
    # a minute, and more where the machine is so busy that a start takes long
    minutes = math.ceil(2 * seconds / 60)
    # as long as the limit, of which the start and the time to stop leave half
    write_config(study, training(round(60 * minutes * images_per_second / 1000)))
    set_resource(study, "train_acgan", runtime=minutes)
    done = study.snakemake(TRAINED)
    assert done.returncode == 0, done.stdout + done.stderr
    states = [job["state"] for job in finished_jobs(study.folder)]
    assert set(states[:-1]) == {"FAILED"}
    assert states[-1] == "COMPLETED"
    assert len(states) > 1
    in_parts = files.sha256(study.folder / TRAINED)
    shutil.rmtree(study.folder / "results" / "demo" / "covidgan")
    study.profile = "profiles/local"
    assert study.snakemake(TRAINED).returncode == 0
    assert files.sha256(study.folder / TRAINED) == in_parts


def test_a_job_that_passes_its_time_limit_is_told_with_its_log(study: Project) -> None:
    config = small_study() | {"gpus": 1, "device": "cpu"}
    config["evaluate_classifier"] |= {"kimg": ENDLESS_KIMG, "patience": 1_000_000}
    write_config(study, config)
    target = "results/demo/classifier/real/seed-0/scores.csv"
    set_resource(study, "evaluate_classifier", runtime=1)
    done = study.snakemake(target, "--retries", "0")
    assert done.returncode == 1
    assert [job["state"] for job in finished_jobs(study.folder)] == ["TIMEOUT"]
    assert "logs/demo/evaluate_classifier/real-seed-0.log" in done.stdout + done.stderr


def test_a_job_that_passes_its_memory_gets_more_at_the_next_attempt(study: Project) -> None:
    set_resource(study, "train_acgan", mem_mb="4000 * attempt - 3850")
    done = study.snakemake(TRAINED)
    assert done.returncode == 0, done.stdout + done.stderr
    killed, passed = finished_jobs(study.folder)
    assert killed["state"] in ("OUT_OF_MEMORY", "FAILED")
    assert "mem=150M" in killed["alloctres"]
    assert passed["state"] == "COMPLETED"


def test_a_cancelled_job_is_noticed_and_leaves_a_checkpoint(study: Project) -> None:
    write_config(study, training(ENDLESS_KIMG))
    done = interrupt_once_it_trains(
        study, lambda process: cluster.output("scancel", job_of("train_acgan")), "--retries", "0"
    )
    assert done.returncode == 1
    assert finished_jobs(study.folder)[0]["state"].startswith("CANCELLED")
    assert "stopped: SIGTERM was received; the checkpoint is at" in (study.folder / LOG).read_text()


def test_a_training_survives_outages_with_the_same_result(study: Project, slurm: Cluster) -> None:
    write_config(study, training(SOME_KIMG))

    def lose_the_node_and_the_daemons(process: subprocess.Popen) -> None:
        node = cluster.output("squeue", "--noheader", "--job", job_of("train_acgan"), "--format", "%N")
        slurm.end(f"slurmd.{node}", signal.SIGKILL)
        cluster.call("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        job_of("train_acgan")
        slurm.end("slurmdbd")
        slurm.end("slurmctld")
        time.sleep(10)
        slurm.start_daemon("slurmctld")
        slurm.start_daemon("slurmd", "-N", node)
        with slurm.broken("squeue", "exit 1"):
            time.sleep(10)
        slurm.start_accounting()

    done = interrupt_once_it_trains(study, lose_the_node_and_the_daemons)
    assert done.returncode == 0, done.stdout + done.stderr
    lost, passed = finished_jobs(study.folder)
    assert (lost["state"], passed["state"]) == ("NODE_FAIL", "COMPLETED")
    assert lost["nodelist"] != passed["nodelist"]
    assert "resuming from the checkpoint" in (study.folder / LOG).read_text()
    through_outages = files.sha256(study.folder / TRAINED)
    shutil.rmtree(study.folder / "results" / "demo" / "covidgan")
    study.profile = "profiles/local"
    assert study.snakemake(TRAINED).returncode == 0
    assert files.sha256(study.folder / TRAINED) == through_outages


def test_interrupted_snakemake_cancels_its_jobs_and_goes_on_later(study: Project) -> None:
    write_config(study, training(ENDLESS_KIMG))
    stopped = interrupt_once_it_trains(study, lambda process: process.send_signal(signal.SIGINT))
    assert stopped.returncode != 0
    cluster.wait_for(lambda: not cluster.output("squeue", "--noheader"), "the job runs on")
    assert finished_jobs(study.folder)[0]["state"].startswith("CANCELLED")
    write_config(study, training(SOME_KIMG))
    done = study.snakemake(TRAINED)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "resuming from the checkpoint" in (study.folder / LOG).read_text()


def test_terminated_snakemake_waits_for_its_jobs_and_submits_no_more(study: Project) -> None:
    write_config(study, training(SOME_KIMG))
    stopped = interrupt_once_it_trains(study, lambda process: process.terminate())
    assert stopped.returncode != 0
    assert [job["state"] for job in finished_jobs(study.folder)] == ["COMPLETED"]
    assert "Nothing to be done" in study.snakemake(TRAINED).stderr


def test_after_a_kill_of_snakemake_no_two_jobs_write_the_same_files(study: Project) -> None:
    write_config(study, training(ENDLESS_KIMG))
    interrupt_once_it_trains(study, lambda process: process.kill())
    orphan = job_of("train_acgan")
    locked = study.snakemake(TRAINED)
    assert locked.returncode == 1
    assert "--unlock" in locked.stdout + locked.stderr
    assert study.snakemake("--unlock").returncode == 0
    refused = study.snakemake(TRAINED)
    assert refused.returncode == 1
    assert f"scancel {orphan}" in refused.stdout + refused.stderr
    assert len(finished_jobs(study.folder)) == 1
    cluster.call("scancel", orphan)
    cluster.wait_for(lambda: not cluster.output("squeue", "--noheader"), "the orphan runs on")
    write_config(study, training(0.512))
    done = study.snakemake(TRAINED)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("change", "resources", "message"),
    [
        ({}, {"slurm_account": "labratory"}, "unknown slurm_account 'labratory'; .*'laboratory'"),
        ({}, {"slurm_partition": "gup"}, "unknown slurm_partition 'gup'; .*'gpu'"),
        ({"gpus": 4}, {}, "asks for 4 GPUs on a node, and no node of gpu has more than 2; change `gpus`"),
        ({"nodes": 4}, {}, "asks for 4 nodes, and gpu has 2; change `nodes`"),
        ({}, {"runtime": 0}, "runtime is 0 minutes, too short to start"),
        ({}, {"runtime": 9999}, "runtime is 9999 minutes, and gpu allows 1440"),
        ({}, {"mem_mb": 99999}, "mem_mb is 99999, and no node of gpu has more than 64000"),
    ],
)
def test_what_cannot_run_is_refused_before_it_is_submitted(study, change: dict, resources: dict, message: str) -> None:
    write_config(study, small_study() | {"gpus": 1, "device": "cpu"} | change)
    set_resource(study, "train_acgan", **resources)
    done = study.snakemake(TRAINED)
    assert done.returncode == 1
    assert re.search(message, done.stdout + done.stderr), done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert finished_jobs(study.folder) == []


def test_an_image_that_is_not_there_is_refused(study: Project, tmp_path: Path) -> None:
    in_image = (TRAINED, "--software-deployment-method", "apptainer")
    done = study.snakemake(*in_image, path=stand_in_for_apptainer(tmp_path / "bin"))
    assert done.returncode == 1
    assert "there is no image containers/chestgan.sif; `make sif` builds it" in done.stdout + done.stderr
    assert finished_jobs(study.folder) == []


@pytest.mark.skipif(shutil.which("apptainer") is not None, reason="apptainer is here")
def test_apptainer_that_is_not_there_is_told(study: Project) -> None:
    (study.folder / "containers" / "chestgan.sif").touch()
    (study.folder / "containers" / "chestgan.sif.sha256").write_text("c0ffee  chestgan.sif\n")
    done = study.snakemake(TRAINED, "--software-deployment-method", "apptainer")
    assert done.returncode == 1
    assert "apptainer isn't on the PATH here; load it" in done.stdout + done.stderr
    assert finished_jobs(study.folder) == []


def test_a_typo_in_the_profile_is_named(study: Project) -> None:
    write_profile(study, read_profile(study) | {"slurm-no-reqeue": True})
    done = study.snakemake(TRAINED)
    assert done.returncode != 0
    assert "slurm-no-reqeue" in done.stdout + done.stderr
