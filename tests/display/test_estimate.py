"""How long a study still takes."""

from chestgan.display import estimate
from chestgan.display.estimate import Kind

TRAIN, REAL, FID = Kind("train_acgan", "dcgan"), Kind("evaluate_classifier", "real"), Kind("compute_fid", "dcgan")


def test_a_kind_takes_what_it_took_and_others_what_was_expected_and_corrected() -> None:
    measured = {TRAIN: [100.0, 140.0], REAL: [30.0]}
    expected = {"train_acgan": 60.0, "evaluate_classifier": 15.0, "compute_fid": 20.0}
    other = Kind("train_acgan", "covidgan")
    estimates = estimate.seconds_of_kinds([TRAIN, other, REAL, FID], measured, expected)
    # twice what was expected: 270 s instead of 135
    assert estimates == {TRAIN: 120.0, other: 120.0, REAL: 30.0, FID: 40.0}


def test_the_time_left_is_shared_work_but_no_less_than_a_running_job() -> None:
    estimates = {TRAIN: 100.0, FID: 20.0}
    assert estimate.seconds_left({FID: 4}, [(TRAIN, 60.0, None), (FID, 0.0, None)], estimates, at_once=2) == 70.0
    assert estimate.seconds_left({}, [(TRAIN, 20.0, 90.0), (FID, 30.0, None)], estimates, at_once=2) == 90.0
    assert estimate.seconds_left({}, [], estimates, at_once=0) == 0.0
