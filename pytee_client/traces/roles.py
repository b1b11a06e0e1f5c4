# SPDX-License-Identifier: BSD-2-Clause
"""The roles in a trace: what each file and each session does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..kernels import SystemCall
from .description import Description
from .errors import TraceFormatError
from .record import Record

__all__ = ["BlockRole", "Role", "block_kind", "key_of", "read_roles"]

# The numbers of files, sessions and mappings say whose call it is. They differ between runs.
_NUMBERS: Final = ("file", "session", "mapping")
_UINT32: Final = 0xFFFFFFFF


@dataclass(slots=True, eq=False)
class BlockRole:
    """A block of shared memory of a trace.

    Attributes:
        opening: the call that makes it.
        later: the calls that map it, unmap it, and close it, in order.
    """

    opening: Record
    later: list[Record] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Role:
    """What a file of a device or a session does in a trace.

    The whole trace is a role too: it opens the files.

    Attributes:
        opening: OPEN or OPEN_SESSION; None for the whole trace.
        calls: the other calls, in order: INVOKE and CANCEL of a session; for a file what belongs
            to none of its sessions and blocks.
        keyed: these calls by key, in order.
        required: how many of these calls have a key, without the optional ones.
        threads: the threads that make these calls.
        closing: CLOSE or CLOSE_SESSION; None if the trace does not have it.
        roles: what opens in it, in order: files, or sessions.
        cancels: the CANCELs among these calls.
        blocks: its blocks of memory, in order.
        keyed_blocks: these blocks by the key of their opening, in order.
    """

    opening: Record | None = None
    calls: list[Record] = field(default_factory=list)
    keyed: dict[str, list[Record]] = field(default_factory=dict)
    required: Counter[str] = field(default_factory=Counter)
    threads: set[int] = field(default_factory=set)
    closing: Record | None = None
    roles: list[Role] = field(default_factory=list)
    cancels: list[Record] = field(default_factory=list)
    blocks: list[BlockRole] = field(default_factory=list)
    keyed_blocks: dict[str, list[BlockRole]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Add a call."""
        record.index = len(self.calls)
        self.calls.append(record)
        self.keyed.setdefault(record.key, []).append(record)
        if record.call is SystemCall.CANCEL:
            self.cancels.append(record)
        if not record.is_optional:
            self.required[record.key] += 1
            self.threads.add(record.thread)

    def add_block(self, block: BlockRole) -> None:
        """Add a block of memory."""
        self.blocks.append(block)
        self.keyed_blocks.setdefault(block.opening.key, []).append(block)


def key_of(
    call: SystemCall, asked: Description, kind_of: Callable[[int], str], *, with_data: bool
) -> str:
    """Return what equal calls of a role have in common.

    Blocks of memory have other numbers in each run when threads share them out. So a memory
    reference is known by what kind of block it refers to; kind_of returns that.
    """
    fields = {name: value for name, value in asked.items() if name not in _NUMBERS}
    if "params" in fields:
        params = [dict(param) for param in fields["params"]]
        for param in params:
            if not with_data:
                param.pop("data", None)
            if "MEMREF" in param["attr"] and "c" in param:
                param["c"] = kind_of(param["c"])
        fields["params"] = params
    return json.dumps([call.name, fields], sort_keys=True)


def block_kind(call: SystemCall, asked: Description) -> str:
    """Return what blocks have in common that are made by equal calls."""
    return key_of(call, asked, str, with_data=False)


def read_roles(records: list[Record], name: str, *, with_data: bool) -> Role:
    """Find the roles of a trace, give each record its key, and return the role of the whole.

    Raises:
        TraceFormatError: the trace makes no sense.
    """
    reader = _Reader(with_data)
    moments = [(record.began, False, record) for record in records]
    moments += [(record.ended, True, record) for record in records]
    for _, is_end, record in sorted(moments, key=lambda moment: moment[:2]):
        try:
            if not is_end:
                reader.begin(record)
            elif not record.error:
                reader.end(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TraceFormatError(f"{name}, line {record.line}: makes no sense") from error
    return reader.trace


class _Reader:
    """Finds the role of each call, by the numbers that are in use when it begins."""

    def __init__(self, with_data: bool) -> None:
        self.trace = Role()
        self._with_data = with_data
        self._opened: dict[int, Role] = {}
        self._made: dict[int, BlockRole] = {}
        self._files: dict[int, Role] = {}
        self._sessions: dict[tuple[int, int], Role] = {}
        self._kinds: dict[tuple[int, int], str] = {}
        self._blocks: dict[int, BlockRole] = {}
        self._mappings: dict[int, BlockRole] = {}

    def begin(self, record: Record) -> None:
        call, asked = record.call, record.asked
        number = asked.get("file", 0)
        file = self._files.get(number, self.trace)
        record.key = key_of(
            call,
            asked,
            lambda block: self._kinds.get((number, block & _UINT32), str(block)),
            with_data=self._with_data,
        )
        session = self._sessions.get((number, asked.get("session", 0)))
        block = self._mappings if call is SystemCall.MUNMAP else self._blocks
        owner = block.get(asked.get("mapping" if call is SystemCall.MUNMAP else "file", 0))
        if owner is not None:
            owner.later.append(record)
        elif call in (SystemCall.OPEN, SystemCall.OPEN_SESSION):
            role = self._opened[record.began] = Role(record)
            file.roles.append(role)
        elif call.creates_memory:
            made = self._made[record.began] = BlockRole(record)
            file.add_block(made)
        elif call is SystemCall.CLOSE and file is not self.trace:
            file.closing = record
        elif call is SystemCall.CLOSE_SESSION and session is not None:
            session.closing = record
            del self._sessions[number, asked["session"]]
        elif session is not None:
            session.add(record)
        else:
            file.add(record)

    def end(self, record: Record) -> None:
        call, answered = record.call, record.answered
        number = record.asked.get("file", 0)
        if call is SystemCall.OPEN:
            self._files[answered["file"]] = self._opened[record.began]
        elif call is SystemCall.OPEN_SESSION and not answered.get("ret", 0):
            self._sessions[number, answered["session"]] = self._opened[record.began]
        elif call.creates_memory:
            self._blocks[answered["file"]] = self._made[record.began]
            self._kinds[number, answered["id"]] = block_kind(call, record.asked)
        elif call is SystemCall.MMAP and number in self._blocks:
            self._mappings[answered["mapping"]] = self._blocks[number]
