"""What a script's code does, as a checksum: comments, docstrings, layout and the words of messages don't count.

Snakemake's rules and the checkpoint of a training know code by it. So a change reruns exactly what it can change.
"""

import ast
import functools
import hashlib
from collections.abc import Collection
from pathlib import Path
from types import ModuleType

from chestgan.base import progress, release, renamed

# modules that show work, word its errors or name the version, and decide nothing of a result
SHOWING = (progress, release, renamed)
# the functions that declare a setting: their first argument is its help text
_DECLARATIONS = ("argument", "setting")
_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def checksum(script: Path, showing: Collection[ModuleType] = SHOWING) -> str:
    """Compute the sha256 of all code that a script loads: its own, that of its modules, and that of their packages.

    Args:
        script: a script; what it imports is looked for beside it.
        showing: modules that don't count.
    """
    digest = hashlib.sha256()
    for path in files(script, showing):
        digest.update(f"{path.relative_to(script.parent)} {_read(path)[0]}\n".encode())
    return digest.hexdigest()


def files(script: Path, showing: Collection[ModuleType] = ()) -> list[Path]:
    """List a script, the modules that it imports, directly or through one another, and their packages; sorted."""
    left_out = {Path(module.__file__).resolve() for module in showing}
    found, waiting = set(), [script]
    while waiting:
        path = waiting.pop()
        if path not in found and path.resolve() not in left_out:
            found.add(path)
            waiting += _imported(path, script.parent)
    return sorted(found)


@functools.cache
def _imported(path: Path, root: Path) -> list[Path]:
    """List the modules below a folder that a file imports, with the `__init__.py` of every package on the way."""
    package, names = path.relative_to(root).parent.parts, []
    for node in _read(path)[1]:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        else:
            base = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join([*base, *filter(None, [node.module])])
            names += [origin, *(f"{origin}.{alias.name}" for alias in node.names)]
    places = {root.joinpath(*name.split(".")[:depth]) for name in names for depth in range(1, name.count(".") + 2)}
    return [file for place in places for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()]


@functools.cache
def _read(path: Path) -> tuple[str, list[ast.Import | ast.ImportFrom]]:
    """Read a file's syntax tree as text, and its import statements, in one pass."""
    text: list[str] = []
    imports: list[ast.Import | ast.ImportFrom] = []
    _write(ast.parse(path.read_text(encoding="utf-8")), text, imports)
    return "".join(text), imports


def _write(node: object, text: list[str], imports: list[ast.Import | ast.ImportFrom]) -> None:
    """Append a syntax tree as text, without empty fields: so it is the same in every version of Python."""
    if isinstance(node, ast.AST):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(node)
        text.append(type(node).__name__)
        for name in node._fields:
            value = _without_words(node, name)
            # whether a name is read or written follows from its place
            if value is not None and value != [] and name != "ctx":
                text.append(f" {name}(")
                _write(value, text, imports)
                text.append(")")
    elif isinstance(node, list):
        for part in node:
            _write(part, text, imports)
            text.append(",")
    else:
        text.append(repr(node))


def _without_words(node: ast.AST, name: str) -> object:
    """Return a field without words for people: docstrings, the messages of errors, the help texts of settings."""
    value = getattr(node, name, None)
    if name == "body" and isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
        return value[1:]
    if name == "exc" and isinstance(value, ast.Call):
        return value.func
    if name == "args" and isinstance(node, ast.Call) and getattr(node.func, "id", None) in _DECLARATIONS:
        return value[1:]
    return value
