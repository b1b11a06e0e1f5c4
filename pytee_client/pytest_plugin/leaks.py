# SPDX-License-Identifier: BSD-2-Clause
"""What a test has not given back to its TEE."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

from .. import context as contexts
from .._calls.call import Call
from .._closable import Closable, living
from ..fake import Kernel as FakeKernel
from ..fake import Resources
from ..kernels import Kernel
from ..supplicant import Supplicant

if TYPE_CHECKING:
    from pytee_client_pytest import RunningTest

__all__ = ["are_checked", "checked", "fail_if_forgotten", "settle"]

# How many seconds calls that were given up may run on after a test.
_LIMIT: Final = 60
_SHORTLY: Final = 1

_REMEDY = (
    "close it, or use it as a context manager; mark the test tee_no_leak_check if this is what it"
    " is about"
)


def are_checked(test: RunningTest) -> bool:
    """Return whether leaks of a test are looked for."""
    item = test.item
    marked = item.get_closest_marker("tee_no_leak_check") is not None
    return bool(item.config.getini("tee_leak_check")) and not marked


@contextlib.contextmanager
def checked(
    test: RunningTest, kernel: FakeKernel | None, answers: tuple[Kernel | None, ...]
) -> Iterator[None]:
    """Fail a test that has passed so far, and has not given back what it had.

    Args:
        test: the test.
        kernel: the fake that it ran on, if it was one.
        answers: the kernels that contexts of the test may have; None is Linux.
    """
    earlier = _earlier(kernel)
    before = Resources() if kernel is None else kernel.resources()
    opened = _tee_descriptors()

    def left() -> list[str]:
        problems = [f"{path} is open" for _, path in sorted(_tee_descriptors() - opened)]
        try:
            if kernel is not None:
                kernel.assert_no_leaks(before)
        except AssertionError as error:
            problems.append(str(error))
        return problems

    with _forgotten(answers, earlier) as forgotten:
        yield
        if not test.passed:
            return
        settle(left)
    _fail([*(f"{what} was forgotten" for what in forgotten), *left()])


def settle(left: Callable[[], object]) -> None:
    """Wait for what ends by itself: garbage, and calls that were given up.

    Args:
        left: returns what a TEE still has of the test.
    """
    if not left():
        return
    # What nobody knows any more closes itself.
    gc.collect()
    end = time.monotonic() + _LIMIT
    ran = time.monotonic()
    # The last call closes what it ran in, shortly after it is back.
    while left() and time.monotonic() < end:
        if any(isinstance(one, Call) and one.runs_on for one in gc.get_objects()):
            ran = time.monotonic()
        elif time.monotonic() - ran > _SHORTLY:
            return
        time.sleep(0.01)


def fail_if_forgotten(context: contexts.Context) -> None:
    """Fail a test that has left something open in the context of a fixture, which closes it."""
    parts: list[Any] = [*living(context._sessions), *living(context._blocks)]
    if parts:
        del parts
        gc.collect()
        parts = [*living(context._sessions), *living(context._blocks)]
    _fail([f"{part!r} was not closed" for part in parts if not part.closed])


def _fail(problems: list[str]) -> None:
    if problems:
        pytest.fail("\n".join([*problems, _REMEDY]), pytrace=False)


def _earlier(kernel: FakeKernel | None) -> set[int]:
    """Return the ids of what fixtures and earlier tests have open, which is not of this test."""
    left = _tee_descriptors() if kernel is None else kernel.resources() != Resources()
    if not left:
        return set()
    # A test that failed keeps what it had, until pytest forgets its frames in the next call.
    for name in ("last_exc", "last_type", "last_value", "last_traceback"):
        with contextlib.suppress(AttributeError):
            delattr(sys, name)
    gc.collect()
    return {id(one) for one in gc.get_objects() if issubclass(type(one), Closable)}


@contextlib.contextmanager
def _forgotten(answers: tuple[Kernel | None, ...], earlier: set[int]) -> Iterator[list[str]]:
    """Note what nobody has closed when it ends, besides the warning."""
    found: list[str] = []
    warn = Closable._warn

    def note(
        message: str,
        category: type[Warning] | None = None,
        stacklevel: int = 1,
        source: Any = None,
    ) -> None:
        if id(source) not in earlier and any(_kernel_of(source) is one for one in answers):
            found.append(message.removeprefix("unclosed "))
        warn(message, category, stacklevel=stacklevel + 1, source=source)

    Closable._warn = staticmethod(note)
    try:
        yield found
    finally:
        Closable._warn = staticmethod(warn)


def _kernel_of(source: Any) -> Kernel | None:
    if isinstance(source, Supplicant):
        return source._device._kernel
    context = source if isinstance(source, contexts.Context) else source.context
    kernel: Kernel | None = context._native.kernel
    return kernel


def _tee_descriptors() -> set[tuple[int, str]]:
    """Return the descriptors of devices that this process has open, with their paths."""
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            path = os.readlink(f"/proc/self/fd/{fd}")
            if path.startswith("/dev/tee"):
                found.add((int(fd), path))
    return found
