"""The command line of a script: flags from a dataclass of settings, errors in one line."""

import argparse
import dataclasses
import errno
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chestgan.base import files
from chestgan.base.errors import Unfinished, UserError

# sysexits.h calls it EX_TEMPFAIL: try again
_UNFINISHED = 75
# what the machine lacks, and what a path that was given can't be: not what the program did wrong
_MACHINE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS}
_PATH_ERRORS = {errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG}
# what torch, CUDA and cuBLAS say where a GPU's memory is used up
_GPU_MEMORY_ERRORS = ("CUDA out of memory", "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED")

# argparse itself knows no exponent, and takes -1e3 for a flag
_NEGATIVE_NUMBER = re.compile(r"-(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def execute(
    config_class: type,
    run: Callable[[Any], None],
    description: str,
    argv: Sequence[str] | None = None,
    expand: Callable[[Sequence[str]], Sequence[str]] = list,
) -> int:
    """Parse the flags into `config_class`, call `run` with it, and return the exit code.

    `expand` may put more words among those of the command line.

    A user's mistake prints `error: ...` and returns 1; work that another attempt resumes returns 75; a bug keeps its
    traceback.
    """
    try:
        words = expand(_texts(sys.argv[1:] if argv is None else argv))
        arguments = parser(config_class, description).parse_args(words)
        run(config_class(**vars(arguments)))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Unfinished as stop:
        print(f"stopped: {stop}", file=sys.stderr)
        return _UNFINISHED
    except RuntimeError as error:
        if not any(words in str(error) for words in _GPU_MEMORY_ERRORS):
            raise
        print(f"error: {_too_large(arguments)}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in _MACHINE_ERRORS | _PATH_ERRORS:
            raise
        print(f"error: {error.strerror}: {error.filename or 'while writing'}; nothing was replaced", file=sys.stderr)
        return 1
    return 0


def _too_large(arguments: argparse.Namespace) -> str:
    """Say what to change where the memory of a GPU didn't suffice."""
    section = Path(sys.argv[0]).stem
    lower = [f"{section}.batch_size"] if hasattr(arguments, "batch_size") else []
    lower += ["jobs_per_gpu if it is more than 1", "split_data.image_size"]
    # a training's batch is shared by its processes
    more = "; or raise gpus, which share a batch" if hasattr(arguments, "mixed_precision") else ""
    return (
        f"the GPU's memory is used up; lower {', or '.join(lower)}{more}; `nvidia-smi` shows which programs use the GPU"
    )


def _texts(words: Sequence[str]) -> Sequence[str]:
    """Refuse words that no result could name."""
    for word in words:
        if not files.is_text(word):
            raise UserError(f"{word!r:.120} on the command line isn't UTF-8; rename the file or the folder")
    return words


def parser(config_class: type, description: str) -> argparse.ArgumentParser:
    """Make a parser with one flag per field: `latent_dim` is set by `--latent-dim`."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made._negative_number_matcher = _NEGATIVE_NUMBER
    types_of = typing.get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        made.add_argument(f"--{field.name.replace('_', '-')}", **_argument(field, types_of[field.name]))
    return made


def from_settings(config_class: type, settings: Mapping[str, Any]) -> Any:
    """Make a script's settings of a section of the configuration, as the script would from the flags of its job.

    Raises:
        UserError: a value is out of bounds.
    """
    return config_class(**vars(parser(config_class, "").parse_args(flags(settings))))


def flags(settings: Mapping[str, Any]) -> list[str]:
    """Write settings as the flags that set them, in alphabetical order: equal settings are equal flags.

    What is null or an empty list leaves the script's default.
    """
    words: list[str] = []
    for name, value in sorted(settings.items()):
        flag = f"--{name.replace('_', '-')}"
        if value is None or value == []:
            continue
        if isinstance(value, bool):
            words.append(flag if value else flag.replace("--", "--no-", 1))
        elif isinstance(value, dict):
            words += [flag, *(f"{key}={of_key}" for key, of_key in sorted(value.items()))]
        else:
            words += [flag, *(map(str, value) if isinstance(value, list) else [str(value)])]
    return words


def _argument(field: dataclasses.Field, hint: Any) -> dict[str, Any]:
    required = field.default is dataclasses.MISSING
    shown = "" if required or field.default in (None, ()) else f" (default: {_shown(field.default)})"
    help_text, choices = field.metadata["help"] + shown, field.metadata["choices"]
    argument: dict[str, Any] = {"required": required, "help": help_text.replace("%", "%%")}
    if not required:
        argument["default"] = field.default
    if typing.get_origin(hint) is types.UnionType:
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    if typing.get_origin(hint) is tuple:
        hint = typing.get_args(hint)[0]
        argument |= {"nargs": "+", "action": _Tuple}
    if hint is bool:
        return argument | {"action": argparse.BooleanOptionalAction}
    return argument | {"type": hint, "metavar": f"{{{','.join(choices)}}}" if choices else hint.__name__.upper()}


def _shown(default: Any) -> str:
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)


class _Tuple(argparse.Action):
    """Keep several values as a tuple, as frozen settings want them."""

    def __call__(self, parser, namespace, values, option_string=None):
        setattr(namespace, self.dest, tuple(values))
