# SPDX-License-Identifier: BSD-2-Clause
"""Waiting for what announces itself to nobody."""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

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


def _is_in_a_long_system_call(thread: int) -> bool:
    """Return whether a thread sleeps in the kernel, and not for a lock of the process's own."""
    state = Path(f"/proc/self/task/{thread}/syscall").read_text().split()[0]
    return state not in ("running", _FUTEX[platform.machine()])
