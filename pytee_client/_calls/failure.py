# SPDX-License-Identifier: BSD-2-Clause
"""The exception for a call that failed."""

from __future__ import annotations

from .._remedies import for_memory
from .._results import error_of
from ..enums import Origin, Result

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
    origin = call.origin
    # As the C library decides what it fetches: a driver may leave the origin unset.
    came_back = call.result == Result.SHORT_BUFFER or origin not in (Origin.API, Origin.COMMS)
    # A program that keeps the error must not keep the memory in use.
    outputs = call.copied_outputs() if came_back else ()
    # The API itself fails only because there is no memory for its copies.
    is_memory = origin == Origin.API
    remedy = for_memory(call.result, call.error, context.registers_memory) if is_memory else None
    cause = context.kernel.take_cause() if context.kernel is not None else None
    if cause is not None and call.result == Result.TARGET_DEAD:
        from .._panics import for_panic

        remedy = for_panic(cause)
    error = error_of(
        call.result, origin, call.error, doing, remedy=remedy, outputs=outputs, results=results
    )
    error.__cause__ = cause
    return error
