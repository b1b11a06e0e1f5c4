# SPDX-License-Identifier: BSD-2-Clause
"""The requests of OP-TEE to the normal world while a call runs (RPC)."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Final, final

from ...._boundary.sleep import interruptible_sleep, signals_held
from ....enums import Result
from ....kernels.uapi import ParamType
from ....supplicant.rpc_command import NotificationOperation, RpcCommand
from ...secure_world.notifications import Notifications
from ...secure_world.results import ResultError
from ...structures import Param, SharedMemory
from .supplicant_queue import SupplicantQueue

__all__ = ["MissingSupplicantError", "Rpc"]

# The type of memory that OP-TEE and the supplicant share.
_APPLICATION_MEMORY: Final = 0


class MissingSupplicantError(Exception):
    """The cause of COMMUNICATION: OP-TEE needs a supplicant, and there is none."""

    def __init__(self) -> None:
        super().__init__(
            "this OP-TEE needs a supplicant, and nothing serves /dev/teepriv0: keep a"
            " supplicant.Supplicant(kernel, ...) open, or make the OP-TEE with"
            " SupplicantUse.NONE and install the Trusted Applications"
        )


class _Thread(threading.local):
    waits = True


@final
class Rpc:
    """Make requests of OP-TEE to Linux, and through Linux to the supplicant.

    Args:
        queue: the requests to the supplicant.
        notifications: the notifications for the request NOTIFICATION.
        waits: whether a request waits for a supplicant if there is none.

    Threads: may be used from any. A request blocks its thread.
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
        """Let requests of this thread fail at once if there is no supplicant."""
        was, self._thread.waits = self._thread.waits, False
        try:
            yield
        finally:
            self._thread.waits = was

    @property
    def _may_wait(self) -> bool:
        return self._waits and self._thread.waits

    def call(self, func: int, params: list[Param]) -> int:
        """Make a request, write its outputs to params, and return its result."""
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
            ResultError: the result is not SUCCESS.
        """
        cause = self._missing()
        result = self.call(func, params)
        if result != Result.SUCCESS:
            raise ResultError(result) from cause

    def _missing(self) -> MissingSupplicantError | None:
        """Return the reason if a request made now must fail."""
        is_missing = not self._may_wait and self._queue.supplicant is None
        return MissingSupplicantError() if is_missing else None

    def allocate(self, size: int) -> SharedMemory:
        """Get shared memory from the supplicant (SHM_ALLOC); release it with free().

        Raises:
            ResultError: OUT_OF_MEMORY, for any cause.
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
        """Release memory of the supplicant (SHM_FREE), whatever it answers."""
        wish = Param(ParamType.VALUE_INOUT, a=_APPLICATION_MEMORY, b=memory.id)
        try:
            self._queue.call(RpcCommand.SHM_FREE, [wish], waits=False)
        finally:
            memory.context.core.put_memory(memory)

    @contextlib.contextmanager
    def shared(self, size: int, content: bytes = b"") -> Iterator[SharedMemory]:
        """Keep shared memory of the supplicant while the context manager is open.

        Args:
            size: its size in bytes.
            content: bytes to write at its start.
        """
        memory = self.allocate(size)
        try:
            memory.write(0, content)
            yield memory
        except Exception:
            self.free(memory)
            raise
        except BaseException:
            # An interrupt stands for SIGKILL: a killed client makes no further requests.
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
    # A signal ends the sleep, and nobody is told.
    with signals_held() as others:
        interruptible_sleep(params[0].a / 1000, others)
    return Result.SUCCESS
