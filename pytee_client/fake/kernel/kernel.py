# SPDX-License-Identifier: BSD-2-Clause
"""The core of the fake kernel: descriptors, requests, and the life of contexts.

It does what the TEE subsystem of Linux does above the drivers: the same system calls, with
the same checks in the same order and the same errors. Its descriptors and its mappings are
real ones, so that a leak shows.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import threading
from collections.abc import Callable, Iterable, Iterator

from ..._boundary import copy_to_user
from ..._checks import to_bool, to_instance, to_path_text, to_timeout
from ..._process import renewed
from ..._single import Single
from ...kernels import uapi
from ..devices.bus import Bus
from ..devices.driver_model import DriverModel
from ..devices.sysfs import Sysfs
from ..devices.uevents import UeventMonitor, Uevents
from ..drivers.application_driver import each_application
from ..profiles import bundled_with, tees_of
from ..secure_world.trusted_application import TrustedApplication
from ..structures import Driver, TeeContext, null_descriptor
from .installation import applications_of, install, install_missing, put_back
from .mapping_request import MappingRequest
from .memory_requests import MemoryRequests
from .memory_table import MemoryTable
from .release import LinuxRelease
from .requests import DRIVER_REQUESTS
from .resources import Resources, count_resources

__all__ = ["Kernel"]


class _Thread(threading.local):
    cause: BaseException | None = None


class Kernel(Single):
    """A kernel with TEEs and their Trusted Applications; see Context(backend=...).

        fake.Kernel(applications=[Counter])  # an OP-TEE
        fake.Kernel("amdtee@7.2")
        fake.Kernel(fake.Optee(storage=folder), "amdtee")  # /dev/tee0 and /dev/tee1

    Args:
        tees: the TEEs, in the order of their devices: /dev/tee0 is the first one's. Each is a
            name or a driver. The names are "optee", the default; "optee-no-reg-mem", an OP-TEE
            without dynamic shared memory; and "amdtee". "tstee" and "qtee@7.2" are devices
            without Trusted Applications, which the TEE Client API can't use. A driver, such as
            fake.Optee(threads=2), has what you give it.
        applications: Trusted Applications to install in each TEE that runs some.
        bundled: whether each TEE that runs Trusted Applications has those of
            fake.applications: the examples, and in OP-TEE the pseudo applications. An OP-TEE
            with a supplicant has only the latter, as the supplicant brings the others.
        release: the release of Linux, or the name of a known one; see LinuxRelease.named().
            "@7.2.13" or "@7.2" after the name of a TEE says the same. By default it is the
            newest known 6.12, which lacks the driver of QTEE. No fake release has memory by
            descriptor to share.
        bound: whether the drivers are bound from the start. If not, their devices appear when
            bind() is called: late, as on machines where Linux loads OP-TEE's image itself.

    Raises:
        TypeError: a TEE is neither a name nor a driver; or as install().
        ValueError: a name or a release is unknown, two different releases are named, this
            release lacks one of the drivers, there are too many devices, or two applications
            have the same UUID.

    Attributes:
        release: the release of Linux.
        drivers: the drivers of the TEEs, in the order given.
        bus: the TEE bus, with Trusted Applications as devices; see fake.bus.ClientDriver.
        sysfs: the part of sysfs that shows TEEs; see enumerate_devices().
        uevents: the source of the messages about devices; see monitor_devices().

    Threads: may be used from any; calls into Trusted Applications run side by side.
    """

    def __init__(
        self,
        *tees: str | Driver,
        applications: Iterable[type[TrustedApplication]] = (),
        bundled: bool = True,
        release: LinuxRelease | str | None = None,
        bound: bool = True,
    ) -> None:
        to_bool(bundled, "bundled")
        to_bool(bound, "bound")
        self.drivers: tuple[Driver, ...]
        self.drivers, release = tees_of(tees, release)
        self.release: LinuxRelease = release
        self._lock = renewed(threading.RLock())
        self._memory = MemoryTable(release, self._lock, self._release_unused)
        self._driver_model = DriverModel(self._memory, self.drivers, self._lock)
        self._devices = self._driver_model.table
        self.bus: Bus = self._driver_model.bus
        self.sysfs: Sysfs = self._driver_model.sysfs
        self.uevents: Uevents = self._driver_model.uevents
        for driver in self.drivers:
            if not driver.is_in(release):
                raise _no_driver(type(driver), release)
            driver.start(self._memory)
        self._forbidden: set[str] = set()
        self._contexts: dict[int, TeeContext] = {}
        self._thread = _Thread()
        memory_requests = MemoryRequests(self._memory)
        self._own_requests: dict[int, Callable[[TeeContext, int], int]] = {
            uapi.TEE_IOC_VERSION: _tell_version,
            uapi.TEE_IOC_SHM_ALLOC: memory_requests.allocate,
            uapi.TEE_IOC_SHM_REGISTER: memory_requests.register,
        }
        if release.has_memory_by_descriptor:
            register_descriptor = memory_requests.register_descriptor
            self._own_requests[uapi.TEE_IOC_SHM_REGISTER_FD] = register_descriptor
        if bundled:
            for driver in self.drivers:
                install_missing(driver, bundled_with(driver))
        given = each_application(applications)
        if given:
            install(self.drivers, given)
        if bound:
            self.bind()

    def __repr__(self) -> str:
        names = ", ".join(type(driver).__name__ for driver in self.drivers)
        return f"<fake.Kernel of Linux {self.release.version} with {names}>"

    @property
    def has_supplicant(self) -> bool | None:
        """Whether each OP-TEE that needs a supplicant has one; None if none needs one."""
        known = [driver.has_supplicant for driver in self.drivers]
        needed = [answer for answer in known if answer is not None]
        return all(needed) if needed else None

    def bind(self, *drivers: Driver) -> None:
        """Bind drivers: their devices appear, and their Trusted Applications join the bus.

        Args:
            drivers: the drivers to bind; by default all that are not bound.

        Raises:
            OSError: EBUSY; a driver is bound already, or its unbind() has not finished.
            ValueError: there are too many devices, or the kernel was made without
                the driver.
        """
        self._driver_model.bind(*drivers)

    def unbind(self, *drivers: Driver, timeout: float | None = 0) -> bool:
        """Unbind drivers, as when hardware is removed or a module is unloaded.

        The devices on the bus go at once. Then the devices of the driver go, the last one
        first. The node of a device disappears, but programs that have it open can go on
        using it. The next device goes after they closed this one and freed its memory.

        Args:
            drivers: the drivers to unbind; by default all that are bound.
            timeout: how many seconds to wait for programs to close everything. None waits
                without a limit, as Linux does; by default there is no wait. Unbinding goes
                on afterwards.

        Returns:
            Whether the drivers are unbound, so that they can be bound again.

        Raises:
            OSError: ENODEV; a driver is not bound.
            ValueError: the kernel was made without the driver.
        """
        limit = to_timeout(timeout, "the timeout")
        return self._driver_model.unbind(*drivers, timeout=limit)

    def monitor_devices(self) -> UeventMonitor:
        """Return a monitor that reports devices as they come and go."""
        return self.uevents.subscribe()

    def join_bus_scans(self, timeout: float | None = None) -> bool:
        """Wait until the bus has the devices that need a supplicant.

        The first supplicant makes the kernel look for them, in a thread of its own.

        Args:
            timeout: how many seconds to wait; None waits without a limit.

        Returns:
            Whether the search is over.
        """
        return self._devices.join_scans(to_timeout(timeout, "the timeout"))

    def install(self, *applications: type[TrustedApplication]) -> None:
        """Install Trusted Applications in each TEE that runs some.

        An application replaces the one with the same UUID. Those that are devices join the
        bus, as if they had been there from the start. To install in one TEE alone, give them
        to its driver: fake.Optee(applications=[Counter]).

        Raises:
            TypeError: no TEE of this kernel runs Trusted Applications; or what is given is no
                class of one, or has no UUID.
        """
        for driver in install(self.drivers, applications):
            self._devices.enumerate_again(driver)

    @contextlib.contextmanager
    def installed(self, *applications: type[TrustedApplication]) -> Iterator[None]:
        """Have Trusted Applications installed while the context manager is open.

        At its end those that they replaced are back. Sessions that are open then go on. This is
        for kernels that tests share, such as default_kernel().

        Raises:
            TypeError: as install().
        """
        before = applications_of(self.drivers)
        self.install(*applications)
        try:
            yield
        finally:
            put_back(before, applications)

    def forbid(self, path: str) -> None:
        """Take away the permission to open a device."""
        path = to_path_text(path, "the path")
        with self._lock:
            self._forbidden.add(path)

    def take_cause(self) -> BaseException | None:
        """Return, once, the panic behind the TARGET_DEAD of this thread's last request."""
        cause, self._thread.cause = self._thread.cause, None
        return cause

    def resources(self) -> Resources:
        """Count the resources of the kernel that programs hold now.

        It first waits up to a second for the kernel's work on its bus; see join_bus_scans().
        """
        self.join_bus_scans(1)
        with self._lock:
            return count_resources(
                self.drivers,
                self._devices.nodes.values(),
                self._contexts,
                self._memory.files,
                self._memory.mappings.memory(),
            )

    def assert_no_leaks(self, before: Resources = Resources()) -> None:  # noqa: B008
        """Raise AssertionError, with a list of what is held, if programs hold more than before.

        Args:
            before: an earlier result of resources(); by default nothing.
        """
        to_instance(before, Resources, "before", "take it from resources()")
        self.resources().assert_no_more_than(before)

    def open(self, path: str) -> int:
        """Open a device (open(2))."""
        with self._lock:
            device = self._devices.nodes.get(path)
            if device is None:
                raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            if path in self._forbidden:
                raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)
            if device.privileged and device.contexts:
                raise OSError(errno.EBUSY, "there is a supplicant already", path)
            fd = null_descriptor(path)
            device.contexts += 1
            context = self._contexts[fd] = TeeContext(self._memory, device)
        try:
            device.driver.open_context(context)
        except BaseException:
            self.close(fd)
            raise
        if device.privileged:
            self._devices.supplicant_came(device.driver)
        return fd

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """Serve a request to a device (ioctl(2))."""
        result, cause = 0, None
        with self._lock:
            context = self._contexts.get(fd)
            if context is None:
                is_memory = fd in self._memory.files
                raise OSError(errno.ENOTTY if is_memory else errno.EBADF, "not a TEE device")
            context.running_requests += 1
        try:
            if request in self._own_requests:
                result = self._own_requests[request](context, argument)
            elif request in context.device.requests:
                cause = DRIVER_REQUESTS[request](self._memory, context, argument)
            else:
                raise OSError(errno.EINVAL, "this device does not serve this request")
            context.device.driver.tell_notes()
        finally:
            # Only now: an application in Python may have been a client itself meanwhile.
            self._thread.cause = cause
            with self._lock:
                context.running_requests -= 1
            if not context.is_open:
                self._release_unused(context)
        return result

    def dup(self, fd: int) -> int:
        """Return another descriptor of the same file, closed on exec (F_DUPFD_CLOEXEC).

        Both can be used alike. The file is closed with the last of them.
        """
        with self._lock:
            context = self._contexts.get(fd)
            if context is None and fd not in self._memory.files:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            duplicate = os.dup(fd)
            if context is not None:
                self._contexts[duplicate] = context
            self._memory.duplicate(fd, duplicate)
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
        """Map shared memory from the kernel's pool, and return the address (mmap(2)).

        As Linux does, it checks the offset and then maps from the start of the memory.
        """
        request = MappingRequest(length, offset, protection, flags, address)
        with self._lock:
            return self._memory.map(fd, request, is_open=fd in self._contexts)

    def munmap(self, address: int, length: int) -> None:
        """End the mappings of shared memory in a range (munmap(2)).

        Unlike Linux it leaves alone what else the program has mapped there.
        """
        if not length or address % mmap.PAGESIZE:
            raise OSError(errno.EINVAL, "not a range of pages")
        self._memory.unmap(address, length)

    def close(self, fd: int) -> None:
        """Close a descriptor (close(2))."""
        with self._lock:
            context = self._contexts.pop(fd, None)
            if context is not None:
                os.close(fd)
                if context in self._contexts.values():
                    return
        if context is None:
            self._memory.close(fd)
            return
        context.is_open = False
        context.device.driver.close_context(context)
        self._release_unused(context)
        context.device.driver.tell_notes()

    def _release_unused(self, context: TeeContext) -> None:
        """Release a context that no file, request or memory uses any longer."""
        with self._lock:
            in_use = context.is_open or context.running_requests or context.memory_ids
            if in_use or context.is_released:
                return
            context.is_released = True
        try:
            # Without the lock: closing sessions may wait for a supplicant, which needs it.
            context.device.driver.release(context)
        finally:
            # Only now: the next supplicant must not meet the remains of this one.
            with self._lock:
                context.device.contexts -= 1
            self._devices.continue_unbinding(context.device.driver)


def _tell_version(context: TeeContext, argument: int) -> int:
    answer = context.device.driver.version(context.device)
    copy_to_user(argument, uapi.VERSION_DATA.pack(*answer))
    return 0


def _no_driver(driver: type[Driver], release: LinuxRelease) -> ValueError:
    having = [known.version for known in LinuxRelease.known() if driver.is_in(known)]
    return ValueError(
        f"Linux {release.version} has no driver {driver.__name__}: use a release that has it,"
        f" {' or '.join(having)}: release={having[-1]!r}, or @{having[-1]} in the name of a profile"
    )
