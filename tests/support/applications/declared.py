# SPDX-License-Identifier: BSD-2-Clause
"""A declared application, and a fake of it, that use most of what can be declared."""

from __future__ import annotations

from enum import IntEnum
from uuid import UUID

import numpy as np

import pytee_client as tee
from pytee_client import fake, ta

OWN = UUID("2f9d8a3e-5c1b-4a57-8d0e-7f6a5b4c3d21")


class Code(IntEnum):
    FROZEN = 0x80000001
    EMPTY = 0x80000002
    LOST = 0x80000003


class FrozenError(Exception):
    pass


class DeepFrozenError(FrozenError):
    pass


class EmptyError(tee.TeecError):
    pass


class Store(
    ta.Client,
    uuid=OWN,
    results=Code,
    errors={Code.FROZEN: FrozenError, Code.EMPTY: EmptyError},
):
    opening = ta.opening(ta.U32, returns=ta.U64)
    who = ta.command(0, returns=ta.U32)
    fail = ta.command(1, str)
    fill = ta.command(2, ta.Out[ta.BUFFER])
    double = ta.command(3, ta.InOut[ta.NDArray(np.float32)])
    maybe = ta.command(4, ta.Nullable(bytes), returns=ta.U32)
    swap = ta.command(5, ta.InOut[ta.Nullable(ta.Bytes(4))])
    block = ta.command(6, tee.MemrefPartialInput, ta.InOut[tee.SharedMemory], returns=ta.U32)
    raw = ta.command(7, tee.ValueInput, ta.Out[tee.MemrefTempOutput], returns=ta.U8)
    several = ta.command(
        8, ta.InOut[ta.U64], ta.U8, returns=(ta.Both(bool, ta.I32), ta.Variable(str, 2))
    )
    request = ta.command(9, ta.InOut[ta.U32, ta.I32], ta.InOut[ta.Bytes(2), ta.Bytes(6)])
    create = ta.command(10, returns=ta.U8)
    two = ta.command(11, returns=(ta.Bytes(3), ta.Variable(bytes, 2)))


class FakeStore(fake.TrustedApplication, implements=Store):
    single_instance = True
    multi_session = True
    created = 0

    def create(self) -> None:
        self.created += 1

    def opening(self, session: fake.ClientSession, number: int) -> int:
        if number == 0:
            raise FrozenError("no")
        session.data = number
        return number << 32

    def who(self, its: fake.ClientSession) -> int:
        number: int = its.data
        return number

    def fail(self, how: str) -> None:
        raise {
            "frozen": FrozenError("frozen"),
            "deep": DeepFrozenError("deep"),
            "empty": EmptyError("empty"),
            "busy": fake.ResultError(tee.Result.BUSY),
            "lost": fake.ResultError(Code.LOST),
            "panic": fake.PanicError(7),
        }.get(how, ZeroDivisionError(how))

    def fill(self, memory: memoryview) -> memoryview | None:
        memory[:2] = b"ok"
        return None if len(memory) == 3 else memory[:2]

    def double(self, numbers: np.typing.NDArray[np.float32]) -> None:
        numbers *= 2

    def maybe(self, given: bytes | None) -> int:
        return 0xFFFF if given is None else len(given)

    def swap(self, given: bytes | None) -> bytes | None:
        return None if given is None else given[::-1]

    def block(self, part: fake.MemrefParameter, whole: fake.MemrefParameter) -> int:
        if whole.type.is_output:
            whole.put(part.content())
        return part.size

    def raw(self, value: fake.ValueParameter, memory: fake.MemrefParameter) -> int:
        memory.put(bytes([value.a]) * value.b)
        return memory.size

    def several(self, number: int, add: int) -> tuple[int, tuple[bool, int], str]:
        return number + add, (True, -1), "text"

    def request(self, number: int, given: bytes) -> tuple[int, bytes]:
        return -number, given * 3

    def create_(self) -> int:
        return self.created

    def two(self) -> tuple[bytes, bytes]:
        return b"abc", b"more than two"
