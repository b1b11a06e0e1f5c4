# SPDX-License-Identifier: BSD-2-Clause
"""Opening a session."""

from __future__ import annotations

from functools import partial

from .._boundary import NativeSession
from .._boundary.call import LATE
from .._growing import OutputGrowsError
from .._known_applications import named
from .._slow_openings import begin_opening
from ..enums import Origin, Result
from .deadline import Remaining, deadline_error
from .failure import failure
from .growth import growing_steps, run_growing
from .slots import set_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from enum import IntEnum
    from uuid import UUID

    from .._boundary import NativeContext
    from .._boundary.call import Limit
    from .._outputs import Outputs
    from .call import Call


def open_session(
    context: NativeContext,
    destination: UUID,
    login: int,
    gid: int | None,
    parameters: Sequence[object],
    call: Call,
    results: type[IntEnum] | None,
    again: Callable[[], Call],
    limit: Limit | None,
) -> tuple[NativeSession, Outputs]:
    """Open a session and return it with the outputs of its opening.

    again() returns the call of another run, if an output grows. limit is for all runs together.
    """
    session = NativeSession(context)
    is_open = False
    doing = f"opening a session with {named(destination)}"
    begin = None if limit is None else Remaining(limit).begin

    def send(call: Call, types: int) -> Outputs | None:
        nonlocal session, is_open
        if is_open:
            # The last run opened it, but an output was too small.
            is_open = False
            session.close()
            session = NativeSession(context)
        if begin is None:
            # An operation may have been meant for a call with a time-out before.
            call.within(None)
        else:
            begin(call)
        call.session = session
        slow = begin_opening(context, destination)
        try:
            opened = session.open(destination, login, gid, call, types)
        finally:
            if slow is not None:
                slow.is_over = True
        if not opened:
            if call.lost_block(context.blocks):
                # Nothing was sent. Now the memory is copied.
                return None
            if call.result == Result.BAD_STATE and call.origin == Origin.API:
                call.check_blocks()
            make_failure = partial(failure, context, call, doing, results)
            if call.outcome:
                is_open = call.outcome == LATE and not call.result
                raise deadline_error(call, call.outcome, limit, doing, results, make_failure)
            raise make_failure()
        is_open = True
        return call.outputs()

    try:
        while True:
            try:
                types = set_parameters(call, context, parameters)
            except OutputGrowsError:
                break
            outputs = send(call, types)
            if outputs is not None:
                return session, outputs
            call.clear()
        call.clear()
        prepare = partial(set_parameters, context=context)
        outputs = run_growing(growing_steps(call, parameters, prepare, again, doing), send)
        # Not before: each run makes another.
        return session, outputs
    except BaseException:
        if is_open:
            session.close()
        raise
    finally:
        call.clear()
