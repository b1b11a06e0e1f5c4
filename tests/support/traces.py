# SPDX-License-Identifier: BSD-2-Clause
"""Traces of programs, and what the programs of their tests do."""

from __future__ import annotations

import io
import threading
import warnings
from typing import TYPE_CHECKING, Any, cast

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications.conformance import Command
from pytee_client.traces import TracePayloadWarning, TracePlayer, TraceRecorder

from .waiting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytee_client.kernels import Kernel


def recorded(program: Callable[[Kernel], object], kernel: Kernel | None = None) -> str:
    """Return the trace of a program, with the contents of memory."""
    file = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TracePayloadWarning)
        recorder = TraceRecorder(kernel or fake.Kernel(), file, payloads=True)
    with recorder:
        program(recorder)
    return file.getvalue()


def player_of(trace: str, **named: Any) -> TracePlayer:
    return TracePlayer(io.StringIO(trace), patience=LIMIT, **named)


def plain(outputs: Sequence[object]) -> list[object]:
    """Return the outputs, with copies of the bytes in memory."""
    kept = (tuple, type(None))
    return [one if isinstance(one, kept) else bytes(cast("bytes", one)) for one in outputs]


def one_after_another(jobs: Sequence[Callable[[], object]]) -> None:
    """Run each job in a thread of its own, in this order."""
    failures: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        try:
            job()
        except BaseException as error:
            failures.append(error)

    for job in jobs:
        thread = threading.Thread(target=run, args=(job,))
        thread.start()
        thread.join(LIMIT)
    if failures:
        raise failures[0]


def temporary_memory(session: tee.Session, number: int) -> Sequence[object]:
    data = bytearray(b"%d" % number * (1 + number % 3 * 2000))
    return session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(data))
