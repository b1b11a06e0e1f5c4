# SPDX-License-Identifier: BSD-2-Clause
"""What workers of process pools do in tests. They import no more than a program's would."""

from __future__ import annotations

import gc
import multiprocessing
import os
from enum import IntEnum
from typing import TYPE_CHECKING
from uuid import UUID

import pytee_client as tee

from .conformance import Command

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess

    from .targets import Target

ABSENT = UUID("11111111-2450-11e4-abe2-0002a5d5c51b")

_opened: list[tee.Session] = []


class WorkerResult(IntEnum):
    """What the conformance application is told to return."""

    FULL = 0x80000077


def where(target: Target) -> tuple[str, str | None]:
    """Return the device and the backend by which another process finds a target."""
    return (target.device, "linux") if target.is_real else (target.name, None)


def new_process(method: str, work: Callable[..., object], *arguments: object) -> BaseProcess:
    """Make a process, which a start method starts."""
    made: BaseProcess = multiprocessing.get_context(method).Process(  # type: ignore[attr-defined]
        target=work, args=arguments
    )
    return made


def open_session(device: str, backend: str | None, destination: UUID) -> None:
    """Open the session of this worker."""
    context = tee.Context(device, backend=backend)  # type: ignore[arg-type]
    _opened.append(context.open_session(destination, results=WorkerResult))


def work(number: int) -> tuple[int, int]:
    """Have the application add one to a number; return the process, too."""
    session = _opened[-1]
    buffer = bytearray(5000)
    session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(buffer))
    assert any(buffer)
    ((a, _),) = session.invoke_command(Command.VALUES, (number, 0), tee.ValueOutput())
    return os.getpid(), a


def _result_of_its_own() -> None:
    _opened[-1].invoke_command(Command.SET_SIZE, (WorkerResult.FULL, 0), tee.ValueOutput())


def _parameter() -> None:
    _opened[-1].invoke_command(0, "text")  # type: ignore[call-overload]


def _absent() -> None:
    _opened[-1].context.open_session(ABSENT)


def _cancelled() -> None:
    operation = tee.Operation()
    operation.request_cancellation()
    _opened[-1].invoke_command(Command.NOTHING, operation=operation)


def _panic() -> None:
    _opened[-1].invoke_command(Command.PANIC)


def _dead() -> None:
    try:
        _panic()
    except tee.TargetDeadError:
        _opened[-1].invoke_command(Command.NOTHING)


FAILURES: dict[str, Callable[[], None]] = {
    "result": _result_of_its_own,
    "parameter": _parameter,
    "absent": _absent,
    "cancelled": _cancelled,
    "dead": _dead,
}


def fail(name: str) -> None:
    """Fail in one of the ways above."""
    FAILURES[name]()


def failure(name: str) -> tuple[str, str]:
    """Return the class and the text of a failure in the process where it happens."""
    try:
        fail(name)
    except tee.TeecError as error:
        return type(error).__name__, str(error)
    raise AssertionError(f"{name} did not fail")


def end(way: str, code: int) -> None:
    """End this process in a way."""
    gc.collect()
    if way == "os._exit":
        os._exit(code)
    if way == "raise":
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        raise RuntimeError("the worker ends by it")
    raise SystemExit(code)
