# SPDX-License-Identifier: BSD-2-Clause
"""Telling of the calls of a context that take longer than the program wants."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from ._calls.observation import parameters_of
from ._closable import living
from ._logging import WARNING, log
from ._slow_openings import SlowCallsOf

if TYPE_CHECKING:
    import weakref
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from ._calls.call import Call
    from .observing import CallEvent, ParameterEvent
    from .session import Session

__all__ = ["SlowCalls"]

# How often the calls are looked at in the time that one may take, and for how long they are not.
_LOOKS: Final = 4
_SHORTEST: Final = 0.01
_LONGEST: Final = 1.0


class SlowCalls(SlowCallsOf):
    """The observer of a context that has slow_after, which calls the program's own observer.

    It tells of a slow call when it is over. A thread tells of it while it goes on.

    Args:
        slow_after: how many seconds calls may take in the TEE.
        observer: the program's observer, if it has one.
    """

    def __init__(self, slow_after: float, observer: Callable[[CallEvent], object] | None) -> None:
        self.slow_after = slow_after
        self.is_over = False
        self._period = min(max(slow_after / _LOOKS, _SHORTEST), _LONGEST)
        self.due = time.monotonic() + self._period
        self._observer = observer
        self._sessions: set[weakref.ref[Session]] = set()
        # For how many nanoseconds a call had been in the TEE when it was told of.
        self._told: WeakKeyDictionary[Call, int] = WeakKeyDictionary()

    def begin(self, sessions: set[weakref.ref[Session]]) -> None:
        """Look at the calls in sessions, as they come and go, until is_over is set."""
        self._sessions = sessions
        self.watch()

    def __call__(self, event: CallEvent) -> None:
        """Tell of a call that is over, or was given up."""
        try:
            if event.nanoseconds >= self.slow_after * 1e9:
                log(
                    *(WARNING, "", f"{_what(event)} took %.3g seconds (%s, %s): %s"),
                    *(event.application, event.nanoseconds / 1e9),
                    *(event.result_name, event.outcome, _words_for(event.parameters)),
                )
        finally:
            if self._observer is not None:
                self._observer(event)

    def tell(self) -> None:
        """Tell of the commands that have taken long and go on, once of each."""
        self.due = time.monotonic() + self._period
        for session in living(self._sessions):
            for call in session._calls.calls_in_session():
                self._look_at(call, session.destination)

    def _look_at(self, call: Call, application: UUID) -> None:
        taken = call.nanoseconds
        if taken < self._told.get(call, 0):
            # That was an earlier command.
            del self._told[call]
        if taken < self.slow_after * 1e9 or call in self._told:
            return
        command, parameters = call.command, _words_for(parameters_of(call, came_back=False))
        now = call.nanoseconds
        if now <= taken:
            # It is over, and perhaps another one has begun.
            return
        self._told[call] = now
        text = "command %d of %s has taken %.3g seconds and goes on: %s"
        log(WARNING, "", text, command, application, now / 1e9, parameters)


def _what(event: CallEvent) -> str:
    if event.command_id is None:
        return "opening a session with %s"
    name = event.command_name
    return f"command {int(event.command_id)}{f' ({name})' if name else ''} of %s"


def _words_for(parameters: Iterable[ParameterEvent]) -> str:
    return "; ".join(map(str, parameters)) or "no parameters"
