"""Files appear whole or not at all."""

import os
from pathlib import Path

import pytest

from chestgan.base import files
from chestgan.base.errors import UserError


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    with files.new_folder(tmp_path / "made") as folder:
        (folder / "a.txt").write_text("a")
        assert folder == files.partial_folder(tmp_path / "made")
        assert not (tmp_path / "made").exists()
    assert (tmp_path / "made" / "a.txt").read_text() == "a"
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_an_empty_folder_may_stand_there_already(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    with files.new_folder(tmp_path / "made") as folder:
        (folder / "a.txt").touch()
    assert (tmp_path / "made" / "a.txt").exists()


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), files.new_folder(tmp_path / "made") as folder:
        (folder / "a.txt").touch()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["nowhere", "folder", "file.txt"])
def test_a_link_is_refused_before_the_work(kind: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.txt").touch()
    (tmp_path / "made").symlink_to(kind)
    with pytest.raises(UserError, match="made is a link; name the folder itself"), files.new_folder(tmp_path / "made"):
        pytest.fail("the work began")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.txt", "folder", "made"]


def test_what_cannot_be_placed_in_the_end_stays(tmp_path: Path) -> None:
    told = r"made can't be made: .*; all is whole in .*\.made\.partial: move it by hand"
    with pytest.raises(UserError, match=told), files.new_folder(tmp_path / "made") as folder:
        (folder / "a.txt").write_text("a")
        (tmp_path / "made").mkdir()
        (tmp_path / "made" / "of another.txt").touch()
    assert (files.partial_folder(tmp_path / "made") / "a.txt").read_text() == "a"
    with pytest.raises(UserError, match=r"made is a folder; expected the name of a file"):
        files.write_json(tmp_path / "made", {})
    with pytest.raises(UserError, match=r"all is whole in"), files.new_file(tmp_path / "other") as partial:
        partial.write_text("b")
        (tmp_path / "other").mkdir()
    assert partial.read_text() == "b"
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["of another.txt"]


def test_two_processes_do_not_fill_one_folder(tmp_path: Path) -> None:
    with files.new_folder(tmp_path / "made") as folder:
        (folder / "a.txt").touch()
        told = r"another process is making .*made; wait for it, or stop it"
        with pytest.raises(UserError, match=told), files.new_folder(tmp_path / "made"):
            pytest.fail("the work began")
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["a.txt"]
    with files.hold(tmp_path / "made", "reads"):
        pass


def test_files_that_nfs_keeps_do_not_fill_a_folder(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / ".nfs0001").touch()
    with files.new_folder(tmp_path / "made") as folder:
        (folder / "a.txt").touch()
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["a.txt"]
    assert [path.name for path in (tmp_path / ".made.nfs0001").iterdir()] == [".nfs0001"]


def test_what_killed_processes_left_of_a_file_is_swept(tmp_path: Path) -> None:
    for name in (".a[1].pt.partial-7", ".a1.pt.partial-7", "a[1].pt"):
        (tmp_path / name).touch()
    files.sweep(tmp_path / "a[1].pt")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a1.pt.partial-7", "a[1].pt"]


def test_what_a_killed_run_left_is_swept_away(tmp_path: Path) -> None:
    files.partial_folder(tmp_path / "made").mkdir()
    (files.partial_folder(tmp_path / "made") / "old.txt").touch()
    with files.new_folder(tmp_path / "made"):
        pass
    assert list((tmp_path / "made").iterdir()) == []


@pytest.mark.parametrize("name", ["file.txt", "folder"])
def test_what_exists_is_refused_and_kept(name: str, tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match=r"isn't empty|is a file"), files.new_folder(tmp_path / name):
        pass
    assert (tmp_path / "folder" / "mine.txt").read_text() == (tmp_path / "file.txt").read_text() == "mine"


def test_a_file_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"b": 1, "a": Path("x")})
    assert files.read_json(path) == {"a": "x", "b": 1}
    with pytest.raises(ZeroDivisionError), files.new_file(path) as partial:
        partial.write_text("half")
        raise ZeroDivisionError
    assert files.read_json(path) == {"a": "x", "b": 1}
    assert [found.name for found in tmp_path.iterdir()] == ["a.json"]


def test_a_full_disk_leaves_the_old_file(small_disk: Path) -> None:
    files.write_json(small_disk / "a.json", {"a": "old"})
    with pytest.raises(OSError, match="No space left"):
        files.write_json(small_disk / "a.json", {"a": "new" * 10_000_000})
    assert files.read_json(small_disk / "a.json") == {"a": "old"}
    assert [found.name for found in small_disk.iterdir()] == ["a.json"]


def test_json_that_was_changed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    content = {"b": [1.5, float("inf"), None, "é"], "a": Path("x"), "c": {2: 1, 10: 0}}
    files.write_json(path, content)
    read = files.read_json(path)
    assert read == {"b": [1.5, float("inf"), None, "é"], "a": "x", "c": {"2": 1, "10": 0}}
    files.write_json(tmp_path / "b.json", read)
    assert (tmp_path / "b.json").read_text() == path.read_text()
    path.write_text(path.read_text().replace("1.5", "2.5"))
    with pytest.raises(UserError, match=r"a.json was changed after it was made: .* or take that line out"):
        files.read_json(path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if "sha256_of_this" not in line).replace("},", "}"))
    assert files.read_json(path)["b"][0] == 2.5


@pytest.mark.parametrize(
    ("content", "message"), [(None, "there is no file"), ("{", "isn't JSON"), ("[" * 9999, "JSON")]
)
def test_json_that_is_missing_or_damaged_is_told(content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "a.json").write_text(content)
    with pytest.raises(UserError, match=message):
        files.read_json(tmp_path / "a.json")


def test_files_are_located_by_name_or_glob_here_or_in_a_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("data/a.csv", "data/b.csv", "data/deep/c.csv", "c.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    data = Path("data")
    assert files.locate(data, ["a.csv", "c.csv"], "key") == [data / "a.csv", Path("c.csv")]
    assert files.locate(data, ["[ab].csv", "a.csv"], "key") == [data / "a.csv", data / "b.csv"]
    assert files.locate(data, ["**/c.csv"], "key") == [Path("c.csv"), data / "deep/c.csv"]
    for missing in ("z*.csv", "z.csv", "", "/nowhere/z.csv"):
        with pytest.raises(UserError, match=r"key is .* there is no such file in data"):
            files.locate(data, [missing], "key")


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "closed").mkdir()
    scan = os.scandir

    def refuse(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UserError, match="closed can't be read: Permission denied"):
        files.below(tmp_path)


def test_a_link_that_leads_nowhere_is_told_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "b.png").symlink_to("a.png")
    assert [path.name for path in files.below(tmp_path)] == ["a.png", "b.png"]
    (tmp_path / "c.png").symlink_to("/not/mounted.png")
    with pytest.raises(
        UserError, match=r"c.png is a link to /not/mounted.png, which isn't there, as of 1 links; mount"
    ):
        files.below(tmp_path)


def test_a_missing_folder_is_told_with_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "cxr").mkdir()
    files.require_named_folder(tmp_path / "cxr", "split_data.folder")
    with pytest.raises(UserError, match=r"^split_data.folder is '/', and that is the whole machine"):
        files.require_named_folder(Path("/"), "split_data.folder")
    with pytest.raises(UserError, match=r"^split_data.folder is '.*/CXR', .* did you mean 'cxr'\?$"):
        files.require_named_folder(tmp_path / "CXR", "split_data.folder")
    with pytest.raises(UserError, match=r"^split_data.folder is '.*/far/away', and there is no such folder"):
        files.require_named_folder(tmp_path / "far" / "away", "split_data.folder")
