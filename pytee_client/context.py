# SPDX-License-Identifier: BSD-2-Clause
"""A connection to a TEE (TEEC_Context)."""

from __future__ import annotations

import os
import weakref
from enum import IntEnum
from functools import partial

from . import _hints as t
from . import memory, session
from ._backend import open_native, resolve
from ._boundary import (
    NativeContext,
    backend_name,
    uuid_octets,
)
from ._calls.closing import run_within
from ._calls.opening import Opening, Openings, open_session
from ._checks import check_results, to_count
from ._closable import Closable, living, with_earlier
from ._deadline import Deadline
from ._limits import DEFAULT_GRACE, Limited
from ._memories import Memories
from ._pools import Pools
from ._process import Process, importing
from ._results import TranslatedFilesShortage
from ._session_remedies import for_opening
from ._sharing import ExplainedErrors
from .enums import GenericCapabilities, Login, Origin, Result
from .errors import (
    BadParametersError,
    ClosedContextError,
    DeadlineError,
    ForkedContextError,
    TeecError,
    TrustedApplicationNotFoundError,
)
from .identity import gid_for_login, to_login
from .memory import (
    SharedMemory,
)
from .operation import ClaimedCall, Operation
from .parameters import Parameter
from .session import Session
from .version import Version, known_implementation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from ._boundary import NativeSession
    from ._calls.call_future import CallFuture
    from ._outputs import Outputs

    _T = TypeVar("_T")
    _Block = TypeVar("_Block", bound=SharedMemory)

__all__ = ["Context"]


class Context(Pools, Memories, Limited, Closable):
    """A connection to a TEE; sessions are opened and memory is shared in it.

    Source: TEEC_InitializeContext, GPD_SPE_007 4.5.2.

    Args:
        device: the path of a device, such as "/dev/tee1"; "fake:" or "fake:optee" for the
            fake kernel; None for the first device with the GlobalPlatform capability, or,
            on a machine without any TEE device, the fake kernel and a FakeTeeWarning. A
            machine that should have a TEE by its device tree or its buses gets no fake.
        backend: "linux" for real devices only, "fake" for the fake only, or a kernel in
            Python, such as a pytee_client.fake.Kernel. The default is the environment
            variable PYTEE_CLIENT_BACKEND (linux or fake).
        timeout: in how many seconds openings and commands have to end that are given no
            time-out; see Session.invoke_command(). None for no limit.
        grace: for how many seconds more they may then take.
        max_calls: how many calls threads of the library make at once: those with a time-out, and
            those that were submitted. Others wait, in order. The TEE has few threads, so more
            than it has are of use only if calls run on that were given up.

    Attributes:
        timeout, grace: the same; new sessions take them over.

    Raises:
        DeviceNotFoundError: there is no such device.
        DeviceAccessError: a PermissionError; the user may not open the device.
        PrivilegedDeviceError: the device is the supplicant's.
        NotATeeDeviceError: the path is not a TEE device.
        NotSupportedError: the device lacks the GlobalPlatform capability.
        TooManyFilesError: the process or the system has as many open files as it may.
        ValueError: backend is not one of these.

    Threads: any number may use a context at once. close() waits for their calls.
    Processes: a child of a fork can't use its parent's contexts.
    """

    def __init__(
        self,
        device: str | os.PathLike[str] | None = None,
        *,
        backend: t.Backend | None = None,
        timeout: float | None = None,
        grace: float = DEFAULT_GRACE,
        max_calls: int = 16,
    ) -> None:
        self.timeout = timeout
        self.grace = grace
        max_calls = to_count(max_calls, "max_calls", low=1)
        with TranslatedFilesShortage(f"opening {device or 'the first TEE device'}"):
            path, kernel = resolve(device, backend)
            self._native = open_native(path, kernel)
        self._native.set_max_calls(max_calls)
        self._openings = Openings(self._native)
        self._path = path
        self._process = Process.generation
        # Without a lock, which a signal's handler or a finaliser could meet again. Who adds to a
        # set looks at _closing then; who closes sets it first, and looks into the sets then. So
        # at least one of them sees the other.
        self._closing = False
        self._sessions: set[weakref.ref[Session]] = set()
        self._blocks: set[weakref.ref[SharedMemory]] = set()
        self._closed = False

    @property
    def version(self) -> Version:
        """Which kernel and which TEE answer; also after close()."""
        implementation, capabilities, generic = self._native.version
        return Version(
            backend_name(self._native.kernel),
            known_implementation(implementation),
            capabilities,
            GenericCapabilities(generic),
        )

    def _instead(self) -> str:
        return "open another, which is a connection of its own"

    def _check_live(self) -> None:
        if self._closing:
            raise ClosedContextError("the context is closed: open another")
        if self._process != Process.generation:
            raise ForkedContextError(
                "the context belongs to the parent of this process: open another here"
            )

    def _live_native(self) -> NativeContext:
        self._check_live()
        return self._native

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
        with ExplainedErrors(self._check_live, native):
            return submit_opening(
                native,
                destination,
                login,
                gid_for_login(login, gid),
                parameters,
                self._limit(timeout, grace),
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
        session = Session(self, destination, opened, outputs, results)
        self._sessions.add(weakref.ref(session, self._sessions.discard))
        session._closed = False
        if self._closing:
            session.close()
            raise ClosedContextError("the context was closed while the session was opened")
        return session

    def _count_sessions(self, destination: t.UUID) -> int:
        sessions = living(self._sessions)
        return sum(one.destination == destination and not one.closed for one in sessions)

    def close(self, timeout: float | None = None) -> None:
        """Close the context with its sessions and its shared memory. Closing twice is harmless.

        Source: TEEC_FinalizeContext, GPD_SPE_007 4.5.3.

        Memory that was shared stays readable and writable through the views that exist. Calls
        that were given up are not waited for: the device is closed at the end of the last.

        Args:
            timeout: for how many seconds to wait for calls at most; see Session.close().

        Raises:
            BadStateError: called within a call of its own, as by a signal handler.
            DeadlineError: calls run on after the time-out. The context takes no others.

        An interrupt while it waits leaves a context that refuses everything but close(), which
        goes on.

        Threads: may be called from any; waits for the calls of the others.
        """
        deadline = Deadline(timeout)
        for opened in living(self._sessions):
            opened._calls.check_not_within(deadline.remaining)
        self._closing = True
        first: BaseException | None = None
        for part in living(self._sessions):
            try:
                part.close(deadline.remaining)
            except BaseException as error:
                first = with_earlier(error, first)
                # If the part is closed, its error must not keep the others open.
                if not part._closed:
                    raise
        left = deadline.remaining
        try:
            # A child of a fork has no thread for it, and does not ask the TEE.
            if left is None or self._process != Process.generation:
                self._close_rest()
            else:
                run_within(self._native, self._close_rest, left, f"closing {self!r}")
        except BaseException as error:
            if isinstance(error, DeadlineError):
                # A thread goes on with it.
                self._closed = True
            if not self._closed:
                raise
            first = with_earlier(error, first)
        if first is not None:
            raise first

    def _close(self) -> None:
        self._closing = True
        for part in living(self._sessions):
            part._close()
        self._close_rest()

    def _close_rest(self) -> None:
        """Close what is left when there are no sessions."""
        first: BaseException | None = None
        for block in living(self._blocks):
            try:
                block._close()
            except BaseException as error:
                first = with_earlier(error, first)
                if not block._closed:
                    raise
        try:
            self._native.finalize()
        except BaseException as error:
            first = with_earlier(error, first)
        self._closed = True
        if first is not None:
            raise first

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        device = self._path or "the first device"
        return f"<Context on {device} of {self.version.backend}, {state}>"


# What belongs to a context names its class in hints, and can't import it.
for _module in (memory, session):
    vars(_module)["Context"] = Context
