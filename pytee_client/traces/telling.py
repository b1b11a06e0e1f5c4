# SPDX-License-Identifier: BSD-2-Clause
"""What a mismatch says: which calls were expected, and how the one that came differs."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from .._known_applications import named
from ..kernels import SystemCall
from .description import Description
from .record import Record

__all__ = ["Expectation", "say"]

# As many calls as are told one by one.
_TOLD: Final = 4


class Expectation:
    """The calls that could come.

    Args:
        name: the name of the trace.
        records: the calls, in order.
        checks_data: whether the contents of memory must be the same.
    """

    def __init__(self, name: str, records: list[Record], *, checks_data: bool) -> None:
        self._name = name
        self._records = records
        self._checks_data = checks_data

    def explain(self, call: SystemCall, asked: Description, *, in_order: bool) -> str:
        """Return why a call is none of them."""
        if not self._records:
            return f"{self._name}: the trace has ended, but then came {say(call, asked)}"
        if in_order or len(self._records) == 1:
            return f"{self._name}, {self._compare(self._records[0], call, asked)}"
        # The likely ones first.
        likely = sorted(
            self._records,
            key=lambda record: (
                record.call is not call,
                len(self._differences(record.asked, asked)) if record.call is call else 0,
            ),
        )
        told = "; ".join(
            self._compare(record, call, asked)
            if record.call is call
            else f"line {record.line}: {say(record.call, record.asked)}"
            for record in likely[:_TOLD]
        )
        others = len(likely) - _TOLD
        rest = f"; or one of {others} others" if others > 0 else ""
        return f"{self._name}: expected {told}{rest}; but then came {say(call, asked)}"

    def _compare(self, expected: Record, call: SystemCall, asked: Description) -> str:
        where = f"line {expected.line}"
        if expected.call is call:
            differences = "; ".join(self._differences(expected.asked, asked))
            return f"{where}: {call.name} differs: {differences or 'its memory does'}"
        return (
            f"{where}: expected {say(expected.call, expected.asked)}, but then came"
            f" {say(call, asked)}"
        )

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
        return [f"{where} was {_shown(where, expected)}, and now is {_shown(where, came)}"]


def say(call: SystemCall, asked: Description) -> str:
    """Return a call and its arguments, without its parameters."""
    fields = ", ".join(
        f"{name}={_shown(name, value)}" for name, value in asked.items() if name != "params"
    )
    return f"{call.name}({fields})"


def _shown(field: str, value: Any) -> Any:
    """Return a value as texts have it: a UUID of an application with its name."""
    if field == "uuid":
        try:
            return named(UUID(value))
        except (AttributeError, TypeError, ValueError):
            # Somebody has written it into the trace.
            pass
    return value
