# SPDX-License-Identifier: BSD-2-Clause
"""Auditing events of the library; a hook can't be removed, so one serves all tests."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from sys import addaudithook
from typing import Any

Event = tuple[str, tuple[Any, ...]]
_watchers: list[Callable[[Event], object]] = []
_has_hook: list[bool] = []


def _hook(name: str, arguments: tuple[Any, ...]) -> None:
    if name.startswith("pytee_client."):
        for watcher in _watchers.copy():
            watcher((name, arguments))


@contextlib.contextmanager
def watching(watcher: Callable[[Event], object]) -> Iterator[None]:
    """Have a function called with each event; what it raises aborts the call."""
    if not _has_hook:
        addaudithook(_hook)
        _has_hook.append(True)
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


class Audits(list[Event]):
    """The events, in the order in which they came."""

    def take(self) -> Event:
        """Return the one event that came since, and forget it."""
        (event,) = self
        self.clear()
        return event


@contextlib.contextmanager
def audited() -> Iterator[Audits]:
    """Write down the events."""
    audits = Audits()
    with watching(audits.append):
        yield audits
