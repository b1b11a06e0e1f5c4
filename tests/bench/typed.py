# SPDX-License-Identifier: BSD-2-Clause
"""The column of pytee_client with commands that are declared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytee_client as tee
from pytee_client import ta

from .cases import Kind
from .plain import NOTHING

if TYPE_CHECKING:
    from .guest import Column, Loop


@ta.packed("<8Q")
class _Numbers:
    a: int
    b: int
    c: int
    d: int
    e: int
    f: int
    g: int
    h: int


# The application does the same for all commands: nothing.
class _Nothing(ta.Client, uuid=NOTHING):
    null = ta.command(0)


class _Value(ta.Client, uuid=NOTHING):
    value = ta.command(0, ta.InOut[ta.U64])


class _Structure(ta.Client, uuid=NOTHING):
    structure = ta.command(0, ta.InOut[_Numbers])


@contextmanager
def _null(size: int) -> Iterator[Loop]:
    with tee.Context() as context, _Nothing(context) as client:

        def loop(calls: int) -> None:
            for _ in range(calls):
                client.null()

        yield loop


@contextmanager
def _value(size: int) -> Iterator[Loop]:
    with tee.Context() as context, _Value(context) as client:

        def loop(calls: int) -> None:
            for _ in range(calls):
                client.value(41)

        yield loop


@contextmanager
def _structure(size: int) -> Iterator[Loop]:
    numbers = _Numbers(1, 2, 3, 4, 5, 6, 7, 8)
    assert ta.size_of(_Numbers) == size
    with tee.Context() as context, _Structure(context) as client:

        def loop(calls: int) -> None:
            for _ in range(calls):
                client.structure(numbers)

        yield loop


COLUMN: Column = {Kind.NULL: _null, Kind.VALUE: _value, Kind.STRUCTURE: _structure}
