# SPDX-License-Identifier: BSD-2-Clause
"""Opening sessions."""

from __future__ import annotations

from collections import deque
from functools import partial

from .._boundary import NativeSession
from .._boundary.call import LATE
from .._growing import OutputGrowsError
from .._known_applications import named
from .._process import importing
from .._slow_openings import SlowOpening
from ..enums import Origin, Result
from .call import Call
from .deadline import Remaining, deadline_error
from .failure import failure
from .growth import growing_steps, run_growing
from .slots import set_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from enum import IntEnum
    from typing import Any
    from uuid import UUID

    from .._boundary import NativeContext
    from .._boundary.call import Limit
    from .._outputs import Outputs
    from .observation import Observation


class Opening:
    """What it takes to open a session, and then another."""

    __slots__ = ("call", "slow")

    def __init__(self, call: Call) -> None:
        """Open with a call."""
        self.call = call
        self.slow = SlowOpening()


class Openings:
    """Opens the sessions of a context for which there is no operation."""

    __slots__ = ("_context", "_free")

    def __init__(self, context: NativeContext) -> None:
        """Begin with nothing that could be used again."""
        self._context = context
        self._free: deque[Opening] = deque()

    def open(
        self,
        destination: UUID,
        login: int,
        gid: int | None,
        parameters: Sequence[object],
        results: type[IntEnum] | None,
        limit: Limit | None,
    ) -> tuple[NativeSession, Outputs]:
        """Open a session; see open_session()."""
        try:
            opening = self._free.pop()
        except IndexError:
            opening = Opening(Call())
        try:
            return open_session(
                self._context, destination, login, gid, parameters, opening, results, Call, limit
            )
        finally:
            call = opening.call
            # An interrupt may have left it as it is.
            if opening.slow.is_over and not call.is_given_up:
                call.session = None
                self._free.append(opening)


def open_session(
    context: NativeContext,
    destination: UUID,
    login: int,
    gid: int | None,
    parameters: Sequence[object],
    opening: Opening,
    results: type[IntEnum] | None,
    again: Callable[[], Call],
    limit: Limit | None,
) -> tuple[NativeSession, Outputs]:
    """Open a session and return it with the outputs of its opening.

    again() returns the call of another run, if an output grows. limit is for all runs together.
    """
    session = NativeSession(context, destination)
    is_open = False
    call, slow = opening.call, opening.slow
    begin = None if limit is None else Remaining(limit).begin
    observer = context.observer
    observation = None if observer is None else observe_opening(observer, destination, results)

    def doing() -> str:
        return f"opening a session with {named(destination)}"

    def send(call: Call, types: int) -> Outputs | None:
        nonlocal session, is_open
        if is_open:
            # The last run opened it, but an output was too small.
            is_open = False
            session.close()
            session = NativeSession(context, destination)
        if begin is None:
            # An operation may have been meant for a call with a time-out before.
            call.within(None)
        else:
            begin(call)
        call.session = session
        opened = None
        if observation is not None:
            call.forget_run()
        try:
            slow.begin(context, destination)
            opened = session.open(login, gid, call, types)
        finally:
            slow.is_over = True
            if observation is not None:
                observation.note(call, call.outcome, is_cancelled=opened is None)
        if not opened:
            if call.lost_block(context.blocks):
                # Nothing was sent. Now the memory is copied.
                return None
            if call.result == Result.BAD_STATE and call.origin == Origin.API:
                call.check_blocks()
            make_failure = partial(failure, context, call, doing(), results)
            if call.outcome:
                is_open = call.outcome == LATE and not call.result
                raise deadline_error(call, call.outcome, limit, doing(), results, make_failure)
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
        outputs = run_growing(growing_steps(call, parameters, prepare, again, doing()), send)
        # Not before: each run makes another.
        return session, outputs
    except BaseException:
        if is_open:
            session.close()
        raise
    finally:
        call.clear()
        if observation is not None:
            try:
                observation.tell()
            except BaseException:
                # Nobody gets it.
                session.close()
                raise


def observe_opening(
    observer: Callable[[Any], object], destination: UUID, results: type[IntEnum] | None
) -> Observation:
    """Begin to observe an opening."""
    # Few programs need it.
    with importing:
        from .observation import Observation
    return Observation(observer, destination, results, is_opening=True)
