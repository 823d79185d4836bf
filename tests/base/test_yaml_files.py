"""Files of settings are read strictly, and what they are not is told in one line."""

import os
from pathlib import Path

import pytest

from chestgan.base import yaml_files
from chestgan.base.errors import UserError


def test_settings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("base: &base {a: 1, b: 2}\nmore: {<<: *base, a: 3}\nname: é\n", encoding="utf-8-sig")
    assert yaml_files.read(path) == {"base": {"a": 1, "b": 2}, "more": {"a": 3, "b": 2}, "name": "é"}
    path.write_text("# nothing\n")
    assert yaml_files.read(path) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- a\n", "holds no settings; expected lines such as"),
        (b"a: [", "isn't YAML"),
        (b"a: *b", "isn't YAML: .*undefined alias"),
        (b"a: !!python/object/apply:os.getcwd []", "isn't YAML: could not determine a constructor"),
        (b"a: 1\nb: 2\na: 3\n", r"isn't YAML: the key 'a' stands there twice .*line 3"),
        (b"s: {a: 1, a: 1}\n", "the key 'a' stands there twice"),
        (b"a: caf\xe9\n", "isn't text in UTF-8, from byte 6 on"),
        ("a: b\n".encode("utf-16"), "isn't text in UTF-8"),
        (b"a: &a [*a]\n", "holds itself by an anchor"),
        (b"a: 2026-99-99\n", "isn't YAML: month must be"),
        (b'a: "\\uDCFF"\n', r"has '.udcff', which is no text"),
        (b'"\\uDCFF": 1\n', r"has '.udcff', which is no text"),
        (b"a: " + b"[" * 5000, "isn't YAML"),
    ],
)
def test_what_is_no_file_of_settings_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(UserError, match=message):
        yaml_files.read(tmp_path / "a.yaml")


def test_anchors_in_anchors_end(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    (tmp_path / "a.yaml").write_text("\n".join(lines))
    with pytest.raises(UserError, match="more than 100000 values"):
        yaml_files.read(tmp_path / "a.yaml")


def test_a_fifo_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    with pytest.raises(UserError, match=r"a.yaml is a folder, a FIFO or a device; expected a file"):
        yaml_files.read(tmp_path / "a.yaml")
    with pytest.raises(UserError, match=r"there is no file .*b.yaml"):
        yaml_files.read(tmp_path / "b.yaml")


@pytest.mark.parametrize("text", ["[", "{", "%", '"', "*a", "=", "&", "!x", "2026-99-99"])
def test_a_text_that_is_no_value_is_itself(text: str) -> None:
    assert yaml_files.value_of(text) == text


def test_a_text_that_is_a_value_is_it() -> None:
    assert [yaml_files.value_of(text) for text in ("3", "1.5", "true", "null", "a")] == [3, 1.5, True, None, "a"]
