# SPDX-License-Identifier: BSD-2-Clause
"""What the observer of a context is told of an operation, from its runs."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from .._boundary.call import (
    CAME_BACK,
    GIVEN_UP,
    LATE,
    MEMREF_PARTIAL_INOUT,
    MEMREF_PARTIAL_INPUT,
    MEMREF_PARTIAL_OUTPUT,
    MEMREF_TEMP_INOUT,
    MEMREF_TEMP_INPUT,
    MEMREF_TEMP_OUTPUT,
    MEMREF_WHOLE,
    UNSENT,
    VALUE_INOUT,
    VALUE_INPUT,
    VALUE_OUTPUT,
)
from .._failed_system_calls import code_of
from .._logging import ERROR, log
from .._process import Process
from ..enums import Origin, Result
from ..observing import CallEvent, Kind, Outcome, ParameterEvent, result_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import IntEnum
    from typing import Any
    from uuid import UUID

    from .call import Call

_VALUES: Final[dict[int, Kind]] = {
    0: "NONE",
    VALUE_INPUT: "VALUE_INPUT",
    VALUE_OUTPUT: "VALUE_OUTPUT",
    VALUE_INOUT: "VALUE_INOUT",
}
_MEMORY: Final[dict[int, Kind]] = {
    MEMREF_TEMP_INPUT: "MEMREF_TEMP_INPUT",
    MEMREF_TEMP_OUTPUT: "MEMREF_TEMP_OUTPUT",
    MEMREF_TEMP_INOUT: "MEMREF_TEMP_INOUT",
    MEMREF_WHOLE: "MEMREF_WHOLE",
    MEMREF_PARTIAL_INPUT: "MEMREF_PARTIAL_INPUT",
    MEMREF_PARTIAL_OUTPUT: "MEMREF_PARTIAL_OUTPUT",
    MEMREF_PARTIAL_INOUT: "MEMREF_PARTIAL_INOUT",
}
_WORDS: Final[dict[int, Outcome]] = {
    CAME_BACK: "came back",
    LATE: "late",
    UNSENT: "unsent",
    GIVEN_UP: "given up",
}
# Results of a call that could not be sent, though the program did nothing wrong.
_NOT_REFUSALS: Final = frozenset({Result.CANCEL, Result.OUT_OF_MEMORY})


class Observation:
    """Collects what an observer is told of one operation: note() each run, and tell() at the end.

    Only what is told first counts, whoever tells it.
    """

    __slots__ = (
        "_application",
        "_generation",
        "_is_opening",
        "_latest",
        "_nanoseconds",
        "_observer",
        "_results",
        "_sent",
        "_untold",
    )

    def __init__(
        self,
        observer: Callable[[Any], object],
        application: UUID,
        results: type[IntEnum] | None,
        *,
        is_opening: bool = False,
        generation: int | None = None,
    ) -> None:
        """Begin without a run.

        Args:
            observer: what is told.
            application: whose operation it is.
            results: names of the application's own codes.
            is_opening: whether it opens a session.
            generation: of the process that makes it, which is this one by default.
        """
        self._observer = observer
        self._application = application
        self._results = results
        self._is_opening = is_opening
        self._generation = Process.generation if generation is None else generation
        self._latest: CallEvent | None = None
        self._nanoseconds = 0
        self._sent = 0
        # Who takes the only element is the one who tells.
        self._untold: list[Callable[[Any], object]] = [observer]

    def note(self, call: Call, outcome: int, *, is_cancelled: bool = False) -> None:
        """Note what became of a run, whose parameters are set.

        Args:
            call: the call.
            outcome: what became of it.
            is_cancelled: whether it was not sent, or given up, without a deadline.
        """
        was_sent = outcome != UNSENT and call.was_sent
        code, origin, error = call.result, call.origin, call.error
        if outcome in (UNSENT, GIVEN_UP):
            code = Result.CANCEL if is_cancelled else Result.TIMEOUT
            origin, error = Origin.API, 0
        elif not was_sent and not self._sent and not error and code not in _NOT_REFUSALS:
            # The session is closed, or the library refused the parameters.
            return
        elif error:
            # As the error says it; see error_of().
            code, origin = code_of(code, error), Origin.COMMS
        if was_sent:
            self._nanoseconds += call.nanoseconds
            self._sent += 1
        came_back = outcome in (CAME_BACK, LATE) and (
            code in (Result.SUCCESS, Result.SHORT_BUFFER)
            or origin not in (Origin.API, Origin.COMMS)
        )
        command: Any = None
        if not self._is_opening:
            given = call.given_command
            command = given if isinstance(given, Enum) else call.command
        self._latest = CallEvent(
            "open_session" if self._is_opening else "invoke_command",
            self._application,
            command,
            parameters_of(call, came_back=came_back),
            result_of(code, self._results if origin == Origin.TRUSTED_APP else None),
            origin,
            error or None,
            self._outcome(outcome, is_cancelled),
            self._nanoseconds,
            max(self._sent - 1, 0),
        )

    def _outcome(self, outcome: int, is_cancelled: bool) -> Outcome:
        if not self._sent:
            return "given up" if outcome == GIVEN_UP else "unsent"
        if outcome == UNSENT:
            # It was sent, if not in its last run.
            return "came back" if is_cancelled else "late"
        return _WORDS[outcome]

    def tell(self, *, in_worker: bool = False) -> None:
        """Tell the observer, once, if there is something to tell.

        What it raises is logged. An interrupt, and what else is no Exception, is raised: in a
        thread of the program's. A worker has nobody to raise it for.
        """
        event = self._latest
        if event is None or self._generation != Process.generation:
            return
        try:
            observer = self._untold.pop()
        except IndexError:
            return
        try:
            observer(event)
        except Exception as error:
            _log(event, error)
        except BaseException as error:
            if not in_worker:
                raise
            _log(event, error)


def parameters_of(call: Call, *, came_back: bool) -> tuple[ParameterEvent, ...]:
    """Return what is told of the parameters of a call, and the sizes if it came back."""
    capacities = call.capacities()
    found: list[ParameterEvent] = []
    types, index = call.types, 0
    while types:
        kind = types & 0xF
        if kind in _VALUES:
            found.append(ParameterEvent(_VALUES[kind]))
        else:
            # The slot of an output has the size that came back.
            size = call.size(index)
            returned = size if came_back and index in capacities else None
            found.append(ParameterEvent(_MEMORY[kind], capacities.get(index, size), returned))
        types >>= 4
        index += 1
    return tuple(found)


def _log(event: CallEvent, error: BaseException) -> None:
    message = "the observer of a context raised %s, which changes nothing for the call: %r"
    log(ERROR, "", message, type(error).__name__, event, error=error)
