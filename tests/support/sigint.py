# SPDX-License-Identifier: BSD-2-Clause
"""SIGINT to this process while its main thread waits, and the thread that looks for it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from .signals import handler
from .waiting import LIMIT, is_still, wait_until

_NAME = "pytee-sigint"


@contextlib.contextmanager
def meanwhile(*steps: Callable[[], object]) -> Iterator[None]:
    """Have another thread do something while this one waits; raise what it raised."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            for step in steps:
                step()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(LIMIT)
        assert not thread.is_alive()
    for error in errors:
        raise error


def raising() -> contextlib.AbstractContextManager[None]:
    """Have SIGINT raise KeyboardInterrupt: not so in what a shell started in the background."""
    return handler(signal.SIGINT, signal.default_int_handler)


def send(number: int = signal.SIGINT) -> None:
    """Send a signal to the process, as a terminal and other processes do."""
    os.kill(os.getpid(), number)


def soon(*pauses: float) -> contextlib.AbstractContextManager[None]:
    """Send SIGINT once this thread, the main one, waits; and again after each pause in seconds."""
    thread = threading.get_native_id()

    def send_all() -> None:
        wait_until(lambda: is_still(thread))
        send()
        for pause in pauses:
            threading.Event().wait(pause)
            send()

    return meanwhile(send_all)


def watchers() -> list[int]:
    """Return the threads that look for SIGINT; one that has just begun may not be known yet."""
    return [task for task in tasks() if _read(task, "comm") == f"{_NAME}\n"]


def the_watcher() -> int:
    """Wait for the thread that looks for SIGINT, and return it."""
    wait_until(lambda: bool(watchers()))
    (watcher,) = watchers()
    return watcher


def tasks() -> list[int]:
    """Return the threads of this process, as the kernel sees them."""
    return [int(name) for name in os.listdir("/proc/self/task")]


def count_of_threads() -> int:
    """Return the number by which Python decides whether to warn of a fork."""
    return int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[17])


def descriptors() -> dict[str, int]:
    """Return the descriptors of the one that looks for SIGINT, by what they are."""
    found: dict[str, int] = {}
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            kind = os.readlink(f"/proc/self/fd/{name}")
            if kind in ("anon_inode:[eventpoll]", "anon_inode:[signalfd]"):
                assert kind not in found
                found[kind] = int(name)
    return found


def send_until_seen() -> None:
    """Send SIGINT, and wait until the thread that looks for it has looked."""
    watcher = the_watcher()

    def sleeps() -> int:
        status = dict(line.split(":", 1) for line in _read(watcher, "status").splitlines())
        is_asleep = status["State"].split()[0] == "S"
        return is_asleep and int(status["voluntary_ctxt_switches"])

    wait_until(lambda: bool(sleeps()))
    before = sleeps()
    send()
    wait_until(lambda: sleeps() > before)


def interrupt_itself() -> None:
    """Send SIGINT, and wait for the exception."""
    send()
    threading.Event().wait(LIMIT)


def main_threads_wait() -> str | None:
    """Return the system call that the main thread waits in, None if it does not wait."""
    name = _read(os.getpid(), "syscall").split()[0]
    return None if name == "running" else name


def _read(task: int, name: str) -> str:
    try:
        return Path(f"/proc/self/task/{task}/{name}").read_text()
    except OSError:
        return ""
