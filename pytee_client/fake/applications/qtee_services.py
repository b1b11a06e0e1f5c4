# SPDX-License-Identifier: BSD-2-Clause
"""The services of a fake QTEE, for tests: one echoes, one calls back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import ClassVar, Final

from ..drivers.qtee.client_objects import CallbackObject, MemoryObject
from ..drivers.qtee.object import (
    QteeArguments,
    QteeError,
    QteeObject,
    QteeReference,
    QteeResult,
)

__all__ = ["QTEE_SERVICES", "QteeCaller", "QteeEcho"]


class QteeEcho(QteeObject):
    """Return what it gets.

    Operation 0 returns buffers and objects, each in the output at the same position. Operation
    1 returns a new object of this class. Operation 2 converts the content of a memory object to
    capital letters. Operation 3 returns its first buffer, a number of 32 bits in the byte order
    of the machine, as the result.
    """

    NUMBER: ClassVar[int] = 0x70797401

    def invoke(self, op: int, arguments: QteeArguments) -> None:
        """Serve an operation."""
        if op == 0:
            pairs = zip(arguments.output_buffers, arguments.input_buffers, strict=False)
            for room, content in pairs:
                room.content = content
            count = min(len(arguments.input_objects), len(arguments.output_objects))
            arguments.output_objects[:count] = arguments.input_objects[:count]
        elif op == 1 and arguments.counts == (0, 0, 0, 1):
            arguments.output_objects[0] = QteeEcho()
        elif op == 2 and arguments.counts == (0, 0, 1, 0):
            (memory,) = arguments.input_objects
            if not isinstance(memory, MemoryObject):
                raise QteeError(QteeResult.BADOBJ)
            memory.write(memory.read().upper())
        elif op == 3 and arguments.counts == (1, 0, 0, 0):
            code = int.from_bytes(arguments.input_buffers[0], sys.byteorder, signed=True)
            raise QteeError(code or QteeResult.INVALID)
        else:
            raise QteeError(QteeResult.INVALID)


class QteeCaller(QteeObject):
    """Invoke an object of the client.

    Operation 0 invokes the first input object. Operation 1 invokes the object that operation 2
    keeps and operation 3 releases. The first byte of the first buffer is the operation to
    invoke. The other inputs are passed on, and the outputs are returned.
    """

    NUMBER: ClassVar[int] = 0x70797402
    _kept: CallbackObject | None = None

    def invoke(self, op: int, arguments: QteeArguments) -> None:
        """Serve an operation."""
        if op == 0:
            _call(_callback(arguments), arguments, arguments.input_objects[1:])
        elif op == 1 and self._kept is not None:
            _call(self._kept, arguments, arguments.input_objects)
        elif op == 2 and self._kept is None:
            self._kept = _callback(arguments)
            self._kept.retain()
        elif op == 3 and self._kept is not None:
            self.released()
        else:
            raise QteeError(QteeResult.INVALID)

    def released(self) -> None:
        """Release the object that it keeps."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.release()


def _callback(arguments: QteeArguments) -> CallbackObject:
    first = arguments.input_objects[0] if arguments.input_objects else None
    if not isinstance(first, CallbackObject):
        raise QteeError(QteeResult.BADOBJ)
    return first


def _call(
    callback: CallbackObject, arguments: QteeArguments, objects: list[QteeReference | None]
) -> None:
    if not arguments.input_buffers or not arguments.input_buffers[0]:
        raise QteeError(QteeResult.INVALID)
    op, *_ = arguments.input_buffers[0]
    callback.invoke(
        op,
        QteeArguments(
            arguments.input_buffers[1:],
            arguments.output_buffers,
            objects,
            arguments.output_objects,
        ),
    )


QTEE_SERVICES: Final[dict[int, Callable[[bytes], QteeObject]]] = {
    QteeEcho.NUMBER: QteeEcho,
    QteeCaller.NUMBER: QteeCaller,
}
