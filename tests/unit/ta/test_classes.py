# SPDX-License-Identifier: BSD-2-Clause
"""Classes of clients: what they declare, what they inherit, and what can't be declared."""

from __future__ import annotations

from enum import IntEnum
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake, ta
from pytee_client._declarations.application import declaration_of
from pytee_client._known_applications import named

from .bank import ID, Bank, BankResult, FakeBank, FrozenError

OTHER = UUID("c3d1a0be-1111-4222-8333-944455566677")


class Number(IntEnum):
    COUNT = 0
    ADD = 1


def make(name: str = "Made", bases: tuple[type, ...] = (ta.Client,), **members: Any) -> Any:
    """Make a class; arguments of the class begin with an underscore."""
    options = {key[1:]: members.pop(key) for key in list(members) if key.startswith("_")}
    return type(name, bases, members, **{"uuid": ID, **options})


def test_a_declaration_has_what_the_class_says() -> None:
    declared = declaration_of(Bank)
    assert declared.name == "Bank"
    assert declared.uuid == Bank.uuid == ID
    assert declared.results is BankResult
    assert declared.errors[BankResult.FROZEN] is FrozenError
    assert list(declared.commands)[:3] == ["count", "add", "transfer"]
    assert declared.opening is None


@pytest.mark.parametrize("given", [ID, str(ID), str(ID).upper(), f"{{{ID}}}"])
def test_a_uuid_may_be_text(given: object) -> None:
    assert make(_uuid=given).uuid == ID


@pytest.mark.parametrize("given", ["no uuid", "", 3, b"x" * 16, [1]])
def test_a_wrong_uuid_is_refused_when_the_class_is_made(given: object) -> None:
    with pytest.raises(ta.DeclarationError, match=r"the uuid of Made is .* but must be a UUID"):
        make(_uuid=given)


def test_a_class_without_a_uuid_is_refused() -> None:
    with pytest.raises(ta.DeclarationError, match="Made names no application: class Made"):
        make(_uuid=None)


def test_texts_name_the_application() -> None:
    make("Treasury", _uuid=OTHER)
    assert named(OTHER) == f"Treasury ({OTHER})"


def test_a_command_keeps_the_name_of_its_number() -> None:
    class Named(ta.Client, uuid=ID):
        count = ta.command(Number.COUNT, returns=ta.U64)

    assert declaration_of(Named).commands["count"].number is Number.COUNT
    assert repr(vars(Named)["count"]) == "<command count (0)>"
    with tee.Context(backend=fake.Kernel(applications=[FakeBank])) as context, Named(context) as it:
        assert it.count() == 2**32 + 7
        assert repr(it.count) == "<invoking command count (0) of Named>"


def test_a_derived_class_has_the_commands_of_its_bases_and_may_change_them() -> None:
    class Mixin:
        more = ta.command(20)

    class Derived(Mixin, Bank):
        add = ta.command(1, ta.InOut[ta.LowFirst(ta.U64)])
        nothing = None  # type: ignore[assignment]

    class Elsewhere(Bank, uuid=OTHER, results=Number):
        pass

    commands = declaration_of(Derived).commands
    assert {"count", "more", "add"} <= {*commands}
    assert "nothing" not in commands
    assert Derived.uuid == ID
    assert declaration_of(Derived).results is BankResult
    assert declaration_of(Elsewhere).results is Number
    assert declaration_of(Elsewhere).errors == declaration_of(Bank).errors
    with tee.Context(backend=fake.Kernel(applications=[FakeBank])) as context:
        with Derived(context) as derived:
            # It adds to b, which has the high half there.
            assert derived.add(1) == 2**32 + 1
            assert derived.count() == 2**32 + 7
        with Bank(context) as bank:
            assert bank.add(1) == 2


def test_errors_come_from_every_base() -> None:
    class First(ta.Client, uuid=ID, errors={1: ValueError, 2: ValueError}):
        pass

    class Second(ta.Client, uuid=OTHER, errors={2: KeyError, 3: KeyError}):
        pass

    class Both(First, Second):
        pass

    assert declaration_of(Both).errors == {1: ValueError, 2: ValueError, 3: KeyError}
    assert Both.uuid == ID


def test_two_commands_with_one_number_are_refused() -> None:
    with pytest.raises(ta.DeclarationError, match=r"Made.a and Made.b are both command 3"):
        make(a=ta.command(3), b=ta.command(3))
    with pytest.raises(ta.DeclarationError, match=r"Made.count and Made.b are both command 0"):
        make(bases=(Bank,), b=ta.command(0))
    one = ta.command(3)
    with pytest.raises(ta.DeclarationError, match="are both command 3"):
        make(a=one, b=one)


@pytest.mark.parametrize(
    "name",
    [
        *("session", "close", "closed", "on", "uuid", "_session", "_is_owner", "_opened"),
        *("_class", "__init__", "__enter__", "_plans", "_bind"),
    ],
)
def test_a_name_that_every_client_has_is_refused(name: str) -> None:
    declared: list[Any] = [ta.command(0), ta.opening()]
    for one in declared:
        with pytest.raises(ta.DeclarationError, match=rf"Made.{name} would hide what every client"):
            type("Made", (ta.Client,), {name: one}, uuid=ID)


def test_a_name_that_every_client_has_is_refused_in_a_mixin_too() -> None:
    mixin = type("Mixin", (), {"close": ta.command(0)})
    with pytest.raises(ta.DeclarationError, match=r"Made.close would hide what every client has"):
        make(bases=(mixin, ta.Client))


def test_other_names_are_free() -> None:
    cls = make(submit=ta.command(0), timeout=ta.command(1), command=ta.command(2))
    assert list(declaration_of(cls).commands) == ["submit", "timeout", "command"]


def test_two_openings_are_refused_and_a_derived_class_may_have_another() -> None:
    with pytest.raises(ta.DeclarationError, match="Made declares two openings: a and b"):
        make(a=ta.opening(ta.U32), b=ta.opening(ta.U64))
    first = make(begin=ta.opening(ta.U32))
    assert declaration_of(make(bases=(first,), begin=None)).opening is None
    assert make(bases=(first,), begin=None)._opening_plan is None


@pytest.mark.parametrize("number", [-1, 2**32, "0", None, 1.5, True])
def test_a_wrong_number_of_a_command_is_refused_at_once(number: Any) -> None:
    with pytest.raises((tee.ParameterTypeError, tee.ParameterRangeError), match="of a command"):
        ta.command(number)


@pytest.mark.parametrize("login", ["user", -1, 2**32, True, tee.Result.BUSY])
def test_a_wrong_login_is_refused_when_the_class_is_made(login: Any) -> None:
    with pytest.raises((tee.ParameterTypeError, tee.ParameterRangeError), match="the login"):
        make(_login=login)


def test_an_unknown_argument_of_the_class_is_refused() -> None:
    with pytest.raises(TypeError, match="takes no keyword arguments"):
        make(_nonsense=3)


def test_a_command_of_the_class_is_not_called() -> None:
    client: Any = Bank
    with pytest.raises(TypeError, match=r"open a client, and call its count\(\)"):
        client.count()


def test_a_command_that_came_after_the_class_is_refused() -> None:
    cls = make(a=ta.command(0))
    cls.late = ta.command(1)
    with (
        tee.Context(backend=fake.Kernel(applications=[FakeBank])) as context,
        cls(context) as it,
        pytest.raises(ta.DeclarationError, match="was added after the class was made"),
    ):
        it.late()


def test_the_base_itself_declares_nothing() -> None:
    base: Any = ta.Client
    with (
        tee.Context(backend=fake.Kernel(applications=[FakeBank])) as context,
        context.open_session(ID) as session,
    ):
        uses: list[Any] = [
            lambda: base(context),
            lambda: base.on(session),
            lambda: declaration_of(base),
            lambda: declaration_of(Bank.on(session)),
            lambda: declaration_of(3),
        ]
        for use in uses:
            with pytest.raises(ta.DeclarationError, match="declares no application"):
                use()
