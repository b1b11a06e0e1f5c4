# SPDX-License-Identifier: BSD-2-Clause
"""Copies of the program's memory: only what changes in them is written back."""

from __future__ import annotations

import ctypes
import mmap
import random
from typing import TYPE_CHECKING

import pytest

from pytee_client._boundary import WorkingCopy, address_of, copy_from_user, copy_to_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PART = 4096
SIZE = 5 * PART

PATTERNS: dict[str, Callable[[random.Random, int], bytes]] = {
    "none": lambda _, size: bytes(size),
    "the first": lambda _, size: (b"\1" + bytes(size))[:size],
    "the last": lambda _, size: (bytes(size) + b"\1")[-size:] if size else b"",
    "all": lambda _, size: b"\xff" * size,
    "every second": lambda _, size: (b"\1\0" * size)[:size],
    "every third": lambda _, size: (b"\0\0\x80" * size)[:size],
    "seven of eight": lambda _, size: (b"\1" * 7 + b"\0") * (size // 8) + bytes(size % 8),
    "the first of a part": lambda _, size: ((b"\1" + bytes(PART - 1)) * 9)[:size],
    "random": lambda chance, size: chance.randbytes(size),
    "half": lambda chance, size: bytes(chance.choice(b"\0\1") for _ in range(size)),
    "few": lambda chance, size: bytes(chance.randrange(200) == 0 for _ in range(size)),
}


def mixed(before: bytes, pattern: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(before, pattern, strict=True))


@pytest.fixture
def memory() -> Iterator[mmap.mmap]:
    with mmap.mmap(-1, SIZE) as pages:
        pages[:] = random.Random(1).randbytes(SIZE)
        yield pages


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("start", [0, 1, 7, 8, PART - 3])
@pytest.mark.parametrize("size", [0, 1, 3, 8, 9, 63, PART, PART + 5, 3 * PART + 11])
def test_what_changes_is_written_and_the_rest_stays_the_programs(
    memory: mmap.mmap, pattern: str, start: int, size: int
) -> None:
    before = memory[:]
    change = PATTERNS[pattern](random.Random(size), size)
    assert len(change) == size
    copy = WorkingCopy(address_of(memory) + start, size, writable=True)
    assert copy.view == before[start : start + size]
    copy.view[:] = mixed(copy.view.tobytes(), change)
    # Meanwhile the program writes all of its memory.
    others = random.Random(2).randbytes(SIZE)
    memory[:] = others
    copy.write_changes()
    expected = bytearray(others)
    for place, flipped in enumerate(change, start):
        if flipped:
            expected[place] = before[place] ^ flipped
    assert memory[:] == expected


def test_only_parts_with_a_change_are_touched(memory: mmap.mmap) -> None:
    copy = WorkingCopy(address_of(memory), SIZE, writable=True)
    assert copy.write_changes() == 0
    copy.view[2 * PART] ^= 1
    assert copy.write_changes() == 1
    copy.view[PART - 1] ^= 1
    assert copy.write_changes() == 2
    copy.view[::2] = bytes(byte ^ 1 for byte in copy.view[::2])
    assert copy.write_changes() == 5


def test_a_copy_to_read_has_nothing_to_write(memory: mmap.mmap) -> None:
    copy = WorkingCopy(address_of(memory) + 5, 9, writable=False)
    assert copy.view.readonly
    assert copy.view == memory[5:14]
    memory[5:14] = bytes(9)
    assert copy.write_changes() == 0
    assert memory[5:14] == bytes(9)


def test_the_number_of_system_calls_is_that_of_the_changed_parts_whatever_the_pattern() -> None:
    size = 64 * PART
    with mmap.mmap(-1, size) as pages:
        copy = WorkingCopy(address_of(pages), size, writable=True)
        for pattern in ("every second", "all"):
            copy.view[:] = PATTERNS[pattern](random.Random(3), size)
            assert copy.write_changes() == 64
            assert pages[:] == copy.view


PROT_NONE, PROT_READ = 0, mmap.PROT_READ


@pytest.mark.parametrize("protection", [PROT_NONE, PROT_READ])
@pytest.mark.parametrize("place", range(3))
def test_a_page_that_cant_be_written_is_left_out(
    memory: mmap.mmap, protection: int, place: int
) -> None:
    before = memory[:]
    page = mmap.PAGESIZE
    size = 3 * page
    libc = ctypes.CDLL(None, use_errno=True)
    address = ctypes.c_void_p(address_of(memory) + place * page)
    copy = WorkingCopy(address_of(memory), size, writable=True)
    copy.view[:] = mixed(copy.view.tobytes(), b"\1\0\1\1" * (size // 4))
    assert libc.mprotect(address, ctypes.c_size_t(page), protection) == 0
    try:
        assert copy.write_changes() == 2 * page // PART
    finally:
        both = mmap.PROT_READ | mmap.PROT_WRITE
        assert libc.mprotect(address, ctypes.c_size_t(page), both) == 0
    for number in range(3):
        part = slice(number * page, (number + 1) * page)
        assert memory[part] == (before[part] if number == place else copy.view[part])


def test_memory_that_is_not_there_cant_be_copied() -> None:
    for writable in (False, True):
        with pytest.raises(OSError, match="copy_from_user"):
            WorkingCopy(8, 8, writable=writable)


def test_memory_that_ends_within_what_is_copied_is_no_memory(memory: mmap.mmap) -> None:
    page = mmap.PAGESIZE
    libc = ctypes.CDLL(None, use_errno=True)
    address = ctypes.c_void_p(address_of(memory) + page)
    edge = address_of(memory) + page - 8
    before = memory[:]
    assert libc.mprotect(address, ctypes.c_size_t(page), PROT_NONE) == 0
    try:
        assert copy_from_user(edge, 8) == before[page - 8 : page]
        with pytest.raises(OSError, match="copy_from_user"):
            copy_from_user(edge, 16)
        with pytest.raises(OSError, match="copy_to_user"):
            copy_to_user(edge, bytes(16))
    finally:
        both = mmap.PROT_READ | mmap.PROT_WRITE
        assert libc.mprotect(address, ctypes.c_size_t(page), both) == 0
