# SPDX-License-Identifier: BSD-2-Clause
"""Traces for tests of what is made of them, and lines that no recorder writes."""

from __future__ import annotations

import contextlib
import json
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import Conformance, HelloWorld
from pytee_client.faults import Answer, Fault, FaultyKernel, Plan, SystemCall
from pytee_client.traces import TracePayloadWarning, TraceRecorder

from .applications.wallet import FakeWallet
from .conformance import Command
from .waiting import LIMIT
from .wallet import FrozenError, Reason, Transfer, Wallet

if TYPE_CHECKING:
    from pathlib import Path

    from pytee_client.kernels import Kernel

__all__ = ["HEADER", "NOBODY", "lines", "record", "use_much", "use_wallet", "write"]

HEADER = {"format": "pytee_client trace", "version": 1, "payloads": False, "values": True}
NOBODY = UUID(int=5)


def use_much(kernel: Kernel) -> None:
    """Use an application of each kind, in several threads, also in wrong ways."""
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(HelloWorld.uuid) as hello,
        context.open_session(Conformance.uuid) as session,
    ):
        for number in range(3):
            with contextlib.suppress(tee.TeecError):
                hello.invoke_command(0, tee.ValueInOut(number))
        with contextlib.suppress(tee.TeecError):
            hello.invoke_command(9)
        with contextlib.suppress(tee.TeecError):
            context.open_session(NOBODY)
        session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(bytearray(b"secret" * 20)))
        session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(30), b"<b>&", None)
        _in_three_threads(hello)


def _in_three_threads(session: tee.Session) -> None:
    together = threading.Barrier(3)

    def work(number: int) -> None:
        together.wait(LIMIT)
        session.invoke_command(0, tee.ValueInOut(number))
        session.invoke_command(0, tee.ValueInOut(number))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))


def use_wallet(kernel: Kernel) -> None:
    """Use a declared application, whose commands have names, and errors of its own."""
    with tee.Context(backend=kernel) as context, Wallet(context, 100) as wallet:
        wallet.transfer(Transfer(Reason.GIFT, 0, 10))
        with contextlib.suppress(tee.TeecError):
            wallet.count()
        wallet.freeze(True)
        with contextlib.suppress(FrozenError):
            wallet.transfer(Transfer(Reason.BILL, 0, 10))


def record(path: Path, program: Any = use_much, **options: Any) -> Path:
    """Record a program on a fake in which one call is answered BUSY."""
    busy = Fault(SystemCall.INVOKE, Answer(tee.Result.BUSY), nth=2)
    below = FaultyKernel(fake.Kernel(applications=[FakeWallet]), Plan([busy]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TracePayloadWarning)
        recorder = TraceRecorder(below, path, **{"times": True, **options})
    with recorder:
        program(recorder)
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a trace."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path: Path, *calls: dict[str, Any], **header: Any) -> Path:
    """Write a trace by hand; calls come one after another, in one thread."""
    found = [{**HEADER, **header}]
    for number, call in enumerate(calls):
        times = {"thread": 0, "began": 2 * number, "ended": 2 * number + 1}
        found.append({**times, "in": {}, **call})
    path.write_text("".join(json.dumps(line) + "\n" for line in found))
    return path
