# SPDX-License-Identifier: BSD-2-Clause
"""Programs of system calls: what the steps are, and how they refer to each other.

A step has a name. What it yields has that name too: the descriptor of "s3" is Ref("s3"), the
id of the memory behind it Ref("s3.id"), a session Ref("s3.session"). Taken from a program, a
step takes nothing along: what it would have yielded is then a value that nothing has.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from pytee_client.fake.applications import Conformance, HelloWorld
from pytee_client.fake.applications.pseudo_applications import DeviceEnumeration, InvokeTests
from pytee_client.kernels import uapi

PAGE = 4096
# The memory of a program: pages that it may write, only read, and not touch at all.
WRITABLE_PAGES = 8
READ_ONLY_PAGES = 2
FORBIDDEN_PAGES = 2

# The applications that are part of OP-TEE, and those that programs find sessions with.
PSEUDO = (InvokeTests.uuid, DeviceEnumeration.uuid)
SHARED = {
    "conformance": Conformance.uuid,
    "hello-world": HelloWorld.uuid,
    "invoke-tests": InvokeTests.uuid,
}


# What outputs hold before a call, so that a kernel that writes there shows.
UNSET = 0x5A5A5A5A


@dataclass(frozen=True)
class Ref:
    """What a step yielded, or the start of a part of the memory, and a number more."""

    name: str
    add: int = 0


Value: TypeAlias = int | bytes | Ref


@dataclass(frozen=True)
class Poke:
    """Bytes to write: values in the layout of a struct format, at an address."""

    at: int | Ref
    layout: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Open:
    """open(2)."""

    path: str = "/dev/tee0"


@dataclass(frozen=True)
class Close:
    """close(2)."""

    fd: Ref


@dataclass(frozen=True)
class Dup:
    """dup(2)."""

    fd: Ref


@dataclass(frozen=True)
class Map:
    """mmap(2)."""

    fd: Ref
    length: int
    offset: int = 0
    protection: int = mmap.PROT_READ | mmap.PROT_WRITE
    flags: int = mmap.MAP_SHARED


@dataclass(frozen=True)
class Unmap:
    """munmap(2) of what a step mapped, a number of bytes later and of another length."""

    mapping: Ref
    length: int


@dataclass(frozen=True)
class Ioctl:
    """ioctl(2), after writing what its argument points to."""

    fd: Ref
    request: int
    argument: int | Ref
    pokes: tuple[Poke, ...] = ()


@dataclass(frozen=True)
class Write:
    """A write of the program to its memory."""

    poke: Poke


@dataclass(frozen=True)
class InChild:
    """A step that a child process makes, which the first of them in a row is the fork(2) of.

    It exits before the parent's next step. What it has from its parent are descriptors and
    mappings; a memory like its parent's it has elsewhere.
    """

    step: Open | Close | Dup | Map | Unmap | Ioctl | Write


Step: TypeAlias = Open | Close | Dup | Map | Unmap | Ioctl | Write | InChild
Program: TypeAlias = Mapping[str, Step]
Param: TypeAlias = tuple[Value, Value, Value, Value]

# Where builders put an argument, and what it points to, unless they are told.
ARGUMENT = Ref("writable", 0)
BUFFER = Ref("writable", 64)
NONE: Param = (uapi.ParamType.NONE, 0, 0, 0)


def version(fd: Ref, at: int | Ref = ARGUMENT) -> Ioctl:
    """TEE_IOC_VERSION."""
    return Ioctl(fd, uapi.TEE_IOC_VERSION, at, (Poke(at, "=III", (UNSET,) * 3),))


def allocate(fd: Ref, size: int, flags: int = 0, at: int | Ref = ARGUMENT) -> Ioctl:
    """TEE_IOC_SHM_ALLOC."""
    poke = Poke(at, uapi.SHM_ALLOC_DATA.format, (size, flags, UNSET))
    return Ioctl(fd, uapi.TEE_IOC_SHM_ALLOC, at, (poke,))


def register(
    fd: Ref, address: int | Ref, length: int, flags: int = 0, at: int | Ref = ARGUMENT
) -> Ioctl:
    """TEE_IOC_SHM_REGISTER."""
    poke = Poke(at, uapi.SHM_REGISTER_DATA.format, (address, length, flags, UNSET))
    return Ioctl(fd, uapi.TEE_IOC_SHM_REGISTER, at, (poke,))


def open_session(
    fd: Ref,
    params: Sequence[Param] = (),
    *,
    uuid: UUID = Conformance.uuid,
    login: int = 0,
    client: bytes = bytes(16),
    count: int | None = None,
    length: int | None = None,
    at: int | Ref = ARGUMENT,
    buffer: int | Ref = BUFFER,
) -> Ioctl:
    """TEE_IOC_OPEN_SESSION; count and length are those of params if not given."""
    header = (uuid.bytes, client, login, 0, UNSET, UNSET, UNSET)
    layout = uapi.OPEN_SESSION_ARG
    return _call(fd, uapi.TEE_IOC_OPEN_SESSION, layout, header, params, count, length, at, buffer)


def invoke(
    fd: Ref,
    session: int | Ref,
    command: int,
    params: Sequence[Param] = (),
    *,
    count: int | None = None,
    length: int | None = None,
    at: int | Ref = ARGUMENT,
    buffer: int | Ref = BUFFER,
) -> Ioctl:
    """TEE_IOC_INVOKE; count and length are those of params if not given."""
    header = (command, session, 0, UNSET, UNSET)
    return _call(
        fd, uapi.TEE_IOC_INVOKE, uapi.INVOKE_ARG, header, params, count, length, at, buffer
    )


def invoke_object(fd: Ref, number: int, op: int, params: Sequence[Param]) -> Ioctl:
    """TEE_IOC_OBJECT_INVOKE."""
    layout = uapi.OBJECT_INVOKE_ARG
    buffer = (number, op, UNSET, len(params), *(v for param in params for v in param))
    length = layout.size + uapi.PARAM.size * len(params)
    pokes = (
        Poke(BUFFER, f"{layout.format}{'QQQQ' * len(params)}", buffer),
        Poke(ARGUMENT, uapi.BUF_DATA.format, (BUFFER, length)),
    )
    return Ioctl(fd, uapi.TEE_IOC_OBJECT_INVOKE, ARGUMENT, pokes)


def receive(
    fd: Ref,
    params: Sequence[Param],
    *,
    count: int | None = None,
    length: int | None = None,
    at: int | Ref = ARGUMENT,
    buffer: int | Ref = BUFFER,
) -> Ioctl:
    """TEE_IOC_SUPPL_RECV; count and length are those of params if not given."""
    layout = uapi.SUPPL_RECV_ARG
    return _call(fd, uapi.TEE_IOC_SUPPL_RECV, layout, (UNSET,), params, count, length, at, buffer)


def send(
    fd: Ref,
    result: int,
    params: Sequence[Param],
    *,
    count: int | None = None,
    length: int | None = None,
    at: int | Ref = ARGUMENT,
    buffer: int | Ref = BUFFER,
) -> Ioctl:
    """TEE_IOC_SUPPL_SEND; count and length are those of params if not given."""
    layout = uapi.SUPPL_SEND_ARG
    return _call(fd, uapi.TEE_IOC_SUPPL_SEND, layout, (result,), params, count, length, at, buffer)


def _call(
    fd: Ref,
    request: int,
    layout: struct.Struct,
    header: tuple[Value, ...],
    params: Sequence[Param],
    count: int | None,
    length: int | None,
    at: int | Ref,
    buffer: int | Ref,
) -> Ioctl:
    if count is None:
        count = len(params)
    if length is None:
        length = layout.size + uapi.PARAM.size * len(params)
    values = (*header, count, *(value for param in params for value in param))
    data = Poke(buffer, f"{layout.format}{'QQQQ' * len(params)}", values)
    return Ioctl(fd, request, at, (data, Poke(at, uapi.BUF_DATA.format, (buffer, length))))


def cancel(fd: Ref, session: int | Ref, cancel_id: int = 0, at: int | Ref = ARGUMENT) -> Ioctl:
    """TEE_IOC_CANCEL."""
    poke = Poke(at, uapi.CANCEL_ARG.format, (cancel_id, session))
    return Ioctl(fd, uapi.TEE_IOC_CANCEL, at, (poke,))


def close_session(fd: Ref, session: int | Ref, at: int | Ref = ARGUMENT) -> Ioctl:
    """TEE_IOC_CLOSE_SESSION."""
    poke = Poke(at, uapi.CLOSE_SESSION_ARG.format, (session,))
    return Ioctl(fd, uapi.TEE_IOC_CLOSE_SESSION, at, (poke,))
