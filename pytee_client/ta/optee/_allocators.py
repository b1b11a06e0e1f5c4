# SPDX-License-Identifier: BSD-2-Clause
"""What OP-TEE says of its allocators, and how it lies in memory.

Releases after 4.5 have one number more in the structure. Nothing but the size of a list tells of
which age it is. Where the size fits both, the names tell it: read by the other age, some name would
have bytes of numbers or of a UUID, which are no text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import GenericAlias
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

from ... import ta
from ..._checks import said
from ..._declarations.fields import as_sequence
from ..._declarations.kinds import ContentError, MemoryKind
from ...errors import ParameterTypeError

__all__ = ["ALLOCATORS", "APPLICATIONS", "AllocatorStats", "ApplicationStats"]

_T = TypeVar("_T")
_NAME_SIZE: Final = 32


@dataclass(frozen=True)
class AllocatorStats:
    """How an allocator of OP-TEE's is used: struct pta_stats_alloc.

    Attributes:
        desc: its name.
        allocated: how many bytes are allocated.
        max_allocated: the most that there were since the counts began.
        size: how many bytes it has.
        num_alloc_fail: how many allocations failed.
        biggest_alloc_fail: the size of the largest one that failed, in bytes.
        biggest_alloc_fail_used: how many bytes were allocated then.
        free2_sum: the sum of the squares of the sizes of free parts, which tells how fragmented it
            is. None from OP-TEE 4.5, which does not have it.
    """

    desc: str
    allocated: int
    max_allocated: int
    size: int
    num_alloc_fail: int
    biggest_alloc_fail: int
    biggest_alloc_fail_used: int
    free2_sum: int | None = None


@dataclass(frozen=True)
class ApplicationStats:
    """What OP-TEE knows of an instance of a Trusted Application: struct pta_stats_ta.

    Attributes:
        uuid: the application.
        panicked: whether it has panicked.
        sess_num: how many sessions are open.
        heap: how its heap is used.
    """

    uuid: UUID
    panicked: bool
    sess_num: int
    heap: AllocatorStats


@ta.packed
class _Name:
    text: Annotated[str, _NAME_SIZE]


@ta.packed
class _Allocator:
    desc: Annotated[bytes, _NAME_SIZE]
    allocated: ta.U32
    max_allocated: ta.U32
    size: ta.U32
    num_alloc_fail: ta.U32
    biggest_alloc_fail: ta.U32
    biggest_alloc_fail_used: ta.U32


@ta.packed
class _NewAllocator:
    desc: Annotated[bytes, _NAME_SIZE]
    free2_sum: ta.U64
    allocated: ta.U32
    max_allocated: ta.U32
    size: ta.U32
    num_alloc_fail: ta.U32
    biggest_alloc_fail: ta.U32
    biggest_alloc_fail_used: ta.U32


@ta.packed
class _Application:
    uuid: ta.TeeUuid
    panicked: Annotated[bool, ta.U32]
    sess_num: ta.U32
    heap: _Allocator


@ta.packed
class _NewApplication:
    uuid: ta.TeeUuid
    panicked: Annotated[bool, ta.U32]
    sess_num: ta.U32
    heap: _NewAllocator


def _allocator(found: Any) -> AllocatorStats:
    # Not as text, whose end is the first zero: what follows that tells the two ages apart.
    try:
        name = found.desc.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        name = "\0"
    if not name.isprintable():
        raise ContentError("an allocator has no name")
    return AllocatorStats(**{**vars(found), "desc": name})


def _application(found: Any) -> ApplicationStats:
    heap = _allocator(found.heap)
    return ApplicationStats(found.uuid, found.panicked, found.sess_num, heap)


def _packed_allocator(given: AllocatorStats) -> Any:
    fields = {**vars(given), "desc": ta.pack(_Name(given.desc))}
    if given.free2_sum is None:
        del fields["free2_sum"]
        return _Allocator(**fields)
    return _NewAllocator(**fields)


def _packed_application(given: ApplicationStats) -> Any:
    heap = _packed_allocator(given.heap)
    made = _Application if given.heap.free2_sum is None else _NewApplication
    return made(given.uuid, given.panicked, given.sess_num, heap)


class _OfTwoAges(MemoryKind[Sequence[_T], list[_T]], Generic[_T]):
    """A list whose items are structures of one age or of the other."""

    def __init__(
        self,
        item: type[_T],
        ages: tuple[type[Any], type[Any]],
        read: Callable[[Any], _T],
        write: Callable[[_T], Any],
    ) -> None:
        super().__init__(f"List({item.__name__})", GenericAlias(list, (item,)))
        self._item, self._ages = item, ages
        self._read_item, self._write_item = read, write

    def write(self, given: Any, what: str) -> bytes:
        """Return the bytes of all, which must be of one age."""
        items = as_sequence(given, what)
        for number, one in enumerate(items):
            if not isinstance(one, self._item):
                raise ParameterTypeError(
                    f"{what}[{number}] must be {self._item.__name__}, not {said(one)}"
                )
        made = [self._write_item(one) for one in items]
        if len({*map(type, made)}) > 1:
            raise ParameterTypeError(f"{what} has items with free2_sum, and items without")
        return b"".join(map(ta.pack, made))

    def read(self, content: bytes | memoryview) -> list[_T]:
        """Return a list."""
        reason = f"{len(content)} bytes are no whole number of entries"
        for age in self._ages:
            if len(content) % ta.size_of(age) == 0:
                try:
                    return [*map(self._read_item, ta.List(age).read(content))]
                except ContentError as error:
                    reason = str(error)
        raise ContentError(reason)


ALLOCATORS: Final = _OfTwoAges(
    AllocatorStats, (_NewAllocator, _Allocator), _allocator, _packed_allocator
)
"""A list of AllocatorStats, from any release of OP-TEE."""

APPLICATIONS: Final = _OfTwoAges(
    ApplicationStats, (_NewApplication, _Application), _application, _packed_application
)
"""A list of ApplicationStats, from any release of OP-TEE."""
