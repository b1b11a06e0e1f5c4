# SPDX-License-Identifier: BSD-2-Clause
"""The blocks that stand in for temporary memory, which a context keeps and uses again."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.c_library import Kind
from ...support.conformance import Command, checksum, xored
from ...support.targets import Target
from ...support.waiting import LIMIT
from ...support.window import Window, with_window

if TYPE_CHECKING:
    from .conftest import Observed

DONE = (0, tee.Origin.TRUSTED_APP)
KIB, MIB = 1 << 10, 1 << 20
SECRET = b"the secret of one call" * 100


class Blocks:
    """The blocks of memory that a context has shared, by the addresses they were given."""

    def __init__(self, observed: Observed, target: Target) -> None:
        self._kernel = observed.kernel
        self._context = observed.context
        self._reg_mem = target.reg_mem
        self._mapped: list[int] = []

    def forget(self) -> None:
        """Start anew, with no block at all."""
        c.lib.tee_context_trim(self._context)
        self._kernel.forget()
        self._mapped.clear()

    def note(self, address: int) -> int:
        self._mapped.append(address)
        return address

    @property
    def shared(self) -> list[tuple[int, int]]:
        """Where each begins, and its size in bytes, in order."""
        if not self._reg_mem:
            requests = self._kernel.requests(uapi.TEE_IOC_SHM_ALLOC)
            sizes = [uapi.SHM_ALLOC_DATA.unpack(request.argument)[0] for request in requests]
            return list(zip(self._mapped, sizes, strict=True))
        return [
            uapi.SHM_REGISTER_DATA.unpack(request.argument)[:2]
            for request in self._kernel.requests(uapi.TEE_IOC_SHM_REGISTER)
        ]

    def contents(self) -> list[bytes]:
        return [
            bytes(c.ffi.buffer(c.ffi.cast("char *", address), size))
            for address, size in self.shared
        ]


@pytest.fixture
def blocks(observed: Observed, target: Target, monkeypatch: pytest.MonkeyPatch) -> Blocks:
    made, map_it = Blocks(observed, target), observed.kernel.mmap
    monkeypatch.setattr(
        observed.kernel, "mmap", lambda fd, length: made.note(map_it(fd, length)), raising=False
    )
    return made


def mapped_bytes() -> int:
    pages = Path("/proc/self/statm").read_text().split()[0]
    return int(pages) * mmap.PAGESIZE


def xor(observed: Observed, data: bytes, kind: Kind = Kind.TEMP_INOUT) -> tuple[Any, bytes]:
    buffer = c.ffi.new("char[]", data)
    operation = c.operation((kind, (buffer, len(data))))
    outcome = c.invoke(observed.session, Command.MEMREF_XOR, operation)
    return outcome, bytes(c.ffi.buffer(buffer, len(data)))


def test_a_block_is_shared_by_the_first_call_and_used_by_the_next(
    observed: Observed, blocks: Blocks
) -> None:
    for data in (b"abc", b"x" * 4096, bytes(range(256))):
        assert xor(observed, data) == (DONE, xored(0, data))
        assert [size for _, size in blocks.shared] == [4096]
    assert xor(observed, SECRET * 3) == (DONE, xored(0, SECRET * 3))
    assert [size for _, size in blocks.shared] == [4096, 8192]


@pytest.mark.parametrize(
    ("command", "error"), [(Command.MEMREF_XOR, 0), (99, 0), (Command.MEMREF_XOR, errno.EIO)]
)
def test_what_a_call_used_of_a_block_is_wiped_whatever_came_of_it(
    observed: Observed, blocks: Blocks, command: int, error: int
) -> None:
    observed.kernel.fail(uapi.TEE_IOC_INVOKE, error)
    buffer = c.ffi.new("char[]", SECRET)
    c.invoke(observed.session, command, c.operation((Kind.TEMP_INOUT, (buffer, len(SECRET)))))
    assert blocks.contents() == [bytes(4096)]


def test_what_a_refused_operation_used_of_a_block_is_wiped(
    observed: Observed, blocks: Blocks
) -> None:
    buffer = c.ffi.new("char[]", SECRET)
    operation = c.operation(
        (Kind.TEMP_INPUT, (buffer, len(SECRET))), (Kind.TEMP_INPUT, (c.ffi.NULL, 1))
    )
    refused = (tee.Result.BAD_PARAMETERS, tee.Origin.API)
    assert c.invoke(observed.session, Command.NOTHING, operation) == refused
    assert blocks.contents() == [bytes(4096)]


def test_an_opening_uses_the_blocks_too(observed: Observed, blocks: Blocks) -> None:
    buffer = c.ffi.new("char[]", SECRET)
    for _ in range(2):
        session = c.new_session()
        operation = c.operation((Kind.TEMP_INPUT, (buffer, len(SECRET))))
        assert c.open_session(observed.context, session, operation=operation) == DONE
        c.lib.TEEC_CloseSession(session)
    assert blocks.contents() == [bytes(4096)]


@pytest.fixture
def own(observed: Observed) -> Iterator[Any]:
    """A session of the test's own."""
    session = c.new_session()
    assert c.open_session(observed.context, session) == DONE
    yield session
    c.lib.TEEC_CloseSession(session)


@with_window
def test_a_block_of_a_call_that_runs_is_no_other_calls(
    observed: Observed, own: Any, blocks: Blocks, pool: ThreadPoolExecutor, window: Window
) -> None:
    waiting = c.ffi.new("char[]", b"waiting")
    wish = (window.milliseconds, 0)
    operation = c.operation(
        (Kind.VALUE_INPUT, wish), (Kind.TEMP_INOUT, (waiting, 7)), (Kind.VALUE_OUTPUT, (0, 0))
    )
    blocks.forget()
    call = window.start(pool, c.invoke, own, Command.WAIT_AND_XOR, operation)
    # Refused by the kernel, so that it need not wait for the application.
    observed.kernel.fail(uapi.TEE_IOC_INVOKE, errno.EIO)
    xor(observed, SECRET)
    window.check()
    assert call.result(LIMIT) == DONE
    seen = operation.params[2].value
    assert (seen.a, seen.b) == checksum(b"waiting")
    assert c.ffi.string(waiting) == xored(1, b"waiting")
    assert len(blocks.shared) == 2
    # Both are free now.
    both = c.operation((Kind.TEMP_INPUT, (waiting, 7)), (Kind.TEMP_INPUT, (waiting, 7)))
    assert c.invoke(observed.session, Command.NOTHING, both) == DONE
    assert len(blocks.shared) == 2


def test_threads_never_see_each_others_bytes(observed: Observed, pool: ThreadPoolExecutor) -> None:
    def work(number: int) -> None:
        data = bytes([number]) * (1000 + 1500 * number)
        for _ in range(40):
            assert xor(observed, data) == (DONE, xored(0, data))

    for call in [pool.submit(work, number) for number in range(4)]:
        call.result(LIMIT)


def test_no_more_is_kept_than_the_limits(
    observed: Observed, target: Target, blocks: Blocks
) -> None:
    limit = 4 * MIB if target.reg_mem else 256 * KIB
    before = len(observed.kernel.descriptors)
    half = c.ffi.new("char[]", limit // 2)
    slot = (Kind.TEMP_INPUT, (half, limit // 2))
    # Three of them at once, of which two can stay.
    assert c.invoke(observed.session, Command.NOTHING, c.operation(slot, slot, slot)) == DONE
    assert len(observed.kernel.descriptors) - before == 2
    # The one that was not used for longest makes room for another size.
    assert xor(observed, b"abc")[0] == DONE
    assert len(observed.kernel.descriptors) - before == 2
    assert [size for _, size in blocks.shared] == [limit // 2] * 3 + [4096]


def test_the_block_that_was_not_used_for_longest_makes_room(
    observed: Observed, target: Target, blocks: Blocks
) -> None:
    quarter = (4 * MIB if target.reg_mem else 256 * KIB) // 4
    memory = c.ffi.new("char[]", 2 * quarter)

    def use(*sizes: int) -> list[int]:
        """Use a block of each size at once, and say which had to be shared for that."""
        before = len(blocks.shared)
        operation = c.operation(*[(Kind.TEMP_INPUT, (memory, size)) for size in sizes])
        assert c.invoke(observed.session, Command.NOTHING, operation) == DONE
        return [size for _, size in blocks.shared[before:]]

    assert use(2 * quarter) == [2 * quarter]
    assert use(quarter, quarter) == [quarter, quarter]
    assert use(quarter // 2) == [quarter // 2]
    assert use(quarter, quarter) == []
    assert use(quarter // 2) == []
    assert use(2 * quarter) == [2 * quarter]


def test_what_is_larger_than_the_limit_is_not_kept(
    observed: Observed, target: Target, blocks: Blocks
) -> None:
    size = (4 * MIB if target.reg_mem else 256 * KIB) + 1
    before = set(observed.kernel.descriptors)
    buffer = c.ffi.new("char[]", size)
    operation = c.operation((Kind.TEMP_INPUT, (buffer, size)))
    assert c.invoke(observed.session, Command.NOTHING, operation) == DONE
    assert [size for _, size in blocks.shared] == [size]
    assert observed.kernel.descriptors == before


def test_what_is_not_kept_is_unmapped_to_its_end(
    observed: Observed, target: Target, blocks: Blocks
) -> None:
    # With memory of the program's own that is two huge pages and a byte of a third.
    size = (4 * MIB if target.reg_mem else 256 * KIB) + 1
    buffer = c.ffi.new("char[]", size)
    operation = c.operation((Kind.TEMP_INPUT, (buffer, size)))
    calls = 8

    def call() -> None:
        assert c.invoke(observed.session, Command.NOTHING, operation) == DONE

    call()
    before = mapped_bytes()
    for _ in range(calls):
        call()
    # The fake has copies too, of which the C library keeps one for its next.
    assert mapped_bytes() - before < 2 * size
    assert len(blocks.shared) == calls + 1


# The latter is what OP-TEE's driver says of all that its TEE refuses.
@pytest.mark.parametrize("error", [errno.ENOMEM, errno.EINVAL])
def test_idle_blocks_make_room_when_memory_to_share_runs_out(
    observed: Observed, target: Target, blocks: Blocks, error: int
) -> None:
    assert xor(observed, b"abc")[0] == DONE
    request = uapi.TEE_IOC_SHM_REGISTER if target.reg_mem else uapi.TEE_IOC_SHM_ALLOC
    observed.kernel.fail(request, error)
    assert xor(observed, SECRET * 2) == (DONE, xored(0, SECRET * 2))
    assert len(observed.kernel.descriptors) == 2
    # Without any that is idle there is no second try.
    c.lib.tee_context_trim(observed.context)
    observed.kernel.fail(request, error)
    assert xor(observed, b"abc") == ((tee.Result.OUT_OF_MEMORY, tee.Origin.API), b"abc")
    assert c.ffi.errno == errno.ENOMEM


def test_the_blocks_go_with_their_context(target: Target, observed: Observed) -> None:
    context, session = c.new_context(), c.new_session()
    before = set(observed.kernel.descriptors)
    assert c.context_initialize(context, observed.kernel, target.device) == 0
    assert c.open_session(context, session) == DONE
    buffer = c.ffi.new("char[]", SECRET)
    operation = c.operation((Kind.TEMP_INPUT, (buffer, len(SECRET))))
    assert c.invoke(session, Command.NOTHING, operation) == DONE
    assert len(observed.kernel.descriptors) == len(before) + 2
    c.lib.TEEC_CloseSession(session)
    c.lib.TEEC_FinalizeContext(context)
    assert observed.kernel.descriptors == before


def pages_of(size: int) -> mmap.mmap:
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


@pytest.mark.parametrize("size", [2 * MIB, 6 * MIB])
@pytest.mark.parametrize("kind", [Kind.TEMP_OUTPUT, Kind.TEMP_INOUT])
def test_many_whole_pages_that_may_be_written_are_shared_themselves(
    observed: Observed, target: Target, blocks: Blocks, size: int, kind: Kind
) -> None:
    if not target.reg_mem:
        # There all is copied, and the driver has less memory than that.
        return
    before = set(observed.kernel.descriptors)
    with pages_of(size) as pages, c.ffi.from_buffer(pages) as data:
        pages[:3] = b"abc"
        operation = c.operation((kind, (data, size)))
        command = Command.MEMREF_XOR if kind is Kind.TEMP_INOUT else Command.NOTHING
        assert c.invoke(observed.session, command, operation) == DONE
        expected = xored(0, b"abc") if kind is Kind.TEMP_INOUT else b"abc"
        assert pages[:3] == expected
        address = int(c.ffi.cast("uintptr_t", data))
        assert blocks.shared == [(address, size)]
    assert observed.kernel.descriptors == before


@pytest.mark.parametrize(
    ("kind", "offset", "size"),
    [
        (Kind.TEMP_INPUT, 0, 6 * MIB),
        (Kind.TEMP_INOUT, 0, MIB),
        (Kind.TEMP_INOUT, 16, 6 * MIB),
        (Kind.TEMP_INOUT, 0, 6 * MIB - 1),
    ],
    ids=["only read", "few", "not from a page on", "not whole pages"],
)
def test_other_pages_are_kept_from_the_tee(
    observed: Observed, target: Target, blocks: Blocks, kind: Kind, offset: int, size: int
) -> None:
    if not target.reg_mem:
        return
    with pages_of(7 * MIB) as pages, c.ffi.from_buffer(pages) as data:
        operation = c.operation((kind, (data + offset, size)))
        assert c.invoke(observed.session, Command.NOTHING, operation) == DONE
        address = int(c.ffi.cast("uintptr_t", data))
        assert not [start for start, _ in blocks.shared if address <= start < address + 7 * MIB]


@pytest.mark.parametrize("error", [errno.EFAULT, errno.EINVAL, errno.ENOMEM])
def test_pages_that_cannot_be_shared_are_copied(
    observed: Observed, target: Target, error: int
) -> None:
    if not target.reg_mem:
        return
    observed.kernel.fail(uapi.TEE_IOC_SHM_REGISTER, error)
    size = 5 * MIB
    with pages_of(size) as pages, c.ffi.from_buffer(pages) as data:
        pages[:3] = b"abc"
        operation = c.operation((Kind.TEMP_INOUT, (data, size)))
        assert c.invoke(observed.session, Command.MEMREF_XOR, operation) == DONE
        assert pages[:3] == xored(0, b"abc")


def test_a_child_of_a_fork_shares_blocks_of_its_own(observed: Observed, blocks: Blocks) -> None:
    assert xor(observed, SECRET)[0] == DONE
    pid = os.fork()
    if not pid:
        status = 1
        try:
            child = c.ffi.new("char[]", b"child")
            operation = c.operation((Kind.TEMP_INPUT, (child, 5)))
            # The session is its parent's: not to be used, but what goes there can be looked at.
            observed.kernel.fail(uapi.TEE_IOC_INVOKE, errno.EIO)
            c.invoke(observed.session, Command.NOTHING, operation)
            # It let go of what it has of the parent's, and has a block in its place.
            status = 0 if len(blocks.shared) == len(observed.kernel.descriptors) == 2 else 2
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    assert xor(observed, b"abc") == (DONE, xored(0, b"abc"))
    assert len(blocks.shared) == 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
@with_window
def test_a_child_does_not_see_what_its_parents_calls_put_into_blocks(
    observed: Observed, target: Target, blocks: Blocks, pool: ThreadPoolExecutor, window: Window
) -> None:
    if not target.reg_mem:
        # The memory is the driver's there, and a child's as much as its parent's.
        return
    blocks.forget()
    assert xor(observed, b"abc")[0] == DONE
    ((address, _),) = blocks.shared
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        status = 1
        try:
            os.read(reading, 1)
            seen = bytes(c.ffi.buffer(c.ffi.cast("char *", address), 4096))
            status = 0 if seen == bytes(4096) else 2
        finally:
            os._exit(status)
    secret = c.ffi.new("char[]", SECRET)
    wish = (window.milliseconds, 0)
    operation = c.operation((Kind.VALUE_INPUT, wish), (Kind.TEMP_INPUT, (secret, len(SECRET))))
    call = window.start(pool, c.invoke, observed.session, Command.WAIT_AND_XOR, operation)
    content = blocks.contents()[0]
    os.write(writing, b"x")
    status = os.waitpid(pid, 0)[1]
    os.close(reading)
    os.close(writing)
    window.check()
    assert SECRET in content
    assert status == 0
    assert call.result(LIMIT) == DONE
    # The TEE still sees what the parent writes there.
    assert xor(observed, SECRET) == (DONE, xored(0, SECRET))
