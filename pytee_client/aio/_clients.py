# SPDX-License-Identifier: BSD-2-Clause
"""Clients of declared Trusted Applications, on a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .. import _hints as t
from .._process import importing
from .operation import Operation

if TYPE_CHECKING:
    from ..ta import Client

_ClientT = TypeVar("_ClientT", bound="Client")


class OpensClients:
    """The base of a context: what opens sessions for clients."""

    def client(
        self,
        cls: type[_ClientT],
        /,
        *parameters: Any,
        login: int | None = None,
        gid: int | str | None = None,
        operation: Operation | None = None,
        timeout: float | None = None,
        grace: float | None = None,
    ) -> t.ClientOpening[_ClientT]:
        """Open a session with a declared Trusted Application, for a client that is awaited.

        For example::

            async with context.client(Wallet) as wallet:
                await wallet.transfer(Transfer(1, 2, 3))

        Args:
            cls: the class of clients, which declares the application.
            parameters: as of pytee_client.ta.Client, like all the others.
            login: who the client says it is.
            gid: the group; for the two group logins only.
            operation: lets others cancel the opening.
            timeout: in how many seconds the opening has to end, and after it each call by default.
            grace: how many seconds more they may then take.

        Returns:
            What is awaited, or used with `async with`, for the client: a ta.AsyncClient. Its
            errors are those of Context.open_session().

        Raises:
            DeclarationError: this is no such class.

        Threads: may be called from any, on any loop.
        """
        with importing:
            from ..ta import ClientOpening, _awaitable

        options = {"login": login, "gid": gid, "operation": operation}
        open_ = _awaitable.opening_of(self, cls, parameters, options, timeout, grace)
        return ClientOpening(cls, open_)


class HasClients:
    """The base of what runs the commands of a session."""

    def client(self, cls: type[_ClientT], /) -> t.AsyncClient[_ClientT]:
        """Make a client on this; it does not close it.

        Args:
            cls: the class of clients, which declares the application.

        Raises:
            DeclarationError: this is no such class.

        Threads: may be called from any, on any loop.
        """
        with importing:
            from ..ta import _awaitable

        return _awaitable.client_on(self, cls)
