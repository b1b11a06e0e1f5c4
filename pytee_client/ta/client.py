# SPDX-License-Identifier: BSD-2-Clause
"""Clients of Trusted Applications that are declared once."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID

from .._checks import said, to_instance
from .._declarations.application import Declaration, check_errors, declaration_of, to_uuid
from .._declarations.kinds import DeclarationError
from .._hint_types import Self
from .._logging import log_debug, modules
from .._single import Single
from ..context import Context
from ..enums import Login
from ..errors import ParameterTypeError, TeecError
from ..identity import to_login
from ..operation import Operation
from ..session import Session
from ..session_pool import SessionPool
from . import _raw as _raw
from ._commands import BoundCommand, Command
from ._errors import raise_declared
from ._opening import Opening
from ._plan import Plan, plan_of

if TYPE_CHECKING:
    from ._typed import ClosedOf, CloseOf, SessionOf

__all__ = ["Client"]

_T = TypeVar("_T")

_NO_ERRORS: Mapping[int, type[Exception]] = MappingProxyType({})
# What clients have in their objects.
_TAKEN = frozenset({"_class", "_is_owner", "_session", "session", "uuid"})


class Client(Single):
    """The base of declared applications. An object is a client, which has a session.

    A class declares an application::

        class Wallet(ta.Client, uuid="5e1f0f1d-8a4e-4c7e-9d7e-8f1a2b3c4d5e"):
            count = ta.command(0, returns=ta.U64)
            add = ta.command(1, ta.InOut[ta.U64])

        with Wallet(context, timeout=0.2) as wallet:
            wallet.add(3)

    Arguments of the class:
        uuid: the UUID of the application, or its text. A class that is derived from a declared
            one may leave it out.
        results: an IntEnum class that names the application's own codes.
        errors: the exceptions for its codes. A class of TeecError is raised in place of the
            TeecError of the call, and any other with its text, and with it as the cause.
        login: who the client says it is, unless an object says something else.

    Args:
        context: the context to open the session in.
        parameters: what the declared opening takes; without one, parameters as
            Context.open_session() takes them.
        login, gid, operation, grace: as of Context.open_session().
        timeout: in how many seconds the opening has to end, and after it each call by default;
            by default the context's.

    Attributes:
        uuid: the UUID of the application.
        session: the session; of a client made by on(), what it was given.

    Raises:
        TeecError: as of Context.open_session().

    Threads: any number may use a client at once; the TEE runs the commands of a session one after
    the other.
    """

    __pytee_declaration__: ClassVar[Declaration]
    uuid: ClassVar[UUID]
    _login: ClassVar[int] = Login.PUBLIC
    _plans: ClassVar[Mapping[str, Plan]] = MappingProxyType({})
    _opening_plan: ClassVar[Plan | None] = None

    def __init_subclass__(
        cls,
        *,
        uuid: str | UUID | None = None,
        results: type[IntEnum] | None = None,
        errors: Mapping[Any, type[Exception]] = _NO_ERRORS,
        login: int | None = None,
        **arguments: Any,
    ) -> None:
        """Look at what the class declares.

        Raises:
            DeclarationError: it is wrong.
        """
        super().__init_subclass__(**arguments)
        base: Declaration | None = getattr(cls, "__pytee_declaration__", None)
        made = cls.__pytee_declaration__ = _declare(cls, base, uuid, results, errors)
        made.register()
        cls.uuid = made.uuid
        if login is not None:
            cls._login = to_login(login)
        cls._plans = {command.name: Plan(command, made) for command in made.commands.values()}
        cls._opening_plan = None if made.opening is None else Plan(made.opening, made)

    def __init__(
        self,
        context: Context,
        /,
        *parameters: Any,
        login: int | None = None,
        gid: int | str | None = None,
        operation: Operation | None = None,
        timeout: float | None = None,
        grace: float | None = None,
    ) -> None:
        to_instance(context, Context, "the context", "await aio_context.client(CLASS) on a loop")
        declared = declaration_of(type(self))
        plan = self._opening_plan
        given = parameters if plan is None else plan.parameters(parameters)
        try:
            session = context.open_session(
                declared.uuid,
                *given,
                login=self._login if login is None else login,
                gid=gid,
                operation=operation,
                results=declared.results,
                timeout=timeout,
                grace=grace,
            )
        except TeecError as error:
            raise_declared(error, declared)
        self._begin(session, is_owner=True)
        try:
            if timeout is not None:
                session.timeout = timeout
            if grace is not None:
                session.grace = grace
            if plan is not None:
                self._opened = plan.result(session.outputs, parameters, given)
            if "logging" in modules:
                log_debug(
                    "ta", "opened a session as %s with %s", type(self).__name__, declared.uuid
                )
        except BaseException:
            session.close()
            raise

    _opened: Any = None

    @classmethod
    def on(cls, session: Session | SessionPool, /) -> Self:
        """Make a client on a session that is open, or on a pool of sessions.

        It does not close them.

        Args:
            session: a session with the application, or a pool of such. What the declared
                opening returned is not known then.

        Raises:
            ParameterTypeError: this is neither.
            ParameterRangeError: it is one with another application.
        """
        declared = declaration_of(cls)
        if not isinstance(session, Session | SessionPool):
            raise ParameterTypeError(
                f"the session must be a Session or a SessionPool, not {said(session)}"
            )
        declared.check_destination(session.destination)
        made = cls.__new__(cls)
        made._begin(session, is_owner=False)
        return made

    def _begin(self, session: Session | SessionPool, *, is_owner: bool) -> None:
        self._session = session
        self._is_owner = is_owner

    def _bind(self, name: str) -> BoundCommand:
        return BoundCommand(plan_of(type(self), name), self._session)

    def _instead(self) -> str:
        return "open another, or make one with on()"

    if TYPE_CHECKING:
        session: SessionOf
        close: CloseOf
        closed: ClosedOf
    else:

        @property
        def session(self) -> Session | SessionPool:
            """The session."""
            return self._session

        def close(self, timeout: float | None = None) -> None:
            """Close the session; see Session.close(). That of on() stays open."""
            if self._is_owner:
                self._session.close(timeout)

        @property
        def closed(self) -> bool:
            """True once the session is closed."""
            return self._session.closed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self._session!r}>"


def _declare(
    cls: type[Client],
    base: Declaration | None,
    uuid: str | UUID | None,
    results: type[IntEnum] | None,
    errors: Mapping[Any, type[Exception]],
) -> Declaration:
    """Make the declaration of a class; what it leaves out is its base's."""
    name = cls.__name__
    if uuid is None and base is None:
        raise DeclarationError(f'{name} names no application: class {name}(ta.Client, uuid="...")')
    commands, openings = _attributes(cls, Command), _attributes(cls, Opening)
    for attribute in (*commands, *openings):
        if attribute in _TAKEN or hasattr(Client, attribute):
            raise DeclarationError(
                f"{name}.{attribute} would hide what every client has: choose another name"
            )
    if len(openings) > 1:
        raise DeclarationError(f"{name} declares two openings: {' and '.join(openings)}")
    numbers: dict[int, str] = {}
    for attribute, command in commands.items():
        other = numbers.setdefault(int(command.command_id), attribute)
        if other != attribute:
            raise DeclarationError(
                f"{name}.{other} and {name}.{attribute} are both command {command.command_id:d}"
            )
    inherited: dict[int, type[Exception]] = {}
    for owner in reversed(cls.__mro__[1:]):
        declared = vars(owner).get("__pytee_declaration__")
        if isinstance(declared, Declaration):
            inherited.update(declared.errors)
    if results is None and base is not None:
        results = base.results
    return Declaration(
        name,
        base.uuid if uuid is None and base is not None else to_uuid(uuid, name),
        results,
        {**inherited, **check_errors(errors, results, name)},
        {attribute: command.declare(name) for attribute, command in commands.items()},
        next((opening.declare(name) for opening in openings.values()), None),
    )


def _attributes(cls: type[Any], kind: type[_T]) -> dict[str, _T]:
    """Return the attributes of a class that are of a kind, those of its bases first."""
    found: dict[str, Any] = {}
    for owner in reversed(cls.__mro__):
        found.update(vars(owner))
    return {name: value for name, value in found.items() if isinstance(value, kind)}
