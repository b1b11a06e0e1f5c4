# SPDX-License-Identifier: BSD-2-Clause
"""What OP-TEE asks of the normal world while a call runs, and who answers."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Final, final

from ....enums import Result
from ....kernels.uapi import ParamType
from ....supplicant.rpc_command import NotificationOperation, RpcCommand
from ...secure_world.results import ResultError
from ...structures import Param

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...secure_world.notifications import Notifications
    from ...structures import SharedMemory
    from .supplicant_queue import SupplicantQueue

__all__ = ["MissingSupplicantError", "Rpc"]

# Memory that both the supplicant and OP-TEE see, in a request for it.
_APPLICATION_MEMORY: Final = 0


class MissingSupplicantError(Exception):
    """OP-TEE needs a supplicant, and there is none: the cause of a COMMUNICATION."""

    def __init__(self) -> None:
        super().__init__(
            "this OP-TEE needs a supplicant, and nothing serves /dev/teepriv0: have a"
            " supplicant.Supplicant(kernel, ...) while it is used, or an OP-TEE with"
            " SupplicantUse.NONE and the Trusted Applications installed in it"
        )


class _Thread(threading.local):
    waits = True


@final
class Rpc:
    """The requests of OP-TEE to Linux, and through it to the supplicant.

    Args:
        queue: the way to the supplicant.
        notifications: what the request NOTIFICATION is about.
        waits: whether requests to a supplicant that is not there wait for it.

    Threads: may be used from any; requests block the thread that they are made in.
    """

    def __init__(
        self, queue: SupplicantQueue, notifications: Notifications, *, waits: bool
    ) -> None:
        self._queue = queue
        self._notifications = notifications
        self._waits = waits
        self._thread = _Thread()

    @contextlib.contextmanager
    def without_waiting(self) -> Iterator[None]:
        """Have requests of this thread fail at once if there is no supplicant."""
        was, self._thread.waits = self._thread.waits, False
        try:
            yield
        finally:
            self._thread.waits = was

    @property
    def _may_wait(self) -> bool:
        return self._waits and self._thread.waits

    def call(self, func: int, params: list[Param]) -> int:
        """Make a request and return its result; what it puts out is put into params."""
        if func == RpcCommand.GET_TIME:
            return _tell_time(params)
        if func == RpcCommand.NOTIFICATION:
            return self._notify(params)
        if func == RpcCommand.SUSPEND:
            return _suspend(params)
        return self._queue.call(func, params, waits=self._may_wait)

    def request(self, func: int, params: list[Param]) -> None:
        """Make a request that must succeed.

        Raises:
            ResultError: its result, if that is not SUCCESS.
        """
        cause = self._missing()
        result = self.call(func, params)
        if result != Result.SUCCESS:
            raise ResultError(result) from cause

    def _missing(self) -> MissingSupplicantError | None:
        """Return why a request will fail that is made now, if it will."""
        is_missing = not self._may_wait and self._queue.supplicant is None
        return MissingSupplicantError() if is_missing else None

    def allocate(self, size: int) -> SharedMemory:
        """Have the supplicant share memory (SHM_ALLOC), to be given back with free().

        Raises:
            ResultError: OUT_OF_MEMORY, whatever the cause.
        """
        wish = Param(ParamType.VALUE_INOUT, a=_APPLICATION_MEMORY, b=size)
        cause = self._missing()
        result = self._queue.call(RpcCommand.SHM_ALLOC, [wish], waits=self._may_wait)
        supplicant = self._queue.supplicant
        if result == Result.SUCCESS and supplicant is not None:
            try:
                memory = supplicant.core.find_memory(supplicant, wish.c)
            except OSError:
                raise ResultError(Result.OUT_OF_MEMORY) from None
            if memory.size >= size:
                return memory
            self.free(memory)
        raise ResultError(Result.OUT_OF_MEMORY) from cause

    def free(self, memory: SharedMemory) -> None:
        """Give memory back (SHM_FREE); whatever the supplicant says, it is gone."""
        wish = Param(ParamType.VALUE_INOUT, a=_APPLICATION_MEMORY, b=memory.id)
        try:
            self._queue.call(RpcCommand.SHM_FREE, [wish], waits=False)
        finally:
            memory.context.core.put_memory(memory)

    @contextlib.contextmanager
    def shared(self, size: int, content: bytes = b"") -> Iterator[SharedMemory]:
        """Have memory of the supplicant's, with some content, for a while."""
        memory = self.allocate(size)
        try:
            memory.write(0, content)
            yield memory
        except Exception:
            self.free(memory)
            raise
        except BaseException:
            # An interrupt is as good as a kill: who is killed asks for nothing more.
            memory.context.core.put_memory(memory)
            raise
        else:
            self.free(memory)

    def _notify(self, params: list[Param]) -> int:
        if len(params) != 1 or params[0].type is not ParamType.VALUE_INPUT:
            return Result.BAD_PARAMETERS
        (wish,) = params
        if wish.a == NotificationOperation.WAIT:
            return self._notifications.wait(wish.b, wish.c)
        if wish.a == NotificationOperation.SEND:
            return self._notifications.send(wish.b)
        return Result.BAD_PARAMETERS


def _tell_time(params: list[Param]) -> int:
    if len(params) != 1 or params[0].type is not ParamType.VALUE_OUTPUT:
        return Result.BAD_PARAMETERS
    params[0].a, params[0].b = divmod(time.time_ns(), 1_000_000_000)
    return Result.SUCCESS


def _suspend(params: list[Param]) -> int:
    if len(params) != 1 or params[0].type is not ParamType.VALUE_INPUT:
        return Result.BAD_PARAMETERS
    time.sleep(params[0].a / 1000)
    return Result.SUCCESS
