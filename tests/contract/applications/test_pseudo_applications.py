# SPDX-License-Identifier: BSD-2-Clause
"""The pseudo Trusted Applications that every OP-TEE has."""

from __future__ import annotations

import errno
import threading
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client.fake.applications import Rng
from pytee_client.fake.applications.pseudo_applications import (
    DeviceEnumeration,
    Installation,
    InvokeTests,
    Socket,
    Statistics,
    System,
)

from ...support.applications import CreateFail, OsTest
from ...support.outputs import output_as
from ...support.waiting import LIMIT
from .memrefs import Kind, memref

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import ThreadPoolExecutor

pytestmark = pytest.mark.optee_only


TRUSTED_APP = tee.Origin.TRUSTED_APP
POOLS = 5
CORE_SELF_TESTS, DEVICE_TREE_TESTS = 2, 11
Command = InvokeTests.Command


@pytest.fixture(scope="module")
def devices(context: tee.Context) -> Iterator[tee.Session]:
    with context.open_session(DeviceEnumeration.uuid) as opened:
        yield opened


@pytest.fixture(scope="module")
def statistics(context: tee.Context) -> Iterator[tee.Session]:
    with context.open_session(Statistics.uuid) as opened:
        yield opened


@pytest.fixture(scope="module")
def invoke_tests(context: tee.Context) -> Iterator[tee.Session]:
    with context.open_session(InvokeTests.uuid) as opened:
        yield opened


def in_slot(slot: int, parameter: object, others: Any = None) -> list[Any]:
    parameters = [others] * 4
    parameters[slot] = parameter
    return parameters


@pytest.mark.probe(5)
@pytest.mark.parametrize("application", [System, Socket])
def test_what_serves_applications_only_denies_access(
    context: tee.Context, application: type[System]
) -> None:
    with pytest.raises(tee.AccessDeniedError) as caught:
        context.open_session(application.uuid)
    assert caught.value.origin == TRUSTED_APP
    assert caught.value.errno is None


ABSENT = {
    "random number generator": Rng.uuid,
    "attestation": UUID("39800861-182a-4720-9b67-2bcd622bc0b5"),
    "SCP03": UUID("be0e5821-e718-4f77-ab3e-8e6c73a9c735"),
    "APDU": UUID("3f3eb880-3639-11ec-9b9d-0f3fc9468f50"),
    "real-time clock": UUID("f389f8c8-845f-496c-8bbe-d64bd24c92fd"),
    "gprof": UUID("2f6e0d48-c574-426d-824e-40198cde5cac"),
}


@pytest.mark.parametrize("name", ABSENT)
@pytest.mark.parametrize("login", [tee.Login.PUBLIC, tee.Login.USER])
def test_what_this_op_tee_is_built_without_is_not_found(
    context: tee.Context, name: str, login: tee.Login
) -> None:
    with pytest.raises(tee.TrustedApplicationNotFoundError) as caught:
        context.open_session(ABSENT[name], login=login)
    assert caught.value.origin == tee.Origin.TEE


@pytest.mark.parametrize("application", [System, Socket])
@pytest.mark.parametrize("parameter", [(1, 2), b"abc", tee.MemrefTempOutput(16)])
@pytest.mark.parametrize("login", [tee.Login.PUBLIC, tee.Login.USER])
def test_access_is_denied_whatever_is_given(
    context: tee.Context, application: type[System], parameter: Any, login: tee.Login
) -> None:
    with pytest.raises(tee.AccessDeniedError) as caught:
        context.open_session(application.uuid, parameter, login=login)
    assert caught.value.origin == TRUSTED_APP


@pytest.fixture
def installation(context: tee.Context) -> Iterator[tee.Session]:
    with context.open_session(Installation.uuid) as opened:
        yield opened


@pytest.mark.parametrize("image", [b"", b"x", bytes(20), bytes(100_000), None])
def test_an_image_that_is_not_signed_is_not_installed(
    context: tee.Context, installation: tee.Session, image: bytes | None
) -> None:
    given = tee.MemrefTempInput(image)
    with context.open_session(Installation.uuid, (1, 2)) as other:
        for session in (installation, other):
            with pytest.raises(tee.SecurityError) as caught:
                session.invoke_command(Installation.Command.BOOTSTRAP, given)
            assert caught.value.origin == TRUSTED_APP


@pytest.mark.parametrize(
    "parameters",
    [
        (),
        ((1, 2),),
        (tee.ValueInOut(1),),
        (tee.MemrefTempInOut(bytearray(16)),),
        (tee.MemrefTempOutput(16),),
        (b"x", (1, 2)),
        (None, b"x"),
    ],
)
def test_an_installation_takes_an_input_alone(
    installation: tee.Session, parameters: tuple[Any, ...]
) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        installation.invoke_command(Installation.Command.BOOTSTRAP, *parameters)
    assert caught.value.origin == TRUSTED_APP
    for command in (1, 2, 99):
        with pytest.raises(tee.errors.NotImplementedError) as unknown:
            installation.invoke_command(command, *parameters)
        assert unknown.value.origin == TRUSTED_APP


@pytest.mark.probe(10)
def test_devices_are_listed_once_there_is_room_for_them(devices: tee.Session) -> None:
    command = DeviceEnumeration.Command.DEVICES
    with pytest.raises(tee.ShortBufferError) as caught:
        devices.invoke_command(command, tee.MemrefTempOutput(None))
    assert caught.value.origin == TRUSTED_APP
    size = caught.value.required
    assert size is not None
    assert size >= 16
    assert size % 16 == 0
    (listed,) = devices.invoke_command(command, tee.MemrefTempOutput(size))
    listed = output_as(bytes, listed)
    uuids = [UUID(bytes=listed[at : at + 16]) for at in range(0, len(listed), 16)]
    assert InvokeTests.uuid in uuids


@pytest.mark.probe(11)
def test_an_unknown_command_of_the_device_enumeration_is_not_implemented(
    devices: tee.Session,
) -> None:
    with pytest.raises(tee.errors.NotImplementedError) as caught:
        devices.invoke_command(99)
    assert caught.value.origin == TRUSTED_APP


@pytest.mark.probe(12)
def test_memory_statistics_have_a_record_for_each_pool(statistics: tee.Session) -> None:
    def required(pool: int) -> int:
        with pytest.raises(tee.ShortBufferError) as caught:
            statistics.invoke_command(Statistics.Command.MEMORY, (pool, 0), tee.MemrefTempOutput(0))
        assert caught.value.origin == TRUSTED_APP
        assert caught.value.required is not None
        return caught.value.required

    record, size = required(1), required(0)
    # Newer versions of OP-TEE say more of each pool.
    assert record in (56, 64)
    assert size == POOLS * record
    (records,) = statistics.invoke_command(
        Statistics.Command.MEMORY, (0, 0), tee.MemrefTempOutput(size)
    )
    records = output_as(bytes, records)
    names = [records[at : at + 32].rstrip(b"\0") for at in range(0, size, record)]
    assert b"Heap" in names


@pytest.mark.probe(13)
def test_statistics_of_the_pager_are_three_values(statistics: tee.Session) -> None:
    outputs = statistics.invoke_command(Statistics.Command.PAGER, *[tee.ValueOutput()] * 3)
    assert [type(output) for output in outputs] == [tee.Value] * 3


@pytest.mark.probe(13)
def test_statistics_tell_the_time_of_both_worlds(statistics: tee.Session) -> None:
    def times() -> list[float]:
        outputs = statistics.invoke_command(
            Statistics.Command.TIME, tee.ValueOutput(), tee.ValueOutput()
        )
        assert all(milliseconds < 1000 for _, milliseconds in outputs)
        return [seconds + milliseconds / 1000 for seconds, milliseconds in outputs]

    here = time.time()
    normal, secure = times()
    assert abs(normal - here) < LIMIT
    later_normal, later_secure = times()
    assert normal <= later_normal
    assert secure <= later_secure < secure + LIMIT


@pytest.mark.probe(13)
def test_statistics_of_applications_are_not_supported(statistics: tee.Session) -> None:
    with pytest.raises(tee.NotSupportedError) as caught:
        statistics.invoke_command(Statistics.Command.APPLICATIONS, tee.MemrefTempOutput(100))
    assert caught.value.origin == TRUSTED_APP


def allocated(statistics: tee.Session, pool: bytes) -> int:
    """Return how much of a pool of the TEE's memory is in use, in bytes."""
    (records,) = statistics.invoke_command(
        Statistics.Command.MEMORY, (0, 0), tee.MemrefTempOutput(4096)
    )
    # Newer versions of OP-TEE have another number between a pool's name and this.
    at = records.index(pool + b"\0") + len(records) // POOLS - 24
    return int.from_bytes(records[at : at + 4], "little")


@pytest.mark.probe(4)
@pytest.mark.real_only
@pytest.mark.once
def test_failed_openings_leave_no_memory_behind(
    context: tee.Context, statistics: tee.Session
) -> None:
    def fail() -> None:
        with pytest.raises(tee.GenericError):
            context.open_session(CreateFail.uuid)

    fail()
    before = allocated(statistics, b"Physical TA memory")
    for _ in range(8):
        fail()
    assert allocated(statistics, b"Physical TA memory") == before
    with context.open_session(OsTest.uuid):
        assert allocated(statistics, b"Physical TA memory") > before


@pytest.mark.probe(14)
@pytest.mark.parametrize("slot", range(4))
@pytest.mark.parametrize(("a", "b"), [(1, 2), (0xFFFFFFF0, 0x20), (0xFFFFFFFF, 0xFFFFFFFF)])
def test_a_value_is_summed_in_any_slot(
    invoke_tests: tee.Session, slot: int, a: int, b: int
) -> None:
    outputs = invoke_tests.invoke_command(Command.PARAMS, *in_slot(slot, tee.ValueInOut(a, b)))
    assert outputs == (((a + b) % 2**32, b),)


@pytest.mark.probe(15)
@pytest.mark.parametrize("slot", range(4))
def test_three_values_are_summed_into_the_fourth(invoke_tests: tee.Session, slot: int) -> None:
    parameters: list[Any] = [(10, 100), (20, 200), (30, 300), (0xFFFFFFFF, 400)]
    inputs = [pair for index, pair in enumerate(parameters) if index != slot]
    parameters[slot] = tee.ValueOutput()
    outputs = invoke_tests.invoke_command(Command.PARAMS, *parameters)
    assert outputs == ((sum(a for a, _ in inputs) % 2**32, sum(b for _, b in inputs)),)


@pytest.mark.probe(16)
@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 16 << 10, 1 << 20])
@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
def test_bytes_are_summed_in_any_slot(
    context: tee.Context, invoke_tests: tee.Session, kind: Kind, size: int
) -> None:
    data = (bytes(range(1, 252)) * (size // 251 + 1))[:size]
    expected = bytes([sum(data) % 256]) + data[1:]
    for slot in range(4):
        with memref(context, kind, tee.MemoryFlags.INOUT, data) as (parameter, memory):
            (output,) = invoke_tests.invoke_command(Command.PARAMS, *in_slot(slot, parameter))
            assert len(output) == size
            assert bytes(memory) == expected
            output.release()


@pytest.mark.probe(17)
@pytest.mark.real_only
@pytest.mark.once
def test_memory_that_the_tee_can_not_map_is_too_much(invoke_tests: tee.Session) -> None:
    # Not much less than OP-TEE's window for this, 32 MiB, can be the end of OP-TEE: not tried.
    buffer = bytearray(40 << 20)
    with pytest.raises(tee.OutOfMemoryError) as caught:
        invoke_tests.invoke_command(Command.PARAMS, tee.MemrefTempInOut(buffer))
    if caught.value.origin != tee.Origin.TEE:
        # OP-TEE had not even room for the list of pages, of which Linux says EINVAL.
        assert caught.value.errno == errno.ENOMEM
        assert caught.value.remedy
    assert invoke_tests.invoke_command(Command.PARAMS, tee.ValueInOut(1, 1)) == ((2, 1),)


@pytest.mark.probe(18)
@pytest.mark.parametrize("buffer", [None, bytearray()], ids=["null", "empty"])
def test_a_pseudo_application_sees_nothing_as_null(
    invoke_tests: tee.Session, buffer: bytearray | None
) -> None:
    outputs = invoke_tests.invoke_command(Command.MEMREF_NULL, tee.MemrefTempInOut(buffer))
    assert [bytes(output) for output in outputs] == [b""]


@pytest.mark.probe(18)
def test_a_pseudo_application_sees_a_byte_as_memory(invoke_tests: tee.Session) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        invoke_tests.invoke_command(Command.MEMREF_NULL, tee.MemrefTempInOut(bytearray(1)))
    assert caught.value.origin == TRUSTED_APP


@pytest.mark.probe(19)
@pytest.mark.parametrize("command", [Command.PARAMS, 99])
def test_no_parameters_and_no_such_command_are_refused(
    invoke_tests: tee.Session, command: int
) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        invoke_tests.invoke_command(command)
    assert caught.value.origin == TRUSTED_APP


def test_the_tests_of_the_hash_tree_take_no_parameters(invoke_tests: tee.Session) -> None:
    assert invoke_tests.invoke_command(InvokeTests.Command.HASH_TREE_TESTS) == ()
    with pytest.raises(tee.BadParametersError) as caught:
        invoke_tests.invoke_command(InvokeTests.Command.HASH_TREE_TESTS, (0, 0))
    assert caught.value.origin == TRUSTED_APP


def test_the_tests_of_the_order_of_locks_are_for_debugging_only(invoke_tests: tee.Session) -> None:
    with pytest.raises(tee.NotSupportedError) as caught:
        invoke_tests.invoke_command(InvokeTests.Command.LOCK_ORDER_TESTS)
    assert caught.value.origin == TRUSTED_APP


@pytest.mark.probe(20)
@pytest.mark.real_only
@pytest.mark.once
@pytest.mark.parametrize("command", [CORE_SELF_TESTS, DEVICE_TREE_TESTS])
def test_the_tee_finds_itself_well(invoke_tests: tee.Session, command: int) -> None:
    assert invoke_tests.invoke_command(command) == ()


@pytest.mark.probe(21)
def test_writers_have_the_mutex_for_themselves(
    context: tee.Context, pool: ThreadPoolExecutor
) -> None:
    writers, readers, rounds = 3, 3, 200
    barrier = threading.Barrier(writers + readers)

    def hold(reader: bool) -> tee.Value:
        with context.open_session(InvokeTests.uuid) as session:
            barrier.wait(LIMIT)
            (seen,) = session.invoke_command(
                Command.MUTEX, (int(reader), rounds), tee.ValueOutput()
            )
            assert isinstance(seen, tee.Value)
            return seen

    calls = [pool.submit(hold, index >= writers) for index in range(writers + readers)]
    seen = [call.result(LIMIT) for call in calls]
    assert [held for _, held in seen[:writers]] == [1] * writers
    assert all(1 <= held <= readers for _, held in seen[writers:])
