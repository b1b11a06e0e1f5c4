# SPDX-License-Identifier: BSD-2-Clause
"""Commands for which nobody waits."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from .._audit import INVOKE_COMMAND, audit
from .._checks import to_uint32
from .._growing import OutputGrowsError
from .._teec_error import TeecError
from .functions import hand_over
from .growth import growing_steps
from .jobs import Job
from .slots import set_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from .._boundary.call import Limit
    from .._outputs import Outputs
    from .call import Call
    from .call_future import CallFuture
    from .pool import CallPool

    Steps = Generator[tuple[Call, int], Outputs | None, Outputs]

# How many calls a session keeps for later calls that are submitted.
_KEPT_CALLS = 16


class Translation(Protocol):
    """What makes another result, or another error, of those of a command."""

    def result(self, outputs: Outputs) -> Any:
        """Return what becomes of outputs."""
        ...

    def raise_error(self, error: TeecError) -> NoReturn:
        """Raise what becomes of an error."""
        ...


class _Command(Job[Any]):
    """A command of a session."""

    def __init__(
        self,
        calls: CallPool,
        command_id: int,
        parameters: Sequence[object],
        limit: Limit | None,
        owner: object,
        translation: Translation | None,
    ) -> None:
        try:
            call = calls.free.pop()
        except IndexError:
            call = calls.new()
        super().__init__(call, limit)
        self._calls = calls
        self.observation = calls.observation()
        # Nobody else may have the session. It must not be closed as forgotten before the end.
        self._owner: object = owner
        self._command = command_id
        self._parameters = parameters
        self._steps: Steps | None = None
        self._translation = translation
        self._types = 0
        try:
            self._number = to_uint32(command_id, "the command id")
            self._set_parameters()
        except BaseException:
            call.clear()
            self.release(call)
            raise

    def _set_parameters(self) -> None:
        prepare = partial(set_parameters, context=self._calls.session.context)
        try:
            self._types = prepare(self.call, parameters=self._parameters)
            return
        except OutputGrowsError:
            self.call.clear()
        self._steps = growing_steps(self.call, self._parameters, prepare, None, self.doing())
        self.call, self._types = next(self._steps)

    def hand_over(self, function: Callable[[], object]) -> None:
        hand_over(self._calls.session.context, function)

    def describe(self) -> None:
        self.call.given_command = self._command
        self.call.describe(self._number, self._types)

    def submit(self) -> bool:
        self.call.given_command = self._command
        calls = self._calls
        calls.check_usable()
        if self.call.submit(self._number, self._types):
            return True
        if not self.call.lost_block(calls.session.context.blocks):
            return False
        # Nothing was sent. Now the memory is copied.
        self.call.clear()
        self._types = set_parameters(self.call, calls.session.context, self._parameters)
        return self.call.submit(self._number, self._types)

    def read(self) -> tuple[Any, bool]:
        translation = self._translation
        if translation is None:
            return self._read()
        try:
            outputs, goes_on = self._read()
        except TeecError as error:
            translation.raise_error(error)
        return (None if outputs is None else translation.result(outputs)), goes_on

    def _read(self) -> tuple[Outputs | None, bool]:
        call = self.call
        if call.lost_block(self._calls.session.context.blocks):
            # Nothing was sent. Now the memory is copied.
            call.clear()
            self._types = set_parameters(call, self._calls.session.context, self._parameters)
            self.send()
            return None, True
        if self._steps is None:
            self.attend()
            return call.outputs(), False
        try:
            try:
                self.attend()
            except BaseException as error:
                _, self._types = self._steps.throw(error)
            else:
                _, self._types = self._steps.send(call.outputs())
        except StopIteration as end:
            return end.value, False
        self.again()
        return None, True

    def attend(self) -> None:
        self.note(self.outcome)
        if self.outcome:
            # What a kernel in Python raised comes first.
            self.check_interrupted()
            raise self.deadline_error(self.outcome)
        self._calls.look_at(self.call)

    def release(self, call: Call) -> None:
        if not call.is_given_up and len(self._calls.free) < _KEPT_CALLS:
            self._calls.free.append(call)

    def let_go(self) -> None:
        self._owner, self._parameters, self._steps = None, (), None

    def doing(self) -> str:
        return self._calls.doing(self._command, self._number)

    def failure(self) -> TeecError:
        return self._calls.failure(self.call)


def submit_command(
    calls: CallPool,
    command_id: int,
    parameters: Sequence[object],
    limit: Limit | None,
    owner: object,
    translation: Translation | None = None,
) -> CallFuture[Any]:
    """Have a worker run a command; its parameters are checked now. The call keeps its owner."""
    audit(INVOKE_COMMAND, calls.session.destination, to_uint32(command_id, "the command id"))
    return _Command(calls, command_id, parameters, limit, owner, translation).start()
