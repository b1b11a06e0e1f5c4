# SPDX-License-Identifier: BSD-2-Clause
"""The contexts that fixtures open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .. import aio
from ..context import Context
from . import leaks
from .backend import TeeBackend

if TYPE_CHECKING:
    from pytee_client_pytest import RunningTest

__all__ = ["opened_aio_context", "opened_context"]


@contextmanager
def opened_context(test: RunningTest, backend: TeeBackend) -> Iterator[Context]:
    """Open a context for a test, and look at its end at what the test has left open in it."""
    with backend.open_context() as context:
        yield context
        _look(test, context)


@contextmanager
def opened_aio_context(test: RunningTest, backend: TeeBackend) -> Iterator[aio.Context]:
    """Do the same for a test on a loop. No loop runs here."""
    made = aio.Context(backend.device, backend=backend.backend)
    with made._open_here() as below:
        yield made
        _look(test, below)


def _look(test: RunningTest, context: Context) -> None:
    if leaks.are_checked(test) and test.passed and not context.closed:
        leaks.fail_if_forgotten(context)
