# SPDX-License-Identifier: BSD-2-Clause
"""A device of a fake kernel as a program sees it that has no library."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import pytest

from pytee_client._boundary import address_of
from pytee_client.kernels import uapi

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from struct import Struct
    from types import TracebackType
    from uuid import UUID

    from typing_extensions import Self

    from pytee_client.kernels import Kernel

RawParam: TypeAlias = "tuple[int, int, int, int]"  # attr, a, b, c

# What a program may have left in the fields that the kernel fills in.
LEFT_SESSION = 0x5E55
LEFT_RESULT = 0x7E57
LEFT_ORIGIN = 0x0419


@dataclass(frozen=True)
class Answer:
    """What the kernel wrote into the argument of a call; session is 0 for an invocation."""

    result: int
    origin: int
    session: int
    params: list[RawParam]


class RawDevice:
    """One opening of a device node."""

    def __init__(self, kernel: Kernel, path: str = "/dev/tee0") -> None:
        self._kernel = kernel
        self.fd = kernel.open(path)
        self._memory: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it, and the memory that it gave."""
        fds, self._memory, self.fd = (*self._memory, self.fd), set(), -1
        for fd in fds:
            with contextlib.suppress(OSError):
                self._kernel.close(fd)

    def ioctl(self, request: int, layout: Struct, *fields: object) -> tuple[int, ...]:
        """Make a request; return its result, and what its structure has become."""
        data = bytearray(layout.pack(*fields))
        result = self._kernel.ioctl(self.fd, request, address_of(data))
        return result, *layout.unpack(data)

    def raw_ioctl(self, request: int, argument: int) -> int:
        """Make a request with any address."""
        return self._kernel.ioctl(self.fd, request, argument)

    def call(self, request: int, buffer: bytes, length: int | None = None) -> bytes:
        """Make a request with parameters; return what its buffer has become."""
        data = bytearray(buffer)
        length = len(data) if length is None else length
        self.ioctl(request, uapi.BUF_DATA, address_of(data), length)
        return bytes(data)

    def open_session(self, uuid: UUID, *params: RawParam, login: int = 0, gid: int = 0) -> Answer:
        client = gid.to_bytes(4, "little") + bytes(12)
        left = (LEFT_SESSION, LEFT_RESULT, LEFT_ORIGIN)
        header = uapi.OPEN_SESSION_ARG.pack(uuid.bytes, client, login, 0, *left, len(params))
        done = self.call(uapi.TEE_IOC_OPEN_SESSION, header + _packed(params))
        *_, session, result, origin, _ = uapi.OPEN_SESSION_ARG.unpack_from(done)
        return Answer(result, origin, session, _unpacked(done[uapi.OPEN_SESSION_ARG.size :]))

    def invoke(self, session: int, func: int, *params: RawParam) -> Answer:
        header = uapi.INVOKE_ARG.pack(func, session, 0, LEFT_RESULT, LEFT_ORIGIN, len(params))
        done = self.call(uapi.TEE_IOC_INVOKE, header + _packed(params))
        *_, result, origin, _ = uapi.INVOKE_ARG.unpack_from(done)
        return Answer(result, origin, 0, _unpacked(done[uapi.INVOKE_ARG.size :]))

    def cancel(self, session: int, cancel_id: int = 0) -> None:
        self.ioctl(uapi.TEE_IOC_CANCEL, uapi.CANCEL_ARG, cancel_id, session)

    def close_session(self, session: int) -> None:
        self.ioctl(uapi.TEE_IOC_CLOSE_SESSION, uapi.CLOSE_SESSION_ARG, session)

    def allocate(self, size: int, flags: int = 0) -> tuple[int, int, int]:
        """Return descriptor, id and size of memory of the kernel's own."""
        fd, size, _, number = self.ioctl(
            uapi.TEE_IOC_SHM_ALLOC, uapi.SHM_ALLOC_DATA, size, flags, -1
        )
        self._memory.add(fd)
        return fd, number, size

    def register(self, address: int, length: int, flags: int = 0) -> None:
        data = (address, length, flags, -1)
        fd, *_ = self.ioctl(uapi.TEE_IOC_SHM_REGISTER, uapi.SHM_REGISTER_DATA, *data)
        self._memory.add(fd)


def refused(call: Callable[..., object], *arguments: object, **named: object) -> int:
    """Return the errno of a call that the kernel must refuse."""
    with pytest.raises(OSError, match=r".") as caught:
        call(*arguments, **named)
    assert caught.value.errno
    return caught.value.errno


def _packed(params: Sequence[RawParam]) -> bytes:
    return b"".join(uapi.PARAM.pack(*param) for param in params)


def _unpacked(data: bytes) -> list[RawParam]:
    return list(uapi.PARAM.iter_unpack(data))
