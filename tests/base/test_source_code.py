"""The checksum of code follows what code does, and nothing else."""

from pathlib import Path

import pytest

from chestgan.base import progress, release, renamed, source_code
from project import ROOT

SCRIPTS = ROOT / "scripts"
MODULE = '''"""What it is."""

from dataclasses import dataclass

from package import other
from package.settings import setting


@dataclass
class Config:
    """Flags."""

    size: int = setting("the size", 3, minimum=1)


def half(number: int) -> int:
    """Halve an even number."""
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number // 2
'''


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Make a script with a package beside it; what is read is never cached over a change."""
    (tmp_path / "package" / "inner").mkdir(parents=True)
    for name in ("package", "package/inner"):
        (tmp_path / name / "__init__.py").write_text('"""A package."""\n')
    (tmp_path / "package" / "other.py").write_text("from .inner import deep\n")
    (tmp_path / "package" / "settings.py").write_text("def setting(help, default, **bounds):\n    return default\n")
    (tmp_path / "package" / "inner" / "deep.py").write_text("from ..settings import setting\n\nDEEP = 1\n")
    (tmp_path / "package" / "alone.py").write_text("ALONE = 1\n")
    (tmp_path / "script.py").write_text(MODULE)
    return tmp_path / "script.py"


def checksum(script: Path) -> str:
    for cached in (source_code._imported, source_code._read):
        cached.cache_clear()
    return source_code.checksum(script)


def test_packages_and_relative_imports_are_found(script: Path) -> None:
    found = [path.relative_to(script.parent).as_posix() for path in source_code.files(script)]
    assert found == [
        "package/__init__.py",
        "package/inner/__init__.py",
        "package/inner/deep.py",
        "package/other.py",
        "package/settings.py",
        "script.py",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    return number", "    # half of it\n    return number"),
        ('"""What it is."""', '"""What else it is."""'),
        ('    """Halve an even number."""\n', ""),
        ('    """Flags."""', '    """Flags, more of them."""'),
        ("return number // 2", "return (number\n        // 2)"),
        ('"the size"', '"the size in pixels"'),
        ('f"{number} is odd"', 'f"{number} is odd; expected an even number"'),
    ],
)
def test_words_and_layout_do_not_count(script: Path, before: str, after: str) -> None:
    one = checksum(script)
    assert before in MODULE
    script.write_text(MODULE.replace(before, after))
    assert checksum(script) == one


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("number // 2", "number // 3"),
        ("number % 2", "number % 4"),
        ("ValueError(", "TypeError("),
        ("3, minimum=1", "4, minimum=1"),
        ("minimum=1", "minimum=2"),
        ("    size", "    side"),
        ("from package import other\n", ""),
    ],
)
def test_what_code_does_counts(script: Path, before: str, after: str) -> None:
    one = checksum(script)
    assert before in MODULE
    script.write_text(MODULE.replace(before, after))
    assert checksum(script) != one


@pytest.mark.parametrize("name", ["other.py", "settings.py", "inner/deep.py", "__init__.py", "inner/__init__.py"])
def test_every_module_on_the_way_counts(script: Path, name: str) -> None:
    one = checksum(script)
    path = script.parent / "package" / name
    path.write_text(path.read_text() + "CHANGED = True\n")
    assert checksum(script) != one


def test_a_module_that_is_not_imported_does_not_count(script: Path) -> None:
    one = checksum(script)
    (script.parent / "package" / "alone.py").write_text("ALONE = 2\n")
    assert checksum(script) == one


def test_the_same_code_elsewhere_is_the_same(script: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for path in source_code.files(script):
        copy = elsewhere / path.relative_to(script.parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text())
    assert checksum(elsewhere / "script.py") == checksum(script)


def test_what_only_shows_can_be_left_out() -> None:
    train = SCRIPTS / "train_acgan.py"
    shown = Path(progress.__file__)
    assert shown in source_code.files(train)
    assert shown not in source_code.files(train, source_code.SHOWING)
    assert source_code.checksum(train) == source_code.checksum(train, [progress, release, renamed])
    assert source_code.checksum(train) != source_code.checksum(train, [progress])


def test_rooms_speak_through_files_alone() -> None:
    rooms = {"data", "gan", "classifier", "study"}
    for path in (SCRIPTS / "chestgan").rglob("*.py"):
        room = path.relative_to(SCRIPTS).parts[1]
        if room in rooms:
            imported = [other.relative_to(SCRIPTS).parts[1:] for other in source_code._imported(path, SCRIPTS)]
            assert {parts[0] for parts in imported if len(parts) > 1}.isdisjoint(rooms - {room}), path


def test_the_text_of_a_tree_is_that_of_every_version_of_python(tmp_path: Path) -> None:
    """What is empty is left out: versions of Python have other empty fields."""
    (tmp_path / "module.py").write_text("def one(): return 1\n")
    text, _ = source_code._read(tmp_path / "module.py")
    assert text == "Module body(FunctionDef name('one') args(arguments) body(Return value(Constant value(1)),),)"
