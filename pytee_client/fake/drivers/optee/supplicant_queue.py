# SPDX-License-Identifier: BSD-2-Clause
"""The queue of requests from clients of OP-TEE to the supplicant at /dev/teepriv0."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import final

from ...._conditions import Condition
from ...._process import renewed
from ....enums import Result
from ....kernels.uapi import ParamType
from ...structures import Param, TeeContext

__all__ = ["SupplicantQueue"]


class _State(Enum):
    """The state of a request."""

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
        """Set the result, so that the client goes on."""
        self.result = result
        self.state = _State.DONE


@final
class SupplicantQueue:
    """Pass requests to the supplicant, in order, and its answers back.

    Threads: may be used from any. A client waits in call(), the supplicant in receive().

    Attributes:
        on_first_open: called, in order, when a supplicant opens the device for the first
            time ever.
        reports_dead_clients: see LinuxRelease.
    """

    def __init__(self) -> None:
        self.reports_dead_clients = True
        self.on_first_open: list[Callable[[], object]] = []
        self._changed = renewed(Condition())
        self._queue: list[_Request] = []
        self._requests: dict[int, _Request] = {}
        self._supplicant: TeeContext | None = None
        self._was_opened = False
        self._is_leaving = False
        self._synchronous: _Request | None = None

    @property
    def supplicant(self) -> TeeContext | None:
        """The context of the supplicant; None if there is no supplicant."""
        return self._supplicant

    @property
    def pending(self) -> int:
        """How many requests have no answer yet, received or not."""
        with self._changed:
            return len(self._requests)

    def open(self, context: TeeContext) -> None:
        """Register a supplicant."""
        with self._changed:
            self._supplicant = context
            is_first, self._was_opened = not self._was_opened, True
        if is_first:
            for callback in self.on_first_open:
                callback()

    def close(self) -> None:
        """End all requests with COMMUNICATION, as the file of the supplicant was closed.

        Further requests end with COMMUNICATION too, until release(). Linux does this only in
        release(), which may never happen: a client that waits for an answer may keep the
        memory that keeps the context of the supplicant.
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
        """Allow the next supplicant: nothing uses the context of the last one any longer."""
        with self._changed:
            self._is_leaving = False

    def kill_clients(self) -> None:
        """Do what SIGKILL does to all clients that wait here now.

        Requests that the supplicant has not received are withdrawn. Those that it has
        received keep their numbers until it answers; the answer fails with EBADF if the
        release reports dead clients. The secure world gets COMMUNICATION for all of them.
        """
        with self._changed:
            for request in list(self._requests.values()):
                self._revoke(request)
            self._changed.notify_all()

    def call(self, func: int, params: list[Param], *, waits: bool = True) -> int:
        """Make a request, wait for the answer, and write its outputs to params.

        An exception during the wait, such as KeyboardInterrupt, has the effect of SIGKILL on
        Linux.

        Args:
            func: the request (RpcCommand).
            params: its parameters.
            waits: whether to wait for a supplicant if there is none. Calls of programs wait;
                calls of the kernel do not.

        Returns:
            The result of the supplicant; COMMUNICATION if no supplicant answers.
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
        """Wait for a request, as TEE_IOC_SUPPL_RECV does, and return its function and parameters.

        Raises:
            OSError: EINVAL; the places for parameters are of a wrong type or too few, and
                the request stays in the queue; or the last request without a number has no
                answer yet. EBADF; the device was closed meanwhile. Linux would wait on.
        """
        if not params or any(param.type is not ParamType.NONE for param in params):
            raise OSError(errno.EINVAL, "the parameters are not places for a request")
        with_number = params[0].meta
        with self._changed:
            while True:
                if self._synchronous is not None:
                    raise OSError(errno.EINVAL, "the last request has no answer yet")
                if self._queue:
                    return self._take_first(with_number, len(params))
                if not context.is_open:
                    raise OSError(errno.EBADF, "the device is closed")
                self._changed.wait_for(lambda: self._queue or not context.is_open)

    def _take_first(self, with_number: bool, room: int) -> tuple[int, list[Param]]:
        request = self._queue[0]
        head = [Param(ParamType.VALUE_INOUT, meta=True, a=request.id)] if with_number else []
        if len(request.params) > room - len(head):
            raise OSError(errno.EINVAL, "too few parameters for the request")
        del self._queue[0]
        request.state = _State.RECEIVED
        if not with_number:
            self._synchronous = request
        return request.func, head + request.params

    def send(self, ret: int, params: list[Param]) -> None:
        """Accept an answer, as TEE_IOC_SUPPL_SEND does.

        Raises:
            OSError: EINVAL; the answer does not fit the request, which keeps waiting. ENOENT;
                there is no such request. EBADF, once; the client is dead, on releases that
                report this.
        """
        with self._changed:
            request, answers = self._answered(params)
            is_revoked = request.state is _State.REVOKED
            if not is_revoked and len(answers) != len(request.params):
                raise OSError(
                    errno.EINVAL, "the answer must have as many parameters as the request"
                )
            self._synchronous = None
            del self._requests[request.id]
            if is_revoked:
                if self.reports_dead_clients:
                    raise OSError(errno.EBADF, "the client is dead")
                return
            for param, answer in zip(request.params, answers, strict=True):
                _copy_output(param, answer)
            request.finish(ret)
            self._changed.notify_all()

    def _answered(self, params: list[Param]) -> tuple[_Request, list[Param]]:
        """Return the request that is answered, and the parameters of the answer."""
        if not params:
            raise OSError(errno.EINVAL, "the answer has no parameters")
        if self._synchronous is not None:
            return self._synchronous, params
        head, *answers = params
        if head.type is not ParamType.VALUE_INOUT or not head.meta:
            raise OSError(errno.EINVAL, "the first parameter is not the number of a request")
        # Linux keeps numbers in an int, and ignores the upper half.
        request = self._requests.get(head.a & 0xFFFFFFFF)
        # Linux accepts an answer to a request that was not received, and later uses freed memory.
        if request is None or request.state is _State.QUEUED:
            raise OSError(errno.ENOENT, "there is no such request")
        return request, answers


def _copy_output(param: Param, answer: Param) -> None:
    """Copy the outputs of an answer; the request determines the types."""
    if not param.type.is_output:
        return
    param.b = answer.b
    if not param.type.is_memref:
        param.a, param.c = answer.a, answer.c
