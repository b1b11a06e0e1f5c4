# SPDX-License-Identifier: BSD-2-Clause
"""Contexts and sessions of the C library on the stand-in."""

from __future__ import annotations

from typing import Any

from .. import c_library as c
from .device import StandIn


def opened(device: StandIn) -> tuple[Any, Any]:
    """Open a context and a session in it."""
    context, session = c.new_context(), c.new_session()
    assert c.context_initialize(context, None, device.path) == 0
    assert c.open_session(context, session).code == 0
    return context, session


def end(context: Any, *sessions: Any) -> None:
    """End sessions and their context."""
    for session in sessions:
        c.lib.TEEC_CloseSession(session)
    c.lib.TEEC_FinalizeContext(context)


def send(session: Any, content: bytes = b"abc") -> None:
    """Have a command turn round the bits of some content."""
    buffer = c.ffi.new("char[]", content)
    operation = c.operation((c.Kind.TEMP_INOUT, (buffer, len(content))))
    assert c.invoke(session, 0, operation).code == 0
    assert bytes(c.ffi.buffer(buffer))[:-1] == bytes(255 - octet for octet in content)
