# SPDX-License-Identifier: BSD-2-Clause
"""What a Trusted Application returns, and what becomes of one that panics."""

from __future__ import annotations

import copy
import pickle
from enum import IntEnum

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


@pytest.mark.assertion("IV-12", "OS-20")
@pytest.mark.parametrize("code", [1, 0x7FFFFFFF, 0x80000000, 0xABCDEF01, 0xFFFF9999, 0xFFFFFFFF])
def test_a_code_without_a_name_survives(session: tee.Session, code: int) -> None:
    with pytest.raises(tee.TeecError) as caught:
        session.invoke_command(Command.SET_SIZE, (code, 0))
    assert type(caught.value) is tee.TeecError
    assert caught.value.code == code
    assert caught.value.result is None
    assert f"0x{code:08x}" in str(caught.value)


class OwnResult(IntEnum):
    DONE_BEFORE = 1
    FULL = 0x80000001
    BUSY_WITH_SOMEBODY = tee.Result.BUSY


def test_an_application_names_its_own_codes(context: tee.Context) -> None:
    with context.open_session(Target.CONFORMANCE, results=OwnResult) as session:
        for member in OwnResult:
            with pytest.raises(tee.TeecError) as caught:
                session.invoke_command(Command.SET_SIZE, (member, 0))
            assert caught.value.code == member
            assert caught.value.result is member
            assert f": {member.name} (0x{member:08x}, TRUSTED_APP)" in str(caught.value)


def test_names_of_its_own_leave_the_class_as_it_is(context: tee.Context) -> None:
    with (
        context.open_session(Target.CONFORMANCE, results=OwnResult) as session,
        pytest.raises(tee.BusyError),
    ):
        session.invoke_command(Command.SET_SIZE, (OwnResult.BUSY_WITH_SOMEBODY, 0))


def test_an_opening_has_the_names_of_its_session(context: tee.Context) -> None:
    with pytest.raises(tee.TeecError, match="FULL") as caught:
        context.open_session(Target.CONFORMANCE, (OwnResult.FULL, 0), results=OwnResult)
    assert caught.value.result is OwnResult.FULL


def test_codes_that_an_application_does_not_name_keep_theirs(context: tee.Context) -> None:
    with context.open_session(Target.CONFORMANCE, results=OwnResult) as session:
        with pytest.raises(tee.ItemNotFoundError) as caught:
            session.invoke_command(Command.SET_SIZE, (tee.Result.ITEM_NOT_FOUND, 0))
        assert caught.value.result is tee.Result.ITEM_NOT_FOUND
        with pytest.raises(tee.TeecError, match="implementation-defined error") as unnamed:
            session.invoke_command(Command.SET_SIZE, (0x80000002, 0))
        assert unnamed.value.result is None


def test_names_of_one_session_are_not_those_of_another(context: tee.Context) -> None:
    with (
        context.open_session(Target.CONFORMANCE, results=OwnResult),
        context.open_session(Target.CONFORMANCE) as other,
        pytest.raises(tee.TeecError) as caught,
    ):
        other.invoke_command(Command.SET_SIZE, (OwnResult.FULL, 0))
    assert caught.value.result is None


def test_an_application_does_not_name_what_the_tee_says(context: tee.Context) -> None:
    class Misleading(IntEnum):
        FINE = tee.Result.TARGET_DEAD

    with (
        context.open_session(Target.CONFORMANCE, results=Misleading) as session,
        pytest.raises(tee.TargetDeadError) as caught,
    ):
        session.invoke_command(Command.PANIC)
    assert caught.value.origin == tee.Origin.TEE
    assert caught.value.result is tee.Result.TARGET_DEAD


def test_an_error_keeps_its_own_name_when_pickled(context: tee.Context) -> None:
    with (
        context.open_session(Target.CONFORMANCE, results=OwnResult) as session,
        pytest.raises(tee.BusyError) as caught,
    ):
        session.invoke_command(
            Command.SET_SIZE, (OwnResult.BUSY_WITH_SOMEBODY, 0), tee.ValueOutput()
        )
    arrived = pickle.loads(pickle.dumps(caught.value))
    assert type(arrived) is tee.BusyError
    assert arrived.result is OwnResult.BUSY_WITH_SOMEBODY
    assert str(arrived) == str(caught.value)
    assert arrived.outputs == caught.value.outputs


def test_an_error_arrives_without_names_that_pickle_does_not_find(context: tee.Context) -> None:
    class Local(IntEnum):
        TAKEN = 0x80000055

    with (
        context.open_session(Target.CONFORMANCE, results=Local) as session,
        pytest.raises(tee.TeecError) as caught,
    ):
        session.invoke_command(Command.SET_SIZE, (Local.TAKEN, 0), tee.ValueOutput())
    arrived = pickle.loads(pickle.dumps(caught.value))
    assert (arrived.code, arrived.origin, arrived.results) == (Local.TAKEN, 4, None)
    assert arrived.outputs == caught.value.outputs
    for same in (copy.copy(caught.value), copy.deepcopy(caught.value)):
        assert same.result is Local.TAKEN


class NotNumbers(IntEnum):
    def __new__(cls, text: str) -> NotNumbers:
        member = int.__new__(cls, len(text))
        member._value_ = text  # type: ignore[assignment]
        return member

    TEXT = "text"


@pytest.mark.parametrize(
    ("results", "error"),
    [
        (IntEnum("TooLarge", "A B", start=2**32 - 1), tee.ParameterRangeError),
        (IntEnum("Negative", "A", start=-1), tee.ParameterRangeError),
        (NotNumbers, tee.ParameterTypeError),
        (OwnResult.FULL, tee.ParameterTypeError),
        ({"FULL": 0x80000001}, tee.ParameterTypeError),
        (tee.MemoryFlags, tee.ParameterTypeError),
        (IntEnum, tee.ParameterTypeError),
        (int, tee.ParameterTypeError),
    ],
)
def test_names_that_can_not_be_codes_are_refused(
    context: tee.Context, results: object, error: type[tee.TeecError]
) -> None:
    with pytest.raises(error, match="result") as caught:
        context.open_session(Target.CONFORMANCE, results=results)  # type: ignore[arg-type]
    assert caught.value.origin == tee.Origin.API


@pytest.mark.assertion("IV-24")
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


@pytest.mark.assertion("GEN-05", "GEN-10", "IV-16", "CS-06")
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


@pytest.mark.assertion("OS-23")
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
