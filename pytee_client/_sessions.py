# SPDX-License-Identifier: BSD-2-Clause
"""The sessions that a context opens."""

from __future__ import annotations

import weakref
from enum import IntEnum
from functools import partial

from . import _hints as t
from ._audit import OPEN_SESSION, audit
from ._boundary import NativeContext, uuid_octets
from ._calls.opening import Opening, Openings, open_session
from ._checks import check_results
from ._closable import living
from ._limits import Limited
from ._logging import log_debug, modules
from ._process import Process, importing
from ._session_remedies import for_opening
from ._sharing import ExplainedErrors
from ._teec_error import describe_result
from .enums import Login, Origin, Result
from .errors import (
    BadParametersError,
    ClosedContextError,
    TeecError,
    TrustedApplicationNotFoundError,
)
from .identity import gid_for_login, to_login
from .operation import ClaimedCall, Operation
from .parameters import Parameter
from .session import Session
from .version import Version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._boundary import NativeSession
    from ._calls.call_future import CallFuture
    from ._outputs import Outputs


class Sessions(Limited):
    """The base of a context: what opens sessions."""

    _closing: bool
    _native: NativeContext
    _openings: Openings
    _process: int
    _sessions: set[weakref.ref[Session]]

    @property
    def version(self) -> Version:
        """Which kernel and which TEE answer."""
        raise NotImplementedError

    def _check_live(self) -> None:
        raise NotImplementedError

    def _live_native(self) -> NativeContext:
        raise NotImplementedError

    def open_session(
        self,
        destination: t.UUID,
        *parameters: Parameter,
        login: int = Login.PUBLIC,
        gid: int | str | None = None,
        operation: Operation | None = None,
        results: type[IntEnum] | None = None,
        timeout: float | None = None,
        grace: float | None = None,
    ) -> Session:
        """Open a session with a Trusted Application.

        Source: TEEC_OpenSession, GPD_SPE_007 4.5.7; kernel ioctl TEE_IOC_OPEN_SESSION.

        Raises an auditing event pytee_client.open_session with the arguments destination, login.

        Args:
            destination: the UUID of the Trusted Application.
            parameters: up to four for its open-session entry point; see
                pytee_client.parameters. What it returns is in Session.outputs.
            login: who the client says it is; client_uuid() returns the UUID that the
                application sees. Mainline Linux has PUBLIC, USER and GROUP.
            gid: the number or the name of the group; for the two group logins only.
            operation: lets another thread cancel the opening.
            results: an IntEnum class that names the Trusted Application's own codes.
                TeecError.result is one of its members if the error comes from the
                application, else one of Result. Errors that are pickled keep it if the class
                is at the top of a module.
            timeout: in how many seconds it has to end; by default the context's. math.inf is
                no time-out. With 0 nothing is sent. At the end of this time its cancellation is
                requested, which OP-TEE's driver does not pass on.
            grace: for how many seconds more it may then take; by default the context's.

        Raises:
            TrustedApplicationNotFoundError: the TEE has no such Trusted Application.
            AccessDeniedError: the kernel refuses the login, or the application the client.
            TeecError: another cause; its class, code and origin say which, and its outputs
                what came back.
            ParameterTypeError, ParameterRangeError, ReadOnlyBufferError,
            BadParametersError: an argument is wrong; nothing was sent.
            ClosedContextError: the context is closed.
            DeadlineError: a TimeoutError; it did not end in time, and may run on. If a session
                is open then, it is closed at once.

        Threads: may be called from any; other Python threads run meanwhile. If the
        application is in the file system, this waits until a supplicant runs.
        """
        native = self._live_native()
        uuid_octets(destination)
        check_results(results)
        login = to_login(login)
        group = gid_for_login(login, gid)
        limit = self._limit(timeout, grace)
        audit(OPEN_SESSION, destination, login)
        try:
            if operation is None:
                opened, outputs = self._openings.open(
                    destination, login, group, parameters, results, limit
                )
            else:
                claim = ClaimedCall(operation)
                with claim as call:
                    opened, outputs = open_session(
                        native,
                        destination,
                        login,
                        group,
                        parameters,
                        Opening(call),
                        results,
                        claim.again,
                        limit,
                    )
        except TeecError as error:
            if isinstance(error, BadParametersError):
                # It may come of a close() meanwhile.
                self._check_live()
            explained = self._explain(error, destination, login)
            if explained is error:
                raise
            raise explained from None
        return self._adopt_session(destination, results, opened, outputs)

    def _submit_session(
        self,
        destination: t.UUID,
        *parameters: Parameter,
        login: int = Login.PUBLIC,
        gid: int | str | None = None,
        results: type[IntEnum] | None = None,
        timeout: float | None = None,
        grace: float | None = None,
    ) -> CallFuture[Session]:
        """Start to open a session, and return at once; see open_session()."""
        with importing:
            from ._calls.submitted_opening import submit_opening

        native = self._live_native()
        uuid_octets(destination)
        check_results(results)
        login = to_login(login)
        group = gid_for_login(login, gid)
        limit = self._limit(timeout, grace)
        audit(OPEN_SESSION, destination, login)
        with ExplainedErrors(self._check_live, native):
            return submit_opening(
                native,
                destination,
                login,
                group,
                parameters,
                limit,
                results,
                partial(self._adopt_session, destination, results),
                partial(self._explain, destination=destination, login=login),
                Session.close,
            )

    def _explain(self, error: TeecError, destination: t.UUID, login: int) -> TeecError:
        """Add to the error of an opening what may help, and choose its class."""
        # A signal's handler may have forked meanwhile, and this be the child.
        if self._process != Process.generation:
            self._check_live()
        if "logging" in modules:
            why = describe_result(error)
            log_debug("", "opening a session with %s failed: %s", destination, why)
        if error.remedy is None:
            count = self._count_sessions(destination)
            error.remedy = for_opening(error, self.version, destination, login, count)
        if error.code != Result.ITEM_NOT_FOUND or error.origin != Origin.TEE:
            return error
        return TrustedApplicationNotFoundError(
            error.doing,
            origin=error.origin,
            remedy=error.remedy,
            outputs=error.outputs,
            results=error.results,
            sent=error.sent,
        )

    def _adopt_session(
        self,
        destination: t.UUID,
        results: type[IntEnum] | None,
        opened: NativeSession,
        outputs: Outputs,
    ) -> Session:
        context: t.Context = self  # type: ignore[assignment]
        session = Session(context, destination, opened, outputs, results)
        self._sessions.add(weakref.ref(session, self._sessions.discard))
        session._closed = False
        if self._closing:
            session.close()
            raise ClosedContextError("the context was closed while the session was opened")
        if "logging" in modules:
            log_debug("", "opened a session with %s", destination)
        return session

    def _count_sessions(self, destination: t.UUID) -> int:
        sessions = living(self._sessions)
        return sum(one.destination == destination and not one.closed for one in sessions)
