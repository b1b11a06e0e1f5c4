# SPDX-License-Identifier: BSD-2-Clause
"""Command lines for the TEEs that the contract suite runs on, and what they print."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from pytee_client.cli import main

if TYPE_CHECKING:
    import pytest

    from .targets import Target

__all__ = ["Ran", "ran", "tee_descriptors", "words_for"]


class Ran(NamedTuple):
    """What a command line did.

    Attributes:
        status: its exit status.
        output: what it printed.
        errors: what it said beside that.
    """

    status: int
    output: str
    errors: str

    @property
    def data(self) -> Any:
        """What it printed, as JSON, with the status that it says."""
        data = json.loads(self.output)
        assert data["status"] == self.status
        return data


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> Ran:
    """Run a command line in this process, as far as its parser lets it."""
    capsys.readouterr()
    try:
        status = main(words)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    captured = capsys.readouterr()
    return Ran(status, captured.out, captured.err)


def words_for(target: Target) -> list[str]:
    """Return the option that names a target on a command line of this process.

    No name says which capabilities are hidden from a program: mark tests `once`.
    """
    assert not target.is_variant, f"no command line names {target}"
    return ["--tee", target.name]


def tee_descriptors() -> set[str]:
    """Return what this process has open of TEE devices."""
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(f"/proc/self/fd/{fd}") + fd)
    return {one for one in found if "tee" in one}
