# SPDX-License-Identifier: BSD-2-Clause
"""Interrupting the main thread in a call that waits, or whenever an interrupt can come."""

from __future__ import annotations

import contextlib
import dis
import functools
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytee_client

from .signals import handler
from .waiting import LIMIT, is_still, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType


class Interrupted(BaseException):
    """What the main thread is interrupted by."""


class Interruption:
    """What interrupts the main thread, once."""

    def __init__(self) -> None:
        self._arrived = threading.Event()

    def interrupt(self) -> None:
        """Interrupt the main thread as soon as it waits; from another one.

        Not on its way there: without the GIL it may still have some way to go.
        """
        thread, number = threading.main_thread().ident, threading.main_thread().native_id
        assert thread is not None
        assert number is not None
        wait_until(lambda: is_still(number))
        for _ in range(LIMIT * 100):
            # A signal that comes just before a thread sleeps does not wake it.
            signal.pthread_kill(thread, signal.SIGUSR1)
            if self._arrived.wait(0.01):
                return
        raise AssertionError("the thread was not interrupted in time")

    def _arrive(self, *_: object) -> None:
        if not self._arrived.is_set():
            self._arrived.set()
            raise Interrupted


@contextlib.contextmanager
def interruption() -> Iterator[Interruption]:
    """Be ready to be interrupted."""
    made = Interruption()
    with handler(signal.SIGUSR1, made._arrive):
        yield made


PACKAGE = Path(pytee_client.__file__).parent


# Of kernels in Python, and what they use.
OF_KERNELS = ("fake/", "faults/", "traces/", "kernels/", "_boundary/user_memory.py")


def library_alone(path: str) -> bool:
    """Return whether a file is the library's, and not of a kernel in Python."""
    return path.startswith(f"{PACKAGE}/") and not path.startswith(
        tuple(f"{PACKAGE}/{name}" for name in OF_KERNELS)
    )


@dataclass(frozen=True)
class Moment:
    """The first time before an instruction of a function; -1 is the call itself."""

    code: CodeType
    instruction: int

    def __str__(self) -> str:
        name = f"{Path(self.code.co_filename).name}, {self.code.co_name}"
        return f"{name}: instruction {self.instruction}"


class Tracer:
    """Calls a function before each instruction of some code."""

    def __init__(
        self, is_in: Callable[[CodeType], bool], see: Callable[[CodeType, int], None]
    ) -> None:
        self._is_in = is_in
        self._see = see

    def __call__(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "call":
            if not self._is_in(frame.f_code):
                return None
            frame.f_trace_lines = False
            frame.f_trace_opcodes = True
            self._see(frame.f_code, -1)
        elif event == "opcode":
            self._see(frame.f_code, frame.f_lasti)
        return self


def moments_of(run: Callable[[], object], is_in: Callable[[str], bool]) -> list[Moment]:
    """Return the moments of a run: each place where an interrupt can come, at its first time."""
    seen: dict[tuple[CodeType, int], None] = {}
    places = functools.cache(_places_of)

    def see(code: CodeType, instruction: int) -> None:
        if instruction in places(code):
            seen[code, instruction] = None

    sys.settrace(Tracer(lambda code: is_in(code.co_filename), see))
    try:
        run()
    finally:
        sys.settrace(None)
    return [Moment(code, instruction) for code, instruction in seen]


def _places_of(code: CodeType) -> set[int]:
    """Return the instructions before which Python looks for signals: after calls, in loops."""
    places = {-1}
    is_after_call = False
    for instruction in dis.get_instructions(code):
        if is_after_call:
            places.add(instruction.offset)
        is_after_call = instruction.opname.startswith("CALL")
        if "JUMP_BACKWARD" in instruction.opname:
            places.add(instruction.argval)
    return places


def interrupt_at(moment: Moment, run: Callable[[], object]) -> bool:
    """Run something with an interrupt at a moment; return whether it came out."""
    came = False

    def see(code: CodeType, instruction: int) -> None:
        nonlocal came
        if instruction == moment.instruction:
            came = True
            sys.settrace(None)
            raise KeyboardInterrupt

    sys.settrace(Tracer(lambda code: code is moment.code, see))
    try:
        run()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return not came


def interrupt_everywhere(
    run: Callable[[], object],
    check: Callable[[], object],
    is_in: Callable[[str], bool] = library_alone,
) -> int:
    """Run something once for each of its moments, with an interrupt then, and check after it.

    Args:
        run: what is interrupted.
        check: raises AssertionError if the interrupt left something.
        is_in: whether interrupts are to come in a file.

    Returns:
        How many moments that were.
    """
    run()
    moments = moments_of(run, is_in)
    for moment in moments:
        try:
            assert interrupt_at(moment, run), "the interrupt did not come out"
            check()
        except AssertionError as error:
            raise AssertionError(str(moment)) from error
    return len(moments)
