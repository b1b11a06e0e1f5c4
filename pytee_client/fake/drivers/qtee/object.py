# SPDX-License-Identifier: BSD-2-Clause
"""The services of a QTEE as Python classes.

A service of Qualcomm's TEE is an object, with operations that are numbers; they take and
give bytes and other objects.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import IntEnum

__all__ = [
    "OutputBuffer",
    "QteeArguments",
    "QteeError",
    "QteeObject",
    "QteeReference",
    "QteeResult",
]

# One object is held and dropped by many threads, seldom and briefly.
_lock = threading.RLock()


class QteeResult(IntEnum):
    """What an invocation comes to; a client sees it as 32 bits. An object's own begin with 10."""

    OK = 0
    ERROR = 1
    INVALID = 2
    """Not an operation of this object, or not its arguments."""
    SIZE_IN = 3
    """An input is too large."""
    SIZE_OUT = 4
    """An output is larger than the room for it."""
    USERBASE = 10
    """The first of an object's own results."""
    DEFUNCT = -90
    """The object is gone."""
    ABORT = -91
    BADOBJ = -92
    NOSLOTS = -93
    MAXARGS = -94
    """Too many arguments."""
    MAXDATA = -95
    """Too many bytes."""
    UNAVAIL = -96
    """What came back cannot be passed on."""
    KMEM = -97
    REMOTE = -98
    BUSY = -99
    TIMEOUT = -103


class QteeError(Exception):
    """Raised by an object to return a result, and to an object whose call of a client's failed.

    Any other exception that leaves an object is its end: it is DEFUNCT from then on.

    Attributes:
        code: a QteeResult other than OK, or an object's own result, from 10 on.

    Raises:
        ValueError: the code is 0, or does not fit into 32 bits.
    """

    def __init__(self, code: int) -> None:
        if not code or not -(1 << 31) <= code < 1 << 32:
            raise ValueError(f"a result of a failure is a number of 32 bits other than 0: {code}")
        super().__init__(f"result {code}")
        self.code = code


class QteeReference:
    """What can be held: an object of QTEE's, or one of a client's.

    What an object is given is its own for the invocation only: it must retain() what it keeps
    longer, and release() it in the end.

    Threads: may be used from any.
    """

    _references = 0

    def retain(self) -> None:
        """Keep it."""
        with _lock:
            self._references += 1

    def release(self) -> None:
        """Let go of it once.

        Raises:
            ValueError: nobody holds it.
        """
        with _lock:
            if not self._references:
                raise ValueError(f"{self!r} is released already")
            self._references -= 1
            if self._references:
                return
        self._end()

    def _end(self) -> None:
        self.released()

    def released(self) -> None:
        """Learn that nobody holds it any longer."""

    def _forget(self) -> None:
        """Do not tell a client of its release: the secure world never had it."""


@dataclass(slots=True)
class OutputBuffer:
    """Room for bytes.

    Attributes:
        size: how many the client has room for.
        content: the object's answer; more than the client has room for is SIZE_OUT.
    """

    size: int
    content: bytes = b""


@dataclass(slots=True)
class QteeArguments:
    """The arguments of an invocation, in four lists, as QTEE's messages have them.

    Within a list they are in the caller's order; how it mixed the lists is not told.

    Attributes:
        input_buffers: bytes of the caller's.
        output_buffers: room for bytes of the object's.
        input_objects: a client's (CallbackObject, MemoryObject), QTEE's own (QteeObject),
            and None for no object.
        output_objects: as many Nones as objects are awaited, for the object to replace.
    """

    input_buffers: list[bytes] = field(default_factory=list)
    output_buffers: list[OutputBuffer] = field(default_factory=list)
    input_objects: list[QteeReference | None] = field(default_factory=list)
    output_objects: list[QteeReference | None] = field(default_factory=list)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """How many there are in each list."""
        return (
            len(self.input_buffers),
            len(self.output_buffers),
            len(self.input_objects),
            len(self.output_objects),
        )


class QteeObject(QteeReference):
    """The base of the objects behind a QTEE device.

    The kernel runs invocations side by side, each in the thread of the client that made it.
    An exception from released() too is the end of the object.

    Args:
        credentials: who the client is, as a service is told that it opens (CBOR).
    """

    _failure: BaseException | None = None

    def __init__(self, credentials: bytes = b"") -> None:
        self.credentials = credentials

    def invoke(self, op: int, arguments: QteeArguments) -> None:
        """Serve an operation: set the outputs, or raise QteeError.

        Args:
            op: the operation, 0 to 0xFFFD.
            arguments: what it is invoked with.
        """
        raise QteeError(QteeResult.INVALID)

    def _end(self) -> None:
        try:
            self.released()
        except Exception as error:
            self._failure = error

    def _serve(self, op: int, arguments: QteeArguments) -> tuple[int, BaseException | None]:
        """Serve for the driver; return the result, and what has made an end of the object."""
        if self._failure is None:
            counts = arguments.counts
            try:
                self.invoke(op, arguments)
                _check_outputs(arguments, counts)
            except QteeError as error:
                return error.code, None
            except Exception as error:
                self._failure = error
            else:
                return QteeResult.OK, None
        return QteeResult.DEFUNCT, self._failure


def _check_outputs(arguments: QteeArguments, counts: tuple[int, int, int, int]) -> None:
    if arguments.counts != counts:
        raise TypeError("the arguments of an invocation are as many after it as before")
    for reference in arguments.output_objects:
        if not isinstance(reference, QteeReference | None):
            raise TypeError(f"an output object is a QteeObject or None, not {reference!r}")
    for room in arguments.output_buffers:
        if not isinstance(room.content, bytes | bytearray | memoryview):
            raise TypeError(f"the content of an output buffer is bytes, not {room.content!r}")
        if len(room.content) > room.size:
            raise QteeError(QteeResult.SIZE_OUT)
