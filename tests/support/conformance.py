# SPDX-License-Identifier: BSD-2-Clause
"""The conformance Trusted Application: its declaration, and what it does, computed here."""

from __future__ import annotations

from typing import Any, Final

import pytee_client as tee
from pytee_client import ta
from pytee_client.fake.applications.conformance import Command
from pytee_client.fake.applications.conformance import Conformance as _Twin

__all__ = ["OPENED", "Command", "Conformance", "checksum", "declare", "filled", "xored"]

OPENED: Final = 0x4F50454E
"""What opening a session sets in a of values."""


class Conformance(ta.Client, uuid=_Twin.uuid):
    """The conformance application, with one form of each command; see its header file."""

    nothing = ta.command(Command.NOTHING)
    invert = ta.command(Command.VALUES, ta.InOut[tee.Value])
    xor = ta.command(Command.MEMREF_XOR, ta.InOut[ta.BUFFER])
    fill = ta.command(Command.MEMREF_FILL, ta.Out[ta.BUFFER])
    checksum = ta.command(Command.MEMREF_CHECKSUM, ta.BUFFER, returns=tee.Value)
    # The code, and the size.
    set_size = ta.command(
        Command.SET_SIZE, ta.Both(ta.U32, ta.U32), returns=(ta.Variable(bytes, 16), tee.Value)
    )
    # How many milliseconds, and whether it heeds cancellations; whether it was cancelled.
    wait = ta.command(Command.WAIT, ta.Both(ta.U32, bool), returns=bool)
    panic = ta.command(Command.PANIC, ta.U32)
    # The login, and the UUID.
    identity = ta.command(Command.IDENTITY, returns=(ta.U32, ta.TeeUuid))
    # Which slots have memory, and the types of all.
    look = ta.command(Command.MEMREF_LOOK, ta.Nullable(ta.BUFFER), returns=tee.Value)
    wait_and_xor = ta.command(Command.WAIT_AND_XOR, ta.U32, ta.InOut[ta.BUFFER])
    fill_and_set_size = ta.command(
        Command.FILL_AND_SET_SIZE, ta.Both(ta.U32, ta.U32), returns=ta.Variable(bytes, 16)
    )
    compute = ta.command(Command.COMPUTE, ta.Both(ta.U32, bool))


def declare(number: Command, *arguments: Any, **options: Any) -> Any:
    """Declare another form of a command, as an application whose command is run."""

    class Declared(ta.Client, uuid=Conformance.uuid):
        run = ta.command(number, *arguments, **options)

    return Declared


def filled(slot: int, size: int) -> bytes:
    """Return what MEMREF_FILL writes."""
    period = bytes((16 * slot + j) % 256 for j in range(256))
    return (period * (size // 256 + 1))[:size]


def xored(slot: int, data: bytes) -> bytes:
    """Return what MEMREF_XOR makes of data."""
    return data.translate(bytes(byte ^ (0xA5 + slot) % 256 for byte in range(256)))


def checksum(*buffers: bytes) -> tuple[int, int]:
    """Return what MEMREF_CHECKSUM reports."""
    data = b"".join(buffers)
    return sum(p * byte for p, byte in enumerate(data, 1)) % 2**32, len(data)
