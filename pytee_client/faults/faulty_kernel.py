# SPDX-License-Identifier: BSD-2-Clause
"""A kernel that has faults."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Final, Literal

from .._boundary import address_of, copy_from_user
from ..enums import Result
from ..kernels import ObservedCall, ProxyKernel, SystemCall, uapi
from .plan import Plan, Strike

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..kernels import Kernel
    from .plan import Fault

__all__ = ["FaultyKernel"]

_REMEMBERED: Final = 10_000


class FaultyKernel(ProxyKernel):
    """A kernel that passes calls on to another, but for those that its plan gives a fault.

    What a call has created that fails nevertheless is taken back, as Linux does.

    Args:
        kernel: the other one, "linux" for the running kernel.
        plan: the faults; none by default.

    Attributes:
        calls: the last 10 000 calls, in the order in which they came.

    Threads: may be called from any; calls are counted in the order in which they come.
    """

    def __init__(self, kernel: Kernel | Literal["linux"], plan: Plan = Plan()) -> None:  # noqa: B008
        super().__init__(kernel)
        # A session that is collected as garbage closes itself, wherever the thread is.
        self._lock = threading.RLock()
        self._paths: dict[int, str] = {}
        self._dead: set[int] = set()
        self._gone: dict[str | None, bool] = {}
        self.calls: deque[ObservedCall] = deque(maxlen=_REMEMBERED)
        self.arm(plan)

    @property
    def plan(self) -> Plan:
        """The plan that is in force."""
        return self._plan

    @property
    def strikes(self) -> tuple[Strike, ...]:
        """The faults of the plan that struck, in the order in which they did."""
        with self._lock:
            return tuple(self._strikes)

    @property
    def descriptors(self) -> frozenset[int]:
        """What was opened through this kernel, and is not closed."""
        with self._lock:
            return frozenset(self._paths)

    def arm(self, plan: Plan) -> None:
        """Put another plan in force, and count the calls from here on."""
        with self._lock:
            # The old plan may be the last to know a session, which closes as soon as it goes.
            _old = getattr(self, "_plan", None)
            self._counts = [0] * len(plan.faults)
            self._strikes: list[Strike] = []
            self._plan = plan

    def disarm(self) -> None:
        """Have no faults from here on; what is unplugged stays so."""
        self.arm(Plan())

    def assert_all_struck(self) -> None:
        """Raise AssertionError if a fault of the plan has struck nothing: it tested nothing."""
        struck = {id(strike.fault) for strike in self.strikes}
        idle = [str(fault) for fault in self._plan.faults if id(fault) not in struck]
        if idle:
            raise AssertionError("faults that struck no call:\n  " + "\n  ".join(idle))

    def unplug(self, path: str | None = None, *, serve_open: bool = False) -> None:
        """Take devices away.

        Opening one then fails with ENOENT, as its node is gone. What is open fails with
        ENODEV in all it does but to give back what it has.

        Linux is milder to those who have a TEE device open: it removes a driver by taking
        its nodes away and waiting until nobody uses them. serve_open does that.

        Args:
            path: of the device; None for all.
            serve_open: whether what is open goes on being served.
        """
        with self._lock:
            self._gone[path] = True
            if not serve_open:
                self._dead |= {fd for fd, of in list(self._paths.items()) if path in (None, of)}

    def plug_in(self, path: str | None = None) -> None:
        """Bring devices back. What was open when they went stays dead.

        Args:
            path: of the device; None for all.
        """
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
            # Before its number can be another's.
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
        """Close the session that a call opened, unseen by the plan; for actions."""
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
        for fault in reversed(self._struck_by(call)):
            serve = self._performing(fault, call, serve)
        try:
            result = serve()
        except BaseException:
            for what in created:
                self._take_back(call, what)
            raise
        self._note(call, result)
        return result

    def _struck_by(self, call: ObservedCall) -> list[Fault]:
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
        return struck

    def _performing(
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

    def _note(self, call: ObservedCall, result: int) -> None:
        """Know a new descriptor by the device that it is of."""
        with self._lock:
            if call.call is SystemCall.OPEN:
                self._paths[result] = call.path
            elif call.call.creates_memory and call.fd in self._paths:
                self._paths[result] = self._paths[call.fd]

    def _take_back(self, call: ObservedCall, result: int) -> None:
        with contextlib.suppress(OSError):
            if call.call is SystemCall.OPEN or call.call.creates_memory:
                self.kernel.close(result)
            elif call.call is SystemCall.MMAP:
                self.kernel.munmap(result, call.length)
            elif call.call is SystemCall.OPEN_SESSION:
                self.close_opened_session(call)
