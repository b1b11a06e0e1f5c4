# SPDX-License-Identifier: BSD-2-Clause
"""What is measured: the same list for every column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

KIB = 1024
_ALL_SIZES = (64, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, KIB * KIB)
_SHORT_SIZES = (64, 4 * KIB, 16 * KIB, 256 * KIB)
# OP-TEE, as Debian builds it, has no memory for 700 sessions, in whatever application.
_SESSIONS = 600
_BLOCKS = 1000
VALUE_CASE = "value call"
TIMED_CASE = f"{VALUE_CASE}, with a time-out"
STRUCTURE_CASE = "structure 64 B"
SESSIONS_CASE = f"{VALUE_CASE}, {_SESSIONS} sessions"
BLOCKS_CASE = f"{VALUE_CASE}, {_BLOCKS} blocks"


class Kind(Enum):
    """What one repetition does."""

    NULL = "null"
    VALUE = "value"
    TEMPORARY = "temporary"
    STRUCTURE = "structure"
    BLOCK = "block"
    SESSION = "session"
    LOADED_SESSION = "loaded-session"
    CONTEXT = "context"
    TIMED_VALUE = "timed-value"
    DEADLINE_VALUE = "deadline-value"
    VALUE_SESSIONS = "value-sessions"
    VALUE_BLOCKS = "value-blocks"


@dataclass(frozen=True)
class Case:
    """Something to be measured.

    Attributes:
        name: what tables call it.
        kind: what one repetition does.
        size: bytes of memory; or how many sessions or blocks are live, the one called included.
        calls: repetitions in a batch. A batch is short, that the best of them has no timer
            interrupt in it.
        batches: how many of them.
    """

    name: str
    kind: Kind
    size: int = 0
    calls: int = 10
    batches: int = 30

    def line(self) -> str:
        """Return it as a line of a plan."""
        return f"{self.kind.value} {self.size} {self.calls} {self.batches} {self.name}"


def case_of(line: str) -> Case:
    """Return the case of a plan's line."""
    kind, size, calls, batches, name = line.rstrip("\n").split(" ", 4)
    return Case(name, Kind(kind), int(size), int(calls), int(batches))


def size_name(size: int) -> str:
    """Return a size as tables have it, such as "4 KiB"."""
    for unit, name in ((KIB * KIB, "MiB"), (KIB, "KiB")):
        if size >= unit:
            return f"{size // unit} {name}"
    return f"{size} B"


def cases(*, short: bool = False) -> list[Case]:
    """Return all cases, or those that a short run has."""
    sizes = _SHORT_SIZES if short else _ALL_SIZES
    found = [
        Case("null call", Kind.NULL),
        Case(VALUE_CASE, Kind.VALUE),
        Case(TIMED_CASE, Kind.TIMED_VALUE),
        Case(f"{VALUE_CASE}, until a deadline", Kind.DEADLINE_VALUE),
        *(_memory("temporary", Kind.TEMPORARY, size) for size in sizes),
        Case(STRUCTURE_CASE, Kind.STRUCTURE, 64, calls=10, batches=40),
        *(_memory("block", Kind.BLOCK, size) for size in sizes),
        Case("open and close session", Kind.SESSION, calls=1, batches=8 if short else 16),
        Case("the same, application loaded", Kind.LOADED_SESSION, calls=4, batches=10),
        Case("open and close context", Kind.CONTEXT),
    ]
    if not short:
        found += [
            Case(SESSIONS_CASE, Kind.VALUE_SESSIONS, _SESSIONS),
            Case(BLOCKS_CASE, Kind.VALUE_BLOCKS, _BLOCKS),
        ]
    return found


def _memory(name: str, kind: Kind, size: int) -> Case:
    calls = 10 if size <= 64 * KIB else 4
    return Case(f"{name} {size_name(size)}", kind, size, calls, 40)


def selected(found: Iterable[Case], names: Sequence[str]) -> list[Case]:
    """Return those whose name has one of these in it; all, if there is none of these."""
    return [case for case in found if not names or any(name in case.name for name in names)]
