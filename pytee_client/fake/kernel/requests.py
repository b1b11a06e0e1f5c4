# SPDX-License-Identifier: BSD-2-Clause
"""The requests that the kernel's core passes on to a driver, and what it checks before."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

from ...enums import Result
from ...kernels import uapi
from .argument import Call, read
from .supplicant_argument import Reception, read_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..structures import TeeContext
    from .argument import MemoryTable

__all__ = ["OPERATIONS"]

# Each returns the exception behind its result, if there is one.
_Operation: TypeAlias = "Callable[[MemoryTable, TeeContext, int], BaseException | None]"

_KERNEL_LOGINS: Final = range(0x80000000, 0xC0000000)


def _open_session(
    memory_table: MemoryTable, context: TeeContext, argument: int
) -> BaseException | None:
    with Call(memory_table, context, argument, uapi.OPEN_SESSION_ARG) as call:
        uuid, client_uuid, login, _, session, _, origin, _ = call.header
        if login in _KERNEL_LOGINS:
            raise OSError(errno.EPERM, "a login of the kernel's own")
        reply = context.device.driver.open_session(
            context, UUID(bytes=uuid), client_uuid, login, call.params
        )
        if reply.session is not None:
            session = reply.session
        if reply.origin is not None:
            origin = reply.origin
        try:
            call.write_back(
                uapi.OPEN_SESSION_RESULT_OFFSET,
                uapi.OPEN_SESSION_RESULT.pack(session, reply.result, origin),
            )
        except OSError:
            if reply.result == Result.SUCCESS:
                context.device.driver.close_session(context, session)
            raise
    return reply.cause


def _invoke(memory_table: MemoryTable, context: TeeContext, argument: int) -> BaseException | None:
    call = Call(memory_table, context, argument, uapi.INVOKE_ARG)
    try:
        func, session, _, _, origin, _ = call.header
        reply = context.device.driver.invoke(context, session, func, call.params)
        if reply.origin is not None:
            origin = reply.origin
        call.write_back(uapi.INVOKE_RESULT_OFFSET, uapi.INVOKE_RESULT.pack(reply.result, origin))
        return reply.cause
    finally:
        call.put()


def _cancel(memory_table: MemoryTable, context: TeeContext, argument: int) -> None:
    cancel_id, session = read(uapi.CANCEL_ARG, argument)
    context.device.driver.cancel(context, session, cancel_id)


def _close_session(memory_table: MemoryTable, context: TeeContext, argument: int) -> None:
    (session,) = read(uapi.CLOSE_SESSION_ARG, argument)
    context.device.driver.close_session(context, session)


def _object_invoke(
    memory_table: MemoryTable, context: TeeContext, argument: int
) -> BaseException | None:
    with Call(memory_table, context, argument, uapi.OBJECT_INVOKE_ARG) as call:
        number, op, result, _ = call.header
        reply = context.device.driver.object_invoke(context, number, op, call.params)
        if reply is not None:
            result = reply.result
        call.write_back(uapi.OBJECT_INVOKE_RESULT_OFFSET, uapi.OBJECT_INVOKE_RESULT.pack(result))
    return None if reply is None else reply.cause


def _suppl_recv(memory_table: MemoryTable, context: TeeContext, argument: int) -> None:
    reception = Reception(memory_table, context, argument)
    with reception:
        func, params = context.device.driver.suppl_recv(context, reception.params)
        reception.deliver(func, params)


def _suppl_send(memory_table: MemoryTable, context: TeeContext, argument: int) -> None:
    ret, params = read_answer(memory_table, argument)
    context.device.driver.suppl_send(context, ret, params)


OPERATIONS: Final[dict[int, _Operation]] = {
    uapi.TEE_IOC_OPEN_SESSION: _open_session,
    uapi.TEE_IOC_INVOKE: _invoke,
    uapi.TEE_IOC_CANCEL: _cancel,
    uapi.TEE_IOC_CLOSE_SESSION: _close_session,
    uapi.TEE_IOC_SUPPL_RECV: _suppl_recv,
    uapi.TEE_IOC_SUPPL_SEND: _suppl_send,
    # No driver of earlier kernels has it.
    uapi.TEE_IOC_OBJECT_INVOKE: _object_invoke,
}
"""By request, for devices that have it among their operations."""
