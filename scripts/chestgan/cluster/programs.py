"""Other programs, run with a time limit: one that hangs is an error."""

import subprocess
from collections.abc import Mapping, Sequence

from chestgan.base.errors import UserError


def ask(command: Sequence[str], seconds: float = 20, environment: Mapping[str, str] | None = None) -> str:
    """Run a command and return its output.

    Args:
        command: the program and its arguments.
        seconds: how long to wait.
        environment: its environment; None: this one.

    Raises:
        UserError: there is no such program, it fails, or it doesn't answer in time.
    """
    shown = " ".join(command)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, env=environment, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        raise UserError(f"there is no program {command[0]} on the PATH") from None
    except OSError as error:
        raise UserError(f"the program {command[0]} can't be started: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise UserError(f"`{shown}` gave no answer in {seconds:g} seconds") from None
    if done.returncode:
        words = " ".join((done.stderr or done.stdout).split())
        raise UserError(f"`{shown}` failed with exit code {done.returncode}: {words or 'it said nothing'}")
    return done.stdout
