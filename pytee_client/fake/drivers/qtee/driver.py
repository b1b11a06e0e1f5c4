# SPDX-License-Identifier: BSD-2-Clause
"""The driver of Qualcomm's TEE (QTEE), and the objects behind it."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Mapping
from typing import Final

from ...._checks import to_callable, to_count, to_instance, to_uint32
from ...._process import renewed
from ....kernels import uapi
from ....kernels.uapi import ParamType
from ...kernel.release import LinuxRelease
from ...structures import Driver, Param, Reply, TeeContext, TeeDevice
from .client import QteeClient
from .client_objects import MAX_ARGUMENTS, OP_RELEASE, OP_RETAIN, room_of
from .object import QteeObject, QteeResult
from .root import OP_REGISTER_WITH_CREDENTIALS, RootObject
from .transport import Transport, TransportDeadError

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
# Operations of the root object that only the kernel may invoke.
_KERNEL_REQUESTS: Final = frozenset({4, 8, 9})


class Qtee(Driver):
    """Qualcomm's TEE: one device, on which clients invoke objects and serve their own.

    Only some releases of Linux have the driver: Kernel(Qtee(...), release="7.2"). It lacks the
    GlobalPlatform capability, so Context() refuses such a device. It is for tests of that, and
    for programs that make the requests themselves. It models what is known of the driver, and
    was not compared with a real one.

    Args:
        services: the services by number (32 bits). The value makes a QteeObject for a client
            that opens the service, from the credentials of the client (bytes, in CBOR).
        callback_ids: how many objects of clients the QTEE can hold at a time. An invocation
            that would exceed this fails with ENOSPC.

    Threads: may be used from any.
    """

    def __init__(
        self,
        services: Mapping[int, Callable[[bytes], QteeObject]] | None = None,
        *,
        callback_ids: int = 1 << 30,
    ) -> None:
        callback_ids = to_count(callback_ids, "callback_ids")
        if services is not None:
            to_instance(services, Mapping, "services", "such as {1: MyService}")
            for number, make in services.items():
                to_uint32(number, "the number of a service")
                to_callable(make, f"service {number}")
        self._root = RootObject(dict(services or {}))
        self._transport = Transport(callback_ids)
        self._lock = renewed(threading.RLock())
        self._clients: dict[TeeContext, QteeClient] = {}

    @classmethod
    def is_in(cls, release: LinuxRelease) -> bool:
        """Return whether a release of Linux has this driver."""
        return release.has_qtee_driver

    def fail_transport(self, error: int | None) -> None:
        """Let calls into the secure world fail with an errno; None ends this.

        An invocation that has already invoked an object of a client fails with ENODEV instead.
        """
        self._transport.fail(None if error is None else to_count(error, "the error", low=1))

    def devices(self) -> list[TeeDevice]:
        """Make its only device."""
        return [TeeDevice(self, _REQUESTS)]

    def version(self, device: TeeDevice) -> tuple[int, int, int]:
        """Return what the real driver returns."""
        return uapi.TEE_IMPL_ID_QTEE, 0, uapi.TEE_GEN_CAP_OBJREF

    def open_context(self, context: TeeContext) -> None:
        """Add a client, which has only the root object at first."""
        with self._lock:
            self._clients[context] = QteeClient(context, self._transport)

    def close_context(self, context: TeeContext) -> None:
        """End the requests to a client, and release the objects that it has."""
        with self._lock:
            client = self._clients.pop(context)
        client.close()

    def count_pending_requests(self) -> int:
        """Return how many requests to clients have no answer yet."""
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
        """Invoke an object of the context or the root object, or release an object."""
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
        if op in _KERNEL_REQUESTS or _is_registration_of_kernel(op, params):
            raise OSError(errno.EINVAL, "only the kernel may invoke this operation")
        self._root.retain()
        return self._root

    def _invoke(
        self, client: QteeClient, target: QteeObject, op: int, params: list[Param]
    ) -> Reply:
        objects = client.lend_inputs(params)
        if op == OP_RETAIN or op > OP_RELEASE:
            raise OSError(errno.EINVAL, "this operation is reserved")
        if room_of([p.b for p in params if p.type.is_buffer]) > _MAX_BYTES:
            raise OSError(errno.EINVAL, "the buffers exceed the size of a message")
        arguments = client.arguments_of(params, objects)
        self._transport.enter()
        try:
            result, cause = target._serve(op, arguments)
        except TransportDeadError:
            raise OSError(errno.ENODEV, "the secure world can't be reached") from None
        if result == QteeResult.OK:
            try:
                client.fill(params, arguments)
            except OSError:
                result = QteeResult.UNAVAIL
        return Reply(result & _UINT32, cause=cause)

    def suppl_recv(self, context: TeeContext, params: list[Param]) -> tuple[int, list[Param]]:
        """Wait for a request to an object that the program serves."""
        return self._client(context).suppl_recv(params)

    def suppl_send(self, context: TeeContext, ret: int, params: list[Param]) -> None:
        """Accept the answer to a request."""
        self._client(context).suppl_send(ret, params)


def _check_params(params: list[Param]) -> None:
    if len(params) > _MAX_PARAMS or any(p.meta or p.type not in _KINDS for p in params):
        raise OSError(errno.EINVAL, "too many parameters, or a type that objects do not take")
    if any(sum(p.type is kind for p in params) > MAX_ARGUMENTS for kind in _KINDS):
        raise OSError(errno.EINVAL, "too many parameters of a kind")


def _is_registration_of_kernel(op: int, params: list[Param]) -> bool:
    """Return whether a registration has no credentials, as only that of the kernel may."""
    return (
        op == OP_REGISTER_WITH_CREDENTIALS
        and [p.type for p in params] == [ParamType.OBJREF_INPUT, ParamType.OBJREF_OUTPUT]
        and params[0].a == uapi.TEE_OBJREF_NULL
    )
