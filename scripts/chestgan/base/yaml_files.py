"""YAML files of settings, read strictly: what YAML would take and nobody means is refused."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from chestgan.base import files
from chestgan.base.errors import UserError

# of a file of settings; anchors in anchors may stand for more than any memory holds
_MOST_VALUES = 100_000


def read(path: Path) -> dict[str, Any]:
    """Read a mapping of settings; an empty file is one without settings.

    Raises:
        UserError: the file is missing, is no regular file or no text in UTF-8, isn't YAML, names a key twice, has a
            key that is no text, holds no mapping, or holds itself.
    """
    try:
        content = yaml.load(files.read_text(path), _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path} isn't YAML: {' '.join(str(error).split())}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no settings; expected lines such as `name: value`")
    _require_plain(path, content)
    return content


def value_of(text: str) -> Any:
    """Read a text as YAML reads a value: 3 is a number; what is no value is the text itself."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return text


class _Loader(yaml.SafeLoader):
    """A reader that refuses a key that stands there twice, of which YAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands there twice", key.start_mark
                )
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _require_plain(path: Path, content: Any) -> None:
    waiting, n = [content], 0
    while waiting:
        value, n = waiting.pop(), n + 1
        if n > _MOST_VALUES:
            raise UserError(f"{path} holds more than {_MOST_VALUES} values, or holds itself by an anchor")
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    raise UserError(f"{path} has the key {key!r}, which is no text; write '{key}'")
            waiting += [*value, *value.values()]
        elif isinstance(value, list | tuple | set):
            waiting += value
        elif isinstance(value, str) and not files.is_text(value):
            raise UserError(f"{path} has {value!r:.100}, which is no text: it has halves of characters")
