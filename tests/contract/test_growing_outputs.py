# SPDX-License-Identifier: BSD-2-Clause
"""Outputs whose size the Trusted Application says: the command runs again with that room."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client.typing import Parameter

from ..support.conformance import Command, filled
from ..support.outputs import output_as
from ..support.targets import Target

SHORT, SUCCESS = tee.Result.SHORT_BUFFER, tee.Result.SUCCESS
NIL = UUID(int=0).bytes


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17])
def test_an_output_gets_the_room_that_was_asked_for(session: tee.Session, size: int) -> None:
    login, client = session.invoke_command(
        Command.IDENTITY, tee.ValueOutput(), tee.MemrefTempOutput(size, grow=True)
    )
    assert login == (tee.Login.PUBLIC, 0)
    assert client == NIL


@pytest.mark.optee_only
def test_a_null_reference_asks_for_the_size_first(session: tee.Session) -> None:
    _, client = session.invoke_command(
        Command.IDENTITY, tee.ValueOutput(), tee.MemrefTempOutput(None, grow=True)
    )
    assert client == NIL


def test_a_prepared_command_asks_again_at_each_call(session: tee.Session) -> None:
    fixed = session.prepare(Command.IDENTITY, tee.ValueOutput(), tee.MemrefTempOutput(3, grow=True))
    for _ in range(2):
        assert fixed()[1] == NIL
    sizes = session.prepare(
        Command.FILL_AND_SET_SIZE, tee.ValueInput, tee.MemrefTempOutput(3, grow=True)
    )
    for size in (2, 3, 4, 5000):
        assert sizes((SUCCESS, size)) == (filled(1, size),)


def test_a_command_that_succeeds_with_too_little_room_runs_again(session: tee.Session) -> None:
    outputs = session.invoke_command(
        Command.FILL_AND_SET_SIZE,
        (SUCCESS, 4544),
        tee.MemrefTempOutput(2048, grow=True),
        tee.ValueInOut(1, 2),
        tee.MemrefTempOutput(0, grow=True),
    )
    # The value is not that of a run on what the first run returned.
    inverted = (1 ^ 0xFFFFFFFF, 2 ^ 0xFFFFFFFF)
    assert outputs == (filled(1, 4544), inverted, filled(3, 4544))


def test_an_operation_lets_all_runs_pass(session: tee.Session) -> None:
    operation = tee.Operation()
    _, client = session.invoke_command(
        Command.IDENTITY,
        tee.ValueOutput(),
        tee.MemrefTempOutput(0, grow=True),
        operation=operation,
    )
    assert client == NIL
    assert operation.state is tee.OperationState.DONE
    with pytest.raises(tee.BadStateError, match="used before"):
        session.invoke_command(Command.NOTHING, operation=operation)


def test_an_application_that_has_the_room_it_asks_for_is_not_run_again(
    session: tee.Session,
) -> None:
    with pytest.raises(tee.ShortBufferError) as caught:
        session.invoke_command(
            Command.SET_SIZE, (SHORT, 32), tee.MemrefTempOutput(8, grow=True), tee.ValueOutput()
        )
    assert caught.value.origin == tee.Origin.TRUSTED_APP
    assert caught.value.outputs == (bytes(32), (0x11111111, 0x22222222))


def test_an_application_can_not_ask_for_more_than_max_size(session: tee.Session) -> None:
    for code in (SHORT, SUCCESS):
        with pytest.raises(
            tee.ShortBufferError, match=r"output 1 needs 4294967295 bytes.*max_size=16777216"
        ) as caught:
            session.invoke_command(
                Command.SET_SIZE, (code, 2**32 - 1), tee.MemrefTempOutput(8, grow=True)
            )
        assert caught.value.required == 2**32 - 1
        assert caught.value.outputs == (tee.RequiredSize(2**32 - 1),)
    with pytest.raises(tee.ShortBufferError, match="max_size=99"):
        session.invoke_command(
            Command.SET_SIZE, (SHORT, 100), tee.MemrefTempOutput(8, grow=True, max_size=99)
        )


def test_nothing_is_run_again_for_another_output_that_can_not_grow(session: tee.Session) -> None:
    with pytest.raises(tee.ShortBufferError) as caught:
        session.invoke_command(
            Command.SET_SIZE,
            (SHORT, 32),
            tee.MemrefTempOutput(8, grow=True),
            tee.MemrefTempOutput(9),
        )
    assert caught.value.outputs == (tee.RequiredSize(32), tee.RequiredSize(32))


def test_another_result_runs_nothing_again(session: tee.Session) -> None:
    with pytest.raises(tee.BadFormatError) as caught:
        session.invoke_command(
            Command.SET_SIZE, (tee.Result.BAD_FORMAT, 32), tee.MemrefTempOutput(8, grow=True)
        )
    assert caught.value.outputs == (tee.RequiredSize(32),)


def test_a_session_can_be_opened_with_an_output_that_grows(context: tee.Context) -> None:
    with context.open_session(
        Target.CONFORMANCE, (0, 0), tee.MemrefTempOutput(9, grow=True)
    ) as session:
        assert session.outputs == (filled(1, 9),)
        assert session.invoke_command(Command.NOTHING) == ()


KINDS = ("size", "buffer", "inout", "whole", "partial", "partial inout")


@pytest.mark.parametrize("way", ["plain", "prepared", "operation"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_error_says_by_slot_how_many_bytes_each_output_needs(
    context: tee.Context, session: tee.Session, kind: str, way: str
) -> None:
    with context.allocate_shared_memory(20) as block:
        makers: dict[str, Callable[[], Parameter]] = {
            "size": lambda: tee.MemrefTempOutput(20),
            "buffer": lambda: tee.MemrefTempOutput(bytearray(20)),
            "inout": lambda: tee.MemrefTempInOut(bytearray(20)),
            "whole": lambda: tee.MemrefWhole(block),
            "partial": lambda: tee.MemrefPartialOutput(block, 10, 4),
            "partial inout": lambda: tee.MemrefPartialInOut(block, 10, 4),
        }
        slots = ((SHORT, 30), makers[kind](), tee.ValueOutput(), tee.MemrefTempOutput(40))

        def run() -> object:
            if way == "prepared":
                return session.prepare(Command.SET_SIZE, *slots)()
            operation = tee.Operation() if way == "operation" else None
            return session.invoke_command(Command.SET_SIZE, *slots, operation=operation)

        with pytest.raises(tee.ShortBufferError) as caught:
            run()
    needed, _, enough = caught.value.outputs
    assert needed == tee.RequiredSize(30)
    assert caught.value.required == 30
    assert len(output_as(bytes, enough)) == 30
