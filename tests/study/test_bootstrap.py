"""Resamples hold patients together and have all classes."""

import numpy as np

from chestgan.study import bootstrap

PATIENTS = np.array(["a", "a", "b", "c", "c", "c", "d", "e", "f", "f"])
LABELS = np.array(["covid", "covid", "covid", "normal", "normal", "normal", "normal", "covid", "covid", "normal"])


def test_images_of_a_patient_count_together() -> None:
    weights = bootstrap.patient_bootstrap(PATIENTS, LABELS, 200, 0)
    for patient in np.unique(PATIENTS):
        of_patient = weights[:, patient == PATIENTS]
        assert (of_patient == of_patient[:, :1]).all()
    assert len(np.unique(weights[:, 0])) > 1


def test_every_draw_has_all_classes_and_as_many_patients_of_each() -> None:
    weights = bootstrap.patient_bootstrap(PATIENTS, LABELS, 500, 0)
    assert (weights[:, LABELS == "covid"].sum(axis=1) > 0).all()
    assert (weights[:, LABELS == "normal"].sum(axis=1) > 0).all()
    first = [np.flatnonzero(patient == PATIENTS)[0] for patient in ("a", "b", "e")]
    assert (weights[:, first].sum(axis=1) == 3).all()


def test_draws_depend_on_seed_and_patients_alone() -> None:
    weights = bootstrap.patient_bootstrap(PATIENTS, LABELS, 20, 3)
    order = np.random.default_rng(0).permutation(len(PATIENTS))
    assert np.array_equal(bootstrap.patient_bootstrap(PATIENTS[order], LABELS[order], 20, 3), weights[:, order])
    assert not np.array_equal(bootstrap.patient_bootstrap(PATIENTS, LABELS, 20, 4), weights)
