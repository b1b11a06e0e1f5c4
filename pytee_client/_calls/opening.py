# SPDX-License-Identifier: BSD-2-Clause
"""The call that opens a session, and the exception for a call that failed."""

from __future__ import annotations

from .._boundary import NativeSession
from .._remedies import for_memory
from .._results import error_of
from ..enums import Origin
from .slots import set_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from enum import IntEnum
    from uuid import UUID

    from .._boundary import NativeContext
    from .._outputs import Outputs
    from .._teec_error import TeecError
    from .call import Call


def open_session(
    context: NativeContext,
    destination: UUID,
    login: int,
    gid: int | None,
    parameters: Sequence[object],
    call: Call,
    results: type[IntEnum] | None,
) -> tuple[NativeSession, Outputs]:
    """Open a session and return it with the outputs of its opening."""
    session = NativeSession(context)
    try:
        if session.open(destination, login, gid, call, set_parameters(call, context, parameters)):
            return session, call.outputs()
        raise failure(context, call, f"opening a session with {destination}", results)
    finally:
        call.clear()


def failure(
    context: NativeContext, call: Call, doing: str, results: type[IntEnum] | None
) -> TeecError:
    """Make the exception for a call that failed, with its outputs.

    Its cause is that of the kernel, if that is one in Python.
    """
    origin = call.origin
    # A program that keeps the error must not keep the memory in use.
    came_back = origin in (Origin.TEE, Origin.TRUSTED_APP)
    outputs = call.copied_outputs() if came_back else ()
    # The API itself fails only because there is no memory for its copies.
    is_memory = origin == Origin.API
    remedy = for_memory(call.result, call.error, context.registers_memory) if is_memory else None
    error = error_of(
        call.result, origin, call.error, doing, remedy=remedy, outputs=outputs, results=results
    )
    error.__cause__ = context.kernel.take_cause() if context.kernel is not None else None
    return error
