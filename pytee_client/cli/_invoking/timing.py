# SPDX-License-Identifier: BSD-2-Clause
"""How long runs of a command took, by the clock."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter_ns
from typing import Any

from .._progress import Elapsed

__all__ = ["Times"]


class Times:
    """Runs a command, and keeps how long each run took, in nanoseconds.

    Attributes:
        runs: the time of each run that succeeded.
        begun: how many runs were begun.
    """

    def __init__(self) -> None:
        self.runs: list[int] = []
        self.begun = 0
        self._count = 0

    def run(self, count: int, prepare: Callable[[], Callable[[], Any]]) -> Any:
        """Run a command again and again, and return what the last run did.

        Args:
            count: how many times.
            prepare: makes what a run is, whose time counts.
        """
        result = None
        self._count = count
        for _ in range(count):
            call = prepare()
            self.begun += 1
            begin = perf_counter_ns()
            result = call()
            self.runs.append(perf_counter_ns() - begin)
        return result

    def told(self) -> Elapsed:
        """Have a terminal see how far it is while the session is open; a context manager."""
        return Elapsed("waiting for the application", self._seen)

    def _seen(self) -> str:
        return f"run {self.begun} of {self._count}" if self._count > 1 else ""

    def data(self) -> dict[str, Any]:
        """Return them for --json."""
        if not self.runs:
            return {"runs": 0}
        return {
            "runs": len(self.runs),
            "minimum_ns": min(self.runs),
            "median_ns": round(median(self.runs)),
            "maximum_ns": max(self.runs),
        }

    def line(self) -> str:
        """Return them as text."""
        data = self.data()
        if not self.runs:
            return "no run succeeded"
        times = ", ".join(
            f"{name} {_shown(data[f'{name}_ns'])}" for name in ("minimum", "median", "maximum")
        )
        return f"{data['runs']} run{'s' * (data['runs'] != 1)}: {times}"


def _shown(nanoseconds: int) -> str:
    for unit, size in (("s", 10**9), ("ms", 10**6), ("µs", 10**3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.4g} {unit}"
    return f"{nanoseconds} ns"
