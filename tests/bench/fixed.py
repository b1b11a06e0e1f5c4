# SPDX-License-Identifier: BSD-2-Clause
"""The column of pytee_client with commands that are prepared with all that they need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytee_client as tee

from .cases import Kind
from .plain import NOTHING, TIMEOUT

if TYPE_CHECKING:
    from .guest import Column, Loop


@contextmanager
def _loop(
    context: tee.Context,
    parameter: tee.ValueInOut | tee.MemrefTempInOut[memoryview] | tee.MemrefWhole,
    timeout: float | None = None,
) -> Iterator[Loop]:
    with context.open_session(NOTHING) as session:
        commands = [session.prepare(0, parameter, timeout=timeout)]

        def loop(calls: int) -> None:
            (command,) = commands
            for _ in range(calls):
                (_output,) = command()

        yield loop
        # As long as it is there, it keeps its block from being closed.
        commands.clear()


@contextmanager
def _value(size: int) -> Iterator[Loop]:
    with tee.Context() as context, _loop(context, tee.ValueInOut(41)) as loop:
        yield loop


@contextmanager
def _timed_value(size: int) -> Iterator[Loop]:
    with tee.Context() as context, _loop(context, tee.ValueInOut(41), TIMEOUT) as loop:
        yield loop


@contextmanager
def _temporary(size: int) -> Iterator[Loop]:
    parameter = tee.MemrefTempInOut(bytearray(size))
    with tee.Context() as context, _loop(context, parameter) as loop:
        yield loop


@contextmanager
def _block(size: int) -> Iterator[Loop]:
    with (
        tee.Context() as context,
        context.allocate_shared_memory(size) as block,
        _loop(context, tee.MemrefWhole(block)) as loop,
    ):
        yield loop


COLUMN: Column = {
    Kind.VALUE: _value,
    Kind.TIMED_VALUE: _timed_value,
    Kind.TEMPORARY: _temporary,
    Kind.BLOCK: _block,
}
