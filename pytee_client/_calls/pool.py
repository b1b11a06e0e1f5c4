# SPDX-License-Identifier: BSD-2-Clause
"""The calls of one session: those that run, those that are free, and who waits for their end."""

from __future__ import annotations

import weakref
from collections import deque
from functools import partial
from threading import get_ident

from .._boundary import NativeSession, backend_name, raise_interrupted
from .._checks import to_uint32
from .._growing import OutputGrowsError
from .._known_applications import named
from .._process import Process
from .._session_remedies import for_invoking
from ..enums import Origin, Result
from ..errors import BadStateError, ClosedSessionError, DeadSessionError, ForkedContextError
from .call import Call
from .failure import failure, name_of_command
from .growth import run_growing
from .slots import set_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from enum import IntEnum
    from uuid import UUID

    from .._boundary import NativeContext
    from .._outputs import Outputs
    from .._teec_error import TeecError


def open_session(
    context: NativeContext,
    destination: UUID,
    login: int,
    gid: int | None,
    parameters: Sequence[object],
    call: Call,
    results: type[IntEnum] | None,
    again: Callable[[], Call],
) -> tuple[NativeSession, Outputs]:
    """Open a session and return it with the outputs of its opening.

    again() returns the call of another run, if an output grows.
    """
    session = NativeSession(context)
    is_open = False
    doing = f"opening a session with {named(destination)}"

    def send(call: Call, types: int) -> Outputs | None:
        nonlocal session, is_open
        if is_open:
            # The last run opened it, but an output was too small.
            is_open = False
            session.close()
            session = NativeSession(context)
        if not session.open(destination, login, gid, call, types):
            if call.lost_block(context.blocks):
                # Nothing was sent. Now the memory is copied.
                return None
            if call.result == Result.BAD_STATE and call.origin == Origin.API:
                call.check_blocks()
            raise failure(context, call, doing, results)
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
        outputs = run_growing(call, parameters, prepare, send, again, doing)
        # Not before: each run makes another.
        return session, outputs
    except BaseException:
        if is_open:
            session.close()
        raise
    finally:
        call.clear()


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
    ) -> Outputs:
        """Run a command and return its outputs.

        again() returns the call of another run, if an output grows; by default the same.
        """
        try:
            number = to_uint32(command_id, "the command id")
            types = set_parameters(call, self.session.context, parameters)
            if self.session.invoke(call, number, types):
                call.given_command = command_id
                if call.lost_block(self.session.context.blocks):
                    # Nothing was sent. Now the memory is copied.
                    call.clear()
                    return self.invoke(call, command_id, parameters, again)
                self.attend(call)
            return call.outputs()
        except OutputGrowsError:
            # Nothing was sent.
            pass
        finally:
            call.clear()
        return self._invoke_growing(call, command_id, parameters, again)

    def _invoke_growing(
        self,
        call: Call,
        command_id: int,
        parameters: Sequence[object],
        again: Callable[[], Call] | None,
    ) -> Outputs:
        number = to_uint32(command_id, "the command id")

        def send(call: Call, types: int) -> Outputs | None:
            if self.session.invoke(call, number, types):
                call.given_command = command_id
                if call.lost_block(self.session.context.blocks):
                    return None
                self.attend(call)
            return call.outputs()

        def adopted() -> Call:
            assert again is not None
            made = again()
            self.adopt(made)
            return made

        return run_growing(
            call,
            parameters,
            partial(set_parameters, context=self.session.context),
            send,
            None if again is None else adopted,
            self._doing(command_id, number),
        )

    def _doing(self, given: object, command_id: int) -> str:
        name = name_of_command(given, command_id)
        return f"invoking command {name} of {named(self._destination)}"

    def attend(self, call: Call) -> None:
        """Raise the error of a call that failed."""
        raise_interrupted()
        if call.result:
            raise self._failure(call)

    def _failure(self, call: Call) -> TeecError:
        # BAD_STATE with origin API: the session is closed or dead, or a block is closed, and
        # nothing was sent.
        if call.result == Result.BAD_STATE and call.origin == Origin.API:
            self.check_usable()
            call.check_blocks()
        doing = self._doing(call.given_command, call.command)
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

    def _threads(self) -> set[int]:
        """Return the threads that are in a call."""
        # A copy, as a signal's handler may call in between.
        calls = [reference() for reference in self._calls.copy()]
        return {call.thread for call in calls if call is not None} - {0}

    def check_not_within(self) -> None:
        """Raise BadStateError in a thread that is in a call of the session."""
        if get_ident() in self._threads():
            raise BadStateError("closing a session within its own call: close it after the call")

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to close."""
        return self.session.is_closed or self._process != Process.generation

    def close(self) -> None:
        """Close the session after the calls that run in it; see Session.close().

        An interrupt while it waits leaves a session that takes no calls any more; closing it
        once more goes on.
        """
        if self._process != Process.generation:
            # Closing the session here would close it in the parent.
            self.is_closed = True
            return
        self.check_not_within()
        self.is_closed = True
        session = self.session
        session.set_closing()
        while True:
            # Before the look, so that the wait misses no end that comes after it.
            ended = session.ended
            if not self._threads() and session.close():
                self._panic = None
                return
            session.wait(ended)
