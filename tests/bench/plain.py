# SPDX-License-Identifier: BSD-2-Clause
"""The column of pytee_client as its users write it first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from struct import Struct
from time import monotonic
from typing import TYPE_CHECKING, cast
from uuid import UUID

import pytee_client as tee

from .cases import Kind

if TYPE_CHECKING:
    from .guest import Column, Loop

TIMEOUT = 5.0
NOTHING = UUID("209d3434-8ec5-4247-924e-adb1e59073c2")


@contextmanager
def _null(size: int) -> Iterator[Loop]:
    with tee.Context() as context, context.open_session(NOTHING) as session:

        def loop(calls: int) -> None:
            for _ in range(calls):
                session.invoke_command(0)

        yield loop


@contextmanager
def _value(size: int) -> Iterator[Loop]:
    with tee.Context() as context, context.open_session(NOTHING) as session:
        yield _value_loop(session)


def _value_loop(session: tee.Session) -> Loop:
    def loop(calls: int) -> None:
        for _ in range(calls):
            (_value,) = session.invoke_command(0, tee.ValueInOut(41, 0))

    return loop


@contextmanager
def _timed_value(size: int) -> Iterator[Loop]:
    with tee.Context() as context, context.open_session(NOTHING) as session:

        def loop(calls: int) -> None:
            for _ in range(calls):
                (_value,) = session.invoke_command(0, tee.ValueInOut(41, 0), timeout=TIMEOUT)

        yield loop


@contextmanager
def _deadline_value(size: int) -> Iterator[Loop]:
    """A program that has so long for all of its calls, and gives each what is left."""
    with tee.Context() as context, context.open_session(NOTHING) as session:
        deadline = monotonic() + 1000 * TIMEOUT

        def loop(calls: int) -> None:
            for _ in range(calls):
                (_value,) = session.invoke_command(
                    0, tee.ValueInOut(41, 0), timeout=deadline - monotonic()
                )

        yield loop


@contextmanager
def _temporary(size: int) -> Iterator[Loop]:
    buffer = bytearray(size)
    with tee.Context() as context, context.open_session(NOTHING) as session:

        def loop(calls: int) -> None:
            for _ in range(calls):
                (_view,) = session.invoke_command(0, tee.MemrefTempInOut(buffer))

        yield loop


@contextmanager
def _structure(size: int) -> Iterator[Loop]:
    numbers = Struct(f"<{size // 8}Q")
    given = range(size // 8)
    with tee.Context() as context, context.open_session(NOTHING) as session:

        def loop(calls: int) -> None:
            for _ in range(calls):
                content = bytearray(numbers.pack(*given))
                (view,) = session.invoke_command(0, tee.MemrefTempInOut(content))
                numbers.unpack(cast("memoryview", view))

        yield loop


@contextmanager
def _block(size: int) -> Iterator[Loop]:
    with (
        tee.Context() as context,
        context.open_session(NOTHING) as session,
        context.allocate_shared_memory(size) as block,
    ):

        def loop(calls: int) -> None:
            for _ in range(calls):
                (_view,) = session.invoke_command(0, block)

        yield loop


@contextmanager
def _session(size: int) -> Iterator[Loop]:
    with tee.Context() as context:
        yield _session_loop(context)


@contextmanager
def _loaded_session(size: int) -> Iterator[Loop]:
    with tee.Context() as context, context.open_session(NOTHING):
        yield _session_loop(context)


def _session_loop(context: tee.Context) -> Loop:
    def loop(calls: int) -> None:
        for _ in range(calls):
            with context.open_session(NOTHING):
                pass

    return loop


@contextmanager
def _context(size: int) -> Iterator[Loop]:
    def loop(calls: int) -> None:
        for _ in range(calls):
            with tee.Context():
                pass

    yield loop


@contextmanager
def many_sessions(size: int) -> Iterator[tee.Session]:
    with tee.Context() as context, context.open_session(NOTHING) as session, ExitStack() as live:
        for _ in range(size - 1):
            live.enter_context(context.open_session(NOTHING))
        yield session


@contextmanager
def many_blocks(size: int) -> Iterator[tee.Session]:
    with tee.Context() as context, context.open_session(NOTHING) as session, ExitStack() as live:
        for _ in range(size):
            live.enter_context(context.allocate_shared_memory(64))
        yield session


@contextmanager
def _value_sessions(size: int) -> Iterator[Loop]:
    with many_sessions(size) as session:
        yield _value_loop(session)


@contextmanager
def _value_blocks(size: int) -> Iterator[Loop]:
    with many_blocks(size) as session:
        yield _value_loop(session)


COLUMN: Column = {
    Kind.NULL: _null,
    Kind.VALUE: _value,
    Kind.TIMED_VALUE: _timed_value,
    Kind.DEADLINE_VALUE: _deadline_value,
    Kind.TEMPORARY: _temporary,
    Kind.STRUCTURE: _structure,
    Kind.BLOCK: _block,
    Kind.SESSION: _session,
    Kind.LOADED_SESSION: _loaded_session,
    Kind.CONTEXT: _context,
    Kind.VALUE_SESSIONS: _value_sessions,
    Kind.VALUE_BLOCKS: _value_blocks,
}
