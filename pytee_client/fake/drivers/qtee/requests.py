# SPDX-License-Identifier: BSD-2-Clause
"""The queue of requests from a QTEE to the objects that a client serves."""

from __future__ import annotations

import errno
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ...._conditions import Condition
from ...._process import renewed
from ...structures import Param
from .object import QteeReference, QteeResult

__all__ = ["Request", "RequestQueue"]


@dataclass(slots=True, eq=False)
class Request:
    """A request to an object that a client serves.

    Attributes:
        object_id: the id of the object in the client.
        op: the operation.
        params: the parameters for the client, without the addresses of inputs.
        contents: the bytes of each input buffer.
        number: the id that the answer must name; 0 if no answer is expected.
        is_delivered: whether the client has received it.
        result: the result; None until there is one.
        buffers: the bytes of each output buffer, once there is a result.
        objects: the output objects, once there is a result.
    """

    object_id: int
    op: int
    params: list[Param] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    number: int = 0
    is_delivered: bool = False
    result: int | None = None
    buffers: list[bytes] = field(default_factory=list)
    objects: list[QteeReference | None] = field(default_factory=list)


class RequestQueue:
    """Pass requests to one client, the oldest first, and its answers back.

    Threads: may be used from any; a client may receive in several.
    """

    def __init__(self) -> None:
        self._condition = renewed(Condition())
        self._queue: deque[Request] = deque()
        # The requests without an answer, by number; None if nobody waits for the answer any longer.
        self._pending: dict[int, Request | None] = {}
        self._is_closed = False

    @property
    def pending(self) -> int:
        """How many requests wait for an answer."""
        with self._condition:
            return sum(request is not None for request in self._pending.values())

    def notify(self, request: Request) -> None:
        """Queue a request that needs no answer."""
        with self._condition:
            if not self._is_closed:
                self._queue.append(request)
                self._condition.notify_all()

    def call(self, request: Request) -> None:
        """Queue a request, and wait for its result."""
        with self._condition:
            if self._is_closed:
                request.result = QteeResult.DEFUNCT
                return
            request.number = next(n for n in itertools.count() if n not in self._pending)
            self._pending[request.number] = request
            self._queue.append(request)
            self._condition.notify_all()
            try:
                while request.result is None:
                    self._condition.wait()
            except BaseException:
                self._revoke(request)
                raise

    def _revoke(self, request: Request) -> None:
        """Withdraw a request, or make sure that its answer is dropped."""
        if request.result is not None:
            _release_all(request)
        elif not request.is_delivered:
            self._queue.remove(request)
            del self._pending[request.number]
        elif request.number in self._pending:
            self._pending[request.number] = None
        request.result = QteeResult.DEFUNCT

    def receive(self, deliver: Callable[[Request], list[Param]]) -> tuple[int, list[Param]]:
        """Wait for a request, and return its operation and the result of deliver().

        If deliver() raises an exception, the request stays first in the queue.
        """
        with self._condition:
            while not self._queue:
                if self._is_closed:
                    raise OSError(errno.EBADF, "the device is closed")
                self._condition.wait()
            request = self._queue[0]
            delivered = deliver(request)
            self._queue.popleft()
            request.is_delivered = True
            return request.op, delivered

    def take(self, number: int) -> Request:
        """Remove and return the request that a client answers."""
        with self._condition:
            request = self._pending.get(number)
            if number not in self._pending or (request and not request.is_delivered):
                raise OSError(errno.EINVAL, "there is no such request")
            del self._pending[number]
            if request is None:
                raise OSError(errno.EINVAL, "nobody waits for the answer any longer")
            return request

    def finish(self, request: Request, result: int) -> None:
        """Set the result of a request, unless nobody waits for it any longer."""
        with self._condition:
            if request.result is not None:
                _release_all(request)
            else:
                request.result = result
                self._condition.notify_all()

    def close(self) -> None:
        """End all requests, and every wait for one."""
        with self._condition:
            self._is_closed = True
            self._queue.clear()
            for request in self._pending.values():
                if request is not None:
                    request.result = QteeResult.DEFUNCT
            self._pending.clear()
            self._condition.notify_all()


def _release_all(request: Request) -> None:
    """Release the objects of an answer that came too late."""
    for reference in request.objects:
        if reference is not None:
            reference.release()
