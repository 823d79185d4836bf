"""Each metric's name, values, limits and warning fit together, and are what its function gives."""

import string

import numpy as np
import pytest

from chestgan.metrics import catalogue, tables
from chestgan.metrics.catalogue import DISTANCES, DIVERSITY, METRICS
from chestgan.metrics.diversity import coverage, mean_ms_ssim
from chestgan.metrics.frechet_kernel import frechet_distance, kernel_distance
from chestgan.metrics.memorisation import dcr_ratio
from chestgan.metrics.metric import Comparison, Metric

BY_NAME = {metric.name: metric for metric in METRICS}
WARNING = [metric for metric in METRICS if metric.warns]
by_name = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
of_warnings = pytest.mark.parametrize("metric", WARNING, ids=lambda metric: metric.name)


def comparison(metric: Metric, seed: int = 3) -> Comparison:
    """Make features of 12 candidates, 12 reference images and 20 training images, or pixels of them."""
    random = np.random.default_rng(0)
    shape, kind = ((16, 16), np.uint8) if metric.of_pixels else ((6,), np.float32)
    sides = [(random.normal(place, 1, (n, *shape)) * 20 + 80) for place, n in enumerate((12, 12, 20))]
    return Comparison(*(side.astype(kind) for side in sides), n_subsets=7, seed=seed)


def test_the_metrics_are_those_of_the_two_tables() -> None:
    assert list(METRICS) == [*DISTANCES, *DIVERSITY]
    assert [metric.name for metric in DISTANCES] == ["fd", "kd"]
    assert [metric.name for metric in DIVERSITY] == [
        *("coverage", "precision", "recall", "density", "dcr_ratio", "ms_ssim")
    ]


def test_no_column_stands_for_two_things() -> None:
    for metrics in (DISTANCES, DIVERSITY, METRICS):
        columns = tables.columns(metrics)
        assert len(set(columns)) == len(columns)
    assert not any(metric.name.startswith("real_") or metric.name.endswith("_se") for metric in METRICS)


@by_name
def test_a_metric_is_described(metric: Metric) -> None:
    assert metric.label
    assert metric.protocol
    assert metric.name.isidentifier()


@by_name
def test_a_metric_gives_as_many_finite_values_as_it_has_columns(metric: Metric) -> None:
    values = np.atleast_1d(metric.compute(comparison(metric)))
    assert len(values) == len(metric.columns)
    assert np.isfinite(values).all()
    assert metric.columns == ([metric.name, f"{metric.name}_se"] if metric.has_error else [metric.name])
    assert metric.real_name == f"real_{metric.name}"


@by_name
def test_a_value_lies_within_the_limits_of_its_axis(metric: Metric) -> None:
    low, high = metric.limits or (0, np.inf)
    assert low < high
    assert low <= np.atleast_1d(metric.compute(comparison(metric)))[0] <= high
    if metric.real_value is not None:
        assert low <= metric.real_value <= high


def test_distances_are_between_candidates_and_reference() -> None:
    of = comparison(BY_NAME["fd"])
    assert BY_NAME["fd"].compute(of) == frechet_distance(of.candidates, of.reference)
    expected = kernel_distance(of.candidates, of.reference, 7, subset_size=12, seed=3)
    assert BY_NAME["kd"].compute(of) == expected
    assert BY_NAME["kd"].compute(comparison(BY_NAME["kd"], seed=4))[1] != expected[1]


def test_coverage_is_of_the_reference_by_the_candidates() -> None:
    of = comparison(BY_NAME["coverage"])
    balls = of._replace(candidates=of.reference[:1] + 0.01, reference=np.concatenate([of.reference, of.training]))
    assert BY_NAME["coverage"].compute(balls) == coverage(balls.reference, balls.candidates)
    assert 0 < coverage(balls.reference, balls.candidates) < 1
    assert BY_NAME["coverage"].compute(of._replace(candidates=of.reference)) == 1


def test_the_dcr_ratio_is_to_all_training_images_and_1_for_the_test_patients_themselves() -> None:
    metric = BY_NAME["dcr_ratio"]
    of = comparison(metric)
    assert metric.compute(of) == dcr_ratio(of.training, of.reference, of.candidates)
    assert metric.real_value == pytest.approx(metric.compute(of._replace(candidates=of.reference)))
    assert metric.compute(of._replace(candidates=of.training[:5])) == pytest.approx(0, abs=1e-5)


def test_ms_ssim_is_over_pairs_of_candidates_chosen_by_the_seed() -> None:
    metric = BY_NAME["ms_ssim"]
    of = comparison(metric)
    assert metric.compute(of) == mean_ms_ssim(of.candidates, catalogue.N_PAIRS, 3)
    assert metric.compute(of) == metric.compute(of._replace(reference=of.training, training=of.reference))
    assert metric.compute(comparison(metric, seed=4)) != metric.compute(of)
    assert f"{catalogue.N_PAIRS} random pairs" in metric.protocol
    assert [one.name for one in METRICS if one.of_pixels] == ["ms_ssim"]


@by_name
def test_a_metric_that_warns_has_words_for_it(metric: Metric) -> None:
    assert bool(metric.warns) == bool(metric.warning)


@of_warnings
def test_the_words_of_a_warning_take_generators_and_ranges(metric: Metric) -> None:
    places = {name for _, name, _, _ in string.Formatter().parse(metric.warning) if name is not None}
    assert {"generators", "values"} <= places <= {"generators", "values", "real_values"}
    words = metric.warning.format(generators="a and b", values="0.1 to 0.2", real_values="0.9")
    assert "a and b" in words
    assert "0.1 to 0.2" in words
    assert not {"{", "}"} & set(words)
    # it becomes a sentence
    assert words[0].islower()
    assert not words.endswith(".")


@of_warnings
def test_nobody_is_warned_of_what_real_images_have_too(metric: Metric) -> None:
    for real in (0.05, 0.4, 0.95) if metric.real_value is None else (metric.real_value,):
        assert not metric.warns(real, real)


@pytest.mark.parametrize(("value", "warned"), [(0.0, True), (0.61, True), (0.749, True), (0.751, False), (3.0, False)])
def test_copies_are_warned_of(value: float, warned: bool) -> None:
    assert bool(BY_NAME["dcr_ratio"].warns(value, 1.0)) is warned


@pytest.mark.parametrize(
    ("value", "real", "warned"),
    # three quarters of the way from real images to one image alone: .4 + .45, .8 + .15
    [(1.0, 0.4, True), (0.86, 0.4, True), (0.84, 0.4, False), (0.2, 0.4, False), (0.96, 0.8, True), (0.94, 0.8, False)],
)
def test_a_collapse_is_warned_of_by_the_way_from_real_images_to_one_image(
    value: float, real: float, warned: bool
) -> None:
    assert bool(BY_NAME["ms_ssim"].warns(value, real)) is warned
