# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel's core and a driver know of each other."""

from __future__ import annotations

import contextlib
import errno
import itertools
import mmap
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from ..._boundary import copy_from_user, copy_to_user
from ...kernels.uapi import ParamType
from ..secure_world.world import SecureWorld

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from uuid import UUID

    from ..kernel.release import LinuxRelease
    from ..reply import Reply
    from ..secure_world.trusted_application import TrustedApplication

_UINT64: Final = 2**64 - 1


@dataclass(slots=True, eq=False)
class SharedMemory:
    """Memory that the driver knows by an id.

    Attributes:
        context: the context it belongs to.
        id: its number, unique on its device.
        size: in bytes.
        address: where it lies in the program, if it is the program's own.
        pages: the memory itself, if it is the kernel's own.
        references: its file, its mappings, and the calls that use it.
    """

    context: TeeContext
    id: int
    size: int
    address: int = 0
    pages: mmap.mmap | None = None
    references: int = 1

    def read(self, start: int, end: int) -> bytes:
        """Copy bytes out."""
        if self.pages is not None:
            return self.pages[start:end]
        return copy_from_user(self.address + start, end - start) if end > start else b""

    def write(self, start: int, data: bytes) -> None:
        """Copy bytes in."""
        if self.pages is not None:
            self.pages[start : start + len(data)] = data
        elif data:
            # The kernel holds the pages themselves, which the program may have unmapped.
            with contextlib.suppress(OSError):
                copy_to_user(self.address + start, data)


@dataclass(slots=True)
class Param:
    """A parameter on its way between client and driver (struct tee_ioctl_param).

    Attributes:
        type: its type.
        meta: whether it carries the META bit.
        a, b, c: a value's numbers; a memref's offset and size; a user buffer's address and
            size; an object's id and flags.
        memory: a memref's memory, None for a null one.
    """

    type: ParamType
    meta: bool = False
    a: int = 0
    b: int = 0
    c: int = 0
    memory: SharedMemory | None = None


NO_PARAM: Final = Param(ParamType.NONE)
"""A parameter that is not used: all of a client's are this one, and nobody writes to it."""


class Core(Protocol):
    """What a driver asks of the kernel's core.

    Attributes:
        release: the release of Linux that it is.
    """

    release: LinuxRelease

    def find_memory(self, context: TeeContext, number: int) -> SharedMemory:
        """Return, with a reference, shared memory of a context, known by its id."""
        ...

    def put_memory(self, memory: SharedMemory) -> None:
        """Drop a reference; the last takes the memory with it."""

    def hold_memory(self, context: TeeContext, number: int) -> AbstractContextManager[SharedMemory]:
        """Keep shared memory of a context, known by its id, while it is used."""
        ...


@dataclass(slots=True, eq=False)
class TeeContext:
    """One opening of a device (struct tee_context).

    Attributes:
        core: the kernel.
        device: the device.
        memory_ids: how many blocks of memory keep it alive besides its file.
        sessions: the sessions opened in it, oldest first: by the number that the client
            knows, what the driver knows it by, such as the secure world's number.
        calls: how many calls run in it.
        is_open: whether its file is.
        is_released: whether nothing keeps it any longer.
    """

    core: Core
    device: TeeDevice
    memory_ids: int = 0
    calls: int = 0
    sessions: dict[int, int] = field(default_factory=dict)
    is_open: bool = True
    is_released: bool = False


@dataclass(slots=True, eq=False)
class TeeDevice:
    """A device node with what its driver can do there (struct tee_device).

    Attributes:
        driver: whose it is.
        operations: the requests (TEE_IOC_*) that the driver serves there, besides those
            that every driver has: VERSION and SHM_ALLOC.
        privileged: whether it is for a supplicant.
        path: where it stands; the core's to say.
        memory: the shared memory of all its contexts, by id.
        contexts: how many there are.
    """

    driver: Driver
    operations: frozenset[int]
    privileged: bool = False
    path: str = ""
    memory: dict[int, SharedMemory] = field(default_factory=dict)
    contexts: int = 0

    def lowest_free_id(self) -> int:
        """Return the id that the next block of memory gets."""
        return next(number for number in itertools.count(1) if number not in self.memory)


class Driver(ABC):
    """A driver of the TEE subsystem: what the core asks of it.

    The core asks for what serves a request only if the device has it among its operations.
    Refusals are OSError.

    Attributes:
        routes_rpmb: whether the kernel has the memory (RPMB) for their storage.
    """

    routes_rpmb: bool = False

    @classmethod
    def is_in(cls, release: LinuxRelease) -> bool:
        """Return whether a release of Linux has this driver."""
        return True

    def start(self, core: Core) -> None:  # noqa: B027
        """Learn which kernel it is in, before anything else is asked."""

    @property
    def enumerates_applications(self) -> bool:
        """Whether Trusted Applications behind it are devices of the bus."""
        return False

    def attributes(self) -> dict[str, str]:
        """Return what its devices show in sysfs besides what all show."""
        return {}

    @abstractmethod
    def devices(self) -> list[TeeDevice]:
        """Make the driver's devices."""

    @abstractmethod
    def version(self, device: TeeDevice) -> tuple[int, int, int]:
        """Return impl_id, impl_caps, gen_caps."""

    def carries_null_memref(self, device: TeeDevice) -> bool:
        """Return whether the device knows null memory references."""
        return False

    def pool_size(self, size: int, release: LinuxRelease) -> int:
        """Return how many bytes the driver allocates for so many, 0 or too many for ENOMEM.

        Most drivers share pages of the kernel's, and count them in 64 bits.

        Raises:
            OSError: EINVAL; the release rejects an allocation without pages.
        """
        size = page_multiple(size) & _UINT64
        if not size and release.rejects_empty_allocations:
            raise OSError(errno.EINVAL, "no pages to allocate")
        return size

    def register_memory(self, device: TeeDevice) -> None:
        """Share memory of a client's own, which the core has checked."""
        raise NotImplementedError

    def open_session(
        self,
        context: TeeContext,
        uuid: UUID,
        client_uuid: bytes,
        login: int,
        params: list[Param],
    ) -> Reply:
        """Open a session; params are updated."""
        raise NotImplementedError

    def invoke(self, context: TeeContext, session: int, func: int, params: list[Param]) -> Reply:
        """Run a command; params are updated."""
        raise NotImplementedError

    def cancel(self, context: TeeContext, session: int, cancel_id: int) -> None:
        """Pass on a cancellation."""
        raise NotImplementedError

    def close_session(self, context: TeeContext, session: int) -> None:
        """Close a session."""
        raise NotImplementedError

    def object_invoke(
        self, context: TeeContext, number: int, op: int, params: list[Param]
    ) -> Reply | None:
        """Invoke an object by its id; params are updated. None leaves the caller's result."""
        raise NotImplementedError

    def suppl_recv(self, context: TeeContext, params: list[Param]) -> tuple[int, list[Param]]:
        """Wait for a request to the supplicant; return its function and its parameters.

        The parameters given are what the supplicant made room for.
        """
        raise NotImplementedError

    def suppl_send(self, context: TeeContext, ret: int, params: list[Param]) -> None:
        """Take the supplicant's answer; types that carry no answer are empty, unknown ones NONE."""
        raise NotImplementedError

    def for_kernel(self) -> AbstractContextManager[None]:
        """Have the calls that this thread makes meanwhile be the kernel's own.

        They wait for no supplicant (supp_nowait of struct tee_context).
        """
        return contextlib.nullcontext()

    def open_context(self, context: TeeContext) -> None:  # noqa: B027
        """Learn that a device was opened."""

    def close_context(self, context: TeeContext) -> None:  # noqa: B027
        """Learn that a context's file is closed, when memory may keep the context still.

        Calls that wait in the context must end then. Linux would let them wait on, and the
        file be open until they end; the fake ends them with EBADF instead, so that a thread
        which serves a device can be stopped.
        """

    def release(self, context: TeeContext) -> None:
        """Close what a context left open that nothing keeps any longer, the latest first."""
        for session in reversed(list(context.sessions)):
            self.close_session(context, session)

    def count_secure_world_sessions(self) -> int:
        """Return how many sessions there are in the secure world behind it."""
        return 0

    def count_pending_requests(self) -> int:
        """Return how many requests to a supplicant wait for their answer."""
        return 0


class ApplicationDriver(Driver):
    """A driver with Trusted Applications behind it.

    Args:
        storage: a folder for what they store, see SecureWorld.

    Attributes:
        world: the secure world that they are in.
    """

    def __init__(self, storage: str | os.PathLike[str] | None = None) -> None:
        self.world: SecureWorld = SecureWorld(storage)

    def install(self, application: type[TrustedApplication]) -> None:
        """Install a Trusted Application in the secure world behind it."""
        self.world.install(application)

    def count_secure_world_sessions(self) -> int:
        """Return how many sessions there are in the secure world behind it."""
        return self.world.count_sessions()


def page_multiple(size: int) -> int:
    """Round a size up to whole pages."""
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE


def null_descriptor(name: str) -> int:
    """Return a real descriptor to stand for an open device, closed on exec."""
    return os.memfd_create(name, os.MFD_CLOEXEC)
