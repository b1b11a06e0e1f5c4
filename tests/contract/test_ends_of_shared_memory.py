# SPDX-License-Identifier: BSD-2-Clause
"""What closing a block ends, and what it leaves."""

from __future__ import annotations

import ctypes
import gc
import operator
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee

from ..support.conformance import Command, xored
from ..support.outputs import output_as
from ..support.targets import Target

if TYPE_CHECKING:
    from collections.abc import Callable


def is_mapped(address: int) -> bool:
    """Return whether a mapping of this process begins at or before an address and reaches it."""
    with open("/proc/self/maps") as maps:
        ranges = [line.split()[0].split("-") for line in maps]
    return any(int(start, 16) <= address < int(end, 16) for start, end in ranges)


def test_views_of_a_block_outlive_it(session: tee.Session) -> None:
    context = session.context
    block = context.allocate_shared_memory(5000)
    block[:3] = b"abc"
    view, array = memoryview(block), (ctypes.c_uint8 * 5000).from_buffer(block)
    session.invoke_command(Command.MEMREF_XOR, block)
    block.close()
    assert block.closed
    assert bytes(view[:3]) == bytes(array[:3]) == xored(0, b"abc")
    view[:4] = b"view"
    assert bytes(array[:4]) == b"view"
    # What is shared now has nothing to do with it.
    with context.allocate_shared_memory(5000) as other:
        session.invoke_command(Command.MEMREF_FILL, tee.MemrefPartialOutput(other))
    assert bytes(view[:5]) == b"view" + xored(0, bytes(1))


def test_what_came_back_in_a_block_can_be_returned_out_of_its_with(session: tee.Session) -> None:
    def answer() -> bytes:
        with session.context.allocate_shared_memory(10) as block:
            block[:] = b"0123456789"
            (view,) = session.invoke_command(Command.MEMREF_XOR, block)
            with output_as(memoryview, view) as view:
                return bytes(view)

    def view_of_answer() -> Any:
        with session.context.allocate_shared_memory(10) as block:
            block[:] = b"0123456789"
            return session.invoke_command(Command.MEMREF_XOR, block)[0]

    assert answer() == view_of_answer() == xored(0, b"0123456789")


def test_closing_a_context_closes_its_blocks_though_views_live(target: Target) -> None:
    context = target.open_context()
    block = context.allocate_shared_memory(10)
    view = memoryview(block)
    context.close()
    assert context.closed
    assert block.closed
    view[:3] = b"abc"
    assert bytes(view) == b"abc" + bytes(7)


def test_the_pages_of_a_closed_block_go_with_the_last_view(context: tee.Context) -> None:
    block = context.allocate_shared_memory(3 << 20)
    view = memoryview(block)
    part = view[1 << 20 :]
    address = ctypes.addressof(ctypes.c_char.from_buffer(block))
    gc.collect()
    block.close()
    view.release()
    assert is_mapped(address)
    part.release()
    assert not is_mapped(address)
    # It is still there, and closed.
    assert block.closed


USES_OF_BYTES: list[Callable[[Any], object]] = [
    lambda block: block[0],
    lambda block: block[1:2],
    lambda block: operator.setitem(block, 0, 1),
    lambda block: operator.delitem(block, 0),
    lambda block: 1 in block,
    list,
    bytes,
    memoryview,
    len,
    lambda block: block.find(b"a"),
    lambda block: block.rfind(b"a"),
    lambda block: block.read(1),
    lambda block: block.read_byte(),
    lambda block: block.readline(),
    lambda block: block.write(b"a"),
    lambda block: block.write_byte(1),
    lambda block: block.seek(0),
    lambda block: block.tell(),
    lambda block: block.size(),
    lambda block: block.flush(),
    lambda block: block.move(0, 1, 1),
    lambda block: block.resize(1),
]


@pytest.mark.parametrize("is_viewed", [False, True])
def test_a_closed_block_says_so_whatever_its_bytes_are_used_for(
    context: tee.Context, is_viewed: bool
) -> None:
    block = context.allocate_shared_memory(10)
    view = memoryview(block) if is_viewed else None
    block.close()
    for use in USES_OF_BYTES:
        with pytest.raises(tee.ClosedSharedMemoryError, match="allocate a new block"):
            use(block)
    assert view is None or bytes(view) == bytes(10)


def test_a_closed_block_is_still_what_it_was(context: tee.Context) -> None:
    block = context.allocate_shared_memory(10)
    block.close()
    assert isinstance(block, tee.AllocatedSharedMemory)
    assert repr(block) == "<AllocatedSharedMemory, closed>"
    assert block.context is context
