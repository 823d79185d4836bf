"""How long a study still takes."""

import heapq
import random

import pytest

from chestgan.display import estimate
from chestgan.display.estimate import Kind
from chestgan.doctor import forecast

BRANCH = (("generate_images", 3), ("compute_fid", 10), ("classify_images", 4))
ARMS = (("real_synthetic", 20), ("synthetic", 9))
# the demo in the order of a run: stage, generator or arm, processor seconds (those of stages that run once are
# guesses), and how many jobs
MEASURED = (
    [("make_demo_data", "", 3, 1), ("split_data", "", 5, 1)]
    + [("evaluate_classifier", "real_augmented", 19, 1), ("train_acgan", "dcgan", 67, 1)] * 5
    + [("evaluate_classifier", "real", 13, 1), ("train_acgan", "covidgan", 55, 1)] * 5
    + [(stage, of, seconds, 5) for of in ("covidgan", "dcgan") for stage, seconds in BRANCH]
    + [("evaluate_classifier", f"{arm}-{of}", seconds, 5) for of in ("covidgan", "dcgan") for arm, seconds in ARMS]
    + [("draw_curves", "", 15, 1), ("summarise_study", "", 18, 1), ("write_report", "", 5, 1)]
)

TRAIN, REAL, FID = Kind("train_acgan", "dcgan"), Kind("evaluate_classifier", "real"), Kind("compute_fid", "dcgan")


def test_a_kind_takes_what_it_took_and_others_what_was_expected_and_corrected() -> None:
    measured = {TRAIN: [100.0, 140.0], REAL: [30.0]}
    expected = {"train_acgan": 60.0, "evaluate_classifier": 15.0, "compute_fid": 20.0}
    other = Kind("train_acgan", "covidgan")
    estimates = estimate.seconds_of_kinds([TRAIN, other, REAL, FID], measured, {}, expected)
    # twice what was expected: 270 s instead of 135
    assert estimates == {TRAIN: 120.0, other: 120.0, REAL: 30.0, FID: 40.0}


def test_what_a_rule_took_in_an_earlier_run_is_not_corrected() -> None:
    expected = {"train_acgan": 60.0, "evaluate_classifier": 15.0, "compute_fid": 20.0}
    estimates = estimate.seconds_of_kinds([TRAIN, FID], {REAL: [30.0]}, {"train_acgan": 200.0}, expected)
    # 230 s instead of 75
    assert estimates == {TRAIN: 200.0, FID: pytest.approx(20 * 230 / 75)}


def test_the_time_left_is_shared_work_but_no_less_than_a_running_job() -> None:
    estimates = {TRAIN: 100.0, FID: 20.0}
    assert estimate.seconds_left({FID: 4}, [(TRAIN, 60.0, None), (FID, 0.0, None)], estimates, at_once=2) == 70.0
    assert estimate.seconds_left({}, [(TRAIN, 20.0, 90.0), (FID, 30.0, None)], estimates, at_once=2) == 90.0
    assert estimate.seconds_left({}, [], estimates, at_once=0) == 0.0


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_after_a_tenth_of_the_demo_the_estimate_is_right_within_30_percent(factor: float) -> None:
    estimated, actual = replayed_demo(factor, share=0.1)
    assert abs(estimated - actual) < 0.3 * actual


def replayed_demo(factor: float, share: float) -> tuple[float, float]:
    """Play the demo's jobs, two at once, as long as they were measured times `factor`, up to a share of its time.

    Returns:
        The estimate of the time left, and the time that was left.
    """
    jitter = random.Random(0)
    jobs = [
        (Kind(rule, of), factor * seconds * jitter.uniform(0.85, 1.15))
        for rule, of, seconds, n in MEASURED
        for _ in range(n)
    ]
    ends, clock, spans = [0.0, 0.0], 0.0, []
    for kind, seconds in jobs:
        began = heapq.heappop(ends)
        heapq.heappush(ends, began + seconds)
        spans.append((kind, began, began + seconds))
    whole = max(ends)
    clock = share * whole
    measured: dict[Kind, list[float]] = {}
    for kind, began, end in spans:
        if end <= clock:
            measured.setdefault(kind, []).append(end - began)
    running = [(kind, clock - began, None) for kind, began, end in spans if began <= clock < end]
    waiting: dict[Kind, float] = {}
    for kind, began, _ in spans:
        if began > clock:
            waiting[kind] = waiting.get(kind, 0) + 1
    config = {"train_acgan": {"kimg": 20}, "evaluate_classifier": {"kimg": 30}}
    expected = forecast.expected_seconds(config)
    estimates = estimate.seconds_of_kinds({kind for kind, _, _ in spans}, measured, {}, expected)
    return estimate.seconds_left(waiting, running, estimates, at_once=2), whole - clock
