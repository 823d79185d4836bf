"""What a cluster could never do is said before anything is submitted, with what to change."""

import dataclasses

import pytest

from chestgan.cluster import feasibility
from chestgan.cluster.feasibility import Request
from chestgan.cluster.slurm import Job, Partition

PARTITIONS = {
    "cpu": Partition("cpu", True, True, 1, 0, 16, 64000, 1440),
    "gpu": Partition("gpu", False, True, 2, 2, 16, 64000, 1440),
    "mixed": Partition("mixed", False, True, 46, 4, 128, 1024000, None),
    "old": Partition("old", False, False, 1, 3, 8, 16000, 240),
    "empty": Partition("empty", False, True, 0, 0, 0, 0, 30),
}
PROFILE = "profiles/slurm/config.yaml"
REQUEST = Request("train_acgan", "gpu", "lab", gpus=2, nodes=1, minutes=720, mem_mb=8000, threads=2)


def told(*requests: Request, accounts: list[str] | None = None) -> list[str]:
    return feasibility.impossible(requests, PARTITIONS, accounts, PROFILE)


def ask(**changes) -> Request:
    return dataclasses.replace(REQUEST, **changes)


def test_jobs_of_an_earlier_run_are_told_with_how_to_cancel_them() -> None:
    jobs = [
        Job("3", "RUNNING", "rule_train_acgan_wildcards_covidgan-0"),
        Job("17_4", "PENDING", "rule_summarise_study"),
    ]
    sentence = feasibility.tell_unfinished(jobs)
    assert "3 (train_acgan, running), 17_4 (summarise_study, pending)" in sentence
    assert sentence.endswith("scancel 3 17_4")


def test_what_can_be_done_is_not_told() -> None:
    assert told(REQUEST, ask(partition=None), ask(account=None), accounts=["lab"]) == []
    assert told(ask(account="LAB"), accounts=["lab"]) == []
    assert told(ask(account="anything"), accounts=None) == []
    assert told(ask(gpus=4, nodes=2)) == []
    assert told(ask(partition="gpu,mixed", gpus=4, minutes=100_000, mem_mb=500_000, threads=100)) == []
    assert told(ask(gpus=0, minutes=None, mem_mb=None, partition="cpu")) == []


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (
            ask(partition="gup"),
            "train_acgan: unknown slurm_partition 'gup'; known: cpu, empty, gpu, mixed, old; did you mean 'gpu'? "
            f"Change it in {PROFILE}",
        ),
        (ask(account="xyz"), f"train_acgan: unknown slurm_account 'xyz'; known: lab, other. Change it in {PROFILE}"),
        (
            ask(gpus=3),
            "train_acgan: asks for 3 GPUs on a node, and no node of gpu has more than 2; "
            f"change `gpus` in the configuration, or slurm_partition in {PROFILE}",
        ),
        (
            ask(gpus=1, partition="cpu"),
            "train_acgan: asks for 1 GPU on a node, and no node of cpu has any; "
            f"change `gpus` in the configuration, or slurm_partition in {PROFILE}",
        ),
        (
            ask(gpus=6, nodes=3),
            "train_acgan: asks for 3 nodes, and gpu has 2; "
            f"change `nodes` in the configuration, or slurm_partition in {PROFILE}",
        ),
        (
            ask(minutes=2880),
            f"train_acgan: runtime is 2880 minutes, and gpu allows 1440; change it in {PROFILE}",
        ),
        (ask(minutes=0), f"train_acgan: runtime is 0 minutes, too short to start; change it in {PROFILE}"),
        (
            ask(mem_mb=64001),
            f"train_acgan: mem_mb is 64001, and no node of gpu has more than 64000; change it in {PROFILE}",
        ),
        (
            ask(threads=17),
            "train_acgan: asks for 17 threads, and no node of gpu has more than 16 CPUs; "
            f"change set-threads in {PROFILE}",
        ),
    ],
)
def test_what_the_cluster_cannot_do_names_what_to_change(request_: Request, sentence: str) -> None:
    assert told(request_, accounts=["lab", "other"]) == [sentence]


def test_a_mistake_of_many_jobs_is_told_once_with_their_rules() -> None:
    requests = [ask(partition="gup"), ask(partition="gup"), ask(partition="gup", rule="compute_fid")]
    (sentence,) = told(*requests)
    assert sentence.startswith("train_acgan, compute_fid: unknown slurm_partition 'gup'")
    assert len(told(ask(gpus=9, nodes=9, minutes=0))) == 2


@pytest.mark.parametrize(
    ("resources", "gpus", "nodes"),
    [
        ({"gpu": 4, "nodes": 2}, 4, 2),
        ({"gpu": 0, "gres": "gpu:a100:2"}, 2, 1),
        ({"gpu": 0, "gres": "gpu:2", "nodes": 2}, 4, 2),
        ({}, 0, 1),
    ],
)
def test_a_job_of_snakemake_is_read(resources: dict, gpus: int, nodes: int) -> None:
    resources |= {"slurm_partition": 7, "slurm_account": "", "runtime": 60, "mem_mb": "2 GB"}
    assert feasibility.request("r", 2, resources) == Request("r", "7", None, gpus, nodes, 60, None, 2)
