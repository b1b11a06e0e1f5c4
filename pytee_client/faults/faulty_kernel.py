# SPDX-License-Identifier: BSD-2-Clause
"""A kernel with faults."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Literal

from .._boundary import address_of, copy_from_user
from .._checks import to_bool, to_instance, to_path_text
from .._logging import log_debug, modules
from .._process import renewed
from ..enums import Result
from ..kernels import Kernel, ObservedCall, ProxyKernel, SystemCall, uapi
from .plan import Fault, Plan, Strike

__all__ = ["FaultyKernel"]

_REMEMBERED: Final = 10_000


class FaultyKernel(ProxyKernel):
    """Pass system calls on to another kernel, with the faults of a plan.

    If a call fails after it created something, that is released, as Linux does.

    Args:
        kernel: the other kernel; "linux" for the running kernel.
        plan: the faults; by default none.

    Attributes:
        calls: the last 10 000 system calls, in order.

    Threads: may be used from any. Calls are counted in the order in which they arrive.
    """

    def __init__(self, kernel: Kernel | Literal["linux"], plan: Plan = Plan()) -> None:  # noqa: B008
        super().__init__(kernel)
        # A session that is collected as garbage closes itself, wherever the thread is.
        self._lock = renewed(threading.RLock())
        self._paths: dict[int, str] = {}
        self._dead: set[int] = set()
        self._gone: dict[str | None, bool] = {}
        self.calls: deque[ObservedCall] = deque(maxlen=_REMEMBERED)
        self.arm(plan)

    @property
    def plan(self) -> Plan:
        """The active plan."""
        return self._plan

    @property
    def strikes(self) -> tuple[Strike, ...]:
        """The strikes of the faults of the plan, in order."""
        with self._lock:
            return tuple(self._strikes)

    @property
    def descriptors(self) -> frozenset[int]:
        """The descriptors that were opened through this kernel and are not closed."""
        with self._lock:
            return frozenset(self._paths)

    def arm(self, plan: Plan) -> None:
        """Activate another plan, and start to count calls for it."""
        to_instance(plan, Plan, "the plan", "make one with Plan([Fault(...)])")
        with self._lock:
            # The old plan may hold the last reference to a session, which closes when it is freed.
            _old = getattr(self, "_plan", None)
            self._counts = [0] * len(plan.faults)
            self._strikes: list[Strike] = []
            self._plan = plan

    def disarm(self) -> None:
        """Remove all faults. Unplugged devices stay unplugged."""
        self.arm(Plan())

    def assert_all_struck(self) -> None:
        """Raise AssertionError if a fault of the plan struck no call, and so tested nothing."""
        struck = {id(strike.fault) for strike in self.strikes}
        idle = [str(fault) for fault in self._plan.faults if id(fault) not in struck]
        if idle:
            raise AssertionError("faults that struck no call:\n  " + "\n  ".join(idle))

    def unplug(self, path: str | None = None, *, serve_open: bool = False) -> None:
        """Take devices away.

        Opening a device then fails with ENOENT, as its node is gone. Calls on an open device
        fail with ENODEV, except close and munmap.

        When Linux unbinds a driver it removes the nodes, and goes on serving open devices until
        they are closed. serve_open does the same.

        Args:
            path: the path of the device; None for all devices.
            serve_open: whether open devices are still served.
        """
        path = None if path is None else to_path_text(path, "the path")
        to_bool(serve_open, "serve_open")
        with self._lock:
            self._gone[path] = True
            if not serve_open:
                self._dead |= {fd for fd, of in list(self._paths.items()) if path in (None, of)}

    def plug_in(self, path: str | None = None) -> None:
        """Bring devices back. Descriptors that were open before stay dead.

        Args:
            path: the path of the device; None for all devices.
        """
        path = None if path is None else to_path_text(path, "the path")
        with self._lock:
            if path is None:
                self._gone.clear()
            else:
                self._gone[path] = False

    def open(self, path: str) -> int:
        """Open a device (open(2))."""
        call = ObservedCall(SystemCall.OPEN, path=path)
        return self._serve(call, lambda: self.kernel.open(path))

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """Serve a request to a device (ioctl(2))."""
        call = ObservedCall.of_ioctl(fd, request, argument)
        return self._serve(call, lambda: self.kernel.ioctl(fd, request, argument))

    def mmap(self, fd: int, length: int) -> int:
        """Map shared memory (mmap(2))."""
        call = ObservedCall(SystemCall.MMAP, fd, length=length)
        return self._serve(call, lambda: self.kernel.mmap(fd, length))

    def munmap(self, address: int, length: int) -> None:
        """End a mapping (munmap(2))."""

        def unmap() -> int:
            self.kernel.munmap(address, length)
            return 0

        call = ObservedCall(SystemCall.MUNMAP, address=address, length=length)
        self._serve(call, unmap)

    def close(self, fd: int) -> None:
        """Close a descriptor (close(2))."""

        def close() -> int:
            # First, as another thread may get the same number.
            with self._lock:
                self._paths.pop(fd, None)
                self._dead.discard(fd)
            self.kernel.close(fd)
            return 0

        self._serve(ObservedCall(SystemCall.CLOSE, fd), close)

    def forget_cause(self) -> None:
        """Drop the exception behind an answer that the program does not get; for actions."""
        self.kernel.take_cause()

    def close_opened_session(self, call: ObservedCall) -> None:
        """Close the session that a call opened, without counting that as a call; for actions."""
        at = call.buffer_address + uapi.OPEN_SESSION_RESULT_OFFSET
        layout = uapi.OPEN_SESSION_RESULT
        session, result, _ = layout.unpack(copy_from_user(at, layout.size))
        if result == Result.SUCCESS:
            data = bytearray(uapi.CLOSE_SESSION_ARG.pack(session))
            with contextlib.suppress(OSError):
                self.kernel.ioctl(call.fd, uapi.TEE_IOC_CLOSE_SESSION, address_of(data))

    def _serve(self, call: ObservedCall, forward: Callable[[], int]) -> int:
        created: list[int] = []

        def proceed() -> int:
            self._check_present(call)
            result = forward()
            created.append(result)
            return result

        serve = proceed
        for fault in reversed(self._faults_for(call)):
            serve = self._with_fault(fault, call, serve)
        try:
            result = serve()
        except BaseException:
            for what in created:
                self._release_created(call, what)
            raise
        self._remember_device(call, result)
        return result

    def _faults_for(self, call: ObservedCall) -> list[Fault]:
        struck = []
        with self._lock:
            plan, counts, strikes = self._plan, self._counts, self._strikes
            self.calls.append(call)
        counted = [fault.counts(call) for fault in plan.faults]
        with self._lock:
            for index, fault in enumerate(plan.faults):
                counts[index] += counted[index]
                if counted[index] and fault.strikes(counts[index]):
                    struck.append(fault)
                    strikes.append(Strike(fault, counts[index], call))
        if struck and "logging" in modules:
            # Not their texts: programs can write actions of their own.
            names = ", ".join(type(fault.action).__name__ for fault in struck)
            log_debug("faults", "%s is struck by %s", call.call.name, names)
        return struck

    def _with_fault(
        self, fault: Fault, call: ObservedCall, proceed: Callable[[], int]
    ) -> Callable[[], int]:
        return lambda: fault.action.perform(self, call, proceed)

    def _check_present(self, call: ObservedCall) -> None:
        if call.call.releases:
            return
        with self._lock:
            if call.fd in self._dead:
                raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
            gone = self._gone.get(call.path, self._gone.get(None, False))
        if call.call is SystemCall.OPEN and gone:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), call.path)

    def _remember_device(self, call: ObservedCall, result: int) -> None:
        """Remember the device of a new descriptor."""
        with self._lock:
            if call.call is SystemCall.OPEN:
                self._paths[result] = call.path
            elif call.call.creates_memory and call.fd in self._paths:
                self._paths[result] = self._paths[call.fd]

    def _release_created(self, call: ObservedCall, result: int) -> None:
        with contextlib.suppress(OSError):
            if call.call is SystemCall.OPEN or call.call.creates_memory:
                self.kernel.close(result)
            elif call.call is SystemCall.MMAP:
                self.kernel.munmap(result, call.length)
            elif call.call is SystemCall.OPEN_SESSION:
                self.close_opened_session(call)
