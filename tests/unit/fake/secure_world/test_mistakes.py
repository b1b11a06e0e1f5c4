# SPDX-License-Identifier: BSD-2-Clause
"""A mistake of an application is a panic, whose text says what it is and where."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import SecureStorage
from pytee_client.faults import FaultyKernel, Plan

from ....support.applications.mistaken import (
    UUID_OF_MISTAKEN,
    Mistaken,
    mistaken,
    panic_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ENTRY_POINTS = ("create", "open_session", "invoke_command")
UNHEARD = ("close_session", "destroy")


def divide(parameters: fake.Parameters) -> None:
    _ = 1 // 0


def helped(parameters: fake.Parameters) -> None:
    json.loads("{")


LINE_OF_DIVISION = divide.__code__.co_firstlineno + 1
LINE_OF_HELP = helped.__code__.co_firstlineno + 1


@pytest.mark.parametrize("profile", ["optee", "optee-no-reg-mem", "optee@7.2", "amdtee"])
@pytest.mark.parametrize("place", ENTRY_POINTS)
def test_the_client_is_told_which_exception_at_which_line(place: str, profile: str) -> None:
    error = panic_of(mistaken(place, divide), profile=profile)
    assert type(error.__cause__) is ZeroDivisionError
    where = f"in {__file__}, line {LINE_OF_DIVISION} (divide)"
    assert f"ZeroDivisionError: integer division or modulo by zero, {where}" in str(error)
    assert error.remedy is not None
    assert where in error.remedy
    assert "log" not in str(error)


def test_the_line_is_the_applications_where_it_calls_pythons_own_modules() -> None:
    text = str(panic_of(mistaken("invoke_command", helped)))
    assert "JSONDecodeError" in text
    assert f"in {__file__}, line {LINE_OF_HELP} (helped)" in text


def test_the_line_of_a_bundled_application_is_in_its_file() -> None:
    with (
        tee.Context(backend=fake.Kernel()) as context,
        context.open_session(SecureStorage.uuid) as session,
        pytest.raises(tee.TargetDeadError, match=r"secure_storage\.py, line \d+ \(\w+\)"),
    ):
        session.invoke_command(SecureStorage.Command.WRITE_RAW, bytes(65), b"")


def test_a_panic_by_its_own_function_is_named_with_its_code_and_line() -> None:
    class Panicking(fake.TrustedApplication):
        uuid = UUID_OF_MISTAKEN

        @fake.command(0)
        def panics(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            session.panic(0xBAD)

    text = str(panic_of(Panicking))
    line = Panicking.panics.__code__.co_firstlineno + 2
    assert f"PanicError: TEE_Panic(0xbad), in {__file__}, line {line} (panics)" in text


def test_a_prepared_command_and_every_later_call_say_why_the_session_is_dead() -> None:
    kernel = FaultyKernel(fake.Kernel(applications=[mistaken("invoke_command", divide)]), Plan([]))
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(UUID_OF_MISTAKEN) as session,
    ):
        prepared = session.prepare(0)
        with pytest.raises(tee.TargetDeadError, match=f"line {LINE_OF_DIVISION}"):
            prepared()
        with pytest.raises(tee.TargetDeadError, match=f"line {LINE_OF_DIVISION}"):
            session.invoke_command(0)


def test_the_panic_of_another_application_is_told_through_the_one_that_called_it() -> None:
    class Calling(fake.TrustedApplication):
        uuid = UUID(int=77)

        @fake.command(0)
        def call(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            with self.core.open_ta_session(UUID_OF_MISTAKEN) as other:
                other.invoke_command(0)

    kernel = fake.Kernel(applications=[Calling, mistaken("invoke_command", divide)])
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(Calling.uuid) as session,
        pytest.raises(tee.TargetDeadError) as caught,
    ):
        session.invoke_command(0)
    assert type(caught.value.__cause__) is ZeroDivisionError
    assert f"line {LINE_OF_DIVISION}" in str(caught.value)
    assert caught.value.origin == tee.Origin.TRUSTED_APP


def test_a_result_keeps_the_exception_that_it_was_raised_from() -> None:
    def refuse(parameters: fake.Parameters) -> None:
        try:
            divide(parameters)
        except ZeroDivisionError as error:
            raise fake.ResultError(tee.Result.BAD_FORMAT) from error

    kernel = fake.Kernel(applications=[mistaken("open_session", refuse)])
    with (
        tee.Context(backend=kernel) as context,
        pytest.raises(tee.BadFormatError) as caught,
    ):
        context.open_session(UUID_OF_MISTAKEN)
    assert type(caught.value.__cause__) is ZeroDivisionError


async def _coroutine() -> None:
    pass


def _generator() -> Any:
    yield


async def _async_generator() -> Any:
    yield


@pytest.mark.parametrize("place", ENTRY_POINTS)
@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (tee.Result.ACCESS_DENIED, "raise fake.ResultError(tee.Result.ACCESS_DENIED) instead"),
        (0xFFFF0001, "raise fake.ResultError(0xffff0001) instead"),
        (tee.Result.SUCCESS, "returned tee.Result.SUCCESS: return nothing instead"),
        (0, "return nothing instead"),
        (True, "returned True: return nothing for SUCCESS"),
        (b"Bye", "write outputs into the parameters"),
        ((1, 2), "returned (1, 2)"),
        (fake.ResultError(5), "raise fake.ResultError(code)"),
    ],
)
def test_a_returned_value_is_a_panic_that_says_what_to_do(
    place: str, returned: object, says: str
) -> None:
    error = panic_of(mistaken(place, lambda _: returned))
    assert type(error.__cause__) is TypeError
    assert says in str(error)
    code = getattr(Mistaken, place).__code__
    assert f"Mistaken.{place}() ({code.co_filename}, line {code.co_firstlineno})" in str(error)


@pytest.mark.parametrize("place", ENTRY_POINTS)
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (_coroutine, "is an async function, so none of it ran"),
        (_async_generator, "is an async function, so none of it ran"),
        (_generator, "has a yield, so none of it ran"),
    ],
)
def test_an_entry_point_is_a_plain_function(place: str, call: Callable[[], Any], says: str) -> None:
    assert says in str(panic_of(mistaken(place, lambda _: call())))


def test_a_command_that_returns_a_value_is_a_panic_in_its_own_name() -> None:
    class Returning(fake.TrustedApplication):
        uuid = UUID_OF_MISTAKEN

        @fake.command(3)
        def refuse(self, session: fake.ClientSession, parameters: fake.Parameters) -> Any:
            return tee.Result.BUSY

    text = str(panic_of(Returning, command=3))
    line = Returning.refuse.__code__.co_firstlineno
    assert f"Returning.refuse() ({__file__}, line {line}) returned tee.Result.BUSY" in text


SLOTS = (tee.ValueInOut(1, 2), tee.MemrefTempInOut(bytearray(b"hello")), (3, 4), b"input")


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda p: setattr(p[0], "a", -1), "the number a of a value is from 0 to 0xFFFFFFFF"),
        (lambda p: setattr(p[0], "a", 1 << 32), "& 0xFFFFFFFF lets it wrap"),
        (lambda p: setattr(p[0], "b", 1.0), "the number b of a value is an int, not 1.0"),
        (lambda p: setattr(p[0], "b", "1"), "the number b of a value is an int, not '1'"),
        (lambda p: setattr(p[0], "a", None), "the number a of a value is an int, not None"),
        (lambda p: setattr(p[2], "a", 1 << 40), "from 0 to 0xFFFFFFFF, not 1099511627776"),
        (lambda p: setattr(p[1], "size", -1), "a size is from 0 to 2**64-1, not -1"),
        (lambda p: setattr(p[1], "size", 1 << 64), "a size is from 0 to 2**64-1"),
        (lambda p: setattr(p[1], "size", 4.0), "a size is an int, not 4.0"),
        (lambda p: setattr(p[1], "size", True), "a size is a number of bytes, not True"),
        (lambda p: setattr(p[1], "size", None), "a size is an int, not None"),
        (lambda p: setattr(p[1], "buffer", b"Bye"), "buffer[:3] = data"),
        (lambda p: setattr(p[1], "buffer", None), "write into it"),
        (lambda p: setattr(p[1], "a", 1), "no attribute 'a'"),
        (lambda p: setattr(p[0], "size", 1), "no attribute 'size'"),
        (lambda p: setattr(p[0], "vlaue", 1), "no attribute 'vlaue'"),
        (lambda p: setattr(p[0], "type", fake.ParamType.NONE), "'type'"),
        (lambda p: p.__setitem__(0, (1, 2)), "a parameter can't be replaced"),
        (lambda p: p.__setitem__(1, b"Bye"), "parameters.memref(0).put(data)"),
        (lambda p: p[3].buffer.__setitem__(0, 1), "read-only"),
        (lambda p: p.memref(1).put("text"), "an output is bytes, not text"),
        (lambda p: p.memref(1).put(5), "bytes-like"),
        (lambda p: p.memref(3).put(b"x"), "a MEMREF_INPUT is an input"),
        (lambda p: p.expect(*[None] * 5), "at most 4 parameters, not 5"),
        (lambda p: fake.ValueParameter(fake.ParamType.VALUE_INPUT, -1), "from 0 to 0xFFFFFFFF"),
        (lambda p: fake.MemrefParameter(fake.ParamType.MEMREF_INPUT, None, -1), "a size is from"),
        (lambda p: p[4], "IndexError"),
    ],
)
def test_a_wrong_use_of_a_parameter_is_a_panic_at_its_line(
    mistake: Callable[[Any], object], says: str
) -> None:
    def make(parameters: fake.Parameters) -> None:
        mistake(parameters)

    text = str(panic_of(mistaken("invoke_command", make), *SLOTS))
    assert says in text
    assert f"in {__file__}, line " in text
    assert "(<lambda>)" in text


@pytest.mark.parametrize("place", ENTRY_POINTS)
@pytest.mark.parametrize(
    ("code", "says"),
    [
        (-1, "a result is from 0 to 0xFFFFFFFF, not -1"),
        (1 << 32, "a result is from 0 to 0xFFFFFFFF"),
        ("BUSY", "a result is an int such as tee.Result.BUSY, not 'BUSY'"),
        (None, "a result is an int"),
        (1.5, "a result is an int"),
        (False, "a result is an int such as tee.Result.BUSY, not False"),
    ],
)
@pytest.mark.parametrize("kind", [fake.ResultError, fake.PanicError])
def test_a_code_that_is_none_is_a_panic(
    place: str, code: Any, says: str, kind: type[Exception]
) -> None:
    def refuse(parameters: fake.Parameters) -> None:
        raise kind(code)

    assert says in str(panic_of(mistaken(place, refuse)))


def test_numbers_of_other_types_are_ints_when_they_are_read() -> None:
    class Index:
        def __index__(self) -> int:
            return 41

    def count(parameters: fake.Parameters) -> None:
        value = parameters.value(0)
        value.a, value.b = Index(), True  # type: ignore[assignment]
        assert [type(value.a), type(value.b)] == [int, int]

    kernel = fake.Kernel(applications=[mistaken("invoke_command", count)])
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(UUID_OF_MISTAKEN) as session,
    ):
        assert session.invoke_command(0, tee.ValueOutput()) == ((41, 1),)


@pytest.mark.parametrize("place", UNHEARD)
@pytest.mark.parametrize("mistake", [divide, lambda _: tee.Result.BUSY])
def test_a_panic_that_no_client_is_told_is_logged_once(
    place: str, mistake: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    kernel = fake.Kernel(applications=[mistaken(place, mistake)])
    with caplog.at_level(logging.ERROR), tee.Context(backend=kernel) as context:
        context.open_session(UUID_OF_MISTAKEN).close()
    (record,) = caplog.records
    assert record.name == "pytee_client.fake"
    assert f"Mistaken.{place}(): the Trusted Application panicked: " in record.message
    assert ".py, line " in record.message
    assert record.exc_info
    kernel.assert_no_leaks()


def test_a_panic_that_the_client_is_told_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        panic_of(mistaken("invoke_command", divide))
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


def test_an_exception_without_a_text_does_not_hide_the_line() -> None:
    class Shy(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def shy(parameters: fake.Parameters) -> None:
        raise Shy

    text = str(panic_of(mistaken("invoke_command", shy)))
    assert f"Shy: (its text can't be had), in {__file__}, line " in text


def test_an_interrupt_is_no_panic() -> None:
    def interrupt(parameters: fake.Parameters) -> None:
        raise KeyboardInterrupt

    kernel = fake.Kernel(applications=[mistaken("invoke_command", interrupt)])
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(UUID_OF_MISTAKEN) as session,
        pytest.raises(KeyboardInterrupt),
    ):
        session.invoke_command(0)
    kernel.assert_no_leaks()
