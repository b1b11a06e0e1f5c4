# SPDX-License-Identifier: BSD-2-Clause
"""The structures that core and drivers share: contexts, devices, memory, parameters, drivers."""

from __future__ import annotations

import contextlib
import errno
import itertools
import mmap
import os
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from .._boundary import address_of, copy_from_user, copy_to_user
from .._single import Single
from ..kernels.uapi import ParamType
from .kernel.release import LinuxRelease

__all__ = [
    "NO_PARAM",
    "Core",
    "Driver",
    "Param",
    "Reply",
    "SharedMemory",
    "TeeContext",
    "TeeDevice",
    "null_descriptor",
    "page_multiple",
]

_UINT64: Final = 2**64 - 1


@dataclass(slots=True, eq=False)
class SharedMemory:
    """A block of memory shared with a TEE; a driver knows it by its id (struct tee_shm).

    Attributes:
        context: the context that created it.
        id: its id, unique on its device.
        size: in bytes.
        address: its address in the program, if it is memory of the program.
        pages: the memory itself, if it is from the pool of the kernel.
        references: how many files, mappings and running requests use it.
    """

    context: TeeContext
    id: int
    size: int
    address: int = 0
    pages: mmap.mmap | None = None
    references: int = 1

    def address_of(self, start: int) -> int:
        """Return the address of a byte, in the program or in the pool."""
        return (self.address if self.pages is None else address_of(self.pages)) + start

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
            # The program may have unmapped the pages, which Linux still holds.
            with contextlib.suppress(OSError):
                copy_to_user(self.address + start, data)


@dataclass(slots=True)
class Param:
    """A parameter between a client and a driver (struct tee_param).

    Attributes:
        type: its type.
        meta: whether its META bit is set.
        a, b, c: the numbers of a value; the offset and size of a memref; the address and size
            of a buffer of the program; the id and flags of an object.
        memory: the memory of a memref; None for a null memref.
    """

    type: ParamType
    meta: bool = False
    a: int = 0
    b: int = 0
    c: int = 0
    memory: SharedMemory | None = None


NO_PARAM: Final = Param(ParamType.NONE)
"""The unused parameter. It is shared: never write to it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of a driver to a request.

    Attributes:
        result: the 32-bit code.
        origin: where the code comes from; None leaves the field of the argument as it is.
        session: the session that was opened; None leaves the field as it is.
        cause: the exception of the panic behind TARGET_DEAD.
    """

    result: int
    origin: int | None = None
    session: int | None = None
    cause: BaseException | None = None


class Core(Protocol):
    """The core of the kernel, as drivers and the reading of arguments use it.

    Attributes:
        release: the release of Linux.
    """

    release: LinuxRelease

    def find_memory(self, context: TeeContext, number: int) -> SharedMemory:
        """Return the block with an id in a context, and take a reference to it."""
        ...

    def put_memory(self, memory: SharedMemory) -> None:
        """Drop a reference, and free the block after the last."""

    def hold_memory(self, context: TeeContext, number: int) -> AbstractContextManager[SharedMemory]:
        """Keep the block with an id in a context for as long as it is used."""
        ...


@dataclass(slots=True, eq=False)
class TeeContext:
    """The context of one opened device (struct tee_context).

    Attributes:
        core: the core of the kernel.
        device: the device.
        memory_ids: how many blocks of memory keep it alive besides its file.
        sessions: the sessions opened in it, oldest first. The key is the number that the
            client has, the value a number of the driver, such as that of the secure world.
        running_requests: how many requests run in it.
        is_open: whether its file is open.
        is_released: whether nothing uses it any longer.
    """

    core: Core
    device: TeeDevice
    memory_ids: int = 0
    running_requests: int = 0
    sessions: dict[int, int] = field(default_factory=dict)
    is_open: bool = True
    is_released: bool = False


@dataclass(slots=True, eq=False)
class TeeDevice:
    """A device of a driver (struct tee_device).

    Attributes:
        driver: its driver.
        requests: the requests (TEE_IOC_*) that the driver serves on it, besides VERSION and
            SHM_ALLOC, which every device serves.
        privileged: whether it is for a supplicant.
        path: the path of its node, which the core sets.
        memory: the shared memory of all its contexts, by id.
        contexts: how many contexts it has.
    """

    driver: Driver
    requests: frozenset[int]
    privileged: bool = False
    path: str = ""
    memory: dict[int, SharedMemory] = field(default_factory=dict)
    contexts: int = 0

    def lowest_free_id(self) -> int:
        """Return the id for the next block of memory."""
        return next(number for number in itertools.count(1) if number not in self.memory)


class Driver(Single, ABC):
    """The base of drivers of the TEE subsystem (struct tee_driver_ops).

    The core calls the method for a request only if the device lists the request. A method
    refuses a request by an OSError.

    Attributes:
        routes_rpmb: whether the kernel itself accesses the RPMB memory for storage.

    Threads: its methods are called in the threads of programs, by many at once. Give a driver
    to one kernel, and set its attributes before.
    """

    routes_rpmb: bool = False

    @property
    def has_supplicant(self) -> bool | None:
        """Whether a supplicant serves it; None if it needs none."""
        return None

    @classmethod
    def is_in(cls, release: LinuxRelease) -> bool:
        """Return whether a release of Linux has this driver."""
        return True

    def start(self, core: Core) -> None:
        """Adapt to the kernel, before any other method is called."""

    @property
    def enumerates_applications(self) -> bool:
        """Whether its Trusted Applications are devices of the bus."""
        return False

    def attributes(self) -> dict[str, str]:
        """Return the attributes in sysfs that only its devices have."""
        return {}

    @abstractmethod
    def devices(self) -> list[TeeDevice]:
        """Make the devices of the driver."""

    @abstractmethod
    def version(self, device: TeeDevice) -> tuple[int, int, int]:
        """Return impl_id, impl_caps, gen_caps."""

    def carries_null_memref(self, device: TeeDevice) -> bool:
        """Return whether a device supports null memory references."""
        return False

    def pool_size(self, size: int, release: LinuxRelease) -> int:
        """Return how many bytes the driver allocates for a wanted size.

        The core turns 0, and a size that is too large, into ENOMEM. Most drivers share
        pages of the kernel, and compute their size in 64 bits.

        Raises:
            OSError: EINVAL; the release rejects an empty allocation.
        """
        size = page_multiple(size) & _UINT64
        if not size and release.rejects_empty_allocations:
            raise OSError(errno.EINVAL, "no pages to allocate")
        return size

    def register_memory(self, device: TeeDevice) -> None:
        """Accept memory of a client, which the core has checked."""
        raise NotImplementedError

    def open_session(
        self,
        context: TeeContext,
        uuid: UUID,
        client_uuid: bytes,
        login: int,
        params: list[Param],
    ) -> Reply:
        """Open a session, and update params."""
        raise NotImplementedError

    def invoke(self, context: TeeContext, session: int, func: int, params: list[Param]) -> Reply:
        """Run a command, and update params."""
        raise NotImplementedError

    def cancel(self, context: TeeContext, session: int, cancel_id: int) -> None:
        """Request the cancellation of an operation."""
        raise NotImplementedError

    def close_session(self, context: TeeContext, session: int) -> None:
        """Close a session."""
        raise NotImplementedError

    def object_invoke(
        self, context: TeeContext, number: int, op: int, params: list[Param]
    ) -> Reply | None:
        """Invoke the object with an id, and update params.

        None leaves the result in the argument as it is.
        """
        raise NotImplementedError

    def suppl_recv(self, context: TeeContext, params: list[Param]) -> tuple[int, list[Param]]:
        """Wait for a request to the supplicant, and return its function and parameters.

        Args:
            context: the context of the supplicant.
            params: the places that the supplicant provides for parameters.
        """
        raise NotImplementedError

    def suppl_send(self, context: TeeContext, ret: int, params: list[Param]) -> None:
        """Accept the answer of the supplicant.

        Parameters of types that carry no answer are empty; unknown types are NONE.
        """
        raise NotImplementedError

    def for_kernel(self) -> AbstractContextManager[None]:
        """Treat the calls of this thread as the kernel's own while the context manager is open.

        They do not wait for a supplicant (supp_nowait of struct tee_context).
        """
        return contextlib.nullcontext()

    def open_context(self, context: TeeContext) -> None:
        """Prepare for a context that was opened."""

    def close_context(self, context: TeeContext) -> None:
        """End the requests that wait in a context whose file was closed.

        Memory may still keep the context alive. Linux would let the requests wait, and keep
        the file open until they end. The fake ends them with EBADF, so that a thread that
        serves a device can be stopped.
        """

    def release(self, context: TeeContext) -> None:
        """Close the sessions of a context that nothing uses any longer, the latest first."""
        for session in reversed(list(context.sessions)):
            self.close_session(context, session)

    def count_secure_world_sessions(self) -> int:
        """Return how many sessions its secure world has."""
        return 0

    def tell_notes(self) -> None:
        """Log what its secure world has noted; the thread holds no lock of the kernel."""

    def count_pending_requests(self) -> int:
        """Return how many requests to a supplicant have no answer yet."""
        return 0


def page_multiple(size: int) -> int:
    """Round a size up to whole pages."""
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE


def null_descriptor(name: str) -> int:
    """Return a real descriptor to stand for an open device, closed on exec."""
    return os.memfd_create(name, os.MFD_CLOEXEC)
