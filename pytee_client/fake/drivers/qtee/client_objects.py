# SPDX-License-Identifier: BSD-2-Clause
"""The objects that clients serve, as the services of a QTEE see them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final, Protocol

from ...structures import TeeContext
from .object import QteeArguments, QteeError, QteeReference, QteeResult
from .transport import Transport

__all__ = [
    "MAX_ARGUMENTS",
    "OP_RELEASE",
    "OP_RETAIN",
    "CallbackObject",
    "Client",
    "MemoryObject",
    "room_of",
]

OP_RETAIN: Final = 0xFFFE
OP_RELEASE: Final = 0xFFFF
MAX_ARGUMENTS: Final = 16  # of each kind
_MAX_CALLBACK_BYTES: Final = 4096
_ALIGNMENT: Final = 8


class Client(Protocol):
    """The client, as the objects that it serves use it.

    Attributes:
        context: the context of the client.
        transport: the calls into QTEE.
    """

    context: TeeContext
    transport: Transport

    def call(self, object_id: int, op: int, arguments: QteeArguments) -> None:
        """Invoke an object that the client serves, and set the outputs."""

    def announce_release(self, object_id: int) -> None:
        """Tell the client that QTEE has released an object that the client serves."""


def room_of(sizes: list[int]) -> int:
    """Return how many bytes buffers of these sizes take in a message."""
    return sum(-(-size // _ALIGNMENT) * _ALIGNMENT for size in sizes)


class CallbackObject(QteeReference):
    """An object that a program serves, which reads requests to it from the device.

    Threads: may be used from any.
    """

    def __init__(self, client: Client, object_id: int) -> None:
        client.transport.take_id()
        self.retain()
        self.client = client
        self.object_id = object_id
        self._is_announced = True

    def __repr__(self) -> str:
        return f"<CallbackObject {self.object_id:#x}>"

    def invoke(self, op: int, arguments: QteeArguments) -> None:
        """Invoke an operation that the program serves, and wait for its answer.

        There is no time limit, as on Linux: if the program reads no requests, this waits until
        the program closes the device.

        Args:
            op: the operation, 0 to 0xFFFD.
            arguments: the arguments; the outputs are set.

        Raises:
            QteeError: the result of the program; DEFUNCT if it closed the device; UNAVAIL if
                its answer does not fit the request, or an argument is an object of another
                client; MAXARGS for more than 16 arguments of a kind; MAXDATA for more than
                4096 bytes.
            ValueError: the operation is reserved, or the object is released.
        """
        if not 0 <= op < OP_RETAIN:
            raise ValueError(f"operations are numbers from 0 to {OP_RETAIN - 1:#x}, not {op:#x}")
        if not self._references:
            raise ValueError(f"{self!r} is released: call retain() to keep it after the invocation")
        if max(arguments.counts) > MAX_ARGUMENTS:
            raise QteeError(QteeResult.MAXARGS)
        sizes = [len(content) for content in arguments.input_buffers]
        sizes += [room.size for room in arguments.output_buffers]
        if room_of(sizes) > _MAX_CALLBACK_BYTES:
            raise QteeError(QteeResult.MAXDATA)
        self.client.call(self.object_id, op, arguments)

    def _forget(self) -> None:
        self._is_announced = False

    def released(self) -> None:
        """Tell the client that its object was released."""
        self.client.transport.return_id()
        if self._is_announced:
            self.client.announce_release(self.object_id)


class MemoryObject(QteeReference):
    """Shared memory of a program. The object keeps the memory alive.

    Attributes:
        size: its size in bytes.

    Threads: may be used from any. Concurrent accesses are not synchronised.
    """

    def __init__(self, client: Client, number: int) -> None:
        client.transport.take_id()
        self._held = ExitStack()
        try:
            context = client.context
            self._memory = self._held.enter_context(context.core.hold_memory(context, number))
        except BaseException:
            client.transport.return_id()
            raise
        self.retain()
        self.client = client
        self.memory_id: int = self._memory.id
        self.size: int = self._memory.size

    def __repr__(self) -> str:
        return f"<MemoryObject {self.memory_id}>"

    def read(self, offset: int = 0, length: int | None = None) -> bytes:
        """Copy bytes out, by default up to the end.

        Raises:
            ValueError: the range exceeds the memory, or the object is released.
        """
        length = self.size - offset if length is None else length
        self._check(offset, length)
        return self._memory.read(offset, offset + length)

    def write(self, content: bytes, offset: int = 0) -> None:
        """Copy bytes in.

        Raises:
            ValueError: the range exceeds the memory, or the object is released.
        """
        self._check(offset, len(content))
        self._memory.write(offset, content)

    def _check(self, offset: int, length: int) -> None:
        if not self._references:
            raise ValueError(f"{self!r} is released: call retain() to keep it after the invocation")
        if offset < 0 or length < 0 or offset + length > self.size:
            raise ValueError(f"{length} bytes from {offset} on are not in {self.size} bytes")

    def released(self) -> None:
        """Release the memory."""
        self.client.transport.return_id()
        self._held.close()
