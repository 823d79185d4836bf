"""What links among the images lead to is found, step by step, and shown to the containers."""

from pathlib import Path

import pytest

from chestgan.base.errors import UserError
from chestgan.cluster import binds


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Make a folder of images in a project, and others elsewhere."""
    folder = tmp_path / "project" / "data"
    folder.mkdir(parents=True)
    (folder / "a.png").touch()
    for name in ("store", "archive"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "b.png").touch()
    return folder


def linked(data: Path, *shown: Path) -> list[str]:
    found = binds.linked([data], [data.parent, *shown])
    return [str(path.relative_to(data.parent.parent)) for path in found]


def test_the_folders_of_linked_images_are_found(data: Path, tmp_path: Path) -> None:
    assert linked(data) == []
    (data / "b.png").symlink_to(tmp_path / "store" / "b.png")
    (data / "c.png").symlink_to("../../archive/b.png")
    assert linked(data) == ["archive", "store"]
    assert linked(data, tmp_path / "store") == ["archive"]


def test_each_step_of_a_link_is_found(data: Path, tmp_path: Path) -> None:
    (data / "b.png").symlink_to(tmp_path / "store" / "link.png")
    (tmp_path / "store" / "link.png").symlink_to("../archive/b.png")
    assert linked(data) == ["archive", "store"]


def test_a_linked_folder_is_found_with_what_it_links_to(data: Path, tmp_path: Path) -> None:
    (data / "more").symlink_to(tmp_path / "store" / "deep")
    (tmp_path / "store" / "deep" / "b.png").symlink_to(tmp_path / "archive" / "deep" / "b.png")
    (tmp_path / "archive" / "deep" / "b.png").touch()
    assert linked(data) == ["archive/deep", "store/deep"]


def test_links_within_what_is_shown_hidden_ones_and_circles_ask_for_nothing(data: Path, tmp_path: Path) -> None:
    (data / "b.png").symlink_to("a.png")
    (data / ".hidden.png").symlink_to(tmp_path / "store" / "b.png")
    (data / "circle").symlink_to(data)
    assert linked(data) == []


def test_an_image_that_is_shown_under_another_name_only_is_found(data: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(data.parent)
    (data / "b.png").symlink_to(tmp_path / "alias" / "data" / "a.png")
    assert linked(data) == ["alias/data"]


def test_an_image_beside_what_a_container_needs_is_shown_alone(data: Path, monkeypatch) -> None:
    monkeypatch.setattr(binds, "_OF_THE_IMAGE", {data.parent.parent / "store"})
    (data / "b.png").symlink_to("../../store/b.png")
    assert linked(data) == ["store/b.png"]


def test_a_link_that_a_container_cannot_follow_is_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "store" / "deep" / "x.png").symlink_to("../b.png")
    (data / "c.png").symlink_to(tmp_path / "way" / "x.png")
    (tmp_path / "way").symlink_to("store/deep")
    with pytest.raises(UserError, match="by way of another link, and a container can't follow it"):
        linked(data)


def test_links_to_very_many_places_are_refused(data: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(binds, "_MOST", 1)
    (data / "b.png").symlink_to(tmp_path / "store" / "b.png")
    (data / "c.png").symlink_to(tmp_path / "archive" / "b.png")
    with pytest.raises(UserError, match=r"lead to 2 places such as .*archive, and a container can be shown 1; copy"):
        linked(data)
