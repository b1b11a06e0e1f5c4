# SPDX-License-Identifier: BSD-2-Clause
"""Clients whose commands are awaited.

To type checkers such a client is its class: what they find in a class they take to be awaited, and
what they find in an object not. So one declaration has types for both.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from .._declarations.application import declaration_of
from .._single import Single
from ..errors import BadStateError, TeecError
from ._commands import Command
from ._errors import raise_declared
from ._opening import Opener
from ._plan import Plan, plan_of

__all__ = ["AsyncClient", "ClientOpening"]

_ClientT = TypeVar("_ClientT")


class _AsyncBoundCommand:
    """A command of a client; awaiting its call runs the command."""

    __slots__ = ("_invoke", "_plan")

    def __init__(self, plan: Plan, target: Any) -> None:
        self._plan = plan
        self._invoke = target.invoke_command

    async def __call__(self, *arguments: Any, room: int | None = None, **options: Any) -> Any:
        """Run the command; see pytee_client.aio.Session.invoke_command() for the options."""
        plan = self._plan
        parameters = plan.parameters(arguments, room)
        try:
            outputs = await self._invoke(plan.number, *parameters, **options)
        except TeecError as error:
            plan.raise_error(error)
        return plan.result(outputs, arguments, parameters)

    def __repr__(self) -> str:
        return f"<{self._plan.doing}>"


class _AsyncClient(Single, Generic[_ClientT]):
    """A client on a loop, with the commands of its class; made by aio.Context.client().

    Its commands, and close(), are awaited.

    Threads: may be used from any, on any loop.
    """

    def __init__(self, cls: type[Any], session: Any, opened: Any, *, is_owner: bool) -> None:
        self._class = cls
        self._opened = opened
        self._is_owner = is_owner
        self.session = session

    @property
    def closed(self) -> bool:
        """True once the session is closed, or is being closed."""
        closed: bool = self.session.closed
        return closed

    async def close(self, timeout: float | None = None) -> None:
        """Close the session, unless it was given."""
        if self._is_owner:
            await self.session.close(timeout=timeout)

    def __getattr__(self, name: str) -> Any:
        cls: Any = self.__dict__.get("_class")
        declared = getattr(cls, name, None)
        if isinstance(declared, Command):
            bound = _AsyncBoundCommand(plan_of(cls, name), self.session)
            self.__dict__[name] = bound
            return bound
        if isinstance(declared, Opener) or name == "uuid":
            return declared
        raise AttributeError(
            f"an awaitable {getattr(cls, '__name__', 'client')} has commands alone, and no {name}"
        )

    def _instead(self) -> str:
        return "open another, or make one with client() of a session"

    def __repr__(self) -> str:
        return f"<awaitable {self._class.__name__} on {self.session!r}>"


if TYPE_CHECKING:
    AsyncClient: TypeAlias = type[_ClientT]
else:
    AsyncClient = _AsyncClient


def client_on(session: Any, cls: type[_ClientT]) -> AsyncClient[_ClientT]:
    """Make a client on a session, or a pool of such, that it does not close."""
    declaration_of(cls).check_destination(session.destination)
    client: Any = _AsyncClient(cls, session, None, is_owner=False)
    return client  # type: ignore[no-any-return]


def opening_of(
    context: Any,
    cls: type[_ClientT],
    parameters: Sequence[Any],
    options: dict[str, Any],
    timeout: float | None,
    grace: float | None,
) -> Callable[[], Coroutine[Any, Any, Any]]:
    """Return what opens a client; see ta.Client for the arguments."""
    declared = declaration_of(cls)
    client: Any = cls
    plan: Plan | None = client._opening_plan
    given = parameters if plan is None else plan.parameters(parameters)
    if options["login"] is None:
        options = {**options, "login": client._login}

    async def open_() -> Any:
        try:
            session = await context.open_session(
                declared.uuid,
                *given,
                results=declared.results,
                timeout=timeout,
                grace=grace,
                **options,
            )
        except TeecError as error:
            raise_declared(error, declared)
        try:
            if timeout is not None:
                session.timeout = timeout
            if grace is not None:
                session.grace = grace
            opened = None if plan is None else plan.result(session.outputs, parameters, given)
        except BaseException:
            await session.close()
            raise
        return _AsyncClient(cls, session, opened, is_owner=True)

    return open_


class ClientOpening(Single, Generic[_ClientT]):
    """The opening of an awaitable client: await it, or use it with async with, once.

    Threads: one task awaits it, on any loop; the others get BadStateError.
    """

    def __init__(self, cls: type[_ClientT], open_: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        self._class = cls
        self._open: Callable[..., Coroutine[Any, Any, Any]] | None = open_
        self._client: Any = None

    async def _opened(self) -> Any:
        open_, self._open = self._open, None
        if open_ is None:
            raise BadStateError(
                f"this opening of {self._class.__name__} was awaited before: call client() again"
            )
        self._client = await open_()
        return self._client

    def __await__(self) -> Generator[Any, Any, AsyncClient[_ClientT]]:
        return self._opened().__await__()

    async def __aenter__(self) -> AsyncClient[_ClientT]:
        client: Any = await self._opened()
        return client  # type: ignore[no-any-return]

    def _instead(self) -> str:
        return "call client() again"

    def __repr__(self) -> str:
        return f"<opening of an awaitable {self._class.__name__}>"

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.close()
