# SPDX-License-Identifier: BSD-2-Clause
"""Sessions that are closed at the end of a test."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, TypeVar, overload
from uuid import UUID

from .._checks import said
from .._single import Single
from ..context import Context
from ..errors import ParameterTypeError
from ..session import Session
from ..ta import Client

__all__ = ["TeeSession"]

_ClientT = TypeVar("_ClientT", bound=Client)


class TeeSession(Single):
    """Open sessions and clients, and close them at the end; what the fixture tee_session gives.

    Args:
        context: the context to open them in.

    Attributes:
        context: the same.

    Threads: any number may open at once.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._opened = ExitStack()

    @overload
    def __call__(self, application: UUID, /, *parameters: Any, **options: Any) -> Session: ...

    @overload
    def __call__(
        self, application: type[_ClientT], /, *parameters: Any, **options: Any
    ) -> _ClientT: ...

    def __call__(
        self, application: UUID | type[Client], /, *parameters: Any, **options: Any
    ) -> Session | Client:
        """Open a session with an application.

        Args:
            application: its UUID, for a Session; or the class of ta.Client that declares it, for
                a client.
            parameters: what it is opened with.
            options: those of Context.open_session(), such as login.

        Raises:
            TeecError: as of Context.open_session().
            ParameterTypeError: the application is neither.
        """
        if isinstance(application, type) and issubclass(application, Client):
            client = application(self.context, *parameters, **options)
            self._opened.callback(client.close)
            return client
        if not isinstance(application, UUID):
            raise ParameterTypeError(
                "the application must be a UUID, such as that of a fake, or a class of ta.Client,"
                f" not {said(application)}"
            )
        session = self.context.open_session(application, *parameters, **options)
        self._opened.callback(session.close)
        return session

    def close(self) -> None:
        """Close what it has opened, the last first."""
        self._opened.close()
