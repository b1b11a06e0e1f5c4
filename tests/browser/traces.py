# SPDX-License-Identifier: BSD-2-Clause
"""Traces whose pages are looked at."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytee_client as tee
from pytee_client import fake
from pytee_client.cli import main
from pytee_client.fake.applications import HelloWorld
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall
from pytee_client.traces import TraceRecorder

from ..support.scenarios import HELD, cancellation
from ..support.traced import record, use_wallet, write
from ..support.waiting import LIMIT

if TYPE_CHECKING:
    from pytee_client.kernels import Kernel

__all__ = ["INJECTED", "pages"]

MANY = 500
INJECTED = '</title></style><script>document.title="owned"</script><img src=x onerror=alert(1)>'


def pages(folder: Path) -> dict[str, tuple[Path, Path]]:
    """Make traces and their pages, and return both by their names."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {
        "mixed": record(folder / "mixed.trace", payloads=True),
        "wallet": record(folder / "wallet.trace", use_wallet),
        "cancelled": _cancelled(folder / "cancelled.trace"),
        "many": record(folder / "many.trace", use_often),
        "no-times": record(folder / "no-times.trace", times=False),
        "hostile": write(folder / "hostile.trace", *_hostile(), program=INJECTED),
        "empty": write(folder / "empty.trace"),
    }
    options = {"mixed": ["--contents"], "wallet": ["--client", "tests.support.wallet:Wallet"]}
    found = {}
    for name, trace in made.items():
        page = folder / f"{name}.html"
        words = ["trace", "show", str(trace), "--html", str(page), *options.get(name, [])]
        if main(words):
            raise AssertionError(f"there is no page of {trace}")
        found[name] = trace, page
    return found


def use_often(kernel: Kernel) -> None:
    """Make very many calls in eight sessions."""
    with tee.Context(backend=kernel) as context:
        sessions = [context.open_session(HelloWorld.uuid) for _ in range(8)]
        for number in range(MANY):
            with contextlib.suppress(tee.TeecError):
                # Each fiftieth is wrong.
                command = 9 if number % 50 == 49 else 0
                sessions[number % 8].invoke_command(command, tee.ValueInOut(number))


def _cancelled(path: Path) -> Path:
    gate = Gate(LIMIT)
    held = Fault(SystemCall.INVOKE, Hold(gate), where=lambda call: call.command_id == HELD)
    below = FaultyKernel(fake.Kernel(), Plan([held]))
    with (
        TraceRecorder(below, path, times=True) as recorder,
        tee.Context(backend=recorder) as context,
    ):
        cancellation(context, gate)
    return path


def _hostile() -> list[dict[str, object]]:
    session = {"file": 1, "uuid": INJECTED, "params": [{"attr": INJECTED}]}
    return [
        {"call": "OPEN", "in": {"path": INJECTED}, "out": {"file": 1}},
        {"call": "OPEN_SESSION", "in": session, "out": {"session": 2, "ret": 0}},
        {"call": "INVOKE", "in": {"file": 1, "session": 2, "func": 1}, "errno": "EIO"},
    ]
