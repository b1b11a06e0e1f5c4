# SPDX-License-Identifier: BSD-2-Clause
"""Harmless questions to a kernel, whose answers tell which properties its release has."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pytee_client._boundary import address_of
from pytee_client.fake import ParamType
from pytee_client.kernels import uapi
from pytee_client.kernels.sysfs import Folder

if TYPE_CHECKING:
    from pytee_client.fake.kernel.release import Value
    from pytee_client.kernels.sysfs import Tree

    from .ground import ProgramKernel

Answer: TypeAlias = "str | int"
"""An errno by its name, a number, or what was found."""

PAGE = mmap.PAGESIZE
_LARGEST_ARGUMENT = 1 << 20
# A number that no session has: what is asked with it gets no further than the driver.
_NO_SESSION = 0
_MAPPED, _REFUSED_TYPE = "a mapping", "EINVAL"

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


@dataclass(frozen=True)
class Device:
    """A device that is open, to ask.

    Attributes:
        kernel: its kernel.
        fd: its descriptor.
        path: where it stands.
        tree: the kernel's sysfs.
        implementation: its driver (TEE_IMPL_ID_*).
        capabilities: what it can (TEE_GEN_CAP_*).
    """

    kernel: ProgramKernel
    fd: int
    path: str
    tree: Tree
    implementation: int
    capabilities: int

    @property
    def is_qtee(self) -> bool:
        """Whether it takes invocations of objects instead of commands."""
        return self.implementation == uapi.TEE_IMPL_ID_QTEE

    def ioctl(self, request: int, argument: int | bytearray) -> Answer:
        """Make a request that gives out no descriptor; return the errno's name, or 0."""
        address = argument if isinstance(argument, int) else address_of(argument)
        try:
            self.kernel.ioctl(self.fd, request, address)
        except OSError as error:
            return name_of(error)
        return 0


@dataclass(frozen=True)
class Probe:
    """How a property is asked for.

    Attributes:
        ask: returns the answer; None if the device can't be asked.
        values: what the answers mean, by the answer; none if the answer is the value.
    """

    ask: Callable[[Device], Answer | None]
    values: Mapping[Answer, Value] | None


def name_of(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, f"errno {error.errno}")


@contextlib.contextmanager
def opened(kernel: ProgramKernel, path: str) -> Iterator[Device]:
    """Open a device to ask."""
    fd = kernel.open(path)
    try:
        version = bytearray(uapi.VERSION_DATA.size)
        kernel.ioctl(fd, uapi.TEE_IOC_VERSION, address_of(version))
        implementation, _, capabilities = uapi.VERSION_DATA.unpack(version)
        tree: Tree = getattr(kernel, "sysfs", None) or Folder()
        yield Device(kernel, fd, path, tree, implementation, capabilities)
    finally:
        kernel.close(fd)


def _allocates_nothing(device: Device) -> Answer | None:
    # Where the driver has memory of another kind, no release differs.
    if device.implementation == uapi.TEE_IMPL_ID_AMDTEE or (
        device.implementation == uapi.TEE_IMPL_ID_OPTEE
        and not device.capabilities & uapi.TEE_GEN_CAP_REG_MEM
    ):
        return None
    argument = bytearray(uapi.SHM_ALLOC_DATA.pack(0, 0, 0))
    return device.ioctl(uapi.TEE_IOC_SHM_ALLOC, argument)


def _largest_argument(device: Device) -> Answer:
    """Look for the longest argument that the kernel would read, of which there is nothing."""
    request = uapi.TEE_IOC_OBJECT_INVOKE if device.is_qtee else uapi.TEE_IOC_INVOKE

    def answer(length: int) -> Answer:
        return device.ioctl(request, bytearray(uapi.BUF_DATA.pack(0, length)))

    below, beyond = PAGE // 8, _LARGEST_ARGUMENT
    for length, expected in ((below, "EFAULT"), (beyond, "EINVAL")):
        if (found := answer(length)) != expected:
            return f"{found} for {length} bytes"
    while beyond - below > 1:
        middle = (below + beyond) // 2
        found = answer(middle)
        if found not in ("EFAULT", "EINVAL"):
            return f"{found} for {middle} bytes"
        below, beyond = (middle, beyond) if found == "EFAULT" else (below, middle)
    return below


def _takes(kind: ParamType) -> Callable[[Device], Answer]:
    """Ask for a type of parameter, followed by one that can't be read.

    Linux finds fault with a parameter before it reads the next one; so EFAULT means that
    it knows the type.
    """

    def ask(device: Device) -> Answer:
        if device.is_qtee:
            request, head = uapi.TEE_IOC_OBJECT_INVOKE, uapi.OBJECT_INVOKE_ARG.pack(0, 0, 0, 2)
        else:
            request, head = uapi.TEE_IOC_INVOKE, uapi.INVOKE_ARG.pack(0, _NO_SESSION, 0, 0, 0, 2)
        readable = head + uapi.PARAM.pack(kind, 0, 0, 0)
        with page_before_a_forbidden_one() as page:
            start = PAGE - len(readable)
            page[start:PAGE] = readable
            length = len(readable) + uapi.PARAM.size
            buffer = bytearray(uapi.BUF_DATA.pack(address_of(page) + start, length))
            return device.ioctl(request, buffer)

    return ask


@contextlib.contextmanager
def page_before_a_forbidden_one() -> Iterator[mmap.mmap]:
    with mmap.mmap(-1, 2 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as pages:
        if _libc.mprotect(address_of(pages) + PAGE, PAGE, 0):
            raise OSError(ctypes.get_errno(), "no memory can be protected")
        yield pages


def _registers_by_descriptor(device: Device) -> Answer:
    # A request that is not known is refused before its argument is looked at.
    return device.ioctl(uapi.TEE_IOC_SHM_REGISTER_FD, 0)


def _drives_qtee(device: Device) -> Answer | None:
    # Where there is none of its devices the driver need not be loaded.
    return "its device" if device.is_qtee else None


def _shows_revision(device: Device) -> Answer | None:
    if device.implementation != uapi.TEE_IMPL_ID_OPTEE:
        return None
    names = device.tree.names(f"class/tee/{os.path.basename(device.path)}")
    return "shown" if "revision" in names else "not shown"


def _shows_modules(device: Device) -> Answer | None:
    """Look at the drivers of the bus that come from a module, if there is one."""
    tree = device.tree
    for driver in tree.names("bus/tee/drivers"):
        if "module" in tree.names(f"bus/tee/drivers/{driver}"):
            return "shown"
        with contextlib.suppress(FileNotFoundError):
            # What is part of the kernel has no such state.
            if "initstate" in tree.names(f"module/{driver.replace('-', '_')}"):
                return "not shown"
    return None


def _maps_to_execute(device: Device) -> Answer:
    argument = bytearray(uapi.SHM_ALLOC_DATA.pack(PAGE, 0, 0))
    fd = device.kernel.ioctl(device.fd, uapi.TEE_IOC_SHM_ALLOC, address_of(argument))
    try:
        protection = mmap.PROT_READ | mmap.PROT_EXEC
        address = device.kernel.mmap(fd, PAGE, protection=protection)
        device.kernel.munmap(address, PAGE)
    except OSError as error:
        return name_of(error)
    finally:
        device.kernel.close(fd)
    return _MAPPED


_KNOWN_TYPE: Mapping[Answer, Value] = {"EFAULT": True, _REFUSED_TYPE: False}

PROBES: Mapping[str, Probe] = {
    "rejects_empty_allocations": Probe(_allocates_nothing, {"EINVAL": True, "ENOMEM": False}),
    "max_argument_size": Probe(_largest_argument, None),
    "has_user_buffers": Probe(_takes(ParamType.UBUF_INPUT), _KNOWN_TYPE),
    "has_object_parameters": Probe(_takes(ParamType.OBJREF_INPUT), _KNOWN_TYPE),
    "has_memory_by_descriptor": Probe(_registers_by_descriptor, _KNOWN_TYPE),
    "has_qtee_driver": Probe(_drives_qtee, {"its device": True}),
    "has_revision_attribute": Probe(_shows_revision, {"shown": True, "not shown": False}),
    "has_driver_modules": Probe(_shows_modules, {"shown": True, "not shown": False}),
    "forbids_executable_mappings": Probe(_maps_to_execute, {"EPERM": True, _MAPPED: False}),
}
"""By the property. The others no program can ask for: only OP-TEE waits for notifications, and
an answer for a dead client is written to memory that is not the request's where it is no EBADF."""


def probe(kernel: ProgramKernel, path: str) -> dict[str, Answer]:
    """Ask a kernel, through one of its devices, for all that it can be asked there."""
    with opened(kernel, path) as device:
        answers = {name: one.ask(device) for name, one in PROBES.items()}
    return {name: answer for name, answer in answers.items() if answer is not None}
