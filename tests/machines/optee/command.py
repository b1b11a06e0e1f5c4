# SPDX-License-Identifier: BSD-2-Clause
"""One command to the machine: what came before its verb, and the words after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..cache import default_cache
from ..process import say
from ..suites import Suite
from .build import Build, Parts, build
from .machine import Options, Outcome

_TOP = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Command:
    """The options before a verb, and the words after it."""

    suite: Suite
    icount: bool
    timeout: float | None
    secure_log: Path | None
    words: list[str]

    def options(self, timeout: float | None) -> Options:
        return Options(self.timeout or timeout, self.icount, self.secure_log)

    def build(self, parts: Parts, *, refresh: bool = False) -> Build:
        """Build the machine of the suite."""
        return build(default_cache(), _TOP, self.suite, parts, refresh=refresh)


def finished(outcome: Outcome) -> int:
    """Return the status of a run; say more where it is not 0."""
    if outcome.status != 0:
        say(f"status {outcome.status}: {outcome.explanation()}")
    return outcome.status
