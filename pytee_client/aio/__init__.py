# SPDX-License-Identifier: BSD-2-Clause
"""The same API for asyncio: what may wait for the TEE is awaited, and never blocks the loop.

from pytee_client import ValueInOut, aio

async with aio.Context() as context, await context.open_session(uuid) as session:
    (value,) = await session.invoke_command(0, ValueInOut(1, 0), timeout=5)
"""

from __future__ import annotations

from .context import Context
from .memory import AllocatedSharedMemory, DescriptorSharedMemory, RegisteredSharedMemory
from .operation import Operation
from .prepared import PreparedCommand
from .session import Session
from .session_pool import PooledSession, SessionPool

__all__ = [
    "AllocatedSharedMemory",
    "Context",
    "DescriptorSharedMemory",
    "Operation",
    "PooledSession",
    "PreparedCommand",
    "RegisteredSharedMemory",
    "Session",
    "SessionPool",
]
