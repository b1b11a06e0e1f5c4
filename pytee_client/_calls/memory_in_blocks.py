# SPDX-License-Identifier: BSD-2-Clause
"""Memory of the caller's that lies in a block: it needs no copy."""

from __future__ import annotations

from .._boundary import address_of_memory
from .._stand_ins import Buffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._boundary import NativeContext
    from .call import Call

__all__ = ["may_lie_in_block", "set_in_block"]


def may_lie_in_block(context: NativeContext, buffer: Buffer) -> bool:
    """Return whether it is worth looking for the block that a buffer lies in."""
    blocks = context.blocks
    return bool(blocks.registered if type(buffer) is bytearray else blocks.places)


def set_in_block(
    call: Call, context: NativeContext, index: int, memory: Any, size: int, directions: int
) -> bool:
    """Set memory as a part of the block that it lies in.

    Return False if it lies in none, or this use is not allowed: then it must be copied.
    """
    if not (call.finds_blocks and size):
        return False
    found = context.blocks.find(address_of_memory(memory), size, directions)
    if found is None:
        return False
    block, offset = found
    # Another thread may close it from now on: then the call does not begin, and is made anew.
    call.note_found(block)
    call.keep_alive(block._native)
    call.set_part(index, block._native, offset, size)
    return True
