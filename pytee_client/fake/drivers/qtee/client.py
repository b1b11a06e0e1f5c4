# SPDX-License-Identifier: BSD-2-Clause
"""A client of a QTEE: the objects that it has, and those that it serves."""

from __future__ import annotations

import errno
import itertools
import threading
from typing import Final

from ...._boundary import bytes_of, copy_from_user, copy_to_user
from ...._process import renewed
from ....kernels import uapi
from ....kernels.uapi import ParamType
from ...structures import Param, TeeContext
from .client_objects import OP_RELEASE, CallbackObject, MemoryObject, room_of
from .object import (
    OutputBuffer,
    QteeArguments,
    QteeError,
    QteeObject,
    QteeReference,
    QteeResult,
)
from .requests import Request, RequestQueue
from .transport import Transport

__all__ = ["QteeClient"]

# The results of QTEE for errors of Linux; all others are ERROR.
_RESULTS: Final = {
    errno.ENODEV: QteeResult.DEFUNCT,
    errno.EINVAL: QteeResult.INVALID,
    errno.EFAULT: QteeResult.INVALID,
    errno.ENOMEM: QteeResult.KMEM,
    errno.ENOSPC: QteeResult.NOSLOTS,
}
_ANSWER_RESULTS: Final = frozenset(QteeResult)


class QteeClient:
    """The client of a context.

    Attributes:
        context: the context.
        transport: the calls into QTEE.

    Threads: may be used from any.
    """

    def __init__(self, context: TeeContext, transport: Transport) -> None:
        self.context = context
        self.transport = transport
        self._queue = RequestQueue()
        self._lock = renewed(threading.RLock())
        self._objects: dict[int, QteeObject] = {}
        self._is_closed = False

    @property
    def pending(self) -> int:
        """How many requests to it have no answer yet."""
        return self._queue.pending

    def find(self, number: int) -> QteeObject:
        """Return the object of QTEE with an id of the client, and take a reference to it."""
        with self._lock:
            found = self._objects.get(number)
            if found is None:
                raise OSError(errno.EINVAL, "there is no such object in this context")
            found.retain()
            return found

    def drop(self, number: int) -> None:
        """Release an object of QTEE, if the client has it."""
        with self._lock:
            found = self._objects.pop(number, None)
        if found is not None:
            found.release()

    def close(self) -> None:
        """End the requests to the client, and release all its objects."""
        with self._lock:
            self._is_closed = True
            objects, self._objects = self._objects, {}
        self._queue.close()
        for known in objects.values():
            known.release()

    def lend_object(self, param: Param) -> QteeReference | None:
        """Return the object of a parameter, and lend it to the invocation of this thread."""
        if param.a == uapi.TEE_OBJREF_NULL:
            return None
        lent: QteeReference
        if param.b == uapi.QCOMTEE_OBJREF_TEE:
            lent = self.find(param.a)
        elif param.b == uapi.QCOMTEE_OBJREF_USER:
            lent = CallbackObject(self, param.a)
        elif param.b == uapi.QCOMTEE_OBJREF_MEM:
            lent = MemoryObject(self, param.a)
        else:
            raise OSError(errno.EINVAL, "unknown flags of an object")
        self.transport.lend(lent)
        return lent

    def lend_inputs(self, params: list[Param]) -> list[QteeReference | None]:
        """Return the objects among the inputs."""
        return [self.lend_object(p) for p in params if p.type is ParamType.OBJREF_INPUT]

    def arguments_of(
        self, params: list[Param], objects: list[QteeReference | None]
    ) -> QteeArguments:
        """Convert parameters to the arguments of an invocation."""
        return QteeArguments(
            [_read(p) for p in params if p.type is ParamType.UBUF_INPUT],
            [OutputBuffer(p.b) for p in params if p.type is ParamType.UBUF_OUTPUT],
            objects,
            [None for p in params if p.type is ParamType.OBJREF_OUTPUT],
        )

    def fill(self, params: list[Param], arguments: QteeArguments) -> None:
        """Write the outputs to the client: all of them, or none if one fails."""
        rooms = [p for p in params if p.type is ParamType.UBUF_OUTPUT]
        for param, room in zip(rooms, arguments.output_buffers, strict=True):
            if room.content:
                copy_to_user(param.a, room.content)
        given = self.give(arguments.output_objects)
        for param, room in zip(rooms, arguments.output_buffers, strict=True):
            param.b = len(room.content)
        awaited = [p for p in params if p.type is ParamType.OBJREF_OUTPUT]
        for param, (number, flags) in zip(awaited, given, strict=True):
            param.a, param.b = number, flags

    def give(self, references: list[QteeReference | None]) -> list[tuple[int, int]]:
        """Give the client all of these objects, or none, and return their ids and flags."""
        given: list[tuple[int, int]] = []
        try:
            for reference in references:
                given.append(self._give_one(reference))
        except OSError:
            self._withdraw(given)
            raise
        return given

    def _withdraw(self, given: list[tuple[int, int]]) -> None:
        for number, flags in given:
            if flags == uapi.QCOMTEE_OBJREF_TEE:
                self.drop(number)

    def _give_one(self, reference: QteeReference | None) -> tuple[int, int]:
        if reference is None:
            return uapi.TEE_OBJREF_NULL, 0
        if isinstance(reference, QteeObject):
            with self._lock:
                if self._is_closed:
                    raise OSError(errno.ENODEV, "the client has closed the device")
                number = next(n for n in itertools.count() if n not in self._objects)
                self._objects[number] = reference
                reference.retain()
                return number, uapi.QCOMTEE_OBJREF_TEE
        if isinstance(reference, CallbackObject) and reference.client is self:
            return reference.object_id, uapi.QCOMTEE_OBJREF_USER
        if isinstance(reference, MemoryObject) and reference.client is self:
            return reference.memory_id, uapi.QCOMTEE_OBJREF_MEM
        raise OSError(errno.EINVAL, "this object is of another client")

    def call(self, object_id: int, op: int, arguments: QteeArguments) -> None:
        """Invoke an object that the client serves, and set the outputs; QteeError if it fails."""
        try:
            given = self.give(arguments.input_objects)
        except OSError as error:
            raise QteeError(QteeResult.UNAVAIL) from error
        contents = [bytes_of(content, "an input") for content in arguments.input_buffers]
        params = [
            *(Param(ParamType.UBUF_INPUT, b=len(content)) for content in contents),
            *(Param(ParamType.UBUF_OUTPUT, b=room.size) for room in arguments.output_buffers),
            *(Param(ParamType.OBJREF_INPUT, a=number, b=flags) for number, flags in given),
            *(Param(ParamType.OBJREF_OUTPUT) for _ in arguments.output_objects),
        ]
        request = Request(object_id, op, params, contents)
        try:
            self._queue.call(request)
        finally:
            if not request.is_delivered:
                self._withdraw(given)
        for reference in request.objects:
            if reference is not None:
                self.transport.lend(reference)
        self.transport.reenter()
        if request.result:
            raise QteeError(request.result)
        for room, content in zip(arguments.output_buffers, request.buffers, strict=True):
            room.content = content
        arguments.output_objects[:] = request.objects

    def announce_release(self, object_id: int) -> None:
        """Tell the client that QTEE has released an object that the client serves."""
        self._queue.notify(Request(object_id, OP_RELEASE))

    def suppl_recv(self, params: list[Param]) -> tuple[int, list[Param]]:
        """Wait for a request to an object that the client serves."""
        head, *places = params or [Param(ParamType.NONE)]
        if head.type is not ParamType.VALUE_INOUT or not head.meta:
            raise OSError(errno.EINVAL, "the first parameter must name a buffer")
        if any(place.type is not ParamType.NONE or place.meta for place in places):
            raise OSError(errno.EINVAL, "the other parameters must be empty")
        address, size = head.a, head.b
        if address % 8:
            raise OSError(errno.EINVAL, "the buffer is not aligned")

        def deliver(request: Request) -> list[Param]:
            if len(request.params) > len(places):
                raise OSError(errno.EINVAL, "too few parameters for the request")
            lengths = [len(content) for content in request.contents]
            if room_of(lengths[:-1]) + sum(lengths[-1:]) > size:
                raise OSError(errno.EINVAL, "the buffer is too small for the request")
            about = Param(ParamType.VALUE_INOUT, True, request.object_id, request.number)
            for index, content in enumerate(request.contents):
                at = address + room_of(lengths[:index])
                if content:
                    copy_to_user(at, content)
                request.params[index].a = at
            return [about, *request.params]

        return self._queue.receive(deliver)

    def suppl_send(self, ret: int, params: list[Param]) -> None:
        """Accept the answer to a request."""
        head, *answers = params or [Param(ParamType.NONE)]
        if head.type is not ParamType.VALUE_OUTPUT or not head.meta:
            raise OSError(errno.EINVAL, "the first parameter must name the request")
        request = self._queue.take(head.a)
        if ret:
            self._queue.finish(request, _result_of(ret))
            return
        result = QteeResult.UNAVAIL
        try:
            self._answer(request, answers)
            result = QteeResult.OK
        finally:
            self._queue.finish(request, result)

    def _answer(self, request: Request, answers: list[Param]) -> None:
        expected = [(param.type, False) for param in request.params]
        if expected != [(param.type, param.meta) for param in answers]:
            raise OSError(errno.EINVAL, "the parameters differ from those of the request")
        for param, answer in zip(request.params, answers, strict=True):
            if param.type is ParamType.UBUF_OUTPUT and answer.b > param.b:
                raise OSError(errno.EINVAL, "an output is larger than its buffer")
        with self.transport.lending():
            objects = [self.lend_object(p) for p in answers if p.type is ParamType.OBJREF_OUTPUT]
            request.buffers = [_read(p) for p in answers if p.type is ParamType.UBUF_OUTPUT]
            request.objects = objects
            for reference in objects:
                if reference is not None:
                    reference.retain()


def _read(param: Param) -> bytes:
    return copy_from_user(param.a, param.b) if param.b else b""


def _result_of(ret: int) -> int:
    """Convert the answer of a client, a result or an errno of Linux, to a result."""
    number = ret - (1 << 32) if ret >> 31 else ret
    if number > 0 or number in _ANSWER_RESULTS:
        return number
    return _RESULTS.get(-number, QteeResult.ERROR)
