# SPDX-License-Identifier: BSD-2-Clause
"""Deadlines of calls: time-outs as numbers, and the error when one has passed."""

from __future__ import annotations

import math
from time import monotonic

from .._boundary.call import GIVEN_UP, LATE, UNSENT
from .._process import importing
from ..enums import ImplementationId, Origin
from ..errors import DeadlineError
from .description import describe_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import IntEnum
    from typing import Final

    from .._boundary.call import Limit
    from .._teec_error import TeecError
    from .call import Call

_NANOSECONDS: Final = 1_000_000_000


class Remaining:
    """What is left of a limit for the next run of an operation."""

    def __init__(self, limit: Limit) -> None:
        """Begin the time."""
        self._limit = limit
        self._deadline = monotonic() + limit[0] / _NANOSECONDS
        self._is_first = True

    def begin(self, call: Call) -> None:
        """Set the limit of a call that is about to be sent."""
        timeout, grace = self._limit
        if not self._is_first:
            timeout = max(0, math.ceil((self._deadline - monotonic()) * _NANOSECONDS))
        self._is_first = False
        call.within((timeout, grace))


def deadline_error(
    call: Call,
    outcome: int,
    limit: Limit | None,
    doing: str,
    results: type[IntEnum] | None,
    make_failure: Callable[[], TeecError] | None,
) -> DeadlineError:
    """Make the error of a call whose deadline has passed.

    Args:
        call: the call, with its parameters.
        outcome: what became of it.
        limit: within what it was to come back.
        doing: what it is, for the text.
        results: the names of the Trusted Application's own codes.
        make_failure: makes the error that came back, if one did.
    """
    timeout, grace = limit or (0, 0)
    details = f"it did not come back within {_seconds(timeout)}"
    cause: TeecError | None = None
    remedy = None
    if outcome == UNSENT:
        details += ", and was not sent"
        if timeout:
            remedy = "as many calls as may are with the TEE: see max_calls of Context"
    elif outcome == GIVEN_UP:
        details += (
            f", nor {_seconds(grace)} after its cancellation was requested, and runs on: the"
            " Trusted Application does not heed it"
        )
        remedy = _remedy_of_slow_call(call)
    elif call.result:
        assert make_failure is not None
        cause = make_failure()
        name = f"0x{cause.code:08x}" if cause.result is None else cause.result.name
        details += f", but after its cancellation was requested, with {name}"
    else:
        details += ", but succeeded later: the outputs have what came back"
    error = DeadlineError(
        doing,
        code=DeadlineError.code,
        origin=Origin.API,
        details=details,
        remedy=remedy,
        results=results,
        sent=describe_parameters(call),
    )
    if outcome == LATE:
        error.outputs = cause.outputs if cause is not None else call.copied_outputs()
    error.may_have_run = outcome == GIVEN_UP or (
        outcome == LATE and (cause is None or cause.origin != Origin.API)
    )
    error.still_running = outcome == GIVEN_UP
    error.__cause__ = cause
    return error


def _remedy_of_slow_call(call: Call) -> str | None:
    context = call.context
    if context is None or context.version[0] != ImplementationId.OPTEE:
        return None
    # Few programs need it.
    with importing:
        from .._supplicant_remedies import for_slow_command, for_slow_opening
    find = for_slow_opening if call.is_opening else for_slow_command
    return find(context.version[0], context.kernel)


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / _NANOSECONDS:g} s"
