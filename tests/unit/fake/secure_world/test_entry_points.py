# SPDX-License-Identifier: BSD-2-Clause
"""Commands of an application that methods serve, by fake.command()."""

from __future__ import annotations

import functools
from enum import IntEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytee_client.fake import ClientSession, Parameters

OWN = UUID("6e2b0c58-6d1f-4b53-9f0e-0a4f2b8e7c11")


class Number(IntEnum):
    ADD = 1
    SUBTRACT = 0xFFFFFFFF


class Calculator(fake.TrustedApplication):
    uuid = OWN

    @fake.command(Number.ADD)
    def add(self, session: ClientSession, parameters: Parameters) -> None:
        parameters.value(0).a += parameters.value(0).b

    @fake.command(Number.SUBTRACT)
    def subtract(self, session: ClientSession, parameters: Parameters) -> None:
        parameters.value(0).a -= parameters.value(0).b


def answer(
    application: type[fake.TrustedApplication], command: int, a: int = 5, b: int = 3
) -> int | tee.Result:
    """Return the number that a command makes of two, or its result."""
    with (
        tee.Context(backend=fake.Kernel(applications=[application])) as context,
        context.open_session(application.uuid) as session,
    ):
        try:
            (value,) = session.invoke_command(command, tee.ValueInOut(a, b))
        except tee.TeecError as error:
            return tee.Result(error.code)
        return value.a


def test_a_method_serves_its_command() -> None:
    assert answer(Calculator, Number.ADD) == 8
    assert answer(Calculator, Number.SUBTRACT) == 2
    assert answer(Calculator, 1) == 8


def test_a_command_that_no_method_serves_is_not_supported() -> None:
    assert answer(Calculator, 0) is tee.Result.NOT_SUPPORTED

    class Bare(fake.TrustedApplication):
        uuid = OWN

    assert answer(Bare, 0) is tee.Result.NOT_SUPPORTED


def test_an_application_says_what_an_unknown_command_is() -> None:
    class Strict(Calculator):
        unknown_command = tee.Result.BAD_PARAMETERS

    assert answer(Strict, 0) is tee.Result.BAD_PARAMETERS
    assert answer(Strict, Number.ADD) == 8


def test_a_method_may_serve_several_commands() -> None:
    class Several(fake.TrustedApplication):
        uuid = OWN

        @fake.command(3)
        @fake.command(4)
        def both(self, session: ClientSession, parameters: Parameters) -> None:
            parameters.value(0).a = 9

    assert [answer(Several, number) for number in (3, 4)] == [9, 9]


def test_a_class_inherits_commands_and_adds_to_them() -> None:
    class More(Calculator):
        @fake.command(7)
        def multiply(self, session: ClientSession, parameters: Parameters) -> None:
            parameters.value(0).a *= parameters.value(0).b

    assert [answer(More, number) for number in (Number.ADD, Number.SUBTRACT, 7)] == [8, 2, 15]
    assert answer(Calculator, 7) is tee.Result.NOT_SUPPORTED


def test_an_override_of_the_method_serves_its_command() -> None:
    class Other(Calculator):
        def add(self, session: ClientSession, parameters: Parameters) -> None:
            super().add(session, parameters)
            parameters.value(0).a += 1

    assert answer(Other, Number.ADD) == 9


def test_an_override_with_a_number_of_its_own_leaves_the_old_one() -> None:
    class Moved(Calculator):
        @fake.command(20)
        def add(self, session: ClientSession, parameters: Parameters) -> None:
            parameters.value(0).a = 1

    assert answer(Moved, 20) == 1
    assert answer(Moved, Number.ADD) is tee.Result.NOT_SUPPORTED


def test_another_method_with_the_number_replaces_the_inherited_one() -> None:
    class Replaced(Calculator):
        @fake.command(Number.ADD)
        def nothing(self, session: ClientSession, parameters: Parameters) -> None:
            pass

    assert answer(Replaced, Number.ADD) == 5


def test_none_takes_an_inherited_command_away() -> None:
    class Less(Calculator):
        add = None  # type: ignore[assignment]

    assert answer(Less, Number.ADD) is tee.Result.NOT_SUPPORTED
    assert answer(Less, Number.SUBTRACT) == 2


def test_an_override_of_invoke_command_gets_all_and_passes_on_what_it_likes() -> None:
    class Counting(Calculator):
        def invoke_command(
            self, session: ClientSession, command_id: int, parameters: Parameters
        ) -> None:
            if command_id == 50:
                parameters.value(0).a = 50
                return
            super().invoke_command(session, command_id, parameters)
            parameters.value(0).b = 77

    assert answer(Counting, 50) == 50
    assert answer(Counting, Number.ADD) == 8
    assert answer(Counting, 51) is tee.Result.NOT_SUPPORTED


def test_a_wrapped_method_and_a_static_one_serve_commands() -> None:
    def checked(method: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(method)
        def run(self: Any, session: ClientSession, parameters: Parameters) -> None:
            parameters.expect(fake.ParamType.VALUE_INOUT)
            method(self, session, parameters)

        return run

    class Wrapped(fake.TrustedApplication):
        uuid = OWN

        @checked
        @fake.command(1)
        def one(self, session: ClientSession, parameters: Parameters) -> None:
            parameters.value(0).a = 1

        @staticmethod  # type: ignore[type-var]
        @fake.command(2)
        def two(session: ClientSession, parameters: Parameters) -> None:
            parameters.value(0).a = 2

        @fake.command(3)  # type: ignore[type-var]
        @staticmethod
        def three(session: ClientSession, parameters: Parameters) -> None:
            parameters.value(0).a = 3

    assert [answer(Wrapped, number) for number in (1, 2, 3)] == [1, 2, 3]


def test_a_mixin_brings_commands() -> None:
    class Mixin:
        @fake.command(30)
        def thirty(self, session: ClientSession, parameters: Parameters) -> None:
            parameters.value(0).a = 30

    class Mixed(Mixin, Calculator):
        pass

    assert answer(Mixed, 30) == 30
    assert answer(Mixed, Number.ADD) == 8


def test_two_methods_for_one_number_are_an_error_where_the_class_is_made() -> None:
    with pytest.raises(TypeError, match=r"command 3 of Twice is served twice, by one and two"):

        class Twice(fake.TrustedApplication):
            @fake.command(3)
            def one(self, session: ClientSession, parameters: Parameters) -> None: ...

            @fake.command(3)
            def two(self, session: ClientSession, parameters: Parameters) -> None: ...


def test_two_bases_with_one_number_are_an_error_until_the_class_decides() -> None:
    class One(fake.TrustedApplication):
        uuid = OWN

        @fake.command(3)
        def one(self, session: ClientSession, parameters: Parameters) -> None:
            parameters.value(0).a = 1

    class Two(fake.TrustedApplication):
        @fake.command(3)
        def two(self, session: ClientSession, parameters: Parameters) -> None:
            parameters.value(0).a = 2

    with pytest.raises(TypeError, match=r"inherits two methods for command 3: One\.one and Two"):

        class Both(One, Two):
            pass

    class Decided(One, Two):
        @fake.command(3)
        def own(self, session: ClientSession, parameters: Parameters) -> None:
            self.two(session, parameters)

    class Derived(Decided):
        pass

    assert answer(Decided, 3) == 2
    assert answer(Derived, 3) == 2


@pytest.mark.parametrize(
    ("number", "error", "says"),
    [
        (-1, ValueError, "from 0 to 0xFFFFFFFF, not -1"),
        (1 << 32, ValueError, "from 0 to 0xFFFFFFFF"),
        ("0", TypeError, r"as in @fake\.command\(0\), and not '0'"),
        (1.0, TypeError, "and not 1.0"),
        (True, TypeError, "not True"),
        (None, TypeError, "and not None"),
    ],
)
def test_what_is_no_number_is_refused_where_it_is_given(
    number: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        fake.command(number)


def test_the_decorator_without_its_number_says_how_it_is_written() -> None:
    wrong: Any = fake.command
    with pytest.raises(TypeError, match=r"@fake\.command\(0\)"):

        @wrong  # type: ignore[untyped-decorator]
        def one(self: Any, session: ClientSession, parameters: Parameters) -> None: ...


def test_what_is_no_method_serves_no_command() -> None:
    wrong: Any = 5
    with pytest.raises(TypeError, match="served by a method, and not by 5"):
        fake.command(0)(wrong)


def test_names_of_an_application_are_its_own() -> None:
    class Own(Calculator):
        _commands = ("mine",)
        __commands = ("mine, too",)

    assert Own._commands == ("mine",)
    assert answer(Own, Number.ADD) == 8
