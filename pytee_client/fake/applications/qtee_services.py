# SPDX-License-Identifier: BSD-2-Clause
"""The services that a fake QTEE has for tests: one that gives back, one that calls back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar, Final

from ..drivers.qtee.client_objects import CallbackObject, MemoryObject
from ..drivers.qtee.object import (
    QteeArguments,
    QteeError,
    QteeObject,
    QteeReference,
    QteeResult,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["QTEE_SERVICES", "QteeCaller", "QteeEcho"]


class QteeEcho(QteeObject):
    """Gives back what it gets.

    Operation 0: buffers and objects, each in the output of its number. Operation 1: a new
    object of this kind. Operation 2: what is in a memory object, in capital letters.
    Operation 3: its first buffer, a number of 32 bits in the machine's order, as the result.
    """

    NUMBER: ClassVar[int] = 0x70797401

    def invoke(self, op: int, arguments: QteeArguments) -> None:
        """Give back."""
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
    """Invokes an object of the client's.

    Operation 0 invokes the first input object, at once, and operation 1 the one kept by
    operation 2, until operation 3 lets it go; with the operation that is the first
    buffer's first byte, and the other inputs, and gives back what comes of it.
    """

    NUMBER: ClassVar[int] = 0x70797402
    _kept: CallbackObject | None = None

    def invoke(self, op: int, arguments: QteeArguments) -> None:
        """Invoke an object, or keep one."""
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
        """Let the kept object go."""
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
