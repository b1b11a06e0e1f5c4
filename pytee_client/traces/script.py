# SPDX-License-Identifier: BSD-2-Clause
"""The calls of a trace, and which of them answers a call of the program."""

from __future__ import annotations

import bisect
import errno
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final, NoReturn

from .._conditions import Condition
from .._process import renewed
from ..kernels import SystemCall
from .casting import Actor, Block, find_block, find_call, find_close, find_opening
from .description import Description
from .errors import TraceMismatchError
from .record import Record
from .roles import Role, block_kind, key_of, read_roles
from .telling import Expectation, say

__all__ = ["Script"]

_UINT32: Final = 0xFFFFFFFF
# So far above the ids of a trace that none is met.
_FIRST_NUMBER: Final = 0x40000000
_WAITING: Final = (SystemCall.OPEN_SESSION, SystemCall.INVOKE)
_OPTIONAL: Final = (SystemCall.CANCEL, SystemCall.SUPPL_RECV)


class Script:
    """Match the calls of a program with those of a trace.

    A call is answered by the first call in the trace that has equal arguments, was made in the
    same session (or on the same file, if it belongs to no session), and has not answered one
    yet. Sessions have no order among each other. Calls in a session have theirs if one thread
    made them, in the trace and now.

    If threads share a context, the library needs more or fewer blocks of memory than it did in
    the trace. Then blocks can be left out, and made more often than in the trace.

    Args:
        records: the records of the trace.
        name: the name of the trace in errors.
        checks_data: whether the contents of memory must be the same.
        patience: how many seconds a call waits for calls of other threads that it needed in the
            trace.

    Attributes:
        on_deviation: called with the reason when the program leaves the trace.

    Raises:
        TraceFormatError: the trace makes no sense.
    """

    def __init__(
        self, records: list[Record], name: str, *, checks_data: bool, patience: float | None
    ) -> None:
        self._name = name
        self._checks_data = checks_data
        self._patience = patience
        self._changed = renewed(Condition())
        self.program: Actor = Actor(None, read_roles(records, name, with_data=checks_data))
        self._is_threaded = len({record.thread for record in records}) > 1
        self._thread: int | None = None
        self._last = max((record.line for record in records), default=1)
        self._numbers: set[int] = set()
        self._to_answer = sorted(
            (record for record in records if record.call is SystemCall.SUPPL_SEND),
            key=lambda record: record.began,
        )
        self._answers = 0
        self._deviation: TraceMismatchError | None = None
        self.on_deviation: Callable[[str], object] = lambda why: None

    @property
    def deviated(self) -> bool:
        """Whether the program has left the trace."""
        return self._deviation is not None

    def open(self, asked: Description) -> tuple[Record, Actor]:
        """Return the record of an OPEN, and the file that it opens.

        Raises:
            TraceMismatchError: as in all methods: the trace has no such call. Every later
                call raises it too.
        """
        with self._changed:
            record, file = self._open(self.program, SystemCall.OPEN, asked)
            if not record.error:
                file.number = self._number(int(record.answered["file"]))
            return record, file

    def open_session(self, file: Actor, asked: Description) -> tuple[Record, int]:
        """Return the record of an OPEN_SESSION, and the number of its session."""
        with self._changed:
            record, session = self._open(file, SystemCall.OPEN_SESSION, asked)
            number = int(record.answered.get("session", 0))
            if not record.error and not record.answered.get("ret", 0):
                while number in file.sessions:
                    number = self._number(number)
                session.number = number
                file.sessions[number] = session
            self._wait_for_others(file, record)
            return record, number

    def take(self, file: Actor, call: SystemCall, asked: Description) -> Record:
        """Return the record of another call of a file or of one of its sessions.

        A call waits for those that cancelled it in the trace, and for a supplicant's answers.
        """
        with self._changed:
            key = self._begin(file, call, asked)
            actor = file.sessions.get(asked.get("session", 0), file)
            record = find_call(actor, key, in_order=self._in_order)
            if record is None and call in _OPTIONAL and not self._in_order:
                # A CANCEL changes nothing now. In the trace it came too late to be sent.
                error = 0 if call is SystemCall.CANCEL else errno.EBADF
                return self._unrecorded(call, asked, error)
            if record is None:
                self._deviate(actor, call, asked)
            if call is SystemCall.CANCEL:
                actor.cancelled = time.monotonic()
            else:
                actor.threads.add(threading.get_ident())
            self._check_order(actor, record, asked)
            actor.make(record)
            if call is SystemCall.SUPPL_SEND:
                self._answers += 1
            self._changed.notify_all()
            self._wait_for_others(actor, record)
            return record

    def close(self, file: Actor, call: SystemCall, asked: Description) -> Record:
        """Return the record of the end of a session or a file."""
        if call is SystemCall.CLOSE_SESSION and asked.get("session", 0) not in file.sessions:
            return self.take(file, call, asked)
        with self._changed:
            self._begin(file, call, asked)
            actor = file
            if call is SystemCall.CLOSE_SESSION:
                actor = file.sessions[asked["session"]]
            record = find_close(actor, in_order=self._in_order)
            if record is None:
                self._deviate(actor, call, asked)
            actor.is_closed = True
            if call is SystemCall.CLOSE_SESSION:
                del file.sessions[actor.number]
            return record

    def make_block(
        self, file: Actor, call: SystemCall, asked: Description
    ) -> tuple[Record, Block | None]:
        """Return the record of a call that makes a block of memory, and the block."""
        with self._changed:
            key = self._begin(file, call, asked)
            role = find_block(file, key, in_order=self._in_order)
            if role is None:
                self._deviate(file, call, asked)
            file.made_blocks[key] += 1
            record = role.opening
            if record.error:
                return record, None
            number = int(record.answered["id"])
            while number in file.blocks:
                number = self._number(number) & _UINT32
            block = file.blocks[number] = Block(file, role, number, block_kind(call, asked))
            return record, block

    def use_block(self, block: Block, call: SystemCall, asked: Description) -> Record:
        """Return the record of an MMAP, a MUNMAP, or a CLOSE of a block."""
        with self._changed:
            self._check()
            left = [one for one in enumerate(block.role.later) if one[0] not in block.made]
            for index, record in left:
                if record.call is call and record.asked.get("length") == asked.get("length"):
                    block.made.add(index)
                    return record
            if self._in_order:
                self._deviate(block.file, call, asked, [record for _, record in left])
            # The block stands for another one, which need not have come to this.
            return self._unrecorded(call, asked)

    def add_use(self, block: Block) -> None:
        """Count a new mapping of a block."""
        with self._changed:
            block.uses += 1

    def end_use(self, block: Block) -> None:
        """Forget a block when its descriptor and its mappings are gone."""
        with self._changed:
            block.uses -= 1
            if not block.uses and block.file.blocks.get(block.number) is block:
                del block.file.blocks[block.number]

    def number(self, wanted: int) -> int:
        """Return a number for a file or a mapping: the one that is wanted, or a new one."""
        with self._changed:
            return self._number(wanted)

    def assert_finished(self) -> None:
        """Raise TraceMismatchError if the program has not made all of the calls."""
        with self._changed:
            self._check()
            missing = self.missing()
        if missing:
            raise TraceMismatchError(
                f"{self.tell(missing[:1])}, and {len(missing)} calls of the trace were not made"
            )

    def missing(self) -> list[Record]:
        """Return the calls that the program has not made, in the order of the trace."""
        with self._changed:
            return sorted(self._missing(self.program), key=lambda record: record.began)

    def tell(self, missing: list[Record]) -> str:
        """Say before which call the program ended; nothing if there is none."""
        for first in missing:
            return (
                f"{self._name}, line {first.line}: the program ended before"
                f" {say(first.call, first.asked)}"
            )
        return ""

    @property
    def _in_order(self) -> bool:
        """Whether only one thread is in the trace, and only one has come."""
        return not self._is_threaded

    def _check(self) -> None:
        if self._deviation is not None:
            raise self._deviation
        own = threading.get_ident()
        if self._thread is None:
            self._thread = own
        elif self._thread != own:
            self._is_threaded = True

    def _begin(self, file: Actor, call: SystemCall, asked: Description) -> str:
        self._check()
        return key_of(call, asked, file.kind_of, with_data=self._checks_data)

    def _number(self, wanted: int) -> int:
        """Return the number that is wanted, if it was never returned; or else another."""
        if wanted in self._numbers:
            wanted = _FIRST_NUMBER + len(self._numbers)
        self._numbers.add(wanted)
        return wanted

    def _open(self, parent: Actor, call: SystemCall, asked: Description) -> tuple[Record, Actor]:
        key = self._begin(parent, call, asked)
        opened = find_opening(parent, key, in_order=self._in_order)
        if opened is None or opened.role.opening is None:
            self._deviate(parent, call, asked)
        return opened.role.opening, opened

    def _check_order(self, actor: Actor, record: Record, asked: Description) -> None:
        """Refuse that the one thread of a session has another order than the one in the trace."""
        latest = actor.latest
        if latest is None or latest.index < record.index or actor.parent is self.program:
            return
        if len(actor.role.threads) == len(actor.threads) == 1:
            self._fail(
                f"{self._name}, line {record.line}: expected {say(record.call, asked)} before"
                f" {say(latest.call, latest.asked)} of line {latest.line}, but it came after it, in"
                " the same thread"
            )

    def _unrecorded(self, call: SystemCall, asked: Description, error: int = 0) -> Record:
        """Make a record of a call that is not in the trace."""
        return Record(self._last, call, 0, 0, 0, asked, {}, error)

    def _wait_for_others(self, actor: Actor, record: Record) -> None:
        """Wait for the calls of other threads that a call needed in the trace.

        They cancelled it, or they are the answers of a supplicant.
        """
        if record.call not in _WAITING:
            return
        cancels = _meanwhile(actor.role.cancels, record)
        answers = _meanwhile(self._to_answer, record)

        def have_come() -> bool:
            is_cancelled = not cancels or actor.made[actor.role.cancels[0].key] >= cancels
            return self.deviated or (is_cancelled and self._answers >= answers)

        if not self._changed.wait_for(have_come, self._patience):
            self._fail(
                f"{self._name}, line {record.line}: {say(record.call, record.asked)} waited for"
                f" {'a CANCEL' if cancels else 'a SUPPL_SEND'} of another thread in the trace,"
                f" which did not come within {self._patience} seconds"
            )
        # Whether a program with a time-out gives the call up depends on this.
        left = actor.cancelled + record.late - time.monotonic()
        if cancels and left > 0:
            patience = left if self._patience is None else min(left, self._patience)
            self._changed.wait_for(lambda: self.deviated, patience)

    def _missing(self, actor: Actor) -> Iterator[Record]:
        """Yield what an actor has not done, and what it has opened has not."""
        yield from actor.missing()
        for role in actor.free_roles():
            yield from _all_of(role, self._in_order)
        for block_role in actor.missing_blocks():
            if self._in_order or not actor.made_blocks[block_role.opening.key]:
                yield block_role.opening
                yield from block_role.later
        for block in actor.blocks.values():
            left = enumerate(block.role.later)
            yield from (record for index, record in left if index not in block.made)
        for opened in actor.actors:
            yield from self._missing(opened)
        if actor.role.closing is not None and not actor.is_closed:
            yield actor.role.closing

    def _deviate(
        self,
        actor: Actor,
        call: SystemCall,
        asked: Description,
        instead: list[Record] | None = None,
    ) -> NoReturn:
        expected = list(instead or ())
        if not expected:
            expected = sorted(self._next_of(actor), key=lambda record: record.began)
        if not expected:
            expected = sorted(self._missing(self.program), key=lambda record: record.began)
        told = Expectation(self._name, expected, checks_data=self._checks_data)
        self._fail(told.explain(call, asked, in_order=self._in_order))

    def _next_of(self, actor: Actor) -> Iterator[Record]:
        """Yield the calls that an actor can make now."""
        calls = list(actor.missing())
        inner = [role.opening for role in actor.free_roles() if role.opening is not None]
        inner += [block.opening for block in actor.missing_blocks()]
        yield from calls[:1] if self._in_order else calls
        yield from inner
        if not calls and not inner and actor.role.closing is not None and not actor.is_closed:
            yield actor.role.closing

    def _fail(self, why: str) -> NoReturn:
        self._deviation = TraceMismatchError(why)
        self.on_deviation(why)
        self._changed.notify_all()
        raise self._deviation


def _meanwhile(records: list[Record], long: Record) -> int:
    """Return how many of these had begun when the last one that began during a long one had."""
    last = bisect.bisect_left(records, long.ended, key=lambda record: record.began)
    return last if last and records[last - 1].began > long.began else 0


def _all_of(role: Role, in_order: bool) -> Iterator[Record]:
    if role.opening is not None:
        yield role.opening
    yield from (record for record in role.calls if not record.is_optional)
    for inner in role.roles:
        yield from _all_of(inner, in_order)
    if in_order:
        for block in role.blocks:
            yield block.opening
            yield from block.later
    if role.closing is not None:
        yield role.closing
