# SPDX-License-Identifier: BSD-2-Clause
"""A QTEE device as a program sees it that invokes its objects, and serves its own."""

from __future__ import annotations

import contextlib
import ctypes
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytee_client.fake import Kernel, ParamType
from pytee_client.kernels import uapi

from .raw_device import LEFT_RESULT, RawDevice
from .waiting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .raw_device import RawParam

NULL = uapi.TEE_OBJREF_NULL
TEE, USER, MEM = uapi.QCOMTEE_OBJREF_TEE, uapi.QCOMTEE_OBJREF_USER, uapi.QCOMTEE_OBJREF_MEM
META = uapi.META
REGISTER_AS_CLIENT, REGISTER_WITH_CREDENTIALS, OPEN = 2, 5, 0
RETAIN, RELEASE = 0xFFFE, 0xFFFF
OBJREF_OUTPUT: RawParam = (ParamType.OBJREF_OUTPUT, 0xA, 0xB, 0xC)
NONE: RawParam = (0, 0, 0, 0)
CREDENTIALS = 0x5EC
OK, ERROR, INVALID, SIZE_OUT = 0, 1, 2, 4
DEFUNCT, BADOBJ, NOSLOTS, MAXARGS, MAXDATA, UNAVAIL, KMEM = -90, -92, -93, -94, -95, -96, -97
_ROOM = 1024


class Memory:
    """Bytes of the program's, for user buffers; there for good, as parameters are addresses."""

    _all: ClassVar[list[Memory]] = []

    def __init__(self, content: bytes | int) -> None:
        size = content if isinstance(content, int) else len(content)
        self._array = ctypes.create_string_buffer(size)
        if isinstance(content, bytes):
            self._array.raw = content
        self.address = ctypes.addressof(self._array)
        self._all.append(self)

    @property
    def content(self) -> bytes:
        return self._array.raw

    def __len__(self) -> int:
        return len(self._array)

    def input(self) -> RawParam:
        return ParamType.UBUF_INPUT, self.address, len(self), 0xC

    def output(self) -> RawParam:
        return ParamType.UBUF_OUTPUT, self.address, len(self), 0xC


def object_input(number: int, flags: int = USER) -> RawParam:
    return ParamType.OBJREF_INPUT, number, flags, 0xC


@dataclass(frozen=True)
class Received:
    """A request as it was received, with its buffers read."""

    op: int
    object_id: int
    number: int
    params: list[RawParam]
    contents: list[bytes]


class QteeDevice(RawDevice):
    """One opening of a QTEE's device."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self.kernel = kernel
        self._services: dict[int, int] = {}

    @contextlib.contextmanager
    def closed_on_failure(self) -> Iterator[None]:
        """Close the device where a test fails, which ends all that waits in it."""
        try:
            yield
        except BaseException:
            self._kernel.close(self.fd)
            raise

    def object_invoke(self, number: int, op: int, *params: RawParam) -> tuple[int, list[RawParam]]:
        """Return the result as a signed number, and what the parameters have become."""
        header = uapi.OBJECT_INVOKE_ARG.pack(number, op, LEFT_RESULT, len(params))
        packed = b"".join(uapi.PARAM.pack(*param) for param in params)
        done = self.call(uapi.TEE_IOC_OBJECT_INVOKE, header + packed)
        _, _, result, _ = uapi.OBJECT_INVOKE_ARG.unpack_from(done)
        left = list(uapi.PARAM.iter_unpack(done[uapi.OBJECT_INVOKE_ARG.size :]))
        return ctypes.c_int32(result).value, left

    def release_object(self, number: int) -> None:
        assert self.object_invoke(number, RELEASE) == (LEFT_RESULT, [])

    def receive(self, places: int = 8, room: int = _ROOM) -> Received:
        """Wait for a request to an object of the program's."""
        buffer = (ctypes.c_uint64 * (room // 8 + 1))()
        address = ctypes.addressof(buffer)
        head = (META | ParamType.VALUE_INOUT, address, room, 0xC)
        op, params = self.raw_receive(head, *[(0, 0, 0, 0)] * places)
        (attr, object_id, number, c), *params = params
        assert (attr, c) == (head[0], 0)
        contents = []
        for attr, at, size, _ in params:
            if attr == ParamType.UBUF_INPUT:
                assert address <= at <= at + size <= address + room
                contents.append(ctypes.string_at(at, size))
        return Received(op, object_id, number, params, contents)

    def raw_receive(self, *params: RawParam) -> tuple[int, list[RawParam]]:
        packed = b"".join(uapi.PARAM.pack(*param) for param in params)
        done = self.call(
            uapi.TEE_IOC_SUPPL_RECV, uapi.SUPPL_RECV_ARG.pack(99, len(params)) + packed
        )
        op, count = uapi.SUPPL_RECV_ARG.unpack_from(done)
        return op, list(uapi.PARAM.iter_unpack(done[uapi.SUPPL_RECV_ARG.size :]))[:count]

    def send(self, number: int, *params: RawParam, ret: int = 0) -> None:
        """Answer a request."""
        self.raw_send((META | ParamType.VALUE_OUTPUT, number, 0, 0), *params, ret=ret)

    def raw_send(self, *params: RawParam, ret: int = 0) -> None:
        packed = b"".join(uapi.PARAM.pack(*param) for param in params)
        header = uapi.SUPPL_SEND_ARG.pack(ret & 0xFFFFFFFF, len(params))
        self.call(uapi.TEE_IOC_SUPPL_SEND, header + packed)

    def register_client(self, credentials: bytes = b"me") -> int:
        """Become a client, and return the id of its environment."""
        params = (object_input(CREDENTIALS), OBJREF_OUTPUT)
        with ThreadPoolExecutor() as pool, self.closed_on_failure():
            serving = pool.submit(self.serve_credentials, credentials)
            call = pool.submit(self.object_invoke, NULL, REGISTER_WITH_CREDENTIALS, *params)
            serving.result(LIMIT)
            result, left = call.result(LIMIT)
        assert (result, left[1][2]) == (OK, TEE)
        return left[1][1]

    def open_service(self, number: int, environment: int | None = None) -> int:
        """Return the id of a service, opened in an environment, a new one by default."""
        environment = self.register_client() if environment is None else environment
        uid = Memory(number.to_bytes(4, "little"))
        result, left = self.object_invoke(environment, OPEN, uid.input(), OBJREF_OUTPUT)
        assert (result, left[1][2]) == (OK, TEE)
        return left[1][1]

    def service(self, number: int) -> int:
        """Return the id of a service, always the same one."""
        if number not in self._services:
            self._services[number] = self.open_service(number)
        return self._services[number]

    def serve_credentials(self, credentials: bytes) -> None:
        """Serve what registering asks for, until the object is released."""
        while (request := self.receive()).op != RELEASE:
            assert request.object_id == CREDENTIALS
            if request.op == 0:
                answer = Memory(len(credentials).to_bytes(8, "little"))
            else:
                offset = int.from_bytes(request.contents[0], "little")
                answer = Memory(credentials[offset:][: request.params[1][2]])
            inputs: Sequence[RawParam] = request.params[:-1]
            self.send(request.number, *inputs, answer.output())
