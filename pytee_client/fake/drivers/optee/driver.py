# SPDX-License-Identifier: BSD-2-Clause
"""The driver of OP-TEE (its SMC variant), and OP-TEE itself."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from mmap import PAGESIZE
from uuid import UUID

from ...._checks import to_bool, to_instance, to_number
from ...._process import RenewedSemaphore
from ....enums import Origin, Result
from ....kernels import uapi
from ...devices.enumeration import DEVICE_ENUMERATION
from ...kernel.release import LinuxRelease
from ...secure_world.notifications import Notifications
from ...secure_world.trusted_application import TrustedApplication
from ...structures import (
    Core,
    Param,
    Reply,
    TeeContext,
    TeeDevice,
    page_multiple,
)
from ..application_driver import ApplicationDriver
from ..caller import identity_of_caller
from ..message import CLIENT_PARAMS, Message, are_carried
from .application_loader import ApplicationLoader
from .memref_mapping import mapped_sizes
from .rpc import Rpc
from .supplicant_file_system import SupplicantFileSystem
from .supplicant_queue import SupplicantQueue
from .supplicant_use import SupplicantUse

__all__ = ["Optee"]

# A message of the driver has six parameters. Opening a session needs two of them.
_MESSAGE_PARAMS = 6
_OPEN_META_PARAMS = 2
_SUPPLICANT_REQUESTS = frozenset(
    {uapi.TEE_IOC_SHM_REGISTER, uapi.TEE_IOC_SUPPL_RECV, uapi.TEE_IOC_SUPPL_SEND}
)
_CLIENT_REQUESTS = frozenset(
    {
        uapi.TEE_IOC_SHM_REGISTER,
        uapi.TEE_IOC_OPEN_SESSION,
        uapi.TEE_IOC_INVOKE,
        uapi.TEE_IOC_CANCEL,
        uapi.TEE_IOC_CLOSE_SESSION,
    }
)
# CONFIG_HZ in most distributions.
_TICKS_PER_SECOND = 250


class Optee(ApplicationDriver):
    """OP-TEE: a device for clients and one for its supplicant.

    Args:
        reg_mem: whether OP-TEE can share memory of a program (dynamic shared memory).
        memref_null: whether it supports null memory references.
        storage: a folder for the persistent objects of Trusted Applications. Their data is in
            files UUID/id-HEX, unencrypted. By default it is in memory.
        supplicant: what it needs its supplicant for. The storage then belongs to the
            supplicant; see pytee_client.supplicant.Supplicant.
        threads: how many calls it serves at a time (CFG_NUM_THREADS). Further calls, and
            requests for cancellation, wait. By default there is no limit.
        revision: its version and the commit it was built from, such as
            "4.5 (00000000deadbeef)". Releases of Linux with this attribute show it. The
            bundled examples are those of this version; see fake.applications.
        routes_rpmb: whether Linux accesses the RPMB memory for its storage, and not the
            supplicant.
        applications: Trusted Applications of this TEE alone; see Kernel.

    Raises:
        TypeError: one of them is no Trusted Application; see Kernel.install().
        ValueError: threads is less than 1, or there is a storage although the supplicant has
            it.

    Attributes:
        supplicant: what it needs its supplicant for.
        supplicant_queue: its requests to the supplicant.
        notifications: the notifications that its threads wait for.
        rpc: its requests to the normal world.
    """

    def __init__(
        self,
        *,
        reg_mem: bool = True,
        memref_null: bool = True,
        storage: str | os.PathLike[str] | None = None,
        supplicant: SupplicantUse = SupplicantUse.NONE,
        threads: int | None = None,
        revision: str = "4.5",
        routes_rpmb: bool = False,
        applications: Iterable[type[TrustedApplication]] = (),
    ) -> None:
        to_instance(supplicant, SupplicantUse, "supplicant", "such as SupplicantUse.WAIT")
        for name, value in (
            ("reg_mem", reg_mem),
            ("memref_null", memref_null),
            ("routes_rpmb", routes_rpmb),
        ):
            to_bool(value, name)
        to_instance(revision, str, "the revision", 'such as "4.5"')
        if storage is not None and supplicant is not SupplicantUse.NONE:
            raise ValueError(
                "the supplicant has the storage then: use Supplicant(kernel, storage=...)"
            )
        if threads is not None:
            threads = to_number(threads, "threads", 1, None, "at least one, or None for no limit")
        super().__init__(storage, applications)
        self.supplicant = supplicant
        self._thread: AbstractContextManager[object] = (
            RenewedSemaphore(threads) if threads is not None else contextlib.nullcontext()
        )
        self.revision = revision
        self.routes_rpmb = routes_rpmb
        self._reg_mem = reg_mem
        self._memref_null = memref_null
        self.supplicant_queue: SupplicantQueue = SupplicantQueue()
        self.notifications: Notifications = Notifications()
        waits = supplicant is not SupplicantUse.NOWAIT
        self.rpc: Rpc = Rpc(self.supplicant_queue, self.notifications, waits=waits)
        self.world.notifications = self.notifications
        if supplicant is not SupplicantUse.NONE:
            self.world.load = ApplicationLoader(self.rpc).load
            self.world.file_system = SupplicantFileSystem(self.rpc)

    def start(self, core: Core) -> None:
        """Adapt time-outs and the reporting of dead clients to the release of the kernel."""
        if core.release.heeds_notification_timeouts:
            self.notifications.ticks_per_second = _TICKS_PER_SECOND
        self.supplicant_queue.reports_dead_clients = core.release.reports_dead_clients

    def devices(self) -> list[TeeDevice]:
        """Make a device for clients and one for the supplicant."""
        return [
            TeeDevice(self, _CLIENT_REQUESTS),
            TeeDevice(self, _SUPPLICANT_REQUESTS, privileged=True),
        ]

    @property
    def has_supplicant(self) -> bool | None:
        """Whether a supplicant serves it; None if it needs none."""
        if self.supplicant is SupplicantUse.NONE:
            return None
        return self.supplicant_queue.supplicant is not None

    @property
    def enumerates_applications(self) -> bool:
        """Whether the pseudo application that lists devices is installed."""
        return self.world.is_installed(DEVICE_ENUMERATION)

    def attributes(self) -> dict[str, str]:
        """Return the revision, and who accesses the RPMB memory."""
        routing = "kernel" if self.routes_rpmb else "user"
        return {"revision": self.revision, "rpmb_routing_model": routing}

    def version(self, device: TeeDevice) -> tuple[int, int, int]:
        """Return what real OP-TEE returns."""
        capabilities = uapi.TEE_GEN_CAP_GP
        if self._reg_mem:
            capabilities |= uapi.TEE_GEN_CAP_REG_MEM
        if self._memref_null:
            capabilities |= uapi.TEE_GEN_CAP_MEMREF_NULL
        if device.privileged:
            capabilities |= uapi.TEE_GEN_CAP_PRIVILEGED
        return uapi.TEE_IMPL_ID_OPTEE, uapi.TEE_OPTEE_CAP_TZ, capabilities

    def pool_size(self, size: int, release: LinuxRelease) -> int:
        """Round up to pages. Without dynamic shared memory they are from a fixed range."""
        return super().pool_size(size, release) if self._reg_mem else page_multiple(size)

    def register_memory(self, device: TeeDevice) -> None:
        """Refuse memory of a client if OP-TEE can't share it."""
        if not self._reg_mem:
            raise OSError(errno.EINVAL, "the secure world can't share memory of a program")

    def carries_null_memref(self, device: TeeDevice) -> bool:
        """Return whether OP-TEE supports null memory references."""
        return self._memref_null

    def open_session(
        self,
        context: TeeContext,
        uuid: UUID,
        client_uuid: bytes,
        login: int,
        params: list[Param],
    ) -> Reply:
        """Open a session; the client gets the session number of the secure world."""
        if len(params) + _OPEN_META_PARAMS > _MESSAGE_PARAMS:
            raise OSError(errno.EINVAL, "too many parameters for a message to OP-TEE")
        identity = identity_of_caller(login, client_uuid)
        self._check_carried(params)
        with self._thread:
            message = Message(params)
            outcome = self.world.open_session(
                uuid,
                identity,
                message.parameters,
                mappable=not (message.memrefs and _begins_at_an_end(params)),
                mapped=mapped_sizes(params) if message.memrefs > 1 else None,
            )
        if outcome.result == Result.SUCCESS:
            context.sessions[outcome.session] = outcome.session
        message.finish()
        return outcome

    def invoke(self, context: TeeContext, session: int, func: int, params: list[Param]) -> Reply:
        """Run a command. Five or six parameters reach the secure world, which refuses them."""
        if session not in context.sessions:
            raise _no_such_session()
        if len(params) > _MESSAGE_PARAMS:
            raise OSError(errno.EINVAL, "too many parameters for a message to OP-TEE")
        self._check_carried(params)
        if len(params) > CLIENT_PARAMS:
            return Reply(Result.BAD_PARAMETERS, Origin.TEE)
        with self._thread:
            message = Message(params)
            outcome = self.world.invoke_command(
                session,
                func,
                message.parameters,
                mappable=not (message.memrefs and _begins_at_an_end(params)),
                mapped=mapped_sizes(params) if message.memrefs > 1 else None,
            )
        message.finish()
        return outcome

    def _check_carried(self, params: list[Param]) -> None:
        if not are_carried(params):
            raise OSError(errno.EINVAL, "OP-TEE can't be sent a parameter of this type")
        # Memory from the pool is passed by address, which must lie in the memory.
        if not self._reg_mem and any(p.memory and p.a >= p.memory.size for p in params):
            raise OSError(errno.EINVAL, "the memory reference starts at the end of its memory")

    def suppl_recv(self, context: TeeContext, params: list[Param]) -> tuple[int, list[Param]]:
        """Wait for a request to the supplicant."""
        return self.supplicant_queue.receive(context, params)

    def suppl_send(self, context: TeeContext, ret: int, params: list[Param]) -> None:
        """Accept the answer of the supplicant."""
        self.supplicant_queue.send(ret, params)

    def for_kernel(self) -> AbstractContextManager[None]:
        """Keep the calls of this thread from waiting for a supplicant."""
        return self.rpc.without_waiting()

    def open_context(self, context: TeeContext) -> None:
        """Register the supplicant, if the device is for one."""
        if context.device.privileged:
            self.supplicant_queue.open(context)

    def close_context(self, context: TeeContext) -> None:
        """End the requests of a supplicant that wait."""
        if context.device.privileged:
            self.supplicant_queue.close()

    def count_pending_requests(self) -> int:
        """Return how many requests to the supplicant have no answer yet."""
        return self.supplicant_queue.pending

    def release(self, context: TeeContext) -> None:
        """Allow the next supplicant, or close the sessions of a client."""
        if context.device.privileged:
            self.supplicant_queue.release()
        super().release(context)

    def cancel(self, context: TeeContext, session: int, cancel_id: int) -> None:
        """Set the cancellation flag of the session: OP-TEE ignores cancel_id."""
        if session not in context.sessions:
            raise _no_such_session()
        with self._thread:
            self.world.request_cancellation(session)

    def close_session(self, context: TeeContext, session: int) -> None:
        """Close a session. The driver ignores the result of the secure world."""
        if session not in context.sessions:
            raise _no_such_session()
        with self._thread:
            if context.sessions.pop(session, None) is None:
                raise OSError(errno.EINVAL, "another thread closed the session")
            self.world.close_session(session)


def _no_such_session() -> OSError:
    return OSError(errno.EINVAL, "there is no such session in this context")


def _begins_at_an_end(params: list[Param]) -> bool:
    """Return whether an empty memref starts at the end of the last page of its memory."""
    for param in params:
        memory = param.memory
        if memory is not None:
            start = memory.address % PAGESIZE
            if param.a == page_multiple(start + memory.size) - start:
                return True
    return False
