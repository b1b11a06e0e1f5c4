# SPDX-License-Identifier: BSD-2-Clause
"""The core of the fake kernel: descriptors, ioctls, and the life of shared memory.

What Linux does in its TEE subsystem above the drivers: the same calls with the same
checks in the same order and the same errors. Its descriptors are real ones, so that
leaks show and mappings are real mappings.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import threading
from typing import TYPE_CHECKING, TypeAlias

from ..._boundary import check_user_pages, copy_to_user
from ...kernels import uapi
from ..devices.driver_model import DriverModel
from ..drivers.application_driver import ApplicationDriver
from ..drivers.optee.driver import Optee
from ..structures import SharedMemory, TeeContext, null_descriptor
from .argument import check_user_range, read
from .mapping_request import MappingRequest
from .mappings import Mappings
from .release import LinuxRelease
from .requests import OPERATIONS
from .resources import Resources, count_resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..secure_world.trusted_application import TrustedApplication
    from ..structures import Driver

__all__ = ["Kernel"]

# The class Kernel has a method of the module's name.
Pages: TypeAlias = mmap.mmap
_MAX_POOL_BLOCK = 4 << 20
_UINT32 = 0xFFFFFFFF


class _Thread(threading.local):
    cause: BaseException | None = None


class Kernel(DriverModel):
    """A kernel with drivers and what is behind them; see Context(backend=...).

    Args:
        drivers: the drivers and their TEEs, in the order of their devices: /dev/tee0 is
            the first's. One of OP-TEE with all it can do by default.
        release: the release of Linux that it is, or the name of a known one, see
            LinuxRelease.named(). The newest known 6.12 by default. Of memory by descriptor
            the fake has none to share on any.
        bound: whether the drivers are bound from the start. If not, their devices come when
            bind() is called: late, as where Linux loads OP-TEE's image itself.

    Raises:
        ValueError: this release lacks one of the drivers, no release of this name is known,
            or there are too many devices.

    Attributes:
        release: the release of Linux that it is.

    Threads: may be called from any; calls into Trusted Applications run side by side.
    """

    def __init__(
        self,
        *drivers: Driver,
        release: LinuxRelease | str | None = None,
        bound: bool = True,
    ) -> None:
        if not isinstance(release, LinuxRelease):
            release = LinuxRelease.default() if release is None else LinuxRelease.named(release)
        self.release = release
        super().__init__(self, drivers or (Optee(),), release)
        for driver in self._drivers:
            if not driver.is_in(release):
                raise _no_driver(type(driver), release)
            driver.start(self)
        self._forbidden: set[str] = set()
        self._contexts: dict[int, TeeContext] = {}
        self._memory: dict[int, SharedMemory] = {}
        self._mappings = Mappings()
        self._thread = _Thread()
        self._ioctls: dict[int, Callable[[TeeContext, int], int]] = {
            uapi.TEE_IOC_VERSION: self._version,
            uapi.TEE_IOC_SHM_ALLOC: self._shm_alloc,
            uapi.TEE_IOC_SHM_REGISTER: self._shm_register,
        }
        if release.has_memory_by_descriptor:
            self._ioctls[uapi.TEE_IOC_SHM_REGISTER_FD] = self._shm_register_fd
        if bound:
            self.bind()

    def install(self, *applications: type[TrustedApplication]) -> None:
        """Install Trusted Applications in each TEE that has some, replacing those of their UUIDs.

        Those that are devices come to the bus, as if they had been there from the start.
        To have them in one alone, call install() of its driver.

        Raises:
            TypeError: this kernel has no such TEE.
        """
        takers = [driver for driver in self._drivers if isinstance(driver, ApplicationDriver)]
        if not takers:
            raise TypeError("there are no Trusted Applications behind any driver of this kernel")
        for driver in takers:
            for application in applications:
                driver.install(application)
            self._table.enumerate_again(driver)

    def forbid(self, path: str) -> None:
        """Take away the permission to open a device."""
        with self._lock:
            self._forbidden.add(path)

    def take_cause(self) -> BaseException | None:
        """Return, once, the panic behind the last TARGET_DEAD of this thread's last call."""
        cause, self._thread.cause = self._thread.cause, None
        return cause

    def resources(self) -> Resources:
        """Count what programs hold of the kernel now.

        What the kernel is doing for its bus, see join_bus_scans(), is given a second to end.
        """
        self.join_bus_scans(1)
        with self._lock:
            mapped = self._mappings.memory()
            devices = self._devices.values()
            return count_resources(self._drivers, devices, self._contexts, self._memory, mapped)

    def assert_no_leaks(self, before: Resources = Resources()) -> None:  # noqa: B008
        """Raise AssertionError, saying what there is, if programs hold more than before.

        Args:
            before: what resources() said then; nothing by default.
        """
        self.resources().assert_no_more_than(before)

    def open(self, path: str) -> int:
        """Open a device (open(2))."""
        with self._lock:
            device = self._devices.get(path)
            if device is None:
                raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            if path in self._forbidden:
                raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)
            if device.privileged and device.contexts:
                raise OSError(errno.EBUSY, "there is a supplicant already", path)
            fd = null_descriptor(path)
            device.contexts += 1
            context = self._contexts[fd] = TeeContext(self, device)
        try:
            device.driver.open_context(context)
        except BaseException:
            self.close(fd)
            raise
        if device.privileged:
            self._table.supplicant_came(device.driver)
        return fd

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """Serve a request to a device (ioctl(2))."""
        result, cause = 0, None
        with self._lock:
            context = self._contexts.get(fd)
            if context is None:
                raise OSError(errno.ENOTTY if fd in self._memory else errno.EBADF, "no TEE device")
            context.calls += 1
        try:
            if request in self._ioctls:
                result = self._ioctls[request](context, argument)
            elif request in context.device.operations:
                cause = OPERATIONS[request](self, context, argument)
            else:
                raise OSError(errno.EINVAL, "no such request on this device")
        finally:
            # Not before: an application in Python may have been a client itself.
            self._thread.cause = cause
            with self._lock:
                context.calls -= 1
            if not context.is_open:
                self._settle(context)
        return result

    def dup(self, fd: int) -> int:
        """Return another descriptor of the same file, closed on exec (F_DUPFD_CLOEXEC).

        It is as good as the first: the file is closed with the last of them.
        """
        with self._lock:
            context, memory = self._contexts.get(fd), self._memory.get(fd)
            if context is None and memory is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            duplicate = os.dup(fd)
            if context is not None:
                self._contexts[duplicate] = context
            if memory is not None:
                memory.references += 1
                self._memory[duplicate] = memory
            return duplicate

    def mmap(
        self,
        fd: int,
        length: int,
        *,
        offset: int = 0,
        protection: int = mmap.PROT_READ | mmap.PROT_WRITE,
        flags: int = mmap.MAP_SHARED,
        address: int = 0,
    ) -> int:
        """Map shared memory of the kernel's own (mmap(2)).

        Linux checks the offset, and maps from the start of the memory all the same.
        """
        request = MappingRequest(length, offset, protection, flags, address)
        with self._lock:
            memory = self._memory.get(fd)
            is_open = memory is not None or fd in self._contexts
            may_execute = not self.release.forbids_executable_mappings
            request.check(memory, is_open=is_open, may_execute=may_execute)
            assert memory is not None
            return self._mappings.map(memory, fd, request)

    def munmap(self, address: int, length: int) -> None:
        """End what is mapped of shared memory in a range (munmap(2)).

        What else the program has there it keeps, other than on Linux.
        """
        with self._lock:
            if not length or address % mmap.PAGESIZE:
                raise OSError(errno.EINVAL, "not a range of pages")
            ended = list(self._mappings.unmap(address, length))
        for memory in ended:
            self.put_memory(memory)

    def close(self, fd: int) -> None:
        """Close a descriptor (close(2))."""
        with self._lock:
            context = self._contexts.pop(fd, None)
            memory = self._memory.pop(fd, None)
            if context is None and memory is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            os.close(fd)
            if context is not None and context in self._contexts.values():
                return
        if memory is not None:
            self.put_memory(memory)
        elif context is not None:
            context.is_open = False
            context.device.driver.close_context(context)
            self._settle(context)

    def _settle(self, context: TeeContext) -> None:
        """Release a context that no file, call or memory keeps."""
        with self._lock:
            in_use = context.is_open or context.calls or context.memory_ids
            if in_use or context.is_released:
                return
            context.is_released = True
        try:
            # Without the lock: what it closes may wait for a supplicant, who needs that.
            context.device.driver.release(context)
        finally:
            # Not before: the next supplicant must find nothing of this one.
            with self._lock:
                context.device.contexts -= 1
            self._table.settle(context.device.driver)

    def _add_memory(
        self, context: TeeContext, fd: int, size: int, address: int, pages: Pages | None
    ) -> SharedMemory:
        with self._lock:
            number = context.device.lowest_free_id()
            memory = SharedMemory(context, number, size, address, pages)
            context.device.memory[number] = memory
            context.memory_ids += 1
            self._memory[fd] = memory
            return memory

    def put_memory(self, memory: SharedMemory) -> None:
        """Drop a reference; the last takes the memory with it."""
        with self._lock:
            memory.references -= 1
            if memory.references:
                return
            del memory.context.device.memory[memory.id]
            if memory.pages is not None:
                memory.pages.close()
            memory.context.memory_ids -= 1
        self._settle(memory.context)

    def _version(self, context: TeeContext, argument: int) -> int:
        answer = context.device.driver.version(context.device)
        copy_to_user(argument, uapi.VERSION_DATA.pack(*answer))
        return 0

    def _shm_alloc(self, context: TeeContext, argument: int) -> int:
        size, flags, _ = read(uapi.SHM_ALLOC_DATA, argument)
        if flags:
            raise OSError(errno.EINVAL, "no flags are known")
        size = context.device.driver.pool_size(size, self.release)
        if not 0 < size <= _MAX_POOL_BLOCK:
            raise OSError(errno.ENOMEM, "no contiguous memory of this size")
        fd = os.memfd_create("tee_shm", os.MFD_CLOEXEC)
        try:
            os.ftruncate(fd, size)
            pages = mmap.mmap(fd, size)
        except BaseException:
            os.close(fd)
            raise
        memory = self._add_memory(context, fd, size, 0, pages)
        self._hand_over(fd, argument, uapi.SHM_ALLOC_DATA.pack(size, flags, memory.id))
        return fd

    def _hand_over(self, fd: int, argument: int, data: bytes) -> None:
        """Tell the program of its memory, which it has not if it can't be told."""
        try:
            copy_to_user(argument, data)
        except OSError:
            self.close(fd)
            raise

    def _shm_register(self, context: TeeContext, argument: int) -> int:
        address, length, flags, _ = read(uapi.SHM_REGISTER_DATA, argument)
        if flags:
            raise OSError(errno.EINVAL, "no flags are known")
        check_user_range(address, length)
        if uapi.TEE_IOC_SHM_REGISTER not in context.device.operations:
            raise OSError(uapi.ENOTSUPP, "the driver registers no memory")
        if not length:
            raise OSError(errno.ENOMEM, "nothing to register")
        self._check_not_mapped(address, length)
        check_user_pages(address, length)
        context.device.driver.register_memory(context.device)
        fd = null_descriptor("tee_shm")
        memory = self._add_memory(context, fd, length, address, None)
        data = uapi.SHM_REGISTER_DATA.pack(address, length, flags, memory.id)
        self._hand_over(fd, argument, data)
        return fd

    def _shm_register_fd(self, context: TeeContext, argument: int) -> int:
        read(uapi.SHM_REGISTER_FD_DATA, argument)
        # Linux tells no cause from another.
        raise OSError(errno.EINVAL, "not memory from a heap of this device")

    def _check_not_mapped(self, address: int, length: int) -> None:
        """Refuse the kernel's own memory, whose pages can't be pinned."""
        with self._lock:
            if self._mappings.has(address, length):
                raise OSError(errno.EFAULT, "a mapping of shared memory")

    def find_memory(self, context: TeeContext, number: int) -> SharedMemory:
        """Return, with a reference, the memory that a memref names."""
        with self._lock:
            # The kernel keeps its ids in an int, and looks at no more of the number.
            memory = context.device.memory.get(number & _UINT32)
            if memory is None or memory.context is not context:
                raise OSError(errno.EINVAL, "no such memory in this context")
            memory.references += 1
            return memory

    @contextlib.contextmanager
    def hold_memory(self, context: TeeContext, number: int) -> Iterator[SharedMemory]:
        """Keep shared memory of a context, known by its id, while a driver uses it."""
        memory = self.find_memory(context, number)
        try:
            yield memory
        finally:
            self.put_memory(memory)


def _no_driver(driver: type[Driver], release: LinuxRelease) -> ValueError:
    having = [known.version for known in LinuxRelease.known() if driver.is_in(known)]
    return ValueError(
        f"Linux {release.version} has no driver {driver.__name__}: take one that has,"
        f" {' or '.join(having)}: release={having[-1]!r}, or @{having[-1]} in the name of a profile"
    )
