# SPDX-License-Identifier: BSD-2-Clause
"""Runs programs of system calls against a kernel, and writes down what came of them."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import TypeAlias

from pytee_client.enums import Origin, Result

from ..support.linux_kernel import LinuxKernel
from .child import ForkedChild
from .ground import Ground
from .memory import Memory
from .process import Outcome, Process
from .program import InChild, Program

__all__ = ["Ground", "Outcome", "Transcript", "run"]

Transcript: TypeAlias = dict[str, Outcome]

_DEAD = (Result.TARGET_DEAD, Origin.TEE)


_OF_SIGINT = ("anon_inode:[eventpoll]", "anon_inode:[signalfd]")


def run(ground: Ground, program: Program) -> Transcript:
    """Run a program in a memory of its own, close what it leaves open, and tell what happened.

    The last entry, "end", says how many descriptors were left by then.
    """
    before = _descriptors()
    process = Process(ground.kernel, Memory(), {"device": ground.device}, ground.sessions)
    child: Process | ForkedChild | None = None
    transcript: Transcript = {}
    try:
        for name, step in program.items():
            if isinstance(step, InChild):
                child = child or _fork(ground, process)
                memory = process.memory.snapshot()
                outcome = child.step(name, step.step)
                process.learn(child.values, child.sessions)
                changes = process.memory.changes(memory, of="parent's ")
                transcript[name] = replace(outcome, changes=outcome.changes + changes)
                continue
            if child is not None:
                child.end()
                child = None
            transcript[name] = process.step(name, step)
    finally:
        if child is not None:
            child.end()
        process.end()
        ground.close_sessions(process.sessions)
        if any(outcome.answer == _DEAD for outcome in transcript.values()):
            ground.renew()
    return {**transcript, "end": Outcome(_descriptors() - before)}


def _fork(ground: Ground, process: Process) -> Process | ForkedChild:
    """Make a child: a real one, or on the fake what a kernel makes of one in its books."""
    if isinstance(ground.kernel, LinuxKernel):
        return ForkedChild(process)
    return process.child(ground.kernel.dup)


def _descriptors() -> int:
    # Without those of the thread that looks for SIGINT, which there is on Linux alone.
    kinds = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            kinds.append(os.readlink(f"/proc/self/fd/{name}"))
    return sum(kind not in _OF_SIGINT for kind in kinds)
