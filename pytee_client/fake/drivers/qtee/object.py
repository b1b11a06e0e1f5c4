# SPDX-License-Identifier: BSD-2-Clause
"""The services of a QTEE as Python classes.

A service of Qualcomm's TEE is an object. Its operations are numbers; they take and return bytes
and other objects.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from ...._boundary import bytes_of
from ...._process import renewed
from ...user_methods import call_method, returned_wrongly, shown_code

__all__ = [
    "OutputBuffer",
    "QteeArguments",
    "QteeError",
    "QteeObject",
    "QteeReference",
    "QteeResult",
]

# Many threads retain and release objects, but rarely and briefly.
_lock = renewed(threading.RLock())


class QteeResult(IntEnum):
    """The results of invocations, 32 bits for a client. Own results of an object start at 10."""

    OK = 0
    ERROR = 1
    INVALID = 2
    """The object lacks this operation, or it takes other arguments."""
    SIZE_IN = 3
    """An input is too large."""
    SIZE_OUT = 4
    """An output is larger than its buffer."""
    USERBASE = 10
    """The first result that an object may define itself."""
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
    """The answer can't be passed on."""
    KMEM = -97
    REMOTE = -98
    BUSY = -99
    TIMEOUT = -103


class QteeError(Exception):
    """A result other than OK: an object raises it, and gets it if invoking a client fails.

    Any other exception that leaves an object ends it: it is DEFUNCT from then on.

    Attributes:
        code: a QteeResult other than OK, or a result that the object defines, from 10 on.

    Raises:
        TypeError: the code is no int.
        ValueError: the code is 0, or does not fit into 32 bits.
    """

    def __init__(self, code: int) -> None:
        given: Any = code
        if not isinstance(given, int) or isinstance(given, bool):
            raise TypeError(f"a failure is a number such as QteeResult.INVALID, not {given!r}")
        if not code or not -(1 << 31) <= code < 1 << 32:
            raise ValueError(f"a failure is a number of 32 bits other than 0, not {code}")
        super().__init__(f"result {code}")
        self.code = code


class QteeReference:
    """The base of objects of QTEE and of clients, which are counted by reference.

    An object may use its arguments only during the invocation. It must retain() what it keeps
    longer, and release() it at the end.

    Threads: may be used from any.
    """

    _references = 0

    def retain(self) -> None:
        """Take a reference."""
        with _lock:
            self._references += 1

    def release(self) -> None:
        """Drop a reference.

        Raises:
            ValueError: there is no reference.
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
        """Clean up after the last reference was dropped."""

    def _forget(self) -> None:
        """Do not announce its release to the client: the secure world never got it."""


@dataclass(slots=True)
class OutputBuffer:
    """A buffer for output.

    Attributes:
        size: the size of the buffer of the client, in bytes.
        content: the answer of the object; the result is SIZE_OUT if it exceeds the size.

    Threads: belongs to one invocation, and is used in its thread.
    """

    size: int
    content: bytes = b""


@dataclass(slots=True)
class QteeArguments:
    """The arguments of an invocation, in four lists, as in the messages of QTEE.

    Each list keeps the order of the caller. How the caller mixed the lists is lost.

    Attributes:
        input_buffers: bytes from the caller.
        output_buffers: buffers for bytes from the object.
        input_objects: objects of a client (CallbackObject, MemoryObject) or of QTEE
            (QteeObject), and None for no object.
        output_objects: a None for each expected object, which the object replaces.

    Threads: belongs to one invocation, and is used in its thread.
    """

    input_buffers: list[bytes] = field(default_factory=list)
    output_buffers: list[OutputBuffer] = field(default_factory=list)
    input_objects: list[QteeReference | None] = field(default_factory=list)
    output_objects: list[QteeReference | None] = field(default_factory=list)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """The length of each list."""
        return (
            len(self.input_buffers),
            len(self.output_buffers),
            len(self.input_objects),
            len(self.output_objects),
        )


class QteeObject(QteeReference):
    """The base of the objects behind a QTEE device.

    The kernel runs invocations side by side, each in the thread of its client. An exception
    from released() also ends the object.

    Args:
        credentials: the credentials of the client that opens the service (CBOR).
    """

    _failure: BaseException | None = None

    def __init__(self, credentials: bytes = b"") -> None:
        self.credentials = credentials

    def invoke(self, op: int, arguments: QteeArguments) -> None:
        """Serve an operation: set the outputs, or raise QteeError. It returns nothing.

        Args:
            op: the operation, 0 to 0xFFFD.
            arguments: the arguments.
        """
        raise QteeError(QteeResult.INVALID)

    def _end(self) -> None:
        try:
            _run(self, self.released)
        except Exception as error:
            self._failure = error

    def _serve(self, op: int, arguments: QteeArguments) -> tuple[int, BaseException | None]:
        """Serve an operation for the driver; return the result, and the exception that ended it."""
        if self._failure is None:
            counts = arguments.counts
            try:
                _run(self, self.invoke, op, arguments)
                _check_outputs(arguments, counts)
            except QteeError as error:
                return error.code, None
            except Exception as error:
                self._failure = error
            else:
                return QteeResult.OK, None
        return QteeResult.DEFUNCT, self._failure


def _run(owner: QteeObject, method: Callable[..., object], *arguments: object) -> None:
    """Run a method of an object; TypeError if it takes other arguments, or returns something."""
    value = call_method(owner, method, *arguments)
    if value is None:
        return
    remedy = (
        "return nothing for OK, raise QteeError(code) for any other result, and set the outputs"
    )
    if isinstance(value, int) and not isinstance(value, bool):
        code = shown_code(value)
        remedy = f"raise QteeError({code}) instead" if value else "return nothing instead"
    raise returned_wrongly(owner, method, value, remedy)


def _check_outputs(arguments: QteeArguments, counts: tuple[int, int, int, int]) -> None:
    if arguments.counts != counts:
        raise TypeError("an invocation must not change the number of arguments")
    for reference in arguments.output_objects:
        if not isinstance(reference, QteeReference | None):
            raise TypeError(f"an output object must be a QteeObject or None, not {reference!r}")
    for room in arguments.output_buffers:
        room.content = bytes_of(room.content, "the content of an output buffer")
        if len(room.content) > room.size:
            raise QteeError(QteeResult.SIZE_OUT)
