# SPDX-License-Identifier: BSD-2-Clause
"""The Trusted Services driver (TSTEE), and its secure partitions with their services."""

from __future__ import annotations

import errno
import itertools
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from uuid import UUID

from ..._boundary import bytes_of
from ..._checks import said, to_instance, to_number
from ..._panics import describe_exception
from ..._process import renewed
from ...enums import Result
from ...errors import ParameterTypeError
from ...kernels import uapi
from ..structures import Driver, Param, Reply, SharedMemory, TeeContext, TeeDevice
from ..user_methods import call_method, returned_wrongly

__all__ = ["SecurePartition", "TrustedService", "TsTee"]

_REQUESTS: Final = frozenset(
    {uapi.TEE_IOC_OPEN_SESSION, uapi.TEE_IOC_INVOKE, uapi.TEE_IOC_CLOSE_SESSION}
)
_UINT32: Final = 0xFFFFFFFF
_OPCODE_MASK: Final = 0xFFFF
# Services have negative ones, too.
_FIRST_STATUS: Final = -(1 << 31)
_STATUS_AND_RESPONSE: Final = 2


class TrustedService:
    """The base of Trusted Services; one object serves all clients.

    A partition serves one call at a time, in the thread of the client that makes it.

    Attributes:
        uuid: the UUID that clients open sessions with.

    Threads: see above; what several services share they must synchronise.
    """

    uuid: ClassVar[UUID]

    def call(self, opcode: int, request: bytes) -> tuple[int, bytes]:
        """Serve a request, and return the status and the response of the service.

        The client gets EINVAL if the response is longer than its memory, or if this raises an
        exception or returns something else. The OSError names the exception with its file and
        line, and has it as its cause.

        Args:
            opcode: the operation of the service, 16 bits.
            request: the bytes that the client sent.
        """
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class SecurePartition:
    """A secure partition, with a device of its own.

    Attributes:
        endpoint_id: its id in FF-A, 16 bits, by which clients tell partitions apart.
        services: its services; clients open sessions with their UUIDs.
    """

    endpoint_id: int
    services: tuple[TrustedService, ...]

    def __post_init__(self) -> None:
        object.__setattr__(
            self,
            "endpoint_id",
            to_number(self.endpoint_id, "endpoint_id", 0, 0xFFFF, "a number of 16 bits"),
        )
        services: object = self.services
        if not isinstance(services, tuple):
            raise ParameterTypeError(f"services must be a tuple, not {said(services)}")
        for service in services:
            to_instance(service, TrustedService, "each of services", "make it first")


class TsTee(Driver):
    """Trusted Services: a device for each secure partition; sessions need no login.

    It lacks the GlobalPlatform capability, so Context() refuses such a device. It is for tests
    of that, and for programs that make the requests themselves.

    Args:
        partitions: the secure partitions, in the order of their devices.
    """

    def __init__(self, *partitions: SecurePartition) -> None:
        for partition in partitions:
            to_instance(partition, SecurePartition, "each partition", "make it first")
        self._partitions = {TeeDevice(self, _REQUESTS): partition for partition in partitions}
        self._busy = {device: renewed(threading.RLock()) for device in self._partitions}
        self._lock = renewed(threading.RLock())

    def devices(self) -> list[TeeDevice]:
        """Make a device for each partition."""
        return list(self._partitions)

    def version(self, device: TeeDevice) -> tuple[int, int, int]:
        """Return which partition it is."""
        return uapi.TEE_IMPL_ID_TSTEE, self._partitions[device].endpoint_id, 0

    def open_session(
        self,
        context: TeeContext,
        uuid: UUID,
        client_uuid: bytes,
        login: int,
        params: list[Param],
    ) -> Reply:
        """Find a service. Login and parameters are ignored; session numbers start at 0."""
        services = self._partitions[context.device].services
        found = (index for index, service in enumerate(services) if service.uuid == uuid)
        interface = next(found, None)
        if interface is None:
            raise OSError(errno.ENODEV, "there is no such service in this partition")
        with self._lock:
            session = next(n for n in itertools.count() if n not in context.sessions)
            context.sessions[session] = interface
        return Reply(Result.SUCCESS, session=session)

    def invoke(self, context: TeeContext, session: int, func: int, params: list[Param]) -> Reply:
        """Call a service: the first parameter names the memory and the request's length."""
        interface = context.sessions.get(session)
        if interface is None:
            raise OSError(errno.EINVAL, "there is no such session in this context")
        if not params:
            # Linux does not check this, and dereferences a NULL pointer.
            raise OSError(errno.EINVAL, "the request has no parameters")
        number, length = params[0].a & _UINT32, params[0].b & _UINT32
        with self._memory(context, number) as memory:
            room = memory.size if memory is not None else 0
            if length > room:
                raise OSError(errno.EINVAL, "the request is longer than its memory")
            request = memory.read(0, length) if memory is not None else b""
            status, response = self._call(context, interface, func & _OPCODE_MASK, request)
            if len(response) > room:
                raise OSError(errno.EINVAL, "the response is longer than the memory")
            if memory is not None:
                memory.write(0, response)
        if params[0].type.is_output:
            params[0].a = len(response)
        return Reply(status & _UINT32)

    def _memory(
        self, context: TeeContext, number: int
    ) -> AbstractContextManager[SharedMemory | None]:
        """Hold the memory of a request; 0 stands for no memory."""
        return context.core.hold_memory(context, number) if number else nullcontext()

    def _call(
        self, context: TeeContext, interface: int, opcode: int, request: bytes
    ) -> tuple[int, bytes]:
        device = context.device
        try:
            with self._busy[device]:
                service = self._partitions[device].services[interface]
                return _checked(service, call_method(service, service.call, opcode, request))
        except Exception as error:
            what = describe_exception(error)
            raise OSError(errno.EINVAL, f"the service failed: {what}") from error

    def close_session(self, context: TeeContext, session: int) -> None:
        """Forget a session; the service was never told of it."""
        if context.sessions.pop(session, None) is None:
            raise OSError(errno.EINVAL, "there is no such session in this context")


def _checked(service: TrustedService, answer: Any) -> tuple[int, bytes]:
    """Return the answer of a service; TypeError if it is not a status and a response."""
    if isinstance(answer, tuple) and len(answer) == _STATUS_AND_RESPONSE:
        status, response = answer
        is_number = isinstance(status, int) and not isinstance(status, bool)
        is_status = is_number and _FIRST_STATUS <= status <= _UINT32
        if is_status and isinstance(response, bytes | bytearray | memoryview):
            return int(status), bytes_of(response, "a response")
    remedy = "return the status, a number of 32 bits, and the response, such as (0, b'')"
    raise returned_wrongly(service, service.call, answer, remedy)
