# SPDX-License-Identifier: BSD-2-Clause
"""Temporary, whole and partial references to memory."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.c_library import NONE, Kind
from ...support.conformance import Command, checksum, filled, xored
from ...support.observed_kernel import Device, ObservedKernel
from ...support.targets import Target
from ...support.waiting import LIMIT

if TYPE_CHECKING:
    from .conftest import Observed

DONE = (0, tee.Origin.TRUSTED_APP)
REFUSED = (tee.Result.BAD_PARAMETERS, tee.Origin.API)
PRESENT, NOT_NULL, NOT_EMPTY = 1, 2, 4
NULL = c.ffi.NULL
LOOK = (Kind.VALUE_OUTPUT, (0, 0))
MakeBlock = Callable[..., Any]


def copied(context: Any, content: bytes, flags: int = 3) -> Any:
    """Share by copies, as a device without REG_MEM makes it of any registered memory."""
    made = c.memory(len(content), flags, c.ffi.new("char[]", content))
    assert c.lib.tee_memory_register(context, made, False) == 0
    return made


@pytest.fixture(params=[c.allocated, c.registered, copied], ids=lambda make: make.__name__)
def make_block(request: pytest.FixtureRequest, c_context: Any) -> Iterator[MakeBlock]:
    """Make blocks of each kind, to be released after the test."""
    blocks = []

    def make(content: bytes, flags: int = 3) -> Any:
        blocks.append(request.param(c_context, content, flags))
        return blocks[-1]

    yield make
    for block in blocks:
        c.lib.TEEC_ReleaseSharedMemory(block)


def look(session: Any, *slots: tuple[int, tuple[Any, ...]]) -> list[int]:
    """Return what the application sees of up to three references."""
    operation = c.operation(LOOK, *slots)
    assert c.invoke(session, Command.MEMREF_LOOK, operation) == DONE
    mask = operation.params[0].value.a
    return [mask >> 4 * slot & 15 for slot in range(1, len(slots) + 1)]


@pytest.mark.assertion("MR-01")
@pytest.mark.optee_only
def test_a_null_reference_is_null_to_the_application(c_session: Any) -> None:
    for kind in (Kind.TEMP_INPUT, Kind.TEMP_OUTPUT, Kind.TEMP_INOUT):
        assert look(c_session, (kind, (NULL, 0))) == [PRESENT]


@pytest.mark.assertion("MR-01")
def test_a_device_that_has_no_null_references_gets_none(target: Target) -> None:
    kernel = ObservedKernel(target, {"/dev/tee0": Device(generic_capabilities=1)})
    context, session = c.new_context(), c.new_session()
    assert c.context_initialize(context, kernel) == 0
    assert c.open_session(context, session) == DONE
    kernel.forget()
    operation = c.operation((Kind.TEMP_INPUT, (NULL, 0)))
    outcome = c.invoke(session, Command.NOTHING, operation)
    assert outcome == (tee.Result.NOT_SUPPORTED, tee.Origin.API)
    assert kernel.ioctls == []
    c.lib.TEEC_CloseSession(session)
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.assertion("MR-02")
def test_a_null_reference_with_a_size_is_refused(observed: Observed) -> None:
    for kind in (Kind.TEMP_INPUT, Kind.TEMP_OUTPUT, Kind.TEMP_INOUT):
        operation = c.operation((kind, (NULL, 1)))
        assert c.invoke(observed.session, Command.NOTHING, operation) == REFUSED
    assert observed.kernel.ioctls == []


@pytest.mark.assertion("MR-03")
def test_an_empty_reference_is_not_null(c_session: Any) -> None:
    data = c.ffi.new("char[1]")
    for kind in (Kind.TEMP_INPUT, Kind.TEMP_OUTPUT, Kind.TEMP_INOUT):
        seen = look(c_session, (kind, (data, 0)), (kind, (data, 1)))
        assert seen == [PRESENT | NOT_NULL, PRESENT | NOT_NULL | NOT_EMPTY]


@pytest.mark.assertion("MR-04", "MR-05", "MR-06")
@pytest.mark.parametrize("size", [0, 1, 5, 6])
def test_outputs_get_the_size_that_the_application_sets_and_inputs_keep_theirs(
    c_session: Any, size: int
) -> None:
    data = [c.ffi.new("char[]", b"abcdef") for _ in range(3)]
    operation = c.operation(
        (Kind.VALUE_INPUT, (0, size)),
        (Kind.TEMP_INPUT, (data[0], 6)),
        (Kind.TEMP_OUTPUT, (data[1], 6)),
        (Kind.TEMP_INOUT, (data[2], 6)),
    )
    assert c.invoke(c_session, Command.SET_SIZE, operation) == DONE
    assert [slot.tmpref.size for slot in operation.params[1:4]] == [6, size, size]
    # The application set sizes only: these are the bytes that it was shown.
    assert [bytes(c.ffi.buffer(d, 6)) for d in data] == [b"abcdef"] * 3


@pytest.mark.assertion("MR-06", "IV-26")
def test_bytes_of_the_application_are_in_the_buffer(c_session: Any) -> None:
    data = c.ffi.new("char[]", b"\xee" * 5000)
    operation = c.operation(NONE, (Kind.TEMP_OUTPUT, (data, 4999)))
    assert c.invoke(c_session, Command.MEMREF_FILL, operation) == DONE
    assert bytes(c.ffi.buffer(data, 5000)) == filled(1, 4999) + b"\xee"


@pytest.mark.assertion("MR-07", "MR-08")
@pytest.mark.parametrize("code", [0, tee.Result.SHORT_BUFFER])
def test_a_larger_size_is_what_is_required_and_changes_no_byte(
    c_session: Any, make_block: MakeBlock, code: int
) -> None:
    temporary, block = c.ffi.new("char[]", b"\xee" * 40), make_block(b"\xee" * 40)
    for kind, fields in (
        (Kind.TEMP_OUTPUT, (temporary, 32)),
        (Kind.TEMP_INOUT, (temporary, 32)),
        (Kind.PARTIAL_OUTPUT, (block, 32, 4)),
        (Kind.WHOLE, (block, 0, 0)),
    ):
        operation = c.operation((Kind.VALUE_INPUT, (code, 1000)), (kind, fields))
        assert c.invoke(c_session, Command.SET_SIZE, operation) == (code, DONE[1])
        assert getattr(operation.params[1], kind.member).size == 1000
        assert bytes(c.ffi.buffer(temporary, 40)) == b"\xee" * 40
        assert c.content_of(block) == b"\xee" * 40


@pytest.mark.assertion("MR-07")
def test_what_fits_of_what_was_written_comes_back_with_a_larger_size(
    c_session: Any, make_block: MakeBlock
) -> None:
    temporary, block = c.ffi.new("char[]", b"\xee" * 40), make_block(b"\xee" * 40)
    operation = c.operation(
        (Kind.VALUE_INPUT, (0, 1000)),
        (Kind.TEMP_OUTPUT, (temporary, 32)),
        (Kind.PARTIAL_OUTPUT, (block, 32, 4)),
    )
    assert c.invoke(c_session, Command.FILL_AND_SET_SIZE, operation) == DONE
    assert operation.params[1].tmpref.size == operation.params[2].memref.size == 1000
    assert bytes(c.ffi.buffer(temporary, 40)) == filled(1, 32) + b"\xee" * 8
    assert c.content_of(block) == b"\xee" * 4 + filled(2, 32) + b"\xee" * 4


@pytest.mark.assertion("MR-09")
@pytest.mark.optee_only
def test_a_null_output_can_be_told_the_size_required(c_session: Any) -> None:
    operation = c.operation(
        (Kind.VALUE_INPUT, (tee.Result.SHORT_BUFFER, 77)),
        (Kind.TEMP_OUTPUT, (NULL, 0)),
        (Kind.TEMP_INOUT, (NULL, 0)),
    )
    outcome = c.invoke(c_session, Command.SET_SIZE, operation)
    assert outcome == (tee.Result.SHORT_BUFFER, DONE[1])
    assert [slot.tmpref.size for slot in operation.params[1:3]] == [77, 77]
    assert [slot.tmpref.buffer for slot in operation.params[1:3]] == [NULL, NULL]


@pytest.mark.assertion("MR-10")
def test_of_a_whole_reference_only_the_parent_counts(c_session: Any, make_block: MakeBlock) -> None:
    block = make_block(b"abcdef")
    operation = c.operation((Kind.WHOLE, (block, 2**64 - 1, 2**63)), LOOK)
    assert c.invoke(c_session, Command.MEMREF_CHECKSUM, operation) == DONE
    value = operation.params[1].value
    assert (value.a, value.b) == checksum(b"abcdef")
    assert operation.params[0].memref.offset == 2**63


@pytest.mark.assertion("MR-11", "MR-12")
@pytest.mark.parametrize("flags", [1, 2, 3])
def test_a_whole_reference_has_its_parents_directions(
    observed: Observed, c_session: Any, make_block: MakeBlock, flags: int
) -> None:
    block = make_block(b"abcdef", flags)
    operation = c.operation((Kind.WHOLE, (block, 99, 0)), LOOK)
    assert c.invoke(c_session, Command.MEMREF_LOOK, operation) == DONE
    assert operation.params[1].value.b & 15 == 4 + flags
    assert operation.params[0].memref.size == (6 if flags & 2 else 99)
    operation = c.operation((Kind.VALUE_INPUT, (0, 2)), (Kind.WHOLE, (block, 99, 0)))
    assert c.invoke(c_session, Command.SET_SIZE, operation) == DONE
    assert operation.params[1].memref.size == (2 if flags & 2 else 99)
    assert block.size == 6


@pytest.mark.assertion("MR-13", "AS-02", "RS-02")
def test_a_whole_reference_to_an_empty_block_is_empty_and_not_null(
    c_session: Any, make_block: MakeBlock
) -> None:
    block = make_block(b"")
    assert look(c_session, (Kind.WHOLE, (block, 0, 0))) == [PRESENT | NOT_NULL]
    assert look(c_session, (Kind.PARTIAL_INOUT, (block, 0, 0))) == [PRESENT | NOT_NULL]


@pytest.mark.assertion("MR-14", "MR-20", "GEN-05")
def test_memory_that_is_not_shared_is_refused(observed: Observed, make_block: MakeBlock) -> None:
    released = make_block(b"abc")
    c.lib.TEEC_ReleaseSharedMemory(released)
    garbage = c.ffi.new("TEEC_SharedMemory *")
    c.ffi.buffer(garbage)[:] = b"\xa5" * c.ffi.sizeof("TEEC_SharedMemory")
    observed.kernel.forget()
    for block in (released, garbage, c.ffi.new("TEEC_SharedMemory *"), NULL):
        for kind in (Kind.WHOLE, Kind.PARTIAL_INPUT, Kind.PARTIAL_INOUT):
            operation = c.operation((kind, (block, 0, 0)))
            assert c.invoke(observed.session, Command.NOTHING, operation) == REFUSED
    assert observed.kernel.ioctls == []


@pytest.mark.assertion("MR-16")
@pytest.mark.parametrize(
    ("size", "offset"),
    [(101, 0), (1, 100), (0, 101), (51, 50), (2**64 - 1, 1), (2**63, 2**63), (1, 2**64 - 1)],
)
def test_a_part_beyond_its_parent_is_refused(
    c_session: Any, make_block: MakeBlock, size: int, offset: int
) -> None:
    block = make_block(bytes(100))
    operation = c.operation((Kind.PARTIAL_INOUT, (block, size, offset)))
    assert c.invoke(c_session, Command.NOTHING, operation) == REFUSED


@pytest.mark.assertion("MR-17")
def test_an_empty_part_may_be_at_the_end(c_session: Any, make_block: MakeBlock) -> None:
    block = make_block(bytes(4096))
    assert look(c_session, (Kind.PARTIAL_INPUT, (block, 0, 4096))) == [PRESENT | NOT_NULL]


@pytest.mark.assertion("MR-18")
@pytest.mark.parametrize("kind", [Kind.PARTIAL_INPUT, Kind.PARTIAL_OUTPUT, Kind.PARTIAL_INOUT])
def test_of_a_part_the_size_is_updated_if_it_is_an_output(
    c_session: Any, make_block: MakeBlock, kind: Kind
) -> None:
    block = make_block(bytes(100))
    operation = c.operation((Kind.VALUE_INPUT, (0, 3)), (kind, (block, 50, 20)))
    assert c.invoke(c_session, Command.SET_SIZE, operation) == DONE
    memref = operation.params[1].memref
    expected = 50 if kind is Kind.PARTIAL_INPUT else 3
    assert (memref.size, memref.offset, memref.parent) == (expected, 20, block)
    assert block.size == 100


@pytest.mark.assertion("MR-19")
@pytest.mark.parametrize(("size", "offset"), [(10, 0), (1, 99), (4096, 17), (904, 4096)])
def test_bytes_outside_a_part_stay_as_they_were(
    c_session: Any, make_block: MakeBlock, size: int, offset: int
) -> None:
    block = make_block(b"\xee" * 5000)
    operation = c.operation(NONE, NONE, (Kind.PARTIAL_OUTPUT, (block, size, offset)))
    assert c.invoke(c_session, Command.MEMREF_FILL, operation) == DONE
    expected = b"\xee" * offset + filled(2, size) + b"\xee" * (5000 - offset - size)
    assert c.content_of(block) == expected


@pytest.mark.assertion("MR-21")
def test_parameters_may_refer_to_one_block(c_session: Any, make_block: MakeBlock) -> None:
    block = make_block(b"\xee" * 400)
    parts = [(Kind.PARTIAL_INOUT, (block, 100, 100 * slot)) for slot in range(4)]
    assert c.invoke(c_session, Command.MEMREF_FILL, c.operation(*parts)) == DONE
    assert c.content_of(block) == b"".join(filled(slot, 100) for slot in range(4))


@pytest.mark.assertion("MR-21")
def test_parameters_may_overlap(c_session: Any, make_block: MakeBlock) -> None:
    block = make_block(b"\xee" * 100)
    overlapping = [(Kind.PARTIAL_OUTPUT, (block, 60, 0)), (Kind.PARTIAL_OUTPUT, (block, 60, 40))]
    assert c.invoke(c_session, Command.MEMREF_FILL, c.operation(*overlapping)) == DONE
    content = c.content_of(block)
    assert content[:40] == filled(0, 40)
    assert content[40:] == filled(1, 60)


@pytest.mark.assertion("MR-22")
def test_memory_may_be_registered_more_than_once(c_context: Any, c_session: Any) -> None:
    data = c.ffi.new("char[]", b"abcdef")
    blocks = [c.memory(6, 3, data), c.memory(6, 3, data), c.memory(3, 3, data + 3)]
    for block in blocks:
        assert c.lib.TEEC_RegisterSharedMemory(c_context, block) == 0
    for block in blocks:
        operation = c.operation((Kind.WHOLE, (block, 0, 0)))
        assert c.invoke(c_session, Command.MEMREF_XOR, operation) == DONE
    for block in blocks:
        c.lib.TEEC_ReleaseSharedMemory(block)
    assert bytes(c.ffi.buffer(data, 6)) == b"abc" + xored(0, b"def")


@pytest.mark.assertion("MR-23", "RS-11", "AS-09", "GEN-03")
def test_a_block_serves_many_operations_at_once(
    c_context: Any, c_session: Any, make_block: MakeBlock, pool: ThreadPoolExecutor
) -> None:
    block = make_block(bytes(4 * 1000))
    other = c.new_session()
    assert c.open_session(c_context, other) == DONE

    def work(part: int) -> None:
        session = other if part % 2 else c_session
        for _ in range(5):
            operation = c.operation((Kind.PARTIAL_INOUT, (block, 1000, 1000 * part)))
            assert c.invoke(session, Command.MEMREF_XOR, operation) == DONE

    for call in [pool.submit(work, part) for part in range(4)]:
        call.result(LIMIT)
    assert c.content_of(block) == xored(0, bytes(4000))
    c.lib.TEEC_CloseSession(other)


@pytest.mark.assertion("MR-24", "MR-07")
def test_what_the_application_does_not_write_comes_back_as_it_was(
    c_session: Any, make_block: MakeBlock
) -> None:
    temporary, block = c.ffi.new("char[]", b"\xee" * 40), make_block(b"\xee" * 40)
    operation = c.operation(
        (Kind.TEMP_OUTPUT, (temporary, 40)), (Kind.PARTIAL_OUTPUT, (block, 20, 10))
    )
    assert c.invoke(c_session, Command.NOTHING, operation) == DONE
    assert bytes(c.ffi.buffer(temporary, 40)) == c.content_of(block) == b"\xee" * 40


@pytest.mark.assertion("MR-25")
def test_memory_that_must_not_be_written_is_kept_from_the_tee(observed: Observed) -> None:
    """By copies, which is what the kernel is told of: not the program's address."""
    data = c.ffi.new("char[]", b"abcdef")
    block = c.memory(6, 1, data)
    assert c.lib.tee_memory_register(observed.context, block, False) == 0
    operation = c.operation((Kind.WHOLE, (block, 0, 0)), (Kind.TEMP_INPUT, (data, 6)))
    assert c.invoke(observed.session, Command.MEMREF_CHECKSUM, operation) == DONE
    told = [
        uapi.SHM_REGISTER_DATA.unpack(request.argument)[:2]
        for request in observed.kernel.requests(uapi.TEE_IOC_SHM_REGISTER)
    ]
    address = int(c.ffi.cast("uintptr_t", data))
    assert not [start for start, size in told if start <= address < start + size]
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("MR-26", "AS-04")
def test_memory_of_the_librarys_own_begins_on_a_page(observed: Observed) -> None:
    data = c.ffi.new("char[100]")
    block = c.allocated(observed.context, bytes(10))
    operation = c.operation((Kind.TEMP_INPUT, (data + 3, 50)), (Kind.WHOLE, (block, 0, 0)))
    assert c.invoke(observed.session, Command.NOTHING, operation) == DONE
    program = int(c.ffi.cast("uintptr_t", data)) & -mmap.PAGESIZE
    for request in observed.kernel.requests(uapi.TEE_IOC_SHM_REGISTER):
        address, *_ = uapi.SHM_REGISTER_DATA.unpack(request.argument)
        assert address % mmap.PAGESIZE == 0
        assert address != program
    assert int(c.ffi.cast("uintptr_t", block.buffer)) % mmap.PAGESIZE == 0
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("MR-27")
def test_memory_that_can_only_be_read_is_an_input(c_context: Any, c_session: Any) -> None:
    with mmap.mmap(-1, 8192, prot=mmap.PROT_READ) as pages, c.ffi.from_buffer(pages) as data:
        block = c.memory(5000, 1, data)
        assert c.lib.TEEC_RegisterSharedMemory(c_context, block) == 0
        for slot in (
            (Kind.WHOLE, (block, 0, 0)),
            (Kind.PARTIAL_INPUT, (block, 5000, 0)),
            (Kind.TEMP_INPUT, (data, 5000)),
        ):
            operation = c.operation(slot, LOOK)
            assert c.invoke(c_session, Command.MEMREF_CHECKSUM, operation) == DONE
            value = operation.params[1].value
            assert (value.a, value.b) == (0, 5000)
        c.lib.TEEC_ReleaseSharedMemory(block)
        assert (block.buffer, block.size) == (data, 5000)


@pytest.mark.assertion("MR-28")
@pytest.mark.parametrize("flags", [2, 3])
def test_memory_that_can_only_be_read_is_no_output(c_context: Any, flags: int) -> None:
    with mmap.mmap(-1, 8192, prot=mmap.PROT_READ) as pages, c.ffi.from_buffer(pages) as data:
        block = c.memory(5000, flags, data)
        assert c.lib.TEEC_RegisterSharedMemory(c_context, block) != 0
        c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("MR-29", "OS-31")
def test_what_was_shared_before_a_refusal_is_undone(observed: Observed) -> None:
    before = set(observed.kernel.descriptors)
    data = c.ffi.new("char[100]")
    good = (Kind.TEMP_INOUT, (data, 100))
    for slots in (
        [good, good, good, (Kind.TEMP_INPUT, (NULL, 1))],
        [good, (Kind.WHOLE, (NULL, 0, 0))],
        [good, good, (Kind.PARTIAL_INPUT, (c.memory(1, 1, data), 1, 0))],
    ):
        assert c.invoke(observed.session, Command.NOTHING, c.operation(*slots)) == REFUSED
        c.lib.tee_context_trim(observed.context)
        assert observed.kernel.descriptors == before
    assert observed.kernel.requests(uapi.TEE_IOC_INVOKE) == []
