"""Damage and malice: what may become of bytes, of a text, of a document's values, and of a file's place."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

Random = np.random.Generator

# texts that a name, a label, a number or a path may be; none that is a path of the system
TEXTS = [
    *("", " ", ".", "../outside", "a//b", "a/b", "~", "all", "--help", "-x", "x" * 300, "x" * 9000),
    *("\u202eabc", "a\u200bb", "a\nb", "covid\n", "a\tb", "a\0b", "é", "e\u0301", "日本", "\ufeffa", "%", "{seed}"),
    *("[", "{", '"', "*a", "&a", "@", "!!python/object/apply:os.getcwd []", "<script>", "$HOME", "`id`", "a;b", "a,b"),
    *("0", "1.0", "1e3", "0x10", "-1", "nan", "inf", "-inf", "1e999", "99999999999999999999", "1" * 5000, "null"),
    *("covid", "COVID", "normal", "real", "test", "train", "covid=2", "=", "=5", "*", "**/*", "[a", "(", "\\"),
    *(
        "(a)(b)",
        "source is east",
        "covid=label is covid",
        "data",
        "split",
        "config.yaml",
        "fifo",
        "2026-01-01",
        "\udcff",
    ),
]
NUMBERS = [0, -1, 1, 2, 3, 16, 17, 0.5, -0.0, 1e-300, 1e308, 2**31 - 1, 2**31, 2**63, 2**70, 10**30]
VALUES = [
    *(text for text in TEXTS if text != "\udcff"),
    *NUMBERS,
    None,
    True,
    False,
    [],
    {},
    [None],
    [[]],
    {"": 1},
    float("inf"),
    float("nan"),
    ["a", "a"],
]


def one(random: Random, things: list) -> Any:
    """Choose one of some things, whatever their types."""
    return things[random.integers(len(things))]


def of_bytes(content: bytes, random: Random) -> bytes:
    """Damage bytes as disks, networks and editors do."""
    data, n = bytearray(content), max(1, len(content))
    start = int(random.integers(n))
    length = int(random.integers(1, 1 + min(n, 1 << random.integers(1, 12))))
    match random.integers(9):
        case 0:
            return bytes(data[:start])
        case 1:
            return bytes(data[start:])
        case 2:
            del data[start : start + length]
        case 3:
            data[start:start] = random.bytes(length)
        case 4:
            data[start : start + length] = random.bytes(length)
        case 5:
            data[start : start + length] = bytes([int(random.integers(256))]) * length
        case 6:
            return one(random, [b"", b"\0", b"PK\x03\x04", random.bytes(length), content + content])
        case _:
            # mostly in the header, where each bit means something
            for _ in range(random.integers(1, 9)):
                place = int(random.integers(min(n, 1 << random.integers(4, 20))))
                if place < len(data):
                    data[place] ^= 1 << int(random.integers(8))
    return bytes(data)


def of_text(text: str, random: Random) -> bytes:
    """Change lines and words of a text, or how it is encoded."""
    lines = text.splitlines(keepends=True) or [""]
    place = int(random.integers(len(lines)))
    match random.integers(8):
        case 0:
            del lines[place]
        case 1:
            lines.insert(place, lines[random.integers(len(lines))])
        case 2:
            lines[place] = one(random, TEXTS) + "\n"
        case 3:
            return text.encode(one(random, ["utf-16", "utf-32", "utf-8-sig"]))
        case 4:
            return (text + "é\n").encode("latin-1", "replace")
        case 5:
            return of_bytes(text.encode(), random)
        case _:
            words = lines[place].replace(",", " , ").replace(":", " : ").split(" ")
            words[random.integers(len(words))] = one(random, TEXTS)
            lines[place] = "".join(words) if "," in lines[place] else " ".join(words).replace(" : ", ": ")
    return "".join(lines).encode(errors="surrogateescape")


def of_values(document: Any, random: Random) -> Any:
    """Change a value somewhere in a document of mappings and lists; it is changed in place and returned."""
    places = list(_places(document))
    if not places:
        return one(random, VALUES)
    parent, key = one(random, places)
    match random.integers(8):
        case 0 if isinstance(parent, dict):
            del parent[key]
        case 1 if isinstance(parent, dict):
            parent[one(random, [*TEXTS, None, 1, True])] = parent[key]
        case 2 if isinstance(parent[key], list):
            parent[key] = parent[key] * 2
        case 3 if isinstance(parent[key], int | float):
            parent[key] = one(random, NUMBERS)
        case _:
            parent[key] = one(random, VALUES)
    return document


def _places(document: Any) -> Any:
    items = document.items() if isinstance(document, dict) else enumerate(document) if type(document) is list else ()
    for key, value in list(items):
        yield document, key
        yield from _places(value)


def yaml_file(path: Path, random: Random) -> None:
    """Change a YAML file: its values, or its text."""
    if random.random() < 0.8:
        document = yaml.safe_load(path.read_text())
        for _ in range(random.integers(1, 4)):
            document = of_values(document, random)
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    else:
        path.write_bytes(of_text(path.read_text(), random))


def json_file(path: Path, random: Random) -> None:
    """Change a JSON file: its values, or its text."""
    if random.random() < 0.7:
        content = json.loads(path.read_text())
        path.write_text(json.dumps(of_values(content, random), default=str))
    else:
        path.write_bytes(of_text(path.read_text(), random))


def text_file(path: Path, random: Random) -> None:
    """Change a text file, such as a table."""
    path.write_bytes(of_text(path.read_text(), random))


def binary_file(path: Path, random: Random) -> None:
    """Change the bytes of a file."""
    path.write_bytes(of_bytes(path.read_bytes(), random))


def safetensors_file(path: Path, random: Random) -> None:
    """Change what a safetensors file says of itself, or its bytes."""
    content = path.read_bytes()
    if random.random() < 0.3:
        path.write_bytes(of_bytes(content, random))
        return
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    for key, text in header["__metadata__"].items():
        header["__metadata__"][key] = json.dumps(of_values(json.loads(text), random))
    if random.random() < 0.2:
        of_values(header, random)
    written = json.dumps(header).encode()
    path.write_bytes(len(written).to_bytes(8, "little") + written + content[8 + size :])


def npy_file(path: Path, random: Random) -> None:
    """Change the array of a file: its type, its shape, its order; or its bytes."""
    if random.random() < 0.5:
        binary_file(path, random)
        return
    images = np.load(path)
    changes: list[Callable] = [
        lambda: images[:-1],
        lambda: images[..., :-1],
        lambda: images.astype(np.float64),
        lambda: images.astype(np.int8),
        lambda: images[:0],
        lambda: images[:, :0, :0],
        lambda: images.reshape(-1),
        lambda: np.asfortranarray(images),
        lambda: images[::-1],
        lambda: images[None],
        lambda: np.array("text"),
    ]
    np.save(path, one(random, changes)())


def of_place(path: Path, random: Random) -> None:
    """Put something else in a file's or a folder's place."""
    moved = path.with_name(f"{path.name}.moved")
    path.rename(moved)
    match random.integers(7):
        case 0:
            os.mkfifo(path)
        case 1:
            path.mkdir()
        case 2:
            path.symlink_to(path.name)
        case 3:
            path.symlink_to("nowhere")
        case 4:
            path.touch()
        case 5:
            path.symlink_to(moved.name)
