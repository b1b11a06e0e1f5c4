# SPDX-License-Identifier: BSD-2-Clause
"""What a Trusted Application returns, and what becomes of one that panics."""

from __future__ import annotations

import pytest

import pytee_client as tee

from ..support.conformance import Command
from ..support.targets import Target


def test_every_named_result_is_raised_with_its_name(session: tee.Session) -> None:
    for code in set(tee.Result) - {tee.Result.SUCCESS}:
        with pytest.raises(tee.TeecError) as caught:
            session.invoke_command(Command.SET_SIZE, (code, 0))
        assert caught.value.code == code
        assert caught.value.result is code
        assert caught.value.origin == tee.Origin.TRUSTED_APP
        assert code.name in str(caught.value)
        assert caught.value.errno is None


@pytest.mark.parametrize("code", [1, 0x7FFFFFFF, 0x80000000, 0xABCDEF01, 0xFFFF9999, 0xFFFFFFFF])
def test_a_code_without_a_name_survives(session: tee.Session, code: int) -> None:
    with pytest.raises(tee.TeecError) as caught:
        session.invoke_command(Command.SET_SIZE, (code, 0))
    assert type(caught.value) is tee.TeecError
    assert caught.value.code == code
    assert caught.value.result is None
    assert f"0x{code:08x}" in str(caught.value)


def test_outputs_come_back_with_an_error_too(session: tee.Session) -> None:
    with pytest.raises(tee.GenericError) as caught:
        session.invoke_command(
            Command.SET_SIZE,
            (tee.Result.GENERIC, 3),
            tee.ValueOutput(),
            tee.ValueInOut(1, 2),
            tee.MemrefTempInOut(bytearray(b"abcdef")),
        )
    value, inverted, view = caught.value.outputs
    assert value == (0x11111111, 0x22222222)
    assert inverted == (1 ^ 0xFFFFFFFF, 2 ^ 0xFFFFFFFF)
    assert view == b"abc"


def test_a_panic_kills_the_session_and_nothing_else(context: tee.Context) -> None:
    with (
        context.open_session(Target.CONFORMANCE) as victim,
        context.open_session(Target.CONFORMANCE) as bystander,
    ):
        for _ in range(2):
            with pytest.raises(tee.TargetDeadError, match="panicked") as caught:
                victim.invoke_command(Command.PANIC, (0x1234, 0))
            assert caught.value.origin == tee.Origin.TEE
        with pytest.raises(tee.TargetDeadError):
            victim.invoke_command(Command.NOTHING)
        bystander.invoke_command(Command.NOTHING)
    with context.open_session(Target.CONFORMANCE) as successor:
        successor.invoke_command(Command.NOTHING)


def test_a_panic_while_opening_is_target_dead(context: tee.Context) -> None:
    with pytest.raises(tee.TargetDeadError) as caught:
        context.open_session(Target.CONFORMANCE, (7, 1))
    assert caught.value.origin == tee.Origin.TEE


def test_hello_world_increments_and_decrements(context: tee.Context) -> None:
    with context.open_session(Target.HELLO_WORLD) as session:
        assert session.invoke_command(0, tee.ValueInOut(42)) == ((43, 0),)
        assert session.invoke_command(1, tee.ValueInOut(0)) == ((0xFFFFFFFF, 0),)
        with pytest.raises(tee.BadParametersError):
            session.invoke_command(0, tee.ValueInput(42))
        with pytest.raises(tee.BadParametersError):
            session.invoke_command(2, tee.ValueInOut(42))
