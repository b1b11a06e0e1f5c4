# SPDX-License-Identifier: BSD-2-Clause
"""The exception for a call that failed."""

from __future__ import annotations

from enum import Enum

from .._panics import for_panic
from .._remedies import for_memory, for_null_memrefs
from .._results import error_of
from ..enums import Origin, Result
from .description import describe_parameters, describe_shortage, null_slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enum import IntEnum

    from .._boundary import NativeContext
    from .._teec_error import TeecError
    from .call import Call


def failure(
    context: NativeContext, call: Call, doing: str, results: type[IntEnum] | None
) -> TeecError:
    """Make the exception for a call that failed, with its outputs.

    Its cause is that of the kernel, if that is one in Python.
    """
    code, origin, errno = call.result, call.origin, call.error
    # As the C library decides what it fetches: a driver may leave the origin unset.
    came_back = code == Result.SHORT_BUFFER or origin not in (Origin.API, Origin.COMMS)
    # A program that keeps the error must not keep the memory in use.
    outputs = call.copied_outputs() if came_back else ()
    cause, call.cause = call.cause, None
    if cause is None and context.kernel is not None:
        cause = context.kernel.take_cause()
    sent = describe_parameters(call)
    remedy = details = None
    if origin == Origin.API:
        # It was not sent: what failed are the copies of its memory, or the library refused it.
        if errno:
            details = f"it was to send {sent}"
            remedy = for_memory(code, errno, context.registers_memory)
        elif code == Result.NOT_SUPPORTED:
            remedy = for_null_memrefs(null_slots(call))
    elif code == Result.BAD_PARAMETERS:
        details = f"it was sent {sent}"
    elif code == Result.SHORT_BUFFER:
        details = describe_shortage(call) or f"it was sent {sent}"
    elif code == Result.TARGET_DEAD and cause is not None:
        remedy = for_panic(cause)
    error = error_of(
        code,
        origin,
        errno,
        doing,
        remedy=remedy,
        outputs=outputs,
        results=results,
        sent=sent,
        details=details,
        may_have_run=origin != Origin.API,
    )
    error.__cause__ = cause
    return error


def name_of_command(command: object, number: int) -> str:
    """Return a command as texts have it: its number, and its name if it has one."""
    name = command.name if isinstance(command, Enum) else None
    return f"{number} ({name})" if name else str(number)
