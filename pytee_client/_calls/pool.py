# SPDX-License-Identifier: BSD-2-Clause
"""The calls of one session: those that run, those that are free, and who waits for their end."""

from __future__ import annotations

import weakref
from collections import deque
from functools import partial
from math import inf
from threading import get_ident
from time import monotonic

from .._audit import INVOKE_COMMAND, audit
from .._boundary import NativeSession, backend_name, raise_interrupted
from .._boundary.call import UNSENT
from .._checks import to_uint32
from .._growing import OutputGrowsError
from .._known_applications import named
from .._process import Process
from .._session_remedies import for_invoking
from ..enums import Origin, Result
from ..errors import (
    BadStateError,
    ClosedSessionError,
    DeadlineError,
    DeadSessionError,
    ForkedContextError,
)
from .call import Call
from .closing import late_closing, run_within
from .deadline import Remaining, deadline_error
from .failure import failure, name_of_command
from .growth import growing_steps, run_growing
from .slots import set_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from enum import IntEnum
    from uuid import UUID

    from .._boundary.call import Limit
    from .._outputs import Outputs
    from .._teec_error import TeecError
    from .observation import Observation


class CallPool:
    """The calls of a session.

    Attributes:
        free: calls that no thread uses. Take one with pop(), make a new one if there is none,
            and append() it when it is over.
        is_closed: whether the session is closed, or is being closed.
        death: how the Trusted Application was found to have panicked; None if it lives.
        registered: the registered blocks of the context; false if there is none.
    """

    __slots__ = (
        "_calls",
        "_destination",
        "_panic",
        "_process",
        "_results",
        "death",
        "free",
        "is_closed",
        "registered",
        "session",
    )

    def __init__(
        self, session: NativeSession, destination: UUID, results: type[IntEnum] | None
    ) -> None:
        """Begin with none; results names codes of the Trusted Application."""
        self.session = session
        self.free: deque[Call] = deque()
        self.is_closed = False
        self.death: str | None = None
        self.registered = session.context.blocks.registered
        self._destination = destination
        self._results = results
        self._process = Process.generation
        # As many as ran at the same time. Weak, as an interrupt may lose a call that is not in
        # the pool.
        self._calls: set[weakref.ref[Call]] = set()
        # The exception that was the panic, on a kernel in Python.
        self._panic: BaseException | None = None

    def check_live(self) -> None:
        """Raise a ClosedError if the session is closed, ForkedContextError in a child process."""
        if self._process != Process.generation:
            raise ForkedContextError(
                "the session belongs to the parent of this process: open a context here"
            )
        if self.is_closed:
            raise ClosedSessionError("the session is closed: open another")

    def check_usable(self) -> None:
        """Raise as check_live(), and a DeadSessionError if the Trusted Application panicked."""
        self.check_live()
        if self.death is not None:
            error = DeadSessionError(
                f"using a session with {named(self._destination)}",
                # Who said so, though not now.
                origin=Origin.TEE,
                details=self.death,
                remedy="nothing was sent: close this session and open another",
            )
            raise error from self._panic

    def new(self) -> Call:
        """Make a call."""
        self.check_usable()
        call = Call()
        self.adopt(call)
        return call

    def adopt(self, call: Call) -> None:
        """Make a call one of this session, whose close() waits for it."""
        call.session = self.session
        self.session.adopt(call)
        self._calls.add(weakref.ref(call, self._calls.discard))

    def run(self, command_id: int, parameters: Sequence[object]) -> Outputs:
        """Run a command in a call of the pool and return its outputs."""
        try:
            call = self.free.pop()
        except IndexError:
            call = self.new()
        try:
            return self.invoke(call, command_id, parameters)
        finally:
            self.free.append(call)

    def invoke(
        self,
        call: Call,
        command_id: int,
        parameters: Sequence[object],
        again: Callable[[], Call] | None = None,
        limit: Limit | None = None,
    ) -> Outputs:
        """Run a command and return its outputs.

        Args:
            call: the call to use.
            command_id: the command.
            parameters: its parameters.
            again: returns the call of another run, if an output grows; by default the same.
            limit: within what all runs have to end, of which the first has its limit.
        """
        number = to_uint32(command_id, "the command id")
        session = self.session
        audit(INVOKE_COMMAND, session.destination, number)
        try:
            while True:
                types = set_parameters(call, session.context, parameters)
                if session.invoke(call, number, types):
                    call.given_command = command_id
                    if call.lost_block(session.context.blocks):
                        # Nothing was sent. Now the memory is copied.
                        call.clear()
                        continue
                    self.attend(call)
                return call.outputs()
        except OutputGrowsError:
            # Nothing was sent.
            pass
        finally:
            call.clear()
        return self._invoke_growing(call, command_id, parameters, again, limit)

    def _invoke_growing(
        self,
        call: Call,
        command_id: int,
        parameters: Sequence[object],
        again: Callable[[], Call] | None,
        limit: Limit | None,
        attend: Callable[[Call], None] | None = None,
    ) -> Outputs:
        """Run a command until its outputs have room; attend() looks at each run."""
        attend = attend or self.attend
        number = to_uint32(command_id, "the command id")
        doing = self.doing(command_id, number)
        remaining = None if limit is None else Remaining(limit)

        def send(call: Call, types: int) -> Outputs | None:
            if remaining is not None:
                remaining.begin(call)
            if self.session.invoke(call, number, types):
                call.given_command = command_id
                if call.lost_block(self.session.context.blocks):
                    return None
                attend(call)
            return call.outputs()

        def adopted() -> Call:
            assert again is not None
            made = again()
            self.adopt(made)
            return made

        steps = growing_steps(
            call,
            parameters,
            partial(set_parameters, context=self.session.context),
            None if again is None else adopted,
            doing,
        )
        try:
            return run_growing(steps, send)
        finally:
            # Of which later runs had what was left.
            call.within(limit)

    def doing(self, given: object, command_id: int) -> str:
        """Return what a call does, for its error."""
        name = name_of_command(given, command_id)
        return f"invoking command {name} of {named(self._destination)}"

    def attend(self, call: Call) -> None:
        """Raise the error of a call that failed."""
        try:
            raise_interrupted()
            if call.outcome:
                # A signal's handler may have forked meanwhile, and this be the child.
                if self._process != Process.generation:
                    self.check_live()
                raise self._deadline_error(call)
            if call.result:
                raise self.failure(call)
        finally:
            if self.is_closed:
                self._close_if_idle()

    # Without anybody who is told of it.
    look_at = attend

    def observation(self) -> Observation | None:
        """Begin to observe a command, if the context has an observer."""
        return None

    def _deadline_error(self, call: Call) -> DeadlineError:
        if call.outcome == UNSENT:
            self.check_usable()
        doing = self.doing(call.given_command, call.command)
        return deadline_error(
            call, call.outcome, call.limit, doing, self._results, partial(self.failure, call)
        )

    def failure(self, call: Call) -> TeecError:
        """Make the error of a call that failed."""
        # BAD_STATE with origin API: the session is closed or dead, or a block is closed, and
        # nothing was sent.
        if call.result == Result.BAD_STATE and call.origin == Origin.API:
            self.check_usable()
            call.check_blocks()
        doing = self.doing(call.given_command, call.command)
        context = self.session.context
        error = failure(context, call, doing, self._results)
        if error.remedy is None:
            is_fake = backend_name(context.kernel) != "linux"
            error.remedy = for_invoking(error, context.version[0], is_fake)
        if error.code == Result.TARGET_DEAD and error.origin == Origin.TEE:
            self.death = f"{doing} found it dead ({error.remedy})"
            self._panic = error.__cause__
            self.session.set_closing()
        return error

    def calls_in_session(self) -> list[Call]:
        """Return the calls that are in the session."""
        # A copy, as a signal's handler may call in between.
        return [call for one in self._calls.copy() if (call := one()) is not None and call.thread]

    @property
    def is_busy(self) -> bool:
        """Whether a call is in the session, be it one that was given up."""
        return bool(self.calls_in_session())

    def check_not_within(self, timeout: float | None) -> None:
        """Raise BadStateError in a thread that is in a call of the session, unless it can wait.

        It can wait within a time-out for a call that a worker makes.
        """
        for call in self.calls_in_session():
            if (
                call.thread == get_ident()
                and not call.is_given_up
                and (timeout is None or not call.is_pending)
            ):
                raise BadStateError(
                    "closing a session within its own call: close it after the call"
                    + (", or give a timeout" if timeout is None else "")
                )

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left for close() to do."""
        # In this order: the last call closes the session, and then takes when_idle away.
        return (
            self.session.when_idle is not None
            or self.session.is_closed
            or self._process != Process.generation
        )

    def close(self, timeout: float | None = None) -> None:
        """Close the session after the calls that run in it; see Session.close().

        An interrupt while it waits leaves a session that takes no calls any more; closing it
        once more goes on.
        """
        if self._process != Process.generation:
            # Closing the session here would close it in the parent.
            self.is_closed = True
            return
        self.check_not_within(timeout)
        self.is_closed = True
        session = self.session
        session.set_closing()
        deadline = inf if timeout is None else monotonic() + timeout
        while True:
            # Before the look, so that the wait misses no end that comes after it.
            ended = session.ended
            calls = self.calls_in_session()
            left = deadline - monotonic()
            if not calls and self._close_idle(None if timeout is None else left):
                return
            waits = [call for call in calls if not call.is_given_up]
            if (calls and not waits) or left <= 0:
                self.leave()
                if session.is_closed or (calls and not waits):
                    return
                for call in waits:
                    call.request_cancellation_elsewhere()
                raise self._late_closing(len(waits), timeout)
            session.wait(ended, left)

    def leave(self) -> None:
        """Have the last call close the session; waits for none."""
        self.is_closed = True
        if self._process != Process.generation:
            return
        self.session.set_closing()
        # Before the look, so that a call that ends now closes it, or is not seen.
        self.session.when_idle = self._close_if_idle
        self._close_if_idle()

    def _close_idle(self, left: float | None) -> bool:
        """Close the session, in which there is no call; false if another thread is closing it."""
        if left is None:
            return self._end()
        # So that it counts as closed if the TEE takes longer.
        self.session.when_idle = self._close_if_idle
        doing = f"closing a session with {named(self._destination)}"
        return run_within(self.session.context, self._end, left, doing)

    def _end(self) -> bool:
        if not self.session.close():
            return False
        self.session.when_idle = None
        self._panic = None
        return True

    def _close_if_idle(self) -> None:
        if self.session.when_idle is not None and not self.calls_in_session():
            self._end()

    def _late_closing(self, calls: int, timeout: float | None) -> DeadlineError:
        details = "another thread is closing it"
        if calls:
            count = "1 call is" if calls == 1 else f"{calls} calls are"
            details = f"{count} still in it, and the last closes it at its end"
        doing = f"closing a session with {named(self._destination)}"
        return late_closing(doing, f"after {timeout:.3g} s {details}")
