# SPDX-License-Identifier: BSD-2-Clause
"""Tests that are coroutines."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from pytee_client import aio

from .targets import Target
from .waiting import LIMIT

if TYPE_CHECKING:
    from uuid import UUID

    from pytee_client.typing import Backend

_P = ParamSpec("_P")
_T = TypeVar("_T")


def run(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine on a loop of its own, with asyncio's own checks and a time limit."""
    return asyncio.run(asyncio.wait_for(main, LIMIT), debug=True)


def on_loop(test: Callable[_P, Coroutine[Any, Any, None]]) -> Callable[_P, None]:
    """Run a test on a loop of its own."""

    @functools.wraps(test)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> None:
        run(test(*args, **kwargs))

    return wrapper


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until a condition holds, or the limit of seconds has passed."""
    for _ in range(LIMIT * 1000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the state was not reached in time")


@contextlib.asynccontextmanager
async def opened(
    target: Target, uuid: UUID = Target.CONFORMANCE, backend: Backend | None = None
) -> AsyncIterator[aio.Session]:
    """Open a session in a context of its own."""
    async with (
        aio.Context(target.device, backend=backend or target.backend) as context,
        await context.open_session(uuid) as session,
    ):
        yield session
