"""How threads wait: variables that a shell can export."""

import subprocess

from chestgan.base import threads


def test_the_environment_can_be_exported() -> None:
    words = " ".join(f"{name}={value}" for name, value in threads.ENVIRONMENT.items())
    told = subprocess.run(["bash", "-c", f"export {words}; env"], capture_output=True, text=True, check=True).stdout
    assert set(words.split()) <= set(told.splitlines())
