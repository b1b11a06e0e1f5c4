# SPDX-License-Identifier: BSD-2-Clause
"""Threads in calls, the signals that wait for them, and copies of the C library."""

from __future__ import annotations

import _ctypes
import ctypes
import functools
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytee_client as tee
from pytee_client.kernels import uapi

from . import c_library as c
from .stand_in import Rule, StandIn
from .stand_in.library import CSRC
from .waiting import LIMIT

REAL_TIME = range(signal.SIGRTMIN, signal.SIGRTMAX + 1)
CANCELLED = c.Outcome(tee.Result.CANCEL, tee.Origin.TRUSTED_APP)
SUCCEEDED = c.Outcome(tee.Result.SUCCESS, tee.Origin.TRUSTED_APP)


def _status(thread: int, field: str) -> str:
    lines = Path(f"/proc/self/task/{thread}/status").read_text().splitlines()
    (value,) = (line.split()[1] for line in lines if line.startswith(f"{field}:"))
    return value


def _signals(thread: int, field: str) -> set[int]:
    """Return the real-time signals of a field of Linux's status of a thread."""
    bits = int(_status(thread, field), 16)
    return {number for number in REAL_TIME if bits >> (number - 1) & 1}


def set_signals() -> set[int]:
    """Return the real-time signals whose action is not the default in this process."""
    thread = threading.get_native_id()
    return _signals(thread, "SigCgt") | _signals(thread, "SigIgn")


class Waiting:
    """A call that waits on the stand-in, in a thread of its own.

    Attributes:
        outcome: what comes of it.
        after: the signals that waited for the thread alone when the call was over.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        rule: Rule,
        session: Any,
        blocked: frozenset[int] = frozenset(),
        call: Callable[[Any], c.Outcome] | None = None,
    ) -> None:
        self.after: set[int] = set()
        self._operation = c.operation()
        self._thread = 0
        self._blocked = blocked
        self._call = call or (lambda operation: c.invoke(session, 0, operation))
        self.outcome: Future[c.Outcome] = pool.submit(self._run)
        rule.wait()

    def _run(self) -> c.Outcome:
        self._thread = threading.get_native_id()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, self._blocked)
        outcome = self._call(self._operation)
        self.after = _signals(self._thread, "SigPnd")
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return outcome

    def cancel(self, request: Callable[[Any], object] = c.lib.TEEC_RequestCancellation) -> None:
        """Request the cancellation."""
        request(self._operation)

    @property
    def nudges(self) -> set[int]:
        """The signals that wait for the thread: it handles none before its call is over."""
        return _signals(self._thread, "SigPnd")

    @property
    def queued(self) -> int:
        """How many signals of the user's Linux keeps."""
        return int(_status(self._thread, "SigQ").partition("/")[0])


@functools.cache
def _home() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="libteec-")


class TeecCopy:
    """The C library once more, as a program has it that was linked with libteec.so.2."""

    _count = 0

    def __init__(self) -> None:
        TeecCopy._count += 1
        path = Path(_home().name) / f"libteec-{TeecCopy._count}.so"
        sources = sorted(CSRC.glob("*.c"))
        options = ("-shared", "-fPIC", "-O1", "-std=gnu11", f"-I{CSRC}", "-pthread")
        subprocess.run(["cc", *options, *sources, "-o", path], check=True, timeout=LIMIT)
        self._library = ctypes.CDLL(str(path))

    def _function(self, name: str, result: str, *arguments: str) -> Any:
        address = ctypes.cast(getattr(self._library, name), ctypes.c_void_p).value
        return c.ffi.cast(f"{result} (*)({', '.join(arguments)})", address)

    def cancel_one(self, device: StandIn) -> set[int]:
        """Have a thread wait, cancel its operation and let it go; return its nudges meanwhile."""
        context, session = c.new_context(), c.new_session()
        initialize = self._function(
            "TEEC_InitializeContext", "uint32_t", "const char *", "TEEC_Context *"
        )
        assert initialize(c.ffi.NULL, context) == 0
        open_session = self._function(
            "TEEC_OpenSession",
            "uint32_t",
            "TEEC_Context *",
            "TEEC_Session *",
            "TEEC_UUID *",
            "uint32_t",
            "void *",
            "TEEC_Operation *",
            "uint32_t *",
        )
        null = c.ffi.NULL
        assert open_session(context, session, c.ffi.new("TEEC_UUID *"), 0, null, null, null) == 0
        invoke = self._function(
            "TEEC_InvokeCommand",
            "uint32_t",
            "TEEC_Session *",
            "uint32_t",
            "TEEC_Operation *",
            "uint32_t *",
        )

        def call(operation: Any) -> c.Outcome:
            origin = c.ffi.new("uint32_t *")
            return c.Outcome(invoke(session, 0, operation, origin), origin[0])

        held = device.on(uapi.TEE_IOC_INVOKE, hold=True)
        with ThreadPoolExecutor() as pool:
            waiting = Waiting(pool, held, session, call=call)
            waiting.cancel(self._function("TEEC_RequestCancellation", "void", "TEEC_Operation *"))
            nudges = waiting.nudges
            held.let_go()
            assert waiting.outcome.result(LIMIT) == SUCCEEDED
        self._function("TEEC_CloseSession", "void", "TEEC_Session *")(session)
        self._function("TEEC_FinalizeContext", "void", "TEEC_Context *")(context)
        return nudges

    def unload(self) -> None:
        """Unload it: nothing of it may be used any more."""
        _ctypes.dlclose(self._library._handle)
