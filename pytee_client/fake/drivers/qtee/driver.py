# SPDX-License-Identifier: BSD-2-Clause
"""The driver of Qualcomm's TEE (QTEE), and the objects behind it."""

from __future__ import annotations

import errno
import threading
from typing import TYPE_CHECKING, Final

from ....kernels import uapi
from ....kernels.uapi import ParamType
from ...structures import Driver, Reply, TeeDevice
from .client import QteeClient
from .client_objects import MAX_ARGUMENTS, OP_RELEASE, OP_RETAIN, room_of
from .object import QteeResult
from .root import OP_REGISTER_WITH_CREDENTIALS, RootObject
from .transport import Transport, TransportDeadError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...kernel.release import LinuxRelease
    from ...structures import Param, TeeContext
    from .object import QteeObject

__all__ = ["Qtee"]

_REQUESTS: Final = frozenset(
    {uapi.TEE_IOC_OBJECT_INVOKE, uapi.TEE_IOC_SUPPL_RECV, uapi.TEE_IOC_SUPPL_SEND}
)
_KINDS: Final = (
    ParamType.UBUF_INPUT,
    ParamType.UBUF_OUTPUT,
    ParamType.OBJREF_INPUT,
    ParamType.OBJREF_OUTPUT,
)
_MAX_PARAMS: Final = 64
_MAX_BYTES: Final = 4 << 20
_UINT32: Final = 0xFFFFFFFF
# Operations of the root object that are the kernel's own.
_KERNEL_REQUESTS: Final = frozenset({4, 8, 9})


class Qtee(Driver):
    """Qualcomm's TEE: one device, on which clients invoke objects and serve their own.

    Not every release of Linux has it: fake.Kernel(fake.qtee.Qtee(...), release="7.2").
    It has not the GlobalPlatform capability: Context() does not take such a device, and
    what is here serves to test that, and programs that make the requests themselves. It
    was written from what is known of the driver, and compared with no real one.

    Args:
        services: the services, by the number (32 bits) that clients open them with: what
            makes a QteeObject for a client, given the client's credentials (bytes, in CBOR).
        callback_ids: how many objects of clients' the QTEE may hold at a time; an invocation
            that would pass more fails with ENOSPC.

    Threads: may be used from any.
    """

    def __init__(
        self,
        services: Mapping[int, Callable[[bytes], QteeObject]] | None = None,
        *,
        callback_ids: int = 1 << 30,
    ) -> None:
        self._root = RootObject(dict(services or {}))
        self._transport = Transport(callback_ids)
        self._lock = threading.RLock()
        self._clients: dict[TeeContext, QteeClient] = {}

    @classmethod
    def is_in(cls, release: LinuxRelease) -> bool:
        """Return whether a release of Linux has this driver."""
        return release.has_qtee_driver

    def fail_transport(self, error: int | None) -> None:
        """Have the calls into the secure world fail with an errno, or none any longer.

        An invocation that a call fails for after an object of a client's was invoked from
        it fails with ENODEV instead.
        """
        self._transport.fail(error)

    def devices(self) -> list[TeeDevice]:
        """Make its only one."""
        return [TeeDevice(self, _REQUESTS)]

    def version(self, device: TeeDevice) -> tuple[int, int, int]:
        """Say what the driver says."""
        return uapi.TEE_IMPL_ID_QTEE, 0, uapi.TEE_GEN_CAP_OBJREF

    def open_context(self, context: TeeContext) -> None:
        """Begin with a client that knows no object but the root."""
        with self._lock:
            self._clients[context] = QteeClient(context, self._transport)

    def close_context(self, context: TeeContext) -> None:
        """End the requests to a client, and release the objects that it knows."""
        with self._lock:
            client = self._clients.pop(context)
        client.close()

    def count_pending_requests(self) -> int:
        """Return how many requests to clients wait for their answer."""
        with self._lock:
            return sum(client.pending for client in self._clients.values())

    def _client(self, context: TeeContext) -> QteeClient:
        with self._lock:
            client = self._clients.get(context)
        if client is None:
            raise OSError(errno.EBADF, "the device is closed")
        return client

    def object_invoke(
        self, context: TeeContext, number: int, op: int, params: list[Param]
    ) -> Reply | None:
        """Invoke an object of the context's, or the root object, or release one."""
        _check_params(params)
        client = self._client(context)
        if op == OP_RELEASE:
            client.drop(number)
            return None
        with self._transport.lending():
            target = self._target(client, number, op, params)
            self._transport.lend(target)
            return self._invoke(client, target, op, params)

    def _target(self, client: QteeClient, number: int, op: int, params: list[Param]) -> QteeObject:
        if number != uapi.TEE_OBJREF_NULL:
            return client.find(number)
        if op in _KERNEL_REQUESTS or _is_the_kernels_registration(op, params):
            raise OSError(errno.EINVAL, "an operation of the kernel's own")
        self._root.retain()
        return self._root

    def _invoke(
        self, client: QteeClient, target: QteeObject, op: int, params: list[Param]
    ) -> Reply:
        objects = client.take_inputs(params)
        if op == OP_RETAIN or op > OP_RELEASE:
            raise OSError(errno.EINVAL, "a reserved operation")
        if room_of([p.b for p in params if p.type.is_buffer]) > _MAX_BYTES:
            raise OSError(errno.EINVAL, "more bytes than a message has room for")
        arguments = client.arguments_of(params, objects)
        self._transport.enter()
        try:
            result, cause = target._serve(op, arguments)
        except TransportDeadError:
            raise OSError(errno.ENODEV, "the secure world is out of reach") from None
        if result == QteeResult.OK:
            try:
                client.fill(params, arguments)
            except OSError:
                result = QteeResult.UNAVAIL
        return Reply(result & _UINT32, cause=cause)

    def suppl_recv(self, context: TeeContext, params: list[Param]) -> tuple[int, list[Param]]:
        """Wait for a request to an object that the context's program serves."""
        return self._client(context).suppl_recv(params)

    def suppl_send(self, context: TeeContext, ret: int, params: list[Param]) -> None:
        """Take the answer to such a request."""
        self._client(context).suppl_send(ret, params)


def _check_params(params: list[Param]) -> None:
    if len(params) > _MAX_PARAMS or any(p.meta or p.type not in _KINDS for p in params):
        raise OSError(errno.EINVAL, "not parameters of an object")
    if any(sum(p.type is kind for p in params) > MAX_ARGUMENTS for kind in _KINDS):
        raise OSError(errno.EINVAL, "too many parameters of a kind")


def _is_the_kernels_registration(op: int, params: list[Param]) -> bool:
    """Return whether a registration is without credentials, by which QTEE knows the kernel."""
    return (
        op == OP_REGISTER_WITH_CREDENTIALS
        and [p.type for p in params] == [ParamType.OBJREF_INPUT, ParamType.OBJREF_OUTPUT]
        and params[0].a == uapi.TEE_OBJREF_NULL
    )
