# SPDX-License-Identifier: BSD-2-Clause
"""The calls of a session in a context that has an observer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..errors import DeadlineError
from .observation import Observation
from .pool import CallPool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._boundary.call import Limit
    from .._outputs import Outputs
    from .call import Call


class ObservedCallPool(CallPool):
    """The calls of a session, each of which an observer is told of.

    C says of each call that it needs attention, so every call comes to attend().
    """

    __slots__ = ()

    def observation(self) -> Observation:
        """Begin to observe a command."""
        observer = self.session.context.observer
        assert observer is not None
        return Observation(observer, self._destination, self._results, generation=self._process)

    def attend(self, call: Call) -> None:
        """Raise the error of a call that failed, and tell the observer of it first."""
        observation = self.observation()
        try:
            self._attend_run(observation, call)
        finally:
            observation.tell()

    def _attend_run(self, observation: Observation, call: Call) -> None:
        is_late = False
        try:
            self.look_at(call)
        except DeadlineError:
            is_late = True
            raise
        finally:
            # Without an error of its deadline, it was an interrupt that ended the wait.
            observation.note(call, call.outcome, is_cancelled=not is_late)

    def _invoke_growing(
        self,
        call: Call,
        command_id: int,
        parameters: Sequence[object],
        again: Callable[[], Call] | None,
        limit: Limit | None,
        attend: Callable[[Call], None] | None = None,
    ) -> Outputs:
        observation = self.observation()
        try:
            return super()._invoke_growing(
                call,
                command_id,
                parameters,
                again,
                limit,
                attend or partial(self._attend_run, observation),
            )
        finally:
            observation.tell()
