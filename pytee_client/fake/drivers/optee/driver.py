# SPDX-License-Identifier: BSD-2-Clause
"""The OP-TEE driver, in its SMC flavour, and the OP-TEE behind it."""

from __future__ import annotations

import contextlib
import errno
import threading
from mmap import PAGESIZE
from typing import TYPE_CHECKING

from ....enums import Origin, Result
from ....kernels import uapi
from ...applications.pseudo_applications import DeviceEnumeration
from ...reply import Reply
from ...secure_world.notifications import Notifications
from ..caller import identity_of_caller
from ..driver import (
    ApplicationDriver,
    Param,
    TeeContext,
    TeeDevice,
    page_multiple,
)
from ..message import CLIENT_PARAMS, Message, are_carried
from .application_loader import ApplicationLoader
from .memref_mapping import mapped_sizes
from .rpc import Rpc
from .supplicant_file_system import SupplicantFileSystem
from .supplicant_queue import SupplicantQueue
from .supplicant_use import SupplicantUse

if TYPE_CHECKING:
    import os
    from contextlib import AbstractContextManager
    from uuid import UUID

    from ...kernel.release import LinuxRelease
    from ..driver import Core

__all__ = ["Optee"]

# A message of the driver has room for six, and an opening needs two of them.
_MESSAGE_PARAMS = 6
_OPEN_META_PARAMS = 2
_SUPPLICANT_OPERATIONS = frozenset(
    {uapi.TEE_IOC_SHM_REGISTER, uapi.TEE_IOC_SUPPL_RECV, uapi.TEE_IOC_SUPPL_SEND}
)
_CLIENT_OPERATIONS = frozenset(
    {
        uapi.TEE_IOC_SHM_REGISTER,
        uapi.TEE_IOC_OPEN_SESSION,
        uapi.TEE_IOC_INVOKE,
        uapi.TEE_IOC_CANCEL,
        uapi.TEE_IOC_CLOSE_SESSION,
    }
)
# CONFIG_HZ of most distributions.
_TICKS_PER_SECOND = 250


class Optee(ApplicationDriver):
    """OP-TEE: a device for clients and one for its supplicant.

    Args:
        reg_mem: whether the secure world shares the normal world's own memory
            (its capability for dynamic shared memory).
        memref_null: whether it knows null memory references.
        storage: a folder for what Trusted Applications store: files UUID/id-HEX with the data
            of their persistent objects, in the clear. Without one it is in memory.
        supplicant: what it needs its supplicant for; see fake.Supplicant,
            which then has the storage.
        threads: how many calls it serves at once (its CFG_NUM_THREADS); others wait, and
            requests for cancellation too. Without one there is no limit.
        revision: its version, and what it was built from, as "4.5 (00000000deadbeef)";
            releases of Linux that have the attribute show it.
        routes_rpmb: whether Linux has the replay protected memory (RPMB) for its storage,
            and not the supplicant.

    Raises:
        ValueError: fewer than one thread, or storage that would be the supplicant's.

    Attributes:
        supplicant_queue: what its supplicant is asked for.
        notifications: what its threads wait for.
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
    ) -> None:
        if storage is not None and supplicant is not SupplicantUse.NONE:
            raise ValueError("the storage is the supplicant's then: fake.Supplicant(storage=...)")
        if threads is not None and threads < 1:
            raise ValueError(f"an OP-TEE has at least one thread, not {threads}")
        super().__init__(storage)
        self._thread: AbstractContextManager[object] = (
            threading.Semaphore(threads) if threads is not None else contextlib.nullcontext()
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
        """Count time-outs, and miss dead clients, as the kernel's release does."""
        if core.release.heeds_notification_timeouts:
            self.notifications.ticks_per_second = _TICKS_PER_SECOND
        self.supplicant_queue.reports_dead_clients = core.release.reports_dead_clients

    def devices(self) -> list[TeeDevice]:
        """Make one for clients and one for the supplicant."""
        return [
            TeeDevice(self, _CLIENT_OPERATIONS),
            TeeDevice(self, _SUPPLICANT_OPERATIONS, privileged=True),
        ]

    @property
    def enumerates_applications(self) -> bool:
        """Whether it has the application that lists them; where it has not, a supplicant might."""
        return self.world.is_installed(DeviceEnumeration.uuid)

    def attributes(self) -> dict[str, str]:
        """Tell the version, and who has the memory for storage."""
        routing = "kernel" if self.routes_rpmb else "user"
        return {"revision": self.revision, "rpmb_routing_model": routing}

    def version(self, device: TeeDevice) -> tuple[int, int, int]:
        """Say what real OP-TEE says."""
        capabilities = uapi.TEE_GEN_CAP_GP
        if self._reg_mem:
            capabilities |= uapi.TEE_GEN_CAP_REG_MEM
        if self._memref_null:
            capabilities |= uapi.TEE_GEN_CAP_MEMREF_NULL
        if device.privileged:
            capabilities |= uapi.TEE_GEN_CAP_PRIVILEGED
        return uapi.TEE_IMPL_ID_OPTEE, uapi.TEE_OPTEE_CAP_TZ, capabilities

    def pool_size(self, size: int, release: LinuxRelease) -> int:
        """Round up to pages, which come from a fixed range if none can be registered."""
        return super().pool_size(size, release) if self._reg_mem else page_multiple(size)

    def register_memory(self, device: TeeDevice) -> None:
        """Ask the secure world, which may register none."""
        if not self._reg_mem:
            raise OSError(errno.EINVAL, "the secure world registers no memory")

    def carries_null_memref(self, device: TeeDevice) -> bool:
        """Return whether the device knows null memory references."""
        return self._memref_null

    def open_session(
        self,
        context: TeeContext,
        uuid: UUID,
        client_uuid: bytes,
        login: int,
        params: list[Param],
    ) -> Reply:
        """Open a session; its number is the secure world's."""
        if len(params) + _OPEN_META_PARAMS > _MESSAGE_PARAMS:
            raise OSError(errno.EINVAL, "too many parameters")
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
        """Run a command; five and six parameters get as far as the secure world."""
        if session not in context.sessions:
            raise _no_such_session()
        if len(params) > _MESSAGE_PARAMS:
            raise OSError(errno.EINVAL, "too many parameters")
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
            raise OSError(errno.EINVAL, "not a parameter that the driver sends")
        # Memory of its pool is passed by its address, which must be in it.
        if not self._reg_mem and any(p.memory and p.a >= p.memory.size for p in params):
            raise OSError(errno.EINVAL, "at the end of the memory")

    def suppl_recv(self, context: TeeContext, params: list[Param]) -> tuple[int, list[Param]]:
        """Wait for a request to the supplicant."""
        return self.supplicant_queue.receive(context, params)

    def suppl_send(self, context: TeeContext, ret: int, params: list[Param]) -> None:
        """Take the supplicant's answer."""
        self.supplicant_queue.send(ret, params)

    def for_kernel(self) -> AbstractContextManager[None]:
        """Have the calls that this thread makes meanwhile wait for no supplicant."""
        return self.rpc.without_waiting()

    def open_context(self, context: TeeContext) -> None:
        """Have a supplicant, if it is one."""
        if context.device.privileged:
            self.supplicant_queue.open(context)

    def close_context(self, context: TeeContext) -> None:
        """End what waits in the supplicant's requests."""
        if context.device.privileged:
            self.supplicant_queue.close()

    def count_pending_requests(self) -> int:
        """Return how many requests to the supplicant wait for their answer."""
        return self.supplicant_queue.pending

    def release(self, context: TeeContext) -> None:
        """Have no supplicant any longer, if it was one; close the sessions of a client."""
        if context.device.privileged:
            self.supplicant_queue.release()
        super().release(context)

    def cancel(self, context: TeeContext, session: int, cancel_id: int) -> None:
        """Flag the session; OP-TEE knows no operations, only sessions."""
        if session not in context.sessions:
            raise _no_such_session()
        with self._thread:
            self.world.request_cancellation(session)

    def close_session(self, context: TeeContext, session: int) -> None:
        """Close a session; what the secure world says of it is not passed on."""
        if session not in context.sessions:
            raise _no_such_session()
        with self._thread:
            if context.sessions.pop(session, None) is None:
                raise OSError(errno.EINVAL, "another thread closed it")
            self.world.close_session(session)


def _no_such_session() -> OSError:
    return OSError(errno.EINVAL, "no such session in this context")


def _begins_at_an_end(params: list[Param]) -> bool:
    """Return whether a memref, an empty one then, begins where its memory's last page ends."""
    for param in params:
        memory = param.memory
        if memory is not None:
            start = memory.address % PAGESIZE
            if param.a == page_multiple(start + memory.size) - start:
                return True
    return False
