# SPDX-License-Identifier: BSD-2-Clause
"""Waiting for what announces itself to nobody."""

from __future__ import annotations

import contextlib
import platform
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from .signals import handler

LIMIT = 60
_FUTEX = {"x86_64": "202", "aarch64": "98"}
_T = TypeVar("_T")


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll a condition until it holds, or the limit of seconds has passed."""
    never = threading.Event()
    for _ in range(LIMIT * 1000):
        if condition():
            return
        never.wait(0.001)
    raise AssertionError("the state was not reached in time")


def begin(call: Callable[..., _T], *arguments: object) -> Future[_T]:
    """Have a thread make a call that may never end: nothing waits for it but its result."""
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(call(*arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def start_blocked(
    pool: ThreadPoolExecutor, call: Callable[..., _T], *arguments: object
) -> Future[_T]:
    """Have another thread make a call that waits in the TEE; return when it does."""
    threads: list[int] = []

    def run() -> _T:
        threads.append(threading.get_native_id())
        return call(*arguments)

    future = pool.submit(run)
    wait_until(lambda: future.done() or bool(threads and _is_in_a_long_system_call(threads[0])))
    return future


def start_in_kernel(
    pool: ThreadPoolExecutor, call: Callable[[], _T], is_there: Callable[[], bool] | None = None
) -> tuple[Future[_T], int, int]:
    """Have another thread make a call that waits in the kernel, or computes there.

    Args:
        is_there: whether it does; by default it does if the thread sleeps.

    Returns:
        What comes of the call, and the thread, as Python and as Linux number it.
    """
    threads: list[tuple[int, int]] = []

    def run() -> _T:
        threads.append((threading.get_ident(), threading.get_native_id()))
        return call()

    def sleeps() -> bool:
        number = threads[0][1]
        return _is_in_a_long_system_call(number) or is_still(number)

    future = pool.submit(run)
    wait_until(lambda: future.done() or bool(threads and (is_there or sleeps)()))
    return future, *threads[0]


def _is_in_a_long_system_call(thread: int) -> bool:
    """Return whether a thread sleeps in the kernel, and not for a lock of the process's own."""
    state = Path(f"/proc/self/task/{thread}/syscall").read_text().split()[0]
    return state not in ("running", _FUTEX[platform.machine()])


def is_still(thread: int) -> bool:
    """Return whether a thread sleeps, and has for longer than one sleeps that wants to run.

    One that waits for its turn to run Python wakes up every 5 ms to ask for it.
    """

    def sleeps() -> tuple[bool | str, ...]:
        folder = Path(f"/proc/self/task/{thread}")
        lines = (folder / "status").read_text().splitlines()
        counts = [line for line in lines if line.startswith("voluntary_ctxt_switches")]
        return (folder / "syscall").read_text().split()[0] != "running", *counts

    before = sleeps()
    threading.Event().wait(0.03)
    return before[0] is True and sleeps() == before


@contextlib.contextmanager
def interrupted_soon() -> Iterator[None]:
    """Interrupt this thread, the main one, once it waits; it must let the interrupt out."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    with signalled_soon(interrupt), pytest.raises(KeyboardInterrupt):
        yield


@contextlib.contextmanager
def signalled_soon(action: Callable[[], object]) -> Iterator[None]:
    """Have a signal's handler called in this thread, the main one, once it waits."""

    def send_when_still() -> None:
        wait_until(lambda: is_still(number))
        signal.pthread_kill(thread, signal.SIGVTALRM)

    thread, number = threading.get_ident(), threading.get_native_id()
    other = threading.Thread(target=send_when_still, daemon=True)
    # The time limit of the tests has the other alarm.
    with handler(signal.SIGVTALRM, lambda *_: action()):
        other.start()
        try:
            yield
        finally:
            other.join()
