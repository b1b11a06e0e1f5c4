# SPDX-License-Identifier: BSD-2-Clause
"""A declaration with an argument and a result of every kind."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Annotated

import numpy as np

import pytee_client as tee
from pytee_client import ta

__all__ = ["Color", "Inner", "Mode", "Plain", "Rest", "Shapes"]


class Color(IntEnum):
    """A choice."""

    RED = 1
    DARK_BLUE = 2


class Mode(IntFlag):
    """Some choices."""

    READ = 1
    WRITE = 2


@ta.packed
class Inner:
    """A structure in others."""

    number: ta.U16
    color: Color


@ta.packed
class Plain:
    """A structure of a fixed size."""

    small: ta.I8
    mode: Annotated[Mode, ta.U8]
    is_on: bool
    digest: Annotated[bytes, 2]
    name: Annotated[str, 4]
    inner: Inner
    pair: Annotated[tuple[ta.U8, ...], 2]
    ratio: ta.F32 = 0.5


@ta.packed
class Rest:
    """A structure that ends with any number of items."""

    count: ta.U8
    items: list[Inner]


class Shapes(ta.Client, uuid="6f1c7a4e-93f0-4f8b-8d0f-2f61a5f2b7c3"):
    """Takes everything."""

    nothing = ta.command(0)
    u8 = ta.command(1, ta.U8)
    i64 = ta.command(2, ta.I64)
    f64 = ta.command(3, ta.F64)
    choice = ta.command(4, bool)
    color = ta.command(5, Color)
    mode = ta.command(6, Mode)
    pair = ta.command(7, tee.Value)
    low = ta.command(8, ta.LowFirst(ta.U64))
    over = ta.command(9, ta.OverTwo(ta.U64))
    only = ta.command(10, ta.OnlyB(Color))
    both = ta.command(11, ta.Both(ta.U8, Color))
    blob = ta.command(12, bytes)
    digest = ta.command(13, ta.Bytes(2))
    text = ta.command(14, str)
    wide = ta.command(15, ta.Text("utf-16-le"))
    plain = ta.command(16, Plain)
    rest = ta.command(17, Rest)
    numbers = ta.command(18, ta.List(ta.U16))
    items = ta.command(19, ta.List(Inner))
    memory = ta.command(20, ta.Memory(ta.U32))
    uuid_ = ta.command(21, ta.Uuid)
    maybe = ta.command(22, ta.Nullable(bytes))
    maybe_plain = ta.command(23, ta.Nullable(Inner))
    array = ta.command(24, ta.NDArray(np.float32))
    buffer = ta.command(25, ta.InOut[ta.BUFFER])
    room = ta.command(26, ta.Out[ta.BUFFER])
    two = ta.command(27, Inner, Inner)
    mixed = ta.command(28, ta.U8, Inner, str)
    raw = ta.command(29, tee.ValueInput, ta.Out[tee.MemrefTempOutput])
    block = ta.command(30, tee.SharedMemory)
    both_ways = ta.command(31, ta.InOut[ta.Variable(bytes, 64)], returns=(ta.U8, Plain))
