# SPDX-License-Identifier: BSD-2-Clause
"""Openings of sessions for which nobody waits."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from .._boundary import NativeSession
from .._growing import OutputGrowsError
from .._known_applications import named
from .._slow_openings import SlowOpening
from ..enums import Origin, Result
from .call import Call
from .failure import failure
from .functions import hand_over
from .growth import growing_steps
from .jobs import Job, over
from .opening import observe_opening
from .slots import set_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from enum import IntEnum
    from uuid import UUID

    from .._boundary import NativeContext
    from .._boundary.call import Limit
    from .._outputs import Outputs
    from .._teec_error import TeecError
    from .call_future import CallFuture

_T = TypeVar("_T")


class _Opening(Job[_T]):
    """An opening; finish() makes the result of an open session and its outputs."""

    def __init__(
        self,
        context: NativeContext,
        destination: UUID,
        login: int,
        gid: int | None,
        parameters: Sequence[object],
        limit: Limit | None,
        results: type[IntEnum] | None,
        finish: Callable[[NativeSession, Outputs], _T],
        explain: Callable[[TeecError], TeecError],
        close: Callable[[_T], object],
    ) -> None:
        super().__init__(Call(cancellable=True), limit)
        self._context = context
        self._arguments = login, gid
        self._parameters = parameters
        self.results = results
        if context.observer is not None:
            self.observation = observe_opening(context.observer, destination, results)
        self._finish = finish
        self._explain = explain
        self._close = close
        self._session = NativeSession(context, destination)
        self._slow = SlowOpening()
        self._steps: Generator[tuple[Call, int], Outputs | None, Outputs] | None = None
        self._types = 0
        try:
            self._set_parameters()
        except BaseException:
            self.call.clear()
            raise

    def _set_parameters(self) -> None:
        prepare = partial(set_parameters, context=self._context)
        try:
            self._types = prepare(self.call, parameters=self._parameters)
            return
        except OutputGrowsError:
            self.call.clear()
        self._steps = growing_steps(self.call, self._parameters, prepare, self._again, self.doing())
        self.call, self._types = next(self._steps)

    def _again(self) -> Call:
        call = Call(cancellable=True)
        call.use(self._context)
        return call

    def hand_over(self, function: Callable[[], object]) -> None:
        hand_over(self._context, function)

    def describe(self) -> None:
        self.call.describe(0, self._types)

    def submit(self) -> bool:
        self.call.session = self._session
        self._slow.begin(self._context, self._session.destination)
        return self._session.submit_opening(*self._arguments, self.call, self._types)

    def drop(self) -> None:
        self._slow.is_over = True

    def read(self) -> tuple[_T | None, bool]:
        self._slow.is_over = True
        call = self.call
        if call.lost_block(self._context.blocks):
            # Nothing was sent. Now the memory is copied.
            call.clear()
            self._types = set_parameters(call, self._context, self._parameters)
            self.send()
            return None, True
        is_open = not call.result
        try:
            outputs = self._outputs()
            if outputs is not None:
                is_open = False
                return self._finish(self._session, outputs), False
        finally:
            # What is open is not what was wanted.
            if is_open:
                self._session.close()
        self._session = NativeSession(self._context, self._session.destination)
        self.again()
        return None, True

    def _outputs(self) -> Outputs | None:
        """Return the outputs; None if another run is needed."""
        if self._steps is None:
            self.attend()
            return self.call.outputs()
        try:
            try:
                self.attend()
            except BaseException as error:
                self.call, self._types = self._steps.throw(error)
            else:
                self.call, self._types = self._steps.send(self.call.outputs())
        except StopIteration as end:
            outputs: Outputs = end.value
            return outputs
        return None

    def attend(self) -> None:
        self.note(self.outcome)
        self.check_interrupted()
        if self.outcome:
            raise self._explain(self.deadline_error(self.outcome))
        if self.call.result:
            if self.call.result == Result.BAD_STATE and self.call.origin == Origin.API:
                self.call.check_blocks()
            raise self._explain(self.failure())

    def refuse(self, result: _T) -> None:
        self._close(result)

    def let_go(self) -> None:
        self._finish = self._explain = self._close = over
        self._parameters, self._steps = (), None

    def doing(self) -> str:
        return f"opening a session with {named(self._session.destination)}"

    def failure(self) -> TeecError:
        return failure(self._context, self.call, self.doing(), self.results)


def submit_opening(
    context: NativeContext,
    destination: UUID,
    login: int,
    gid: int | None,
    parameters: Sequence[object],
    limit: Limit | None,
    results: type[IntEnum] | None,
    finish: Callable[[NativeSession, Outputs], _T],
    explain: Callable[[TeecError], TeecError],
    close: Callable[[_T], object],
) -> CallFuture[_T]:
    """Have a worker open a session; its parameters are checked now.

    Args:
        context: where.
        destination: the Trusted Application.
        login: who the client is.
        gid: the group.
        parameters: those of the opening.
        limit: within what it has to end.
        results: the names of the Trusted Application's own codes.
        finish: makes the result, of an open session and the outputs.
        explain: adds to the error what may help.
        close: closes a result that nobody wants any more.
    """
    return _Opening(
        context, destination, login, gid, parameters, limit, results, finish, explain, close
    ).start()
