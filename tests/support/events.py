# SPDX-License-Identifier: BSD-2-Clause
"""Contexts whose observer writes down what it is told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytee_client as tee

if TYPE_CHECKING:
    from .targets import Target


class Events(list[tee.CallEvent]):
    """The events of a context, in the order in which they came."""

    def take(self) -> tee.CallEvent:
        """Return the one event that came since, and forget it."""
        (event,) = self
        self.clear()
        return event


def context_of(target: Target, observer: Any, **options: Any) -> tee.Context:
    """Open a context with an observer."""
    return tee.Context(target.device, backend=target.backend, observer=observer, **options)


@contextlib.contextmanager
def observed(target: Target, **options: Any) -> Iterator[tuple[tee.Session, Events]]:
    """A session with the conformance application, and the events since it was opened."""
    events = Events()
    with (
        context_of(target, events.append) as context,
        context.open_session(target.CONFORMANCE, **options) as session,
    ):
        events.clear()
        yield session, events


def parameter(kind: Any, size: int | None = None, returned: int | None = None) -> Any:
    """Make what is told of a parameter."""
    return tee.ParameterEvent(kind, size, returned)
