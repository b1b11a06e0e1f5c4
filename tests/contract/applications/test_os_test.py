# SPDX-License-Identifier: BSD-2-Clause
"""What OP-TEE's os_test sees of its client, its parameters, time, and its own death."""

from __future__ import annotations

import itertools
import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import pytest

import pytee_client as tee

from ...support.applications import OsTest
from ...support.applications.os_test import OsTestCommand as Command
from ...support.outputs import output_as
from ...support.waiting import LIMIT
from ...support.window import Window, with_window
from .memrefs import Kind, memref

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

pytestmark = pytest.mark.optee_only


PAGE = 4096
TRUSTED_APP, TEE = tee.Origin.TRUSTED_APP, tee.Origin.TEE
NAMESPACE = UUID("58ac9ca0-2086-4683-a1b8-ec4bc08e01b6")
INPUT, OUTPUT, INOUT = tee.MemoryFlags.INPUT, tee.MemoryFlags.OUTPUT, tee.MemoryFlags.INOUT


@pytest.mark.probe(2)
@pytest.mark.once
def test_anybody_can_open_a_session(context: tee.Context) -> None:
    with context.open_session(OsTest.uuid, login=tee.Login.PUBLIC) as session:
        assert session.outputs == ()


def identity(session: tee.Session) -> tuple[int, UUID]:
    login, uuid = session.invoke_command(
        Command.CLIENT_IDENTITY, tee.ValueOutput(), tee.MemrefTempOutput(16)
    )
    return login.a, UUID(bytes_le=output_as(bytes, uuid))


@pytest.mark.probe(6)
@pytest.mark.once
def test_a_user_login_tells_the_application_the_user(context: tee.Context) -> None:
    with context.open_session(OsTest.uuid, login=tee.Login.USER) as session:
        assert identity(session) == (1, uuid5(NAMESPACE, f"uid={os.geteuid():x}"))


@pytest.mark.probe(7)
@pytest.mark.once
def test_a_group_login_tells_the_application_the_group(context: tee.Context) -> None:
    gid = os.getegid()
    with context.open_session(OsTest.uuid, login=tee.Login.GROUP, gid=gid) as session:
        assert identity(session) == (2, uuid5(NAMESPACE, f"gid={gid:x}"))


@pytest.mark.probe(7)
def test_a_public_login_tells_the_application_nobody(os_test: tee.Session) -> None:
    assert identity(os_test) == (0, UUID(int=0))


@pytest.mark.probe(9)
@pytest.mark.parametrize("room", [15, 0, None])
def test_an_identity_needs_sixteen_bytes(os_test: tee.Session, room: int | None) -> None:
    with pytest.raises(tee.ShortBufferError) as caught:
        os_test.invoke_command(
            Command.CLIENT_IDENTITY, tee.ValueOutput(), tee.MemrefTempOutput(room)
        )
    assert caught.value.origin == TRUSTED_APP
    assert caught.value.required == 16


def parts_of(block: tee.SharedMemory, last: int) -> list[Any]:
    """Return four parts of a block of eight pages; the last begins two pages before its end."""
    return [
        tee.MemrefPartialInput(block, 0, PAGE),
        tee.MemrefPartialInput(block, PAGE, PAGE),
        tee.MemrefPartialOutput(block, 4 * PAGE, PAGE),
        tee.MemrefPartialOutput(block, 6 * PAGE, last),
    ]


@pytest.mark.probe(22)
def test_parts_of_one_block_reach_the_application(
    context: tee.Context, os_test: tee.Session
) -> None:
    with context.allocate_shared_memory(8 * PAGE) as block:
        outputs = os_test.invoke_command(Command.PARAMS, *parts_of(block, 2 * PAGE))
        assert [len(output) for output in outputs] == [PAGE, 2 * PAGE]
        for output in outputs:
            output.release()


@pytest.mark.probe(23)
def test_a_part_a_page_too_long_does_not_reach_the_application(
    context: tee.Context, os_test: tee.Session
) -> None:
    with context.allocate_shared_memory(8 * PAGE) as block:
        with pytest.raises(tee.BadParametersError) as caught:
            os_test.invoke_command(Command.PARAMS, *parts_of(block, 3 * PAGE))
        assert caught.value.origin not in (TRUSTED_APP, TEE)


@pytest.mark.probe(23)
@pytest.mark.parametrize(("offset", "size"), [(0, 6002), (1, 6001), (6001, 1), (6002, 0)])
def test_a_part_a_byte_too_long_does_not_reach_the_application(
    context: tee.Context, os_test: tee.Session, offset: int, size: int
) -> None:
    with context.allocate_shared_memory(6001) as block:
        part = tee.MemrefPartialOutput(block, offset, size)
        with pytest.raises(tee.BadParametersError) as caught:
            os_test.invoke_command(Command.PARAMS, b"1", b"2", tee.MemrefTempOutput(3), part)
        assert caught.value.origin not in (TRUSTED_APP, TEE)


@pytest.mark.probe(24)
@pytest.mark.parametrize("size", [1, 100, PAGE, PAGE + 1001])
@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
def test_memory_of_all_kinds_is_read_changed_and_written(
    context: tee.Context, os_test: tee.Session, kind: Kind, size: int
) -> None:
    added, before = bytes(i % 256 for i in range(size)), bytes((7 * i) % 256 for i in range(size))
    with (
        memref(context, kind, INPUT, added) as (source, source_memory),
        memref(context, kind, INOUT, before) as (changed, changed_memory),
        memref(context, kind, OUTPUT, bytes(size)) as (total, total_memory),
    ):
        outputs = os_test.invoke_command(Command.MEMREF_MIX, source, changed, total)
        views = [output_as(memoryview, output) for output in outputs]
        assert [len(view) for view in views] == [size, size]
        for view in views:
            view.release()
        after = bytes((byte + 1) % 256 for byte in before)
        assert bytes(source_memory) == added
        assert bytes(changed_memory) == after
        assert bytes(total_memory) == bytes(
            (a + b) % 256 for a, b in zip(after, added, strict=True)
        )


@pytest.mark.probe(25)
@pytest.mark.parametrize("sizes", [(99, 100, 100), (100, 99, 100), (100, 100, 101)])
def test_memory_of_unequal_sizes_is_refused_as_it_was(
    os_test: tee.Session, sizes: tuple[int, int, int]
) -> None:
    source, changed, total = sizes
    with pytest.raises(tee.BadParametersError) as caught:
        os_test.invoke_command(
            Command.MEMREF_MIX,
            b"1" * source,
            tee.MemrefTempInOut(bytearray(b"2" * changed)),
            tee.MemrefTempOutput(total),
        )
    assert caught.value.origin == TRUSTED_APP
    assert caught.value.outputs == (b"2" * changed, bytes(total))


@pytest.mark.probe(26)
@pytest.mark.parametrize("null", list(itertools.product([False, True], repeat=4)), ids=str)
def test_the_application_tells_null_from_empty(
    os_test: tee.Session, null: tuple[bool, bool, bool, bool]
) -> None:
    inputs = [tee.MemrefTempInput(None if is_null else b"") for is_null in null[:2]]
    outputs = [tee.MemrefTempOutput(None if is_null else 0) for is_null in null[2:]]
    if null == (False, True, False, True):
        assert os_test.invoke_command(Command.NULL_MEMREFS, *inputs, *outputs) == (b"", b"")
        return
    with pytest.raises(tee.BadParametersError) as caught:
        os_test.invoke_command(Command.NULL_MEMREFS, *inputs, *outputs)
    assert caught.value.origin == TRUSTED_APP


@pytest.mark.probe(27)
def test_empty_memory_is_passed_on_as_memory(os_test: tee.Session) -> None:
    outputs = os_test.invoke_command(
        Command.EMPTY_MEMREFS, b"", tee.MemrefTempInOut(bytearray()), tee.MemrefTempOutput(0)
    )
    assert [bytes(output) for output in outputs] == [b"", b""]


@pytest.mark.probe(28)
def test_a_wait_takes_its_time(os_test: tee.Session) -> None:
    started = time.monotonic()
    assert os_test.invoke_command(Command.WAIT, (100, 0)) == ()
    assert time.monotonic() - started > 0.08


@pytest.mark.probe(29)
@pytest.mark.once
@with_window
def test_a_cancelled_wait_ends_as_cancelled_at_once(
    os_test: tee.Session, pool: ThreadPoolExecutor, window: Window
) -> None:
    operation = tee.Operation()
    # Far longer than the test may take.
    time_given = (10 * LIMIT * 1000, 0)
    wait = partial(os_test.invoke_command, Command.WAIT, time_given, operation=operation)
    call = window.start(pool, wait)
    operation.request_cancellation()
    with pytest.raises(tee.CancelError) as caught:
        call.result(LIMIT)
    assert caught.value.origin == TRUSTED_APP


@pytest.mark.probe(30)
@pytest.mark.once
def test_a_late_cancellation_leaves_the_next_wait_alone(os_test: tee.Session) -> None:
    operation = tee.Operation()
    assert os_test.invoke_command(Command.WAIT, (100, 0), operation=operation) == ()
    operation.request_cancellation()
    assert os_test.invoke_command(Command.WAIT, (100, 0)) == ()


@pytest.mark.probe(31)
@pytest.mark.once
def test_two_waits_in_one_session_follow_each_other(
    os_test: tee.Session, pool: ThreadPoolExecutor
) -> None:
    started = time.monotonic()
    calls = [pool.submit(os_test.invoke_command, Command.WAIT, (300, 0)) for _ in range(2)]
    assert [call.result(LIMIT) for call in calls] == [(), ()]
    assert time.monotonic() - started > 0.5


@pytest.mark.probe(32)
@pytest.mark.once
def test_an_application_can_give_another_a_time_limit(os_test: tee.Session) -> None:
    # It gives half of the time. OP-TEE has a limit of other than whole seconds come a second
    # too late if their sum with its clock goes beyond a second, so one of half a second may not
    # end a wait of a second.
    assert os_test.invoke_command(Command.CLIENT_WITH_TIMEOUT, (2000, 0)) == ()


@pytest.mark.probe(33)
@pytest.mark.once
def test_a_panic_is_the_end_of_its_session_only(context: tee.Context) -> None:
    with context.open_session(OsTest.uuid) as session:
        for command in (Command.PANIC, Command.INIT):
            with pytest.raises(tee.TargetDeadError) as caught:
                session.invoke_command(command)
            assert caught.value.origin == TEE
    with context.open_session(OsTest.uuid) as session:
        assert session.invoke_command(Command.CALL_LIBRARY) == ()


@pytest.mark.probe(34)
@pytest.mark.parametrize("address", range(1, 8))
@pytest.mark.once
def test_an_access_to_foreign_memory_is_a_panic(context: tee.Context, address: int) -> None:
    with context.open_session(OsTest.uuid) as session:
        for _ in range(2):
            with pytest.raises(tee.TargetDeadError) as caught:
                session.invoke_command(Command.BAD_MEMORY_ACCESS, (address, 0))
            assert caught.value.origin == TEE


@pytest.mark.probe(34)
@pytest.mark.parametrize("address", range(1, 6))
@pytest.mark.once
def test_an_access_beyond_shared_memory_is_a_panic(context: tee.Context, address: int) -> None:
    with (
        context.allocate_shared_memory(64 << 10) as block,
        context.open_session(OsTest.uuid) as session,
    ):
        for _ in range(2):
            with pytest.raises(tee.TargetDeadError) as caught:
                session.invoke_command(Command.BAD_MEMORY_ACCESS, (address, 0), block)
            assert caught.value.origin == TEE


@pytest.mark.probe(35)
@pytest.mark.once
def test_the_internal_core_api_does_what_it_should(os_test: tee.Session) -> None:
    assert os_test.invoke_command(Command.BASIC, bytes(32)) == ()


@pytest.mark.probe(35)
@pytest.mark.once
def test_an_application_can_be_a_client(os_test: tee.Session) -> None:
    assert os_test.invoke_command(Command.CLIENT) == ()


@pytest.mark.probe(36)
@pytest.mark.once
def test_each_session_has_globals_of_its_own(context: tee.Context, os_test: tee.Session) -> None:
    def value(session: tee.Session) -> int:
        (answer,) = session.invoke_command(Command.GET_GLOBAL, tee.ValueOutput())
        return int(answer.a)

    with context.open_session(OsTest.uuid) as session:
        assert value(session) == 21
        session.invoke_command(Command.CALL_LOADED_LIBRARY)
        assert value(session) == 213
        assert value(os_test) == 21


@pytest.mark.probe(53)
@pytest.mark.real_only
@pytest.mark.once
def test_what_the_tee_can_not_map_is_too_much_and_does_no_harm(os_test: tee.Session) -> None:
    def mix(size: int) -> bytes:
        _, total = os_test.invoke_command(
            Command.MEMREF_MIX,
            b"\x01" * size,
            tee.MemrefTempInOut(bytearray(b"\x02" * size)),
            tee.MemrefTempOutput(size),
        )
        return bytes(total)

    assert mix(1 << 20) == b"\x04" * (1 << 20)
    # Where the limit lies depends on how OP-TEE was built.
    refusals = []
    for size in (8 << 20, 16 << 20):
        try:
            assert mix(size) == b"\x04" * size
        except tee.OutOfMemoryError as error:
            refusals.append(error.origin)
            break
    assert refusals in ([TRUSTED_APP], [TEE])
    assert mix(1) == b"\x04"
