"""How many patients an arm is worth, against what can be computed by hand."""

import numpy as np
import pytest
from scipy.special import stdtrit

from chestgan.study import worth as module
from chestgan.study.intervals import Trainings
from chestgan.study.worth import Curve, worth

PATIENTS = np.array([10.0, 20.0, 40.0, 80.0])
N = 30
STRATUM = np.zeros(N, dtype=np.int64)


def trainings(mean: float, spread: float = 0.0, n_seeds: int = 5) -> Trainings:
    """Make trainings of which patients change nothing: the error of their mean is spread / √seeds."""
    values = np.linspace(-1, 1, n_seeds)
    values = mean + spread * values / values.std(ddof=1)
    return Trainings(values, np.repeat(values[:, None], N, axis=1))


def rising(*means: float, spread: float = 0.0) -> Curve:
    return Curve(PATIENTS, [trainings(mean, spread) for mean in means])


# a tenth for each doubling
CURVE = rising(0.5, 0.6, 0.7, 0.8)


def of(score: float, spread: float, curve: Curve = CURVE, n_patients: float = 20) -> module.Worth:
    return worth(trainings(score, spread), n_patients, curve, True, STRATUM, 0.95)


@pytest.mark.parametrize(("score", "patients"), [(0.6, 20), (0.65, np.sqrt(800)), (0.7, 40), (0.75, np.sqrt(3200))])
def test_the_point_is_where_the_curve_has_the_score(score: float, patients: float) -> None:
    assert of(score, 0.01).patients == pytest.approx(patients - 20)


def test_the_interval_is_that_of_the_score_on_the_curve_where_this_has_no_error() -> None:
    half = stdtrit(4, 0.975) * 0.02 / np.sqrt(5)
    found = of(0.65, 0.02)
    ends = [20 * 2 ** ((0.65 + side * half - 0.6) / 0.1) - 20 for side in (-1, 1)]
    assert (found.low, found.high) == pytest.approx(ends, abs=0.02)


def test_the_interval_has_the_error_of_the_curve_too() -> None:
    # as the differences to a curve that moves with the arm vanish, and to one that moves against it double
    assert of(0.65, 0.02, rising(0.5, 0.6, 0.7, 0.8, spread=0.02)).low == pytest.approx(of(0.65, 0).low, abs=0.02)
    one = of(0.65, 0.02, rising(0.5, 0.6, 0.7, 0.8, spread=-0.02))
    assert (one.low, one.high) == pytest.approx((of(0.65, 0.04).low, of(0.65, 0.04).high), abs=0.02)


def test_an_arm_that_is_real_images_alone_is_worth_nothing() -> None:
    curve = rising(0.5, 0.6, 0.7, 0.8, spread=0.03)
    found = worth(curve.trainings[1], 20, curve, True, STRATUM, 0.95)
    assert found.patients == pytest.approx(0)
    assert found.low <= 0 <= found.high


def test_beyond_the_curve_only_a_bound_is_known() -> None:
    assert of(0.9, 0.01)[:3] == (np.inf, 60, np.inf)
    assert of(0.3, 0.01)[:3] == (-np.inf, -np.inf, -10)
    near_the_end = of(0.795, 0.02)
    assert near_the_end.high == np.inf
    assert 20 < near_the_end.low < near_the_end.patients < 60
    near_the_beginning = of(0.505, 0.02)
    assert near_the_beginning.low == -np.inf
    assert near_the_beginning.patients < near_the_beginning.high < 0


def test_a_sharp_score_between_two_places_is_found() -> None:
    found = of(0.6543, 1e-6)
    assert found.low == pytest.approx(found.patients, abs=1e-2)
    assert found.high == pytest.approx(found.patients, abs=1e-2)


def test_a_flat_curve_tells_nothing() -> None:
    found = of(0.6, 0.05, rising(0.6, 0.6, 0.6, 0.6, spread=-0.05))
    assert found.reason == "real images alone of any of these numbers may be as good"


def test_a_curve_that_falls_by_more_than_its_interval_tells_nothing() -> None:
    assert of(0.65, 0.01, rising(0.5, 0.7, 0.6, 0.8)).reason == "more real patients made the classifier worse"
    assert worth(trainings(0.6, 0.1), 10, Curve(PATIENTS[:1], [trainings(0.6)]), True, STRATUM, 0.95).reason


def test_one_that_falls_by_chance_is_levelled() -> None:
    values = np.array([0.5, 0.62, 0.58, 0.8])
    noise = np.array([0.2, -0.1, 0.05, -0.2, 0.05])
    # seeds that fall and seeds that rise, by turns
    curve = Curve(
        PATIENTS,
        [
            Trainings(v + noise * s, np.zeros((5, N)) + (v + noise * s)[:, None])
            for v, s in zip(values, (1, 1, -1, -1), strict=True)
        ],
    )
    assert [one.values.mean() for one in module.monotone(curve).trainings] == pytest.approx([0.5, 0.6, 0.6, 0.8])
    assert not module.falls(curve, STRATUM, 0.95)
    assert worth(trainings(0.7, 0.01), 20, curve, True, STRATUM, 0.95).patients == pytest.approx(np.sqrt(3200) - 20)


def test_one_training_has_no_interval() -> None:
    curve = Curve(
        PATIENTS,
        [
            trainings(mean)._replace(values=np.array([mean]), left_out=np.full((1, N), mean))
            for mean in (0.5, 0.6, 0.7, 0.8)
        ],
    )
    alone = Trainings(np.array([0.65]), np.full((1, N), 0.65))
    assert worth(alone, 20, curve, True, STRATUM, 0.95).reason == "the variance over trainings is unknown"


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Patients and seeds both vary, for arm and curve together; the arm is worth 20 patients more than its 20."""
    random, held = np.random.default_rng(0), 0
    n_studies = 200
    for _ in range(n_studies):
        patients = random.normal(0, 0.15, N)

        def scored(mean: float, patients: np.ndarray = patients) -> Trainings:
            own = 0.7 * patients + random.normal(0, 0.1, N)
            values = mean + own.mean() + random.normal(0, 0.02, 5)
            return Trainings(values, values[:, None] + (own.mean() - own) / (N - 1))

        curve = Curve(PATIENTS, [scored(mean) for mean in (0.5, 0.6, 0.7, 0.8)])
        found = worth(scored(0.7), 20, curve, True, STRATUM, 0.95)
        held += found.low <= 20 <= found.high
    assert held / n_studies >= 0.93
