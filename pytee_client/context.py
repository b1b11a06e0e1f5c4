# SPDX-License-Identifier: BSD-2-Clause
"""A connection to a TEE (TEEC_Context)."""

from __future__ import annotations

import os
import weakref

from . import _hints as t
from . import memory, session
from ._audit import CONTEXT, audit
from ._backend import open_native, resolve_for_context
from ._boundary import (
    NativeContext,
    backend_name,
)
from ._calls.closing import run_within
from ._calls.opening import Openings
from ._checks import check_observer, to_count, to_seconds
from ._closable import Closable, living, with_earlier
from ._deadline import Deadline
from ._limits import DEFAULT_GRACE
from ._logging import log_debug, modules
from ._memories import Memories
from ._pools import Pools
from ._process import Process, importing
from ._results import TranslatedFilesShortage
from ._sessions import Sessions
from .enums import GenericCapabilities
from .errors import (
    ClosedContextError,
    DeadlineError,
    ForkedContextError,
)
from .memory import (
    SharedMemory,
)
from .session import Session
from .version import Version, known_implementation

__all__ = ["Context"]


class Context(Pools, Memories, Sessions, Closable):
    """A connection to a TEE; sessions are opened and memory is shared in it.

    Source: TEEC_InitializeContext, GPD_SPE_007 4.5.2.

    Raises an auditing event pytee_client.Context with the arguments path, backend.

    Args:
        device: the path of a device, such as "/dev/tee1"; "fake:" or "fake:optee" for the
            fake kernel; None for the first device with the GlobalPlatform capability, or,
            on a machine without any TEE device, the fake kernel and a FakeTeeWarning. A
            machine that should have a TEE by its device tree or its buses gets no fake.
        backend: "linux" for real devices only, "fake" for the fake only, or a kernel in
            Python, such as a pytee_client.fake.Kernel. The default is the environment
            variable PYTEE_CLIENT_BACKEND: linux, fake, fake: and a profile, or the path of the
            device for contexts that name none.
        timeout: in how many seconds openings and commands have to end that are given no
            time-out; see Session.invoke_command(). None for no limit.
        grace: for how many seconds more they may then take.
        max_calls: how many calls threads of the library make at once: those with a time-out, and
            those that were submitted. Others wait, in order. The TEE has few threads, so more
            than it has are of use only if calls run on that were given up.
        observer: what is called with a CallEvent for each opening and each command, when it is
            over or was given up; see docs/observability.md. What it raises is logged. Without
            one, nothing is measured.
        slow_after: how many seconds openings and commands may take in the TEE, before the logger
            "pytee_client" tells of them at WARNING: while they go on, and at their end. None to
            tell of none, which costs nothing; see docs/observability.md.

    Attributes:
        timeout, grace: the same; new sessions take them over.

    Raises:
        DeviceNotFoundError: there is no such device.
        DeviceAccessError: a PermissionError; the user may not open the device.
        PrivilegedDeviceError: the device is the supplicant's.
        NotATeeDeviceError: the path is not a TEE device.
        NotSupportedError: the device lacks the GlobalPlatform capability.
        TooManyFilesError: the process or the system has as many open files as it may.
        ValueError: backend is not one of these.
        ParameterTypeError: a TypeError; the observer can't be called, or is a coroutine function.

    Threads: any number may use a context at once. close() waits for their calls.
    Processes: a child of a fork can't use its parent's contexts.
    """

    def __init__(
        self,
        device: str | os.PathLike[str] | None = None,
        *,
        backend: t.Backend | None = None,
        timeout: float | None = None,
        grace: float = DEFAULT_GRACE,
        max_calls: int = 16,
        observer: t.Observer | None = None,
        slow_after: float | None = None,
    ) -> None:
        self.timeout = timeout
        self.grace = grace
        max_calls = to_count(max_calls, "max_calls", low=1)
        if observer is not None:
            check_observer(observer)
        slow_calls = None
        if slow_after is not None:
            # Few programs need it.
            with importing:
                from ._slow_calls import SlowCalls
            observer = slow_calls = SlowCalls(to_seconds(slow_after, "slow_after"), observer)
        with TranslatedFilesShortage(f"opening {device or 'the first TEE device'}"):
            path, kernel = resolve_for_context(device, backend)
            audit(CONTEXT, path, backend_name(kernel))
            self._native = open_native(path, kernel, observer)
        self._native.set_max_calls(max_calls)
        self._openings = Openings(self._native)
        self._path = path
        self._process = Process.generation
        # Without a lock, which a signal's handler or a finaliser could meet again. Who adds to a
        # set looks at _closing then; who closes sets it first, and looks into the sets then. So
        # at least one of them sees the other.
        self._closing = False
        self._sessions: set[weakref.ref[Session]] = set()
        self._blocks: set[weakref.ref[SharedMemory]] = set()
        self._slow_calls = slow_calls
        if slow_calls is not None:
            slow_calls.begin(self._sessions)
        if "logging" in modules:
            log_debug("", "opened %s", self._words())
        self._closed = False

    @property
    def version(self) -> Version:
        """Which kernel and which TEE answer; also after close()."""
        implementation, capabilities, generic = self._native.version
        return Version(
            backend_name(self._native.kernel),
            known_implementation(implementation),
            capabilities,
            GenericCapabilities(generic),
        )

    def _instead(self) -> str:
        return "open another, which is a connection of its own"

    def _check_live(self) -> None:
        if self._closing:
            raise ClosedContextError("the context is closed: open another")
        if self._process != Process.generation:
            raise ForkedContextError(
                "the context belongs to the parent of this process: open another here"
            )

    def _live_native(self) -> NativeContext:
        self._check_live()
        return self._native

    def close(self, timeout: float | None = None) -> None:
        """Close the context with its sessions and its shared memory. Closing twice is harmless.

        Source: TEEC_FinalizeContext, GPD_SPE_007 4.5.3.

        Memory that was shared stays readable and writable through the views that exist. Calls
        that were given up are not waited for: the device is closed at the end of the last.

        Args:
            timeout: for how many seconds to wait for calls at most; see Session.close().

        Raises:
            BadStateError: called within a call of its own, as by a signal handler.
            DeadlineError: calls run on after the time-out. The context takes no others.

        An interrupt while it waits leaves a context that refuses everything but close(), which
        goes on.

        Threads: may be called from any; waits for the calls of the others.
        """
        deadline = Deadline(timeout)
        for opened in living(self._sessions):
            opened._calls.check_not_within(deadline.remaining)
        was_closed = self._closed
        self._closing = True
        first: BaseException | None = None
        for part in living(self._sessions):
            try:
                part.close(deadline.remaining)
            except BaseException as error:
                first = with_earlier(error, first)
                # If the part is closed, its error must not keep the others open.
                if not part._closed:
                    raise
        left = deadline.remaining
        try:
            # A child of a fork has no thread for it, and does not ask the TEE.
            if left is None or self._process != Process.generation:
                self._close_rest()
            else:
                run_within(self._native, self._close_rest, left, f"closing {self!r}")
        except BaseException as error:
            if isinstance(error, DeadlineError):
                # A thread goes on with it.
                self._closed = True
            if not self._closed:
                raise
            first = with_earlier(error, first)
        if first is not None:
            raise first
        if not was_closed and "logging" in modules:
            log_debug("", "closed %s", self._words())

    def _close(self) -> None:
        self._closing = True
        for part in living(self._sessions):
            part._close()
        self._close_rest()

    def _close_rest(self) -> None:
        """Close what is left when there are no sessions."""
        first: BaseException | None = None
        for block in living(self._blocks):
            try:
                block._close()
            except BaseException as error:
                first = with_earlier(error, first)
                if not block._closed:
                    raise
        try:
            self._native.finalize()
        except BaseException as error:
            first = with_earlier(error, first)
        self._closed = True
        if self._slow_calls is not None:
            self._slow_calls.is_over = True
        if first is not None:
            raise first

    def _words(self) -> str:
        return f"a context on {self._path or 'the first device'} of {self.version.backend}"

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        device = self._path or "the first device"
        return f"<Context on {device} of {self.version.backend}, {state}>"


# What belongs to a context names its class in hints, and can't import it.
for _module in (memory, session):
    vars(_module)["Context"] = Context
