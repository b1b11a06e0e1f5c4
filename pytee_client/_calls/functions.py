# SPDX-License-Identifier: BSD-2-Clause
"""Functions of Python's that workers call."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ..errors import OutOfMemoryError
from .call import Call
from .jobs import Job, over

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._boundary import NativeContext
    from .call_future import CallFuture

_T = TypeVar("_T")


class _Function(Job[_T]):
    """A function of Python's."""

    def __init__(self, context: NativeContext, function: Callable[[], _T]) -> None:
        call = Call()
        call.use(context)
        super().__init__(call, None)
        self._context = context
        self._function = function

    def hand_over(self, function: Callable[[], object]) -> None:
        hand_over(self._context, function)

    def submit(self) -> bool:
        return self.call.submit(0, 0)

    def read(self) -> tuple[_T | None, bool]:
        return self._function(), False

    def drop(self) -> None:
        self._function()

    def let_go(self) -> None:
        self._function = over

    def doing(self) -> str:
        return f"running {self._function!r}"


def submit_function(
    context: NativeContext, function: Callable[[], _T], *, hurries: bool = False
) -> CallFuture[_T]:
    """Have a worker call a function of Python's; at once, if it hurries."""
    job = _Function(context, function)
    if hurries:
        job.call.hurry()
    return job.start()


def hand_over(context: NativeContext, function: Callable[[], object]) -> None:
    """Have another thread call a function, or this one if there is none."""
    try:
        submit_function(context, function, hurries=True)
    except OutOfMemoryError:
        function()
