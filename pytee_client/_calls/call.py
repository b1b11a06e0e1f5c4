# SPDX-License-Identifier: BSD-2-Clause
"""A call: what its parameters keep alive, and how its outputs are read."""

from __future__ import annotations

from .._boundary import plain_data
from .._boundary.call import NativeCall, pin_bytes, release, set_limit, set_no_limit
from .._closable import closed_memory
from .._outputs import Output, Outputs, RequiredSize, Value
from .._stand_ins import Buffer
from ..enums import Origin, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, TypeAlias

    from .._block_index import BlockIndex
    from .._boundary import NativeSession, NativeSharedMemory
    from .._boundary.call import Limit

    # How an output is read: its slot, how many bytes there is room for, and what cuts its source
    # to the size that came back. Not a named tuple, which takes ten times as long to make. A lone
    # number is the slot of two numbers.
    Reading: TypeAlias = tuple[int, int, Callable[[Any, int], Output], object]

# What no call has as its limit.
_CHANGES: Final = (-1, -1)
# Makes a named tuple of a tuple in half the time that its class takes for two numbers.
new_tuple: Final = tuple.__new__


class Call(NativeCall):
    """One call at a time, with the memory of its parameters, and how to read its outputs.

    A call that was given up is not used again: it keeps its memory until it comes back.

    Attributes:
        given_command: what command_id was, for the error of a call that failed.
        limit: within what it is made, if a worker makes it for somebody who waits.
        session: the session that its commands go to, or that it opens. It keeps it: the call may
            run on when nobody has the session any more.
        told: what is to be called when it comes back, if it was submitted.
        finds_blocks: whether memory that lies in a block is set as a part of the block. Not in
            a call that keeps its parameters: the block may be closed in between.
    """

    __slots__ = (
        "_found",
        "_is_back",
        "_kept",
        "_outputs",
        "_pins",
        "finds_blocks",
        "given_command",
        "limit",
        "session",
        "told",
    )

    def __init__(self, *, cancellable: bool = False) -> None:
        """Start idle."""
        super().__init__(cancellable=cancellable)
        self.given_command: object = None
        self.limit: Limit | None = None
        self.session: NativeSession | None = None
        self.told: Callable[[Call], None] | None = None
        self.finds_blocks: bool = True
        self._is_back = False
        self._found: list[object] = []
        self._kept: list[NativeSharedMemory] = []
        self._pins: list[Any] = []
        self._outputs: list[Reading | int] = []

    def outputs(self) -> Outputs:
        """Return what came back, in slot order."""
        found: list[Output] = []
        for output in self._outputs:
            if isinstance(output, int):
                found.append(new_tuple(Value, self.value(output)))
            else:
                index, capacity, cut, source = output
                size = self.size(index)
                found.append(cut(source, size) if size <= capacity else RequiredSize(size))
        return tuple(found)

    def copied_outputs(self) -> Outputs:
        """Return what came back, without keeping the memory in use that it came back in."""
        return tuple(
            bytes(output) if isinstance(output, memoryview) else output for output in self.outputs()
        )

    def capacities(self) -> dict[int, int]:
        """Return how many bytes there was room for, by the slots of outputs that are memory."""
        return {output[0]: output[1] for output in self._outputs if isinstance(output, tuple)}

    @property
    def runs_on(self) -> bool:
        """Whether it is with the TEE, and nobody waits for it any more."""
        return self.is_given_up and not self._is_back

    def clear(self) -> None:
        """Release all memory, which else the frames of an error would keep in use.

        Nothing happens while it runs without anybody who waits for it.
        """
        if self.runs_on:
            return
        self._outputs.clear()
        if self._pins:
            for memory in self._pins:
                if isinstance(memory, memoryview):
                    memory.release()
                else:
                    release(memory)
            self._pins.clear()
        if self._kept:
            for block in self._kept:
                # Its last call has to give up what it was closed with.
                if block.is_closed:
                    block.unpin()
            self._kept.clear()
            self._found.clear()

    def let_go(self, memory: Any) -> None:
        """Release memory that was pinned for it alone, or keep it until it comes back."""
        if self.is_given_up:
            self._pins.append(memory)
            self.clear()
        else:
            release(memory)

    def keep_used(self, block: NativeSharedMemory, view: memoryview) -> None:
        """Keep a block until it comes back, with a view of it, if it was given up."""
        if self.is_given_up:
            self._kept.append(block)
            self._pins.append(view)
            self.clear()
        else:
            view.release()

    def within(self, limit: Limit | None) -> None:
        """Have a worker make it, for somebody who waits within a limit, if there is one."""
        if self.limit is not limit:
            # An interrupt may come in between.
            self.limit = _CHANGES
            if limit is None:
                set_no_limit(self.struct)
            else:
                set_limit(self.struct, *limit)
            self.limit = limit

    def _come_back(self, is_given_up: bool) -> None:
        if is_given_up:
            self.is_given_up = True
            # Whoever gives it memory from here on clears it then.
            self._is_back = True
        session, told, self.told = self.session, self.told, None
        try:
            if told is not None:
                told(self)
        finally:
            # Nobody else does.
            if is_given_up:
                self.clear()
                self.leave_session()
            if session is not None and session.when_idle is not None:
                session.when_idle()

    def pin(self, buffer: Buffer, index: int, writable: bool) -> Any:
        """Check a buffer, keep it where it is until clear(), and return its memory."""
        return self.hold(plain_data(buffer, index, writable))

    def hold(self, buffer: Buffer) -> Any:
        """Keep plain data where it is until clear(), and return its memory."""
        memory = pin_bytes(buffer)
        self._pins.append(memory)
        return memory

    def keep_alive(self, block: NativeSharedMemory) -> None:
        """Keep a block until clear()."""
        self._kept.append(block)

    def note_found(self, block: object) -> None:
        """Note that memory was found in a block."""
        self._found.append(block)

    def lost_block(self, blocks: BlockIndex) -> bool:
        """Return whether it did not begin as a block is closed that memory was found in."""
        # The result of a call that was given up is not yet there.
        could_not_begin = (
            not self.outcome and self.result == Result.BAD_STATE and self.origin == Origin.API
        )
        return could_not_begin and not all(block in blocks for block in self._found)

    def check_blocks(self) -> None:
        """Raise ClosedSharedMemoryError if a block that it keeps is closed."""
        if any(block.refuses_calls for block in self._kept):
            raise closed_memory()

    def expect_value(self, index: int) -> None:
        """Note that a slot comes back as two numbers."""
        self._outputs.append(index)

    def expect_memory(
        self, index: int, capacity: int, cut: Callable[[Any, int], Output], source: object
    ) -> None:
        """Note that a slot comes back as the part of a source that the size in the slot says."""
        self._outputs.append((index, capacity, cut, source))
