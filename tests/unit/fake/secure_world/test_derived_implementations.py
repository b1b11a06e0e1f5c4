# SPDX-License-Identifier: BSD-2-Clause
"""Fakes that implement a declaration beside other commands, and classes derived of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake, ta

OWN = UUID("d7a0b1c2-8a3f-4c5e-9a61-3c2b1a0f9e8d")


class Counter(ta.Client, uuid=OWN):
    count = ta.command(0, returns=ta.U32)
    add = ta.command(1, ta.U32, returns=ta.U32)


class FakeCounter(fake.TrustedApplication, implements=Counter):
    def count(self) -> int:
        return 7

    def add(self, number: int) -> int:
        return self.count() + number


class Newer(Counter, uuid=OWN):
    subtract = ta.command(2, ta.U32, returns=ta.U32)


def answers(application: type[fake.TrustedApplication], *commands: int) -> list[Any]:
    """Return what the application answers to commands: a number, or the result."""
    found: list[Any] = []
    with (
        tee.Context(backend=fake.Kernel(applications=[application])) as context,
        context.open_session(application.uuid) as session,
    ):
        for command in commands:
            parameters: list[Any] = [tee.ValueOutput()]
            if command in (1, 2):
                parameters.insert(0, (3, 0))
            try:
                (value,) = session.invoke_command(command, *parameters)
                found.append(value.a)
            except tee.TeecError as error:
                found.append(error.code)
    return found


def test_a_derived_class_serves_what_its_base_implements() -> None:
    class Other(FakeCounter):
        def count(self) -> int:
            return 8

    assert answers(FakeCounter, 0, 1) == [7, 10]
    assert answers(Other, 0, 1) == [8, 11]
    assert Other.uuid == OWN


def test_a_method_of_a_derived_class_must_fit_too() -> None:
    with pytest.raises(ta.DeclarationError, match=r"Other\.count\(\).*takes 1 argument"):

        class Other(FakeCounter):
            def count(self, more: int) -> int:  # type: ignore[override]
                return more


def test_methods_may_come_from_another_base() -> None:
    class Methods:
        def count(self) -> int:
            return 1

        def add(self, session: fake.ClientSession, number: int) -> int:
            return number

    class Both(Methods, fake.TrustedApplication, implements=Counter):
        pass

    assert answers(Both, 0, 1) == [1, 3]


def test_decorated_methods_serve_more_commands() -> None:
    class More(fake.TrustedApplication, implements=Counter):
        def count(self) -> int:
            return 1

        def add(self, number: int) -> int:
            return number

        @fake.command(9)
        def more(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            parameters.value(0).a = 99

    assert answers(More, 0, 1, 9, 10) == [1, 3, 99, tee.Result.NOT_SUPPORTED]


def test_a_command_is_not_declared_and_decorated_in_one_class() -> None:
    for name in ("count", "other"):

        def method(self: Any, session: fake.ClientSession, parameters: fake.Parameters) -> None: ...

        with pytest.raises(TypeError, match=rf"is declared, and served.*off {name}\(\)"):

            class Twice(FakeCounter, implements=Counter):
                locals()[name] = fake.command(0)(method)


def test_a_decorated_method_of_a_derived_class_replaces_a_declared_one() -> None:
    class Raw(FakeCounter):
        @fake.command(0)
        def other(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            parameters.value(0).b = 1
            parameters.value(0).a = 55

    class SameName(FakeCounter):
        @fake.command(0)
        def count(  # type: ignore[override]
            self, session: fake.ClientSession, parameters: fake.Parameters
        ) -> None:
            parameters.value(0).a = 56

    class Again(SameName):
        def count(  # type: ignore[override]
            self, session: fake.ClientSession, parameters: fake.Parameters
        ) -> None:
            parameters.value(0).a = 57

    assert answers(Raw, 0, 1) == [55, 10]
    assert answers(SameName, 0) == [56]
    assert answers(Again, 0) == [57]


def test_none_in_a_derived_class_takes_a_command_away() -> None:
    class Less(FakeCounter):
        count = None  # type: ignore[assignment]

        def add(self, number: int) -> int:
            return number

    assert answers(Less, 0, 1) == [tee.Result.NOT_SUPPORTED, 3]


def test_a_declaration_that_is_derived_needs_its_own_methods_alone() -> None:
    with pytest.raises(ta.DeclarationError, match=r"lacks a method .*\n *def subtract\("):

        class Old(FakeCounter, implements=Newer):
            pass

    class New(FakeCounter, implements=Newer):
        def subtract(self, number: int) -> int:
            return self.count() - number

    assert answers(New, 0, 1, 2) == [7, 10, 4]


def test_another_declaration_takes_the_place_of_that_of_a_base() -> None:
    class Other(ta.Client, uuid=UUID(int=5)):
        more = ta.command(9, returns=ta.U32)

    class FakeOther(FakeCounter, implements=Other):
        def more(self) -> int:
            return self.count() * 2

    assert FakeOther.uuid == UUID(int=5)
    assert answers(FakeOther, 0, 9) == [tee.Result.NOT_SUPPORTED, 14]


def test_a_class_does_not_inherit_two_declarations() -> None:
    class Other(ta.Client, uuid=UUID(int=5)):
        more = ta.command(9, returns=ta.U32)

    class FakeOther(fake.TrustedApplication, implements=Other):
        def more(self) -> int:
            return 1

    with pytest.raises(ta.DeclarationError, match="inherits from FakeCounter and FakeOther"):

        class Two(FakeCounter, FakeOther):
            pass

    class One(FakeCounter, FakeOther, implements=Counter):
        pass

    assert answers(One, 0, 9) == [7, tee.Result.NOT_SUPPORTED]


def test_a_class_with_its_own_init_subclass_may_implement() -> None:
    class Base(fake.TrustedApplication):
        def __init_subclass__(cls, *, kept: int = 0, **arguments: Any) -> None:
            super().__init_subclass__(**arguments)
            cls.kept = kept

        kept: int

    class Counting(Base, implements=Counter, kept=4):
        def count(self) -> int:
            return self.kept

        def add(self, number: int) -> int:
            return number

    assert answers(Counting, 0) == [4]
