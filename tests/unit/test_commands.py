# SPDX-License-Identifier: BSD-2-Clause
"""The commands that CONTRIBUTING.md names: each is there, and each has --help."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..machines.optee import __main__ as optee

TOP = Path(__file__).parents[2]
MACHINES = "python -m tests.machines.optee"


def commands() -> list[str]:
    """Return the project's own programs, with their verbs, as the table of commands has them."""
    rows = re.findall(r"^\| `([^`]+)`", (TOP / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    found = [re.match(r"python -m tests\.[\w.]+( [a-z-]+)?|\.ci/run", row) for row in rows]
    return [match[0] for match in found if match]


def test_every_verb_of_the_machine_is_named() -> None:
    named = {command.removeprefix(MACHINES).strip() for command in commands()}
    assert optee._VERBS.keys() <= named


@pytest.mark.parametrize("command", commands())
def test_a_command_says_how_to_use_it(command: str) -> None:
    words = [sys.executable if word == "python" else word for word in command.split()]
    done = subprocess.run(
        [*words, "--help"], cwd=TOP, capture_output=True, text=True, timeout=60, check=True
    )
    assert command.split()[2 if words[0] == sys.executable else 0] in done.stdout
    assert "--help" in done.stdout
