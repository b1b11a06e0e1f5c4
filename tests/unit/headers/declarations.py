# SPDX-License-Identifier: BSD-2-Clause
"""A declaration of all that can be declared, for headers."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Annotated

import pytee_client as tee
from pytee_client import ta


class Code(IntEnum):
    BUSY_WITH_OTHERS = 0x80000001
    LATE = 7


class Mode(IntEnum):
    FAST = 1
    SLOW = 2
    SLOWEST = 2


class Rights(IntFlag):
    READ = 1
    WRITE = 2
    ALL = 0x80000000


class MACKind(IntEnum):
    HMAC = 0


@ta.packed("<HHQ")
class Tight:
    kind: Mode
    flags: int
    amount: int


@ta.packed("<B3xI2x")
class Gapped:
    first: int
    second: int


@ta.packed(aligned=True)
class Eight:
    small: ta.U8
    large: ta.U64
    after: ta.I16


@ta.packed(aligned=True)
class Outer:
    flag: bool
    nested: Eight
    tight: Tight
    many: Annotated[tuple[Eight, ...], 2]
    matrix: Annotated[tuple[Annotated[tuple[ta.U16, ...], 3], ...], 2]
    name: Annotated[str, 5]
    old: Annotated[str, 4, "latin-1"]
    key: Annotated[bytes, 7]
    who: ta.Uuid
    owner: ta.TeeUuid
    mode: Annotated[Mode, ta.U8]
    rights: Rights
    wide: Annotated[bool, ta.U32]
    half: ta.F32
    whole: ta.F64
    default: ta.I64


@ta.packed(endian="big")
class Network:
    port: ta.U16
    address: ta.U32


@ta.packed(endian="big")
class Frame:
    network: Network
    kind: MACKind
    rest: bytes


@ta.packed(aligned=True)
class Table:
    count: ta.U8
    rows: list[Eight]


@ta.packed
class Words:
    count: ta.U8
    words: list[ta.U32]


@ta.packed
class Said:
    length: ta.U16
    text: str


@ta.packed
class Rest:
    all: bytes


class Everything(
    ta.Client,
    uuid="00112233-4455-6677-8899-aabbccddeeff",
    results=Code,
    errors={Code.LATE: OSError},
):
    open = ta.opening(Mode, tee.Value)
    nothing = ta.command(0)
    numbers = ta.command(1, ta.U8, ta.I32, ta.F32, returns=ta.F64)
    orders = ta.command(2, ta.U64, ta.LowFirst(ta.U64), ta.OverTwo(ta.I64))
    words = ta.command(3, ta.Both(Mode, ta.U16), ta.OnlyB(bool), Rights, slots=(3, 2, 0))
    halves = ta.command(4, ta.OverTwo(ta.LowFirst(ta.U64)), returns=ta.OverTwo(ta.F64))
    structures = ta.command(5, Outer, ta.InOut[Gapped], ta.InOut[Tight, Network])
    tails = ta.command(6, Frame, Table, returns=(ta.Variable(Words), ta.Variable(Said)))
    bare = ta.command(7, Rest, ta.List(Eight), ta.List(ta.U16, 3), ta.Memory(Mode))
    texts = ta.command(8, str, ta.Text("utf-16", nul=True), ta.Bytes(9), ta.Nullable(bytes))
    places = ta.command(9, ta.BUFFER, ta.Out[ta.BUFFER], ta.Uuid, ta.TeeUuid)
    blocks = ta.command(10, tee.SharedMemory, ta.InOut[tee.MemrefWhole], tee.MemrefPartialInput)
    getKey = ta.command(0xFFFFFFFF, ta.Memory(ta.F64), retry=False, returns=ta.Variable(bytes))  # noqa: N815
