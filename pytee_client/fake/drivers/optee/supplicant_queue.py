# SPDX-License-Identifier: BSD-2-Clause
"""What OP-TEE's driver asks of the supplicant: the queue between its clients and /dev/teepriv0."""

from __future__ import annotations

import errno
import itertools
import threading
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, final

from ....enums import Result
from ....kernels.uapi import ParamType
from ...structures import Param

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...structures import TeeContext

__all__ = ["SupplicantQueue"]


class _State(Enum):
    """How far a request has come."""

    QUEUED = auto()
    RECEIVED = auto()
    REVOKED = auto()
    DONE = auto()


@dataclass(slots=True, eq=False)
class _Request:
    id: int
    func: int
    params: list[Param]
    state: _State = _State.QUEUED
    result: int = Result.COMMUNICATION

    def finish(self, result: int) -> None:
        """Have the client go on."""
        self.result = result
        self.state = _State.DONE


@final
class SupplicantQueue:
    """Requests to the supplicant, first come first served.

    Threads: may be used from any. A client waits in call(), the supplicant in receive().

    Attributes:
        on_first_open: called, in order, when a supplicant opens its device for the first
            time ever.
        reports_dead_clients: see LinuxRelease.
    """

    def __init__(self) -> None:
        self.reports_dead_clients = True
        self.on_first_open: list[Callable[[], object]] = []
        self._changed = threading.Condition()
        self._queue: list[_Request] = []
        self._requests: dict[int, _Request] = {}
        self._supplicant: TeeContext | None = None
        self._was_opened = False
        self._is_leaving = False
        self._synchronous: _Request | None = None

    @property
    def supplicant(self) -> TeeContext | None:
        """The context of the supplicant, if there is one."""
        return self._supplicant

    @property
    def pending(self) -> int:
        """How many requests are not answered yet, received or not."""
        with self._changed:
            return len(self._requests)

    def open(self, context: TeeContext) -> None:
        """Have a supplicant."""
        with self._changed:
            self._supplicant = context
            is_first, self._was_opened = not self._was_opened, True
        if is_first:
            for callback in self.on_first_open:
                callback()

    def close(self) -> None:
        """Have no supplicant; whatever it was asked for and did not answer is COMMUNICATION.

        So is, until release(), whatever is asked for. On Linux only release() does all this,
        and that may be never: a client that waits for an answer may be what keeps the memory
        that keeps the supplicant.
        """
        with self._changed:
            self._supplicant = None
            self._is_leaving = True
            self._synchronous = None
            self._queue.clear()
            for request in self._requests.values():
                if request.state is not _State.DONE:
                    request.finish(Result.COMMUNICATION)
            self._requests.clear()
            self._changed.notify_all()

    def release(self) -> None:
        """Be ready for the next supplicant, as nothing keeps the last one any longer."""
        with self._changed:
            self._is_leaving = False

    def kill_clients(self) -> None:
        """Do what SIGKILL does to all clients that wait here now.

        What the supplicant has not received yet is withdrawn. Of the rest the numbers stay
        taken until it answers, which is EBADF then if Linux reports dead clients. To the
        secure world all is COMMUNICATION.
        """
        with self._changed:
            for request in list(self._requests.values()):
                self._revoke(request)
            self._changed.notify_all()

    def call(self, func: int, params: list[Param], *, waits: bool = True) -> int:
        """Ask the supplicant and wait for its answer; what it puts out is put into params.

        Args:
            func: what is wanted (RpcCommand).
            params: its parameters.
            waits: whether to wait for a supplicant if there is none, as programs do and the
                kernel's own clients do not.

        Returns:
            Its result; COMMUNICATION if there is none that answers. An exception that comes
            while it waits, such as KeyboardInterrupt, does what SIGKILL does on Linux.
        """
        with self._changed:
            if self._is_leaving or (not waits and self._supplicant is None):
                return Result.COMMUNICATION
            number = next(n for n in itertools.count(1) if n not in self._requests)
            request = self._requests[number] = _Request(number, func, params)
            self._queue.append(request)
            self._changed.notify_all()
            try:
                self._changed.wait_for(lambda: request.state in (_State.DONE, _State.REVOKED))
            except BaseException:
                self._revoke(request)
                raise
            return request.result

    def _revoke(self, request: _Request) -> None:
        if request.state is _State.QUEUED:
            self._queue.remove(request)
            del self._requests[request.id]
            request.finish(Result.COMMUNICATION)
        elif request.state is _State.RECEIVED:
            request.state = _State.REVOKED

    def receive(self, context: TeeContext, params: list[Param]) -> tuple[int, list[Param]]:
        """Wait for a request, as TEE_IOC_SUPPL_RECV does; return its function and parameters.

        Raises:
            OSError: EINVAL for room of a wrong kind or too little of it, when the request
                stays, and when the last request that had no number is not answered yet;
                EBADF if the device is closed meanwhile, where Linux would wait on.
        """
        if not params or any(param.type is not ParamType.NONE for param in params):
            raise OSError(errno.EINVAL, "not room for a request")
        with_number = params[0].meta
        with self._changed:
            while True:
                if self._synchronous is not None:
                    raise OSError(errno.EINVAL, "the last request is not answered yet")
                if self._queue:
                    return self._taken(with_number, len(params))
                if not context.is_open:
                    raise OSError(errno.EBADF, "the device is closed")
                self._changed.wait_for(lambda: self._queue or not context.is_open)

    def _taken(self, with_number: bool, room: int) -> tuple[int, list[Param]]:
        request = self._queue[0]
        head = [Param(ParamType.VALUE_INOUT, meta=True, a=request.id)] if with_number else []
        if len(request.params) > room - len(head):
            raise OSError(errno.EINVAL, "too little room for the request")
        del self._queue[0]
        request.state = _State.RECEIVED
        if not with_number:
            self._synchronous = request
        return request.func, head + request.params

    def send(self, ret: int, params: list[Param]) -> None:
        """Take an answer, as TEE_IOC_SUPPL_SEND does.

        Raises:
            OSError: EINVAL if it is not made like the request, which then waits on; ENOENT
                if there is no such request; EBADF, once, if nobody waits for it any longer,
                on releases that report it.
        """
        with self._changed:
            request, answers = self._answered(params)
            is_revoked = request.state is _State.REVOKED
            if not is_revoked and len(answers) != len(request.params):
                raise OSError(errno.EINVAL, "not as many parameters as were received")
            self._synchronous = None
            del self._requests[request.id]
            if is_revoked:
                if self.reports_dead_clients:
                    raise OSError(errno.EBADF, "the client is dead")
                return
            for param, answer in zip(request.params, answers, strict=True):
                _take(param, answer)
            request.finish(ret)
            self._changed.notify_all()

    def _answered(self, params: list[Param]) -> tuple[_Request, list[Param]]:
        """Return which request it is that is answered, and the answer to it."""
        if not params:
            raise OSError(errno.EINVAL, "no answer")
        if self._synchronous is not None:
            return self._synchronous, params
        head, *answers = params
        if head.type is not ParamType.VALUE_INOUT or not head.meta:
            raise OSError(errno.EINVAL, "no number of a request")
        # Linux keeps its numbers in an int, and looks at no more of it.
        request = self._requests.get(head.a & 0xFFFFFFFF)
        # Linux takes an answer to what was not received, and hands out freed memory later.
        if request is None or request.state is _State.QUEUED:
            raise OSError(errno.ENOENT, "no such request")
        return request, answers


def _take(param: Param, answer: Param) -> None:
    """Take what may be answered: what a parameter is was said when it was asked for."""
    if not param.type.is_output:
        return
    param.b = answer.b
    if not param.type.is_memref:
        param.a, param.c = answer.a, answer.c
