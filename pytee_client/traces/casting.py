# SPDX-License-Identifier: BSD-2-Clause
"""Which role of a trace each file and session of a program plays.

Threads that open alike sessions race. So nobody can tell from its opening which role a session
plays: it gets one that fits, and changes to another one when it makes a call that only the other
has. It may as long as all that it was answered would have been the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from ..kernels import SystemCall
from .description import Description
from .record import Record
from .roles import BlockRole, Role

__all__ = ["Actor", "Block", "find_block", "find_call", "find_close", "find_opening"]


@dataclass(slots=True, eq=False)
class Block:
    """A block of shared memory of the program.

    Attributes:
        file: the file that it belongs to.
        role: the block of the trace that it stands for; several may stand for one.
        number: its id.
        kind: see roles.block_kind().
        made: which of the later calls of its role were made.
        uses: how many descriptors and mappings it has.
    """

    file: Actor
    role: BlockRole
    number: int
    kind: str
    made: set[int] = field(default_factory=set)
    uses: int = 1


@dataclass(slots=True, eq=False)
class Actor:
    """A file or a session of the program; or the whole program, which opens the files.

    Attributes:
        parent: who opened it; None for the program.
        role: what it plays.
        key: the key of its opening.
        number: the number that the program knows it by.
        made: how many calls it has made, by key. It was answered with the first ones of its role.
        count: how many calls that is.
        latest: the one of them that comes last in the trace.
        threads: the threads of the program that made them.
        actors: what it has opened: files, or sessions.
        sessions: those of these that are open, by number.
        blocks: its blocks, by id.
        made_blocks: how many blocks it has made, by the key of the call.
        is_closed: whether it was closed.
        cancelled: when it was cancelled last, on the clock of time.monotonic().
    """

    parent: Actor | None
    role: Role
    key: str = ""
    number: int = 0
    made: Counter[str] = field(default_factory=Counter)
    count: int = 0
    latest: Record | None = None
    threads: set[int] = field(default_factory=set)
    actors: list[Actor] = field(default_factory=list)
    sessions: dict[int, Actor] = field(default_factory=dict)
    blocks: dict[int, Block] = field(default_factory=dict)
    made_blocks: Counter[str] = field(default_factory=Counter)
    is_closed: bool = False
    cancelled: float = 0.0

    @property
    def file(self) -> Actor:
        """The file of a session, and of a file itself."""
        is_session = self.parent is not None and self.parent.parent is not None
        return self.parent if is_session and self.parent is not None else self

    def kind_of(self, number: int) -> str:
        """Return the kind of one of the blocks of a file."""
        block = self.blocks.get(number & 0xFFFFFFFF)
        return str(number) if block is None else block.kind

    def missing(self) -> Iterator[Record]:
        """Yield the calls of its role that it has not made, in order."""
        seen: Counter[str] = Counter()
        for record in self.role.calls:
            seen[record.key] += 1
            if seen[record.key] > self.made[record.key] and not record.is_optional:
                yield record

    def free_roles(self) -> list[Role]:
        """Return what it has not opened yet, in order."""
        taken = {actor.role for actor in self.actors}
        return [role for role in self.role.roles if role not in taken]

    def missing_blocks(self) -> Iterator[BlockRole]:
        """Yield the blocks of its role that it has not made, in order."""
        seen: Counter[str] = Counter()
        for block in self.role.blocks:
            seen[block.opening.key] += 1
            if seen[block.opening.key] > self.made_blocks[block.opening.key]:
                yield block

    def make(self, record: Record) -> None:
        """Have made a call."""
        self.made[record.key] += 1
        self.count += 1
        # A CANCEL may overtake the call that it is for.
        is_later = self.latest is None or record.index > self.latest.index
        if is_later and record.call is not SystemCall.CANCEL:
            self.latest = record

    def play(self, role: Role) -> None:
        """Change the role."""
        self.role = role
        made = [role.keyed[key][count - 1] for key, count in self.made.items() if count]
        calls = (record for record in made if record.call is not SystemCall.CANCEL)
        self.latest = max(calls, key=lambda record: record.index, default=None)


_Plan: TypeAlias = "dict[Actor, Role]"


class _Deed(Enum):
    """What an actor is about to do."""

    CALL = "call"
    BLOCK = "make a block"
    OPENING = "open"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class _Wish:
    """Who is about to do what.

    Attributes:
        actor: who; for an opening what is opened.
        deed: what.
        key: the key of the call.
        in_order: whether the calls of a role have their order.
    """

    actor: Actor
    deed: _Deed
    key: str
    in_order: bool


def find_call(actor: Actor, key: str, *, in_order: bool) -> Record | None:
    """Return the next call of an actor that has a key; None if none of its roles has it.

    The actor, and others, may change their roles for it.
    """
    if not _find(_Wish(actor, _Deed.CALL, key, in_order)):
        return None
    return actor.role.keyed[key][actor.made[key]]


def find_block(actor: Actor, key: str, *, in_order: bool) -> BlockRole | None:
    """Return the next block that an actor makes with a call that has a key; None if it can't.

    Without an order, blocks are made as often as they are needed. Roles may change for it.
    """
    if not _find(_Wish(actor, _Deed.BLOCK, key, in_order)):
        return None
    alike = actor.role.keyed_blocks[key]
    made = actor.made_blocks[key]
    return alike[made] if made < len(alike) else _good(alike)


def find_close(actor: Actor, *, in_order: bool) -> Record | None:
    """Return the end of an actor; None if it can't end now. Roles may change for it."""
    return actor.role.closing if _find(_Wish(actor, _Deed.CLOSE, "", in_order)) else None


def find_opening(actor: Actor, key: str, *, in_order: bool) -> Actor | None:
    """Return what an actor opens; None if it can't now. Roles may change for it."""
    for role in actor.free_roles():
        if role.opening is not None and role.opening.key == key:
            opened = Actor(actor, role, key)
            actor.actors.append(opened)
            return opened
    opened = Actor(actor, Role(), key)
    actor.actors.append(opened)
    if _change_roles(_Wish(opened, _Deed.OPENING, key, in_order)):
        return opened
    actor.actors.remove(opened)
    return None


def _find(wish: _Wish) -> bool:
    return _has(wish.actor, wish.actor.role, wish) or _change_roles(wish)


def _has(actor: Actor, role: Role, wish: _Wish) -> bool:
    """Return whether an actor can do in a role what it is about to do."""
    if wish.actor is not actor or wish.deed is _Deed.OPENING:
        return True
    if wish.deed is _Deed.CLOSE:
        return _can_end(actor, role, wish)
    if wish.deed is _Deed.BLOCK:
        alike = role.keyed_blocks.get(wish.key, [])
        is_left = actor.made_blocks[wish.key] < len(alike)
        return is_left or (not wish.in_order and _good(alike) is not None)
    made = actor.made[wish.key]
    if made >= len(role.keyed.get(wish.key, ())):
        return False
    return not wish.in_order or role.keyed[wish.key][made].index == actor.count


def _good(blocks: list[BlockRole]) -> BlockRole | None:
    return next((block for block in blocks if not block.opening.error), None)


def _can_end(actor: Actor, role: Role, wish: _Wish) -> bool:
    if role.closing is None or not actor.made >= role.required:
        return False
    if len(actor.actors) < len(role.roles):
        return False
    if wish.in_order:
        return actor.made_blocks.total() >= len(role.blocks)
    return actor.made_blocks.keys() >= role.keyed_blocks.keys()


def _change_roles(wish: _Wish) -> bool:
    """Find roles with which a wish can be fulfilled: others for the actor, or for its parents."""
    actor = wish.actor
    while actor.parent is not None:
        others = [other for other in actor.parent.actors if other is not actor]
        plans: dict[Actor, _Plan] = {}
        owners = {other.role: other for other in others}
        if _seat(actor, actor.parent.role.roles, owners, set(), plans, wish):
            for plan in plans.values():
                for one, role in plan.items():
                    one.play(role)
            return True
        actor = actor.parent
    return False


def _seat(
    actor: Actor,
    roles: list[Role],
    owners: dict[Role, Actor],
    tried: set[Role],
    plans: dict[Actor, _Plan],
    wish: _Wish,
) -> bool:
    """Find a role for an actor, and others for those who have to make room for it."""
    # Roles that nobody has come first.
    for role in sorted(roles, key=lambda role: role in owners):
        if role in tried:
            continue
        plan: _Plan = {actor: role}
        if not _fits(actor, role, plan, wish):
            continue
        tried.add(role)
        owner = owners.get(role)
        if owner is None or _seat(owner, roles, owners, tried, plans, wish):
            owners[role] = actor
            plans[actor] = plan
            return True
    return False


def _fits(actor: Actor, role: Role, plan: _Plan, wish: _Wish) -> bool:
    """Return whether an actor would have been answered the same in a role.

    Adds the roles of what it has opened to the plan.
    """
    if role.opening is None or role.opening.key != actor.key:
        return False
    old = actor.role
    if old.opening is not None and old.opening.outcome != role.opening.outcome:
        return False
    for key, count in actor.made.items():
        if _outcomes(role, key, count) != _outcomes(old, key, count):
            return False
    if wish.in_order and any(
        record.index >= actor.count
        for key, count in actor.made.items()
        for record in role.keyed[key][:count]
    ):
        return False
    if not _has(actor, role, wish):
        return False
    if actor.is_closed and not _ends_alike(actor, role, wish):
        return False
    blocks = Counter(block.opening.key for block in role.blocks)
    if not (
        blocks >= actor.made_blocks if wish.in_order else blocks.keys() >= actor.made_blocks.keys()
    ):
        return False
    return _fits_all(actor, role, plan, wish)


def _fits_all(actor: Actor, role: Role, plan: _Plan, wish: _Wish) -> bool:
    """Find roles for all that an actor has opened."""
    owners: dict[Role, Actor] = {}
    plans: dict[Actor, _Plan] = {}
    for opened in actor.actors:
        if not _seat(opened, role.roles, owners, set(), plans, wish):
            return False
    for one in plans.values():
        plan.update(one)
    return True


def _ends_alike(actor: Actor, role: Role, wish: _Wish) -> bool:
    old = actor.role.closing
    if old is None or role.closing is None or old.outcome != role.closing.outcome:
        return False
    return _can_end(actor, role, wish)


def _outcomes(role: Role, key: str, count: int) -> list[tuple[int, Description]]:
    return [record.outcome for record in role.keyed.get(key, [])[:count]]
