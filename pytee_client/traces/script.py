# SPDX-License-Identifier: BSD-2-Clause
"""The calls of a trace, and the orders in which they may arrive."""

from __future__ import annotations

import bisect
import itertools
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from ..kernels import SystemCall
from .description import Description
from .errors import TraceMismatchError
from .record import Record

__all__ = ["Script"]

_GIVING_BACK: Final = (SystemCall.CLOSE, SystemCall.MUNMAP, SystemCall.CLOSE_SESSION)


class Script:
    """Match the calls of a program with those of a trace.

    Args:
        records: the records of the trace.
        name: the name of the trace in errors.
        checks_data: whether the contents of memory must be the same.
        patience: how many seconds a call waits for the calls that other threads made
            meanwhile.
    """

    def __init__(
        self, records: list[Record], name: str, *, checks_data: bool, patience: float
    ) -> None:
        self._name = name
        self._checks_data = checks_data
        self._patience = patience
        self._changed = threading.Condition()
        self._thread = threading.local()
        self._to_come: dict[int, deque[Record]] = {}
        for record in sorted(records, key=lambda record: record.began):
            self._to_come.setdefault(record.thread, deque()).append(record)
        self._begins = sorted(record.began for record in records)
        self._come: set[int] = set()
        self._deviation: TraceMismatchError | None = None

    @property
    def deviated(self) -> bool:
        """Whether the program has left the trace."""
        return self._deviation is not None

    def take(self, call: SystemCall, asked: Description) -> Record:
        """Return the record of a call of the program.

        If other calls began before this one ended in the trace, it waits until they arrive. So
        a call that waits to be cancelled still waits.

        Raises:
            TraceMismatchError: the trace has no such call now. Every later call raises it too.
        """
        with self._changed:
            if self._deviation is not None:
                raise self._deviation
            heads = self._heads()
            for record in self._candidates(heads, call):
                if record.call is call and not self._differences(record.asked, asked):
                    break
            else:
                self._deviate(self._explain(heads, call, asked))
            self._to_come[record.thread].remove(record)
            self._thread.number = record.thread
            self._come.add(record.began)
            self._changed.notify_all()
            meanwhile = self._begun_during(record)
            if not self._changed.wait_for(
                lambda: self.deviated or self._come.issuperset(meanwhile), self._patience
            ):
                self._deviate(
                    f"{self._name}, line {record.line}: while {call.name} was with the kernel"
                    f" other threads made calls of which {len(meanwhile - self._come)} did not come"
                    f" within {self._patience} seconds"
                )
            return record

    def assert_finished(self) -> None:
        """Raise TraceMismatchError if the program has not made all of the calls."""
        with self._changed:
            if self._deviation is not None:
                raise self._deviation
            missing = sorted(self._heads(), key=lambda record: record.began)
            left = sum(map(len, self._to_come.values()))
        if missing:
            first = missing[0]
            raise TraceMismatchError(
                f"{self._name}, line {first.line}: the program ended before"
                f" {_say(first.call, first.asked)}, and {left} calls of the trace were not made"
            )

    def _heads(self) -> list[Record]:
        """Return the next call of each thread; first that of the thread of the last call."""
        own: int | None = getattr(self._thread, "number", None)
        threads = sorted(self._to_come, key=lambda number: (number != own, number))
        return [self._to_come[number][0] for number in threads if self._to_come[number]]

    def _candidates(self, heads: list[Record], call: SystemCall) -> Iterator[Record]:
        """Yield the records that a call may match."""
        for head in heads:
            yield head
            # Releases in a row have no order: a context closes all that it has.
            if call in _GIVING_BACK:
                coming = itertools.islice(self._to_come[head.thread], 1, None)
                if head.call in _GIVING_BACK:
                    yield from itertools.takewhile(lambda one: one.call in _GIVING_BACK, coming)

    def _begun_during(self, record: Record) -> set[int]:
        first = bisect.bisect_right(self._begins, record.began)
        return set(self._begins[first : bisect.bisect_left(self._begins, record.ended)])

    def _differences(self, expected: Any, came: Any, where: str = "") -> list[str]:
        if isinstance(expected, dict) and isinstance(came, dict):
            return [
                difference
                for key in sorted(expected.keys() | came.keys())
                if key != "data" or self._checks_data
                for difference in self._differences(
                    expected.get(key), came.get(key), f"{where}.{key}" if where else key
                )
            ]
        if isinstance(expected, list) and isinstance(came, list) and len(expected) == len(came):
            return [
                difference
                for index, (one, other) in enumerate(zip(expected, came, strict=True))
                for difference in self._differences(one, other, f"{where}[{index}]")
            ]
        if expected == came:
            return []
        if where.endswith("data"):
            return [f"{where} differs"]
        return [f"{where} was {expected}, and now is {came}"]

    def _explain(self, heads: list[Record], call: SystemCall, asked: Description) -> str:
        if not heads:
            return f"{self._name}: the trace has ended, but then came {_say(call, asked)}"
        expected = heads[0]
        where = f"{self._name}, line {expected.line}"
        if expected.call is call:
            differences = "; ".join(self._differences(expected.asked, asked))
            return f"{where}: {call.name} differs: {differences}"
        return (
            f"{where}: expected {_say(expected.call, expected.asked)}, but then came"
            f" {_say(call, asked)}"
        )

    def _deviate(self, why: str) -> NoReturn:
        self._deviation = TraceMismatchError(why)
        self._changed.notify_all()
        raise self._deviation


def _say(call: SystemCall, asked: Description) -> str:
    fields = ", ".join(f"{name}={value}" for name, value in asked.items() if name != "params")
    return f"{call.name}({fields})"
