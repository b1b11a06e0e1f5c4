# SPDX-License-Identifier: BSD-2-Clause
"""Clients of a declared application: each kind of content, on each TEE."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import aio, ta
from pytee_client.kernels import uapi

from ..support.conformance import OPENED, Command, Conformance, checksum, declare, filled, xored
from ..support.loops import on_loop
from ..support.observed_kernel import ObservedKernel
from ..support.targets import Target
from ..support.waiting import LIMIT

if TYPE_CHECKING:
    pass

# Seconds. Any machine has sent a command by then.
SOON = 0.5
NOT_NULL, NOT_EMPTY, MEMREF = 2, 4, 1
MEMREF_INPUT = 5


@pytest.fixture
def client(session: tee.Session) -> Conformance:
    return Conformance.on(session)


def test_memory_of_the_callers_is_changed_in_place(client: Conformance) -> None:
    memory = bytearray(b"some bytes")
    view = client.xor(memoryview(memory)[5:])
    assert bytes(view) == xored(0, b"bytes")
    assert memory == b"some " + xored(0, b"bytes")
    assert bytes(client.fill(memory)) == filled(0, 10) == memory


def test_an_array_in_a_block_is_sent_as_part_of_it(target: Target) -> None:
    import numpy as np

    declared = declare(Command.MEMREF_XOR, ta.InOut[ta.NDArray(np.uint32)])
    kernel = ObservedKernel(target)
    with (
        tee.Context(target.device, backend=kernel) as context,
        declared(context) as client,
        context.allocate_shared_memory(4096) as block,
    ):

        def places() -> list[tuple[int, int, int]]:
            (invoke,) = (one for one in kernel.ioctls if one.request == uapi.TEE_IOC_INVOKE)
            kernel.calls.clear()
            return [(a, b, c) for attr, a, b, c in invoke.params if attr >= MEMREF_INPUT]

        kernel.calls.clear()
        client.session.invoke_command(
            Command.NOTHING, tee.MemrefPartialInOut(block, offset=64, size=40)
        )
        part = places()
        array = np.frombuffer(block, np.uint32, 10, offset=64)
        array[:] = range(10)
        content = array.tobytes()
        assert client.run(array) is array
        assert places() == part
        assert array.tobytes() == xored(0, content) == bytes(memoryview(block)[64:104])
        del array


def test_blocks_and_parts_of_them_are_shared(context: tee.Context, session: tee.Session) -> None:
    whole = declare(Command.MEMREF_XOR, ta.InOut[tee.SharedMemory]).on(session)
    part = declare(
        Command.MEMREF_CHECKSUM, tee.MemrefPartialInput, tee.SharedMemory, returns=tee.Value
    ).on(session)
    both = declare(Command.MEMREF_XOR, ta.InOut[tee.MemrefPartialInOut]).on(session)
    with context.allocate_shared_memory(16) as block:
        memoryview(block)[:] = b"0123456789abcdef"
        given = tee.MemrefPartialInput(block, offset=4, size=4)
        assert part.run(given, block) == checksum(b"4567", b"0123456789abcdef")
        assert bytes(whole.run(block)) == xored(0, b"0123456789abcdef")
        both.run(tee.MemrefPartialInOut(block, offset=0, size=4))
        assert bytes(memoryview(block)) == b"0123" + xored(0, b"456789abcdef")


@pytest.mark.optee_only
def test_none_is_a_null_memory_reference(client: Conformance) -> None:
    assert client.look(None).a == MEMREF
    assert client.look(b"").a == MEMREF | NOT_NULL
    assert client.look(b"x").a == MEMREF | NOT_NULL | NOT_EMPTY


@pytest.mark.optee_only
def test_null_memory_that_goes_both_ways_comes_back_as_none(session: tee.Session) -> None:
    client = declare(Command.MEMREF_XOR, ta.InOut[ta.Nullable(ta.Bytes(2))]).on(session)
    assert client.run(None) is None
    assert client.run(b"ab") == xored(0, b"ab")


def test_slots_are_those_that_are_declared(session: tee.Session) -> None:
    client = declare(
        Command.MEMREF_LOOK, bytes, ta.U32, returns=(tee.Value, ta.Bytes(1)), slots=(3, 1, 2, 0)
    ).on(session)
    (mask, types), _ = client.run(b"abc", 7)
    assert types == 6 | 1 << 4 | 2 << 8 | 5 << 12
    assert mask >> 12 == MEMREF | NOT_NULL | NOT_EMPTY


class Opened(Conformance):
    opening = ta.opening(ta.Both(ta.U32, ta.U32), returns=(ta.Both(ta.U32, ta.U32), ta.Bytes(4)))


class Refused(IntEnum):
    FROZEN = 0x80000001


class FrozenError(Exception):
    pass


class FrozenWalletError(tee.TeecError):
    pass


class Failing(Opened, results=Refused, errors={Refused.FROZEN: FrozenError}):
    pass


def test_an_opening_takes_and_returns_what_is_declared(context: tee.Context) -> None:
    with Opened.opening(context, (0, 0)) as client:
        assert client.opening == ((OPENED, 1), filled(2, 4))
        assert bytes(client.xor(bytearray(b"abc"))) == xored(0, b"abc")
    assert client.closed


def test_declared_codes_are_exceptions(context: tee.Context) -> None:
    with pytest.raises(FrozenError, match="FROZEN"):
        Failing.opening(context, (Refused.FROZEN, 0))
    with Failing.opening(context, (0, 0)) as client:
        with pytest.raises(FrozenError, match="invoking command set_size") as caught:
            client.set_size((Refused.FROZEN, 1))
        cause = caught.value.__cause__
        assert isinstance(cause, tee.TeecError)
        assert (cause.code, cause.origin) == (Refused.FROZEN, tee.Origin.TRUSTED_APP)
        with pytest.raises(tee.BusyError):
            client.set_size((tee.Result.BUSY, 1))


def test_a_declared_class_of_errors_keeps_what_is_known(context: tee.Context) -> None:
    class Own(Conformance, errors={tee.Result.BUSY: FrozenWalletError}):
        pass

    with Own(context) as client, pytest.raises(FrozenWalletError) as caught:
        client.set_size((tee.Result.BUSY, 1))
    assert (caught.value.code, caught.value.origin) == (tee.Result.BUSY, tee.Origin.TRUSTED_APP)
    assert caught.value.outputs[-1] == (0x11111111, 0x22222222)


def test_a_code_of_the_tee_is_no_code_of_the_application(context: tee.Context) -> None:
    class Own(Conformance, errors={tee.Result.TARGET_DEAD: FrozenError}):
        pass

    with Own(context) as client, pytest.raises(tee.TargetDeadError) as caught:
        client.panic(7)
    assert caught.value.origin != tee.Origin.TRUSTED_APP


@pytest.mark.optee_only
def test_a_login_is_that_of_the_class_or_of_the_object(context: tee.Context) -> None:
    class AsUser(Conformance, login=tee.Login.USER):
        pass

    with AsUser(context) as user, AsUser(context, login=tee.Login.PUBLIC) as nobody:
        assert user.identity() == (tee.Login.USER, tee.client_uuid(tee.Login.USER))
        assert nobody.identity() == (tee.Login.PUBLIC, UUID(int=0))


@pytest.mark.optee_only
def test_a_command_that_takes_too_long_is_cancelled(client: Conformance) -> None:
    with pytest.raises(tee.DeadlineError) as caught:
        client.wait((LIMIT * 1000, True), timeout=SOON, grace=LIMIT)
    assert not caught.value.still_running
    assert caught.value.outputs == ((1, 0),)
    assert client.wait((1, True)) is False


@pytest.mark.optee_only
def test_the_time_out_of_a_client_is_that_of_its_session(context: tee.Context) -> None:
    with Conformance(context, timeout=LIMIT, grace=LIMIT) as client:
        session = client.session
        assert isinstance(session, tee.Session)
        assert (session.timeout, session.grace) == (LIMIT, LIMIT)
        session.timeout = SOON
        with pytest.raises(tee.DeadlineError):
            client.wait((LIMIT * 1000, True))
        assert client.wait((1, True), timeout=LIMIT) is False


def test_a_command_takes_an_operation(client: Conformance) -> None:
    operation = tee.Operation()
    assert client.invert(tee.Value(0, 1), operation=operation) == (0xFFFFFFFF, 0xFFFFFFFE)
    assert operation.state is tee.OperationState.DONE
    cancelled = tee.Operation()
    cancelled.request_cancellation()
    with pytest.raises(tee.CancelError, match="invoking command invert"):
        client.invert(tee.Value(0, 1), operation=cancelled)


def test_a_pool_of_sessions_serves_a_client(context: tee.Context) -> None:
    with context.session_pool(Conformance.uuid, size=2) as pool:
        client = Conformance.on(pool)
        assert client.invert(tee.Value(0, 1)) == (0xFFFFFFFF, 0xFFFFFFFE)


@on_loop
async def test_the_same_commands_are_awaited(target: Target) -> None:
    async with (
        aio.Context(target.device, backend=target.backend) as context,
        Failing.opening(context, (0, 0)) as client,
    ):
        assert Failing.opening.result(client) == ((OPENED, 1), filled(2, 4))
        assert await client.invert(tee.Value(0, 1)) == (0xFFFFFFFF, 0xFFFFFFFE)
        memory = bytearray(b"abc")
        assert bytes(await client.xor(memory)) == xored(0, b"abc") == memory
        assert await client.fill_and_set_size((0, 300)) == filled(1, 300)
        with pytest.raises(FrozenError):
            await client.set_size((Refused.FROZEN, 1))


@pytest.mark.optee_only
@on_loop
async def test_an_awaited_command_that_takes_too_long_is_cancelled(target: Target) -> None:
    async with (
        aio.Context(target.device, backend=target.backend) as context,
        context.client(Conformance, timeout=LIMIT, grace=LIMIT) as client,
    ):
        with pytest.raises(tee.DeadlineError):
            await client.wait((LIMIT * 1000, True), timeout=SOON)
        assert await client.wait((1, True)) is False
