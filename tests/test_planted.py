"""The measuring of planted copies changes images as it says, and its table counts what was found."""

import numpy as np

import planted


def test_the_changes_keep_the_size_and_change_the_picture() -> None:
    images = np.random.default_rng(0).integers(0, 200, (3, 16, 16), dtype=np.uint8)
    changed = {name: change(images) for name, change in planted.CHANGES.items()}
    assert all(image.shape == images.shape and image.dtype == np.uint8 for image in changed.values())
    assert np.array_equal(changed["exact"], images)
    assert np.array_equal(changed["moved"][:, 2:, 2:], images[:, :-2, :-2])
    assert np.array_equal(changed["mirrored"][:, :, ::-1], images)
    assert (changed["brightened"] > images).all()


def test_the_table_counts_copies_found_and_others_taken_for_copies() -> None:
    found = np.ones((3, 4, 10), dtype=bool)
    found[1, 2, :3] = False
    false = np.zeros((3, 50), dtype=bool)
    false[0, 0] = True
    rows = [line.strip("| ").split(" | ") for line in planted.tables(found, false)["found"].splitlines()[2:]]
    assert rows[0] == ["found of all copies", "30 of 30", "30 of 30", "27 of 30", "30 of 30"]
    assert rows[1] == ["least of any split", "100.0 %", "100.0 %", "70.0 %", "100.0 %"]
    assert rows[2][:2] == ["unseen patients taken for copies", "1 of 150 (0.67 %)"]
