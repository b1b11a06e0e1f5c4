# SPDX-License-Identifier: BSD-2-Clause
"""The column of pytee_client with commands that are prepared, and given contents at each call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytee_client as tee

from .cases import Kind
from .plain import NOTHING, TIMEOUT, many_blocks, many_sessions

if TYPE_CHECKING:
    from .guest import Column, Loop


def _value_loop(session: tee.Session, timeout: float | None = None) -> Loop:
    command = session.prepare(0, tee.ValueInOut, timeout=timeout)

    def loop(calls: int) -> None:
        for _ in range(calls):
            (_value,) = command((41, 0))

    return loop


@contextmanager
def _null(size: int) -> Iterator[Loop]:
    with tee.Context() as context, context.open_session(NOTHING) as session:
        command = session.prepare(0)

        def loop(calls: int) -> None:
            for _ in range(calls):
                command()

        yield loop


@contextmanager
def _value(size: int) -> Iterator[Loop]:
    with tee.Context() as context, context.open_session(NOTHING) as session:
        yield _value_loop(session)


@contextmanager
def _timed_value(size: int) -> Iterator[Loop]:
    with tee.Context() as context, context.open_session(NOTHING) as session:
        yield _value_loop(session, TIMEOUT)


@contextmanager
def _temporary(size: int) -> Iterator[Loop]:
    buffer = bytearray(size)
    with tee.Context() as context, context.open_session(NOTHING) as session:
        command = session.prepare(0, tee.MemrefTempInOut)

        def loop(calls: int) -> None:
            for _ in range(calls):
                (_view,) = command(buffer)

        yield loop


@contextmanager
def _block(size: int) -> Iterator[Loop]:
    with (
        tee.Context() as context,
        context.open_session(NOTHING) as session,
        context.allocate_shared_memory(size) as block,
    ):
        command = session.prepare(0, tee.MemrefWhole)

        def loop(calls: int) -> None:
            for _ in range(calls):
                (_view,) = command(block)

        yield loop


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
    Kind.TEMPORARY: _temporary,
    Kind.BLOCK: _block,
    Kind.VALUE_SESSIONS: _value_sessions,
    Kind.VALUE_BLOCKS: _value_blocks,
}
