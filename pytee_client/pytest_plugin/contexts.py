# SPDX-License-Identifier: BSD-2-Clause
"""The contexts that fixtures open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from .. import aio
from ..context import Context
from ..traces import TraceMismatchError
from . import leaks
from .backend import TeeBackend
from .sessions import TeeSession

if TYPE_CHECKING:
    from pytee_client_pytest import RunningTest

__all__ = ["opened_aio_context", "opened_context", "opened_sessions"]

_OpenT = TypeVar("_OpenT", Context, TeeSession)


@contextmanager
def opened_context(test: RunningTest, backend: TeeBackend) -> Iterator[Context]:
    """Open a context for a test, and look at its end at what the test has left open in it."""
    with _closed_at_the_end(backend.open_context()) as context:
        yield context
        _look(test, context)


@contextmanager
def opened_aio_context(test: RunningTest, backend: TeeBackend) -> Iterator[aio.Context]:
    """Do the same for a test on a loop. No loop runs here."""
    made = aio.Context(backend.device, backend=backend.backend)
    with _closed_at_the_end(made._open_here()) as below:
        yield made
        _look(test, below)


@contextmanager
def opened_sessions(context: Context) -> Iterator[TeeSession]:
    """Close at the end what a test opens."""
    with _closed_at_the_end(TeeSession(context)) as opener:
        yield opener


@contextmanager
def _closed_at_the_end(opened: _OpenT) -> Iterator[_OpenT]:
    try:
        yield opened
    finally:
        # The end of a cassette tells of it.
        with suppress(TraceMismatchError):
            opened.close()


def _look(test: RunningTest, context: Context) -> None:
    if leaks.are_checked(test) and test.passed and not context.closed:
        leaks.fail_if_forgotten(context)
