# SPDX-License-Identifier: BSD-2-Clause
"""The device of a supplicant: requests, answers and shared memory."""

from __future__ import annotations

import errno
import mmap
from dataclasses import dataclass
from struct import Struct
from typing import Final, final

from .._boundary import address_of, bytes_of
from .._single import Single
from ..enums import Result
from ..kernels import Kernel, uapi
from .results import ResultError

__all__ = ["Request", "RequestParam", "SupplicantDevice"]

# As many as in tee-supplicant: the number of a request, and four more.
_PARAMS: Final = 5
_UINT64_MAX: Final = 2**64 - 1


@dataclass(slots=True)
class RequestParam:
    """A parameter of a request (struct tee_ioctl_param).

    Attributes:
        attr: its type.
        a, b, c: the numbers of a value; the offset, size and memory id of a memref.
    """

    attr: int
    a: int
    b: int
    c: int

    @property
    def is_null(self) -> bool:
        """Whether it is a memref without memory."""
        return self.c == uapi.TEE_MEMREF_NULL

    def check(self) -> None:
        """Check that what was set are numbers of 64 bits.

        Raises:
            TypeError: one is no number, such as a handle that a FileSystem returned.
            ValueError: one has more bits.
        """
        for number in (self.a, self.b, self.c):
            given: object = number
            if not isinstance(given, int):
                raise TypeError(f"an answer has numbers, and not {given!r}")
            if not 0 <= given <= _UINT64_MAX:
                raise ValueError(f"an answer has numbers from 0 to 2**64-1, and not {given}")


@dataclass(frozen=True, slots=True)
class Request:
    """A request to the supplicant.

    Attributes:
        head: the parameter with its number.
        func: its function (RpcCommand).
        params: its parameters; changes of outputs are sent back.
    """

    head: RequestParam
    func: int
    params: list[RequestParam]

    @property
    def attrs(self) -> list[int]:
        """The types of its parameters."""
        return [param.attr for param in self.params]


@dataclass(frozen=True, slots=True)
class _Block:
    fd: int
    pages: mmap.mmap
    size: int


@final
class SupplicantDevice(Single):
    """An open /dev/teeprivN of any kernel.

    Threads: one receives and sends; close() may be called by another.

    Raises:
        OSError: as open(2); EBUSY if there is a supplicant already; ENXIO if the device is
            not for a supplicant of OP-TEE, or is being removed.
    """

    def __init__(self, kernel: Kernel, path: str) -> None:
        self._kernel = kernel
        self._blocks: dict[int, _Block] = {}
        self._is_closed = False
        self._fd = _open(kernel, path)
        try:
            implementation, _, capabilities = self._ioctl(
                uapi.TEE_IOC_VERSION, uapi.VERSION_DATA, 0, 0, 0
            )[1:]
            if implementation != uapi.TEE_IMPL_ID_OPTEE:
                raise OSError(errno.ENXIO, "not a device for a supplicant of OP-TEE", path)
        except BaseException:
            kernel.close(self._fd)
            raise
        self._registers = bool(capabilities & uapi.TEE_GEN_CAP_REG_MEM)

    def close(self) -> None:
        """Close the device, but not its memory, which the serving thread may be using."""
        if self._is_closed:
            return
        # After this the number of the descriptor may be reused.
        self._is_closed = True
        self._kernel.close(self._fd)

    def free_all(self) -> None:
        """Release all memory, after the device is no longer served."""
        for number in list(self._blocks):
            self.free(number)

    def receive(self) -> Request:
        """Wait for a request.

        Raises:
            OSError: as TEE_IOC_SUPPL_RECV; EBADF once the device is closed.
        """
        room = (uapi.META, 0, 0, 0), *[(0, 0, 0, 0)] * (_PARAMS - 1)
        data = bytearray(uapi.SUPPL_RECV_ARG.pack(0, _PARAMS))
        for param in room:
            data += uapi.PARAM.pack(*param)
        self._ioctl(uapi.TEE_IOC_SUPPL_RECV, uapi.BUF_DATA, address_of(data), len(data))
        func, count = uapi.SUPPL_RECV_ARG.unpack_from(data)
        fields = uapi.PARAM.iter_unpack(data[uapi.SUPPL_RECV_ARG.size :])
        head, *params = [RequestParam(*param) for param in fields][: max(count, 1)]
        return Request(head, func, params)

    def send(self, request: Request, result: int) -> None:
        """Answer a request.

        Raises:
            OSError: as TEE_IOC_SUPPL_SEND; ENOENT if nobody waits for the answer, EBADF once
                the device is closed.
        """
        params = [request.head, *request.params]
        data = bytearray(uapi.SUPPL_SEND_ARG.pack(result, len(params)))
        for param in params:
            data += uapi.PARAM.pack(param.attr, param.a, param.b, param.c)
        try:
            self._ioctl(uapi.TEE_IOC_SUPPL_SEND, uapi.BUF_DATA, address_of(data), len(data))
        except OSError as error:
            # Newer releases of Linux report a killed client like this.
            if error.errno != errno.EBADF or self._is_closed:
                raise
            raise OSError(errno.ENOENT, "nobody waits for the answer") from error

    def allocate(self, size: int) -> int:
        """Share memory, in a way that the device supports, and return its id.

        Raises:
            OSError: there is no memory.
        """
        if self._registers:
            if not size:
                raise OSError(errno.ENOMEM, "the size is 0")
            pages = mmap.mmap(-1, size)
            fd, _, shared, _, number = self._ioctl(
                uapi.TEE_IOC_SHM_REGISTER,
                uapi.SHM_REGISTER_DATA,
                *(address_of(pages), size, 0, 0),
            )
        else:
            pages = None
            fd, shared, _, number = self._ioctl(
                uapi.TEE_IOC_SHM_ALLOC, uapi.SHM_ALLOC_DATA, size, 0, 0
            )
        try:
            if shared < size or number < 0:
                raise OSError(errno.ENOMEM, "the device shares less than it was asked for")
            self._blocks[number] = _Block(
                fd, mmap.mmap(fd, shared) if pages is None else pages, size
            )
        except BaseException:
            self._kernel.close(fd)
            raise
        return number

    def free(self, number: int) -> None:
        """Stop sharing memory; ResultError(BAD_PARAMETERS) if no memory has this id."""
        block = self._blocks.pop(number, None)
        if block is None:
            raise ResultError(Result.BAD_PARAMETERS)
        self._kernel.close(block.fd)
        block.pages.close()

    def read(self, param: RequestParam) -> bytes:
        """Return the bytes of a memref; ResultError(BAD_PARAMETERS) if its memory is unknown."""
        pages = self._pages_of(param)
        return pages[param.a : param.a + param.b]

    def write(self, param: RequestParam, data: bytes) -> None:
        """Write bytes to the start of a memref, and set its size.

        Raises:
            ResultError: SHORT_BUFFER, after setting the needed size.
        """
        data = bytes_of(data, "the data")
        room = param.b
        param.b = len(data)
        if param.is_null and not room and data:
            raise ResultError(Result.SHORT_BUFFER)
        if len(data) > room:
            raise ResultError(Result.SHORT_BUFFER)
        if data:
            self._pages_of(param)[param.a : param.a + len(data)] = data

    def _pages_of(self, param: RequestParam) -> mmap.mmap:
        block = self._blocks.get(param.c)
        if block is None or param.a + param.b > block.size:
            raise ResultError(Result.BAD_PARAMETERS)
        return block.pages

    def _ioctl(self, request: int, layout: Struct, *fields: int) -> tuple[int, ...]:
        """Make a request; return its result and the changed structure."""
        if self._is_closed:
            raise OSError(errno.EBADF, "the supplicant's device is closed")
        data = bytearray(layout.pack(*fields))
        result = self._kernel.ioctl(self._fd, request, address_of(data))
        return result, *layout.unpack(data)


def _open(kernel: Kernel, path: str) -> int:
    try:
        return kernel.open(path)
    except OSError as error:
        # Linux reports this while the driver of the device is being unbound.
        if error.errno != errno.EINVAL:
            raise
        raise OSError(errno.ENXIO, "the device is being removed", path) from error
