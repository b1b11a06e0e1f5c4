# SPDX-License-Identifier: BSD-2-Clause
"""The requests that the core of the kernel checks and passes on to a driver."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Final, TypeAlias
from uuid import UUID

from ...enums import Result
from ...kernels import uapi
from ..structures import Core, TeeContext
from .argument import RequestArgument, read_structure
from .supplicant_argument import ReceiveArgument, read_answer

__all__ = ["DRIVER_REQUESTS"]

# Each returns the exception behind its result, if there is one.
_Handler: TypeAlias = Callable[[Core, TeeContext, int], BaseException | None]

_KERNEL_LOGINS: Final = range(0x80000000, 0xC0000000)


def _open_session(core: Core, context: TeeContext, address: int) -> BaseException | None:
    with RequestArgument(core, context, address, uapi.OPEN_SESSION_ARG) as argument:
        uuid, client_uuid, login, _, session, _, origin, _ = argument.header
        if login in _KERNEL_LOGINS:
            raise OSError(errno.EPERM, "only the kernel itself may use this login")
        reply = context.device.driver.open_session(
            context, UUID(bytes=uuid), client_uuid, login, argument.params
        )
        if reply.session is not None:
            session = reply.session
        if reply.origin is not None:
            origin = reply.origin
        try:
            argument.write_back(
                uapi.OPEN_SESSION_RESULT_OFFSET,
                uapi.OPEN_SESSION_RESULT.pack(session, reply.result, origin),
            )
        except OSError:
            if reply.result == Result.SUCCESS:
                context.device.driver.close_session(context, session)
            raise
    return reply.cause


def _invoke(core: Core, context: TeeContext, address: int) -> BaseException | None:
    argument = RequestArgument(core, context, address, uapi.INVOKE_ARG)
    try:
        func, session, _, _, origin, _ = argument.header
        reply = context.device.driver.invoke(context, session, func, argument.params)
        if reply.origin is not None:
            origin = reply.origin
        result = uapi.INVOKE_RESULT.pack(reply.result, origin)
        argument.write_back(uapi.INVOKE_RESULT_OFFSET, result)
        return reply.cause
    finally:
        argument.put_memory()


def _cancel(core: Core, context: TeeContext, address: int) -> None:
    cancel_id, session = read_structure(uapi.CANCEL_ARG, address)
    context.device.driver.cancel(context, session, cancel_id)


def _close_session(core: Core, context: TeeContext, address: int) -> None:
    (session,) = read_structure(uapi.CLOSE_SESSION_ARG, address)
    context.device.driver.close_session(context, session)


def _object_invoke(core: Core, context: TeeContext, address: int) -> BaseException | None:
    with RequestArgument(core, context, address, uapi.OBJECT_INVOKE_ARG) as argument:
        number, op, result, _ = argument.header
        reply = context.device.driver.object_invoke(context, number, op, argument.params)
        if reply is not None:
            result = reply.result
        packed = uapi.OBJECT_INVOKE_RESULT.pack(result)
        argument.write_back(uapi.OBJECT_INVOKE_RESULT_OFFSET, packed)
    return None if reply is None else reply.cause


def _suppl_recv(core: Core, context: TeeContext, address: int) -> None:
    argument = ReceiveArgument(core, context, address)
    with argument:
        func, params = context.device.driver.suppl_recv(context, argument.params)
        argument.deliver(func, params)


def _suppl_send(core: Core, context: TeeContext, address: int) -> None:
    ret, params = read_answer(core, address)
    context.device.driver.suppl_send(context, ret, params)


DRIVER_REQUESTS: Final[dict[int, _Handler]] = {
    uapi.TEE_IOC_OPEN_SESSION: _open_session,
    uapi.TEE_IOC_INVOKE: _invoke,
    uapi.TEE_IOC_CANCEL: _cancel,
    uapi.TEE_IOC_CLOSE_SESSION: _close_session,
    uapi.TEE_IOC_SUPPL_RECV: _suppl_recv,
    uapi.TEE_IOC_SUPPL_SEND: _suppl_send,
    # Older releases have no driver that serves it.
    uapi.TEE_IOC_OBJECT_INVOKE: _object_invoke,
}
"""The handlers by request, for the devices that serve it."""
