# SPDX-License-Identifier: BSD-2-Clause
"""Classes with implements=: what does not fit the declaration fails when the class is made."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any, NewType, NoReturn
from unittest import mock
from uuid import UUID

import numpy as np
import pytest

import pytee_client as tee
from pytee_client import fake, ta

if TYPE_CHECKING:
    from pytee_client.fake import ClientSession

OWN = UUID("c0a7d2f4-4f0e-4f7d-8a76-0a1b2c3d4e5f")
Amount = NewType("Amount", int)


class Mode(IntEnum):
    SLOW = 3


@ta.packed("<HHQ")
class Transfer:
    kind: int
    flags: int
    amount: int


class Receipt(Transfer):
    pass


class Wallet(ta.Client, uuid=OWN):
    count = ta.command(0, returns=ta.U64)
    transfer = ta.command(1, Transfer, ta.Nullable(bytes), returns=(Transfer, ta.Variable(str)))


class Named(ta.Client, uuid=OWN):
    opening = ta.opening(ta.U8)
    destroy = ta.command(0)


def fakes(declared: Any, **methods: Any) -> type[fake.TrustedApplication]:
    """Make a fake of these methods."""

    class Fake(fake.TrustedApplication, implements=declared):
        for _name in methods:
            locals()[_name] = methods[_name]

    return Fake


def one(returns: Any = None, *arguments: Any) -> type[ta.Client]:
    """Declare an application with one command, run."""

    class One(ta.Client, uuid=OWN):
        run = ta.command(0, *arguments, returns=returns)

    return One


def place_of(function: Callable[..., Any]) -> str:
    code = function.__code__
    return re.escape(f"({code.co_filename}, line {code.co_firstlineno})")


def test_all_missing_methods_are_named_with_what_is_expected() -> None:
    with pytest.raises(ta.DeclarationError) as caught:

        class Empty(fake.TrustedApplication, implements=Wallet):
            pass

    text = str(caught.value)
    assert "Empty lacks 2 methods that Wallet declares:" in text
    assert "def count(self) -> int: ..." in text
    assert "def transfer(self, a: Transfer, b: bytes | None) -> tuple[Transfer, str]: ..." in text
    assert re.search(re.escape(__file__) + r", line \d+", text)
    assert isinstance(caught.value, TypeError)


def test_the_opening_and_names_of_the_base_are_missed_too() -> None:
    with pytest.raises(ta.DeclarationError) as caught:

        class Empty(fake.TrustedApplication, implements=Named):
            def destroy(self) -> None: ...

    assert "def opening(self, a: int) -> None: ..." in str(caught.value)
    assert "def destroy_(self) -> None: ..." in str(caught.value)


def test_the_underscore_makes_no_name_that_another_command_has() -> None:
    class Both(ta.Client, uuid=OWN):
        destroy = ta.command(0, returns=ta.U8)
        destroy_ = ta.command(1, returns=ta.U8)

    class Fake(fake.TrustedApplication, implements=Both):
        def destroy__(self) -> int:
            return 1

        def destroy_(self) -> int:
            return 2

    with tee.Context(backend=fake.Kernel(applications=[Fake])) as context, Both(context) as client:
        assert (client.destroy(), client.destroy_()) == (1, 2)


@pytest.mark.parametrize("given", [object, fake.TrustedApplication, ta.Client, "Wallet", Wallet.on])
def test_only_a_declaration_can_be_implemented(given: Any) -> None:
    with pytest.raises(ta.DeclarationError, match="declares no application"):
        fakes(given)


def test_another_uuid_is_refused_and_the_same_one_accepted() -> None:
    with pytest.raises(ta.DeclarationError, match=r"Wrong\.uuid is .*, but Named has .*leave it"):

        class Wrong(fake.TrustedApplication, implements=Named):
            uuid = UUID(int=1)

    class Right(fake.TrustedApplication, implements=one()):
        uuid = OWN

        def run(self) -> None: ...

    assert Right.uuid == OWN


def no_arguments(self: Any) -> None: ...
def one_argument(self: Any, one: Any) -> None: ...
def two_arguments(self: Any, one: Any, two: Any) -> None: ...
def only_by_name(self: Any, *, one: Any) -> None: ...
def with_session(self: Any, session: Any) -> None: ...


@pytest.mark.parametrize(
    ("method", "arguments", "takes"),
    [
        (one_argument, (), "1 argument"),
        (two_arguments, (ta.U8,), "2 arguments"),
        (no_arguments, (ta.U8,), "no arguments"),
        (with_session, (ta.U8,), "no arguments"),
        (only_by_name, (), "1 argument"),
        (only_by_name, (ta.U8,), "1 argument"),
    ],
)
def test_a_method_with_another_number_of_arguments_is_refused(
    method: Callable[..., Any], arguments: tuple[Any, ...], takes: str
) -> None:
    named = re.escape("Fake.run()")
    expected = re.escape(f"One.run is served by def run(self{', a: int' * len(arguments)}) -> None")
    with pytest.raises(
        ta.DeclarationError, match=f"{named} {place_of(method)} takes {takes}: {expected}"
    ):
        fakes(one(None, *arguments), run=method)


def any_number(self: Any, *given: Any) -> None: ...
def with_default(self: Any, one: Any, two: Any = None) -> None: ...
def session_and_one(self: Any, session: Any, one: Any) -> None: ...
def by_hint(self: Any, its: fake.ClientSession, one: Any) -> None: ...
def by_hint_for_checkers(self: Any, its: ClientSession, one: Any) -> None: ...
def by_text(self: Any, its: tee.fake.ClientSession, one: Any) -> None: ...
def a_number(self: Any, session: int) -> None: ...


@pytest.mark.parametrize(
    "method",
    [
        any_number,
        one_argument,
        with_default,
        session_and_one,
        by_hint,
        by_hint_for_checkers,
        by_text,
        a_number,
        staticmethod(lambda one: None),
        classmethod(lambda cls, one: None),
    ],
)
def test_methods_that_can_be_called_with_the_arguments_are_accepted(method: Any) -> None:
    application = fakes(one(None, ta.U8), run=method)
    declared = one(None, ta.U8)
    with (
        tee.Context(backend=fake.Kernel(applications=[application])) as context,
        declared(context) as client,
    ):
        client.run(3)  # type: ignore[attr-defined]


def hinted(returns: Any = None, *arguments: Any) -> Callable[..., Any]:
    """Make a method with hints."""
    names = "abcd"[: len(arguments)]

    made = dict(globals())
    exec(f"def run({', '.join(['self', *names])}): ...", made)
    run: Callable[..., Any] = made["run"]
    run.__annotations__ = {**dict(zip(names, arguments, strict=True)), "return": returns}
    return run


Numbers = np.ndarray[Any, np.dtype[np.float32]]
Others = np.ndarray[Any, np.dtype[np.float64]]


@pytest.mark.parametrize(
    ("declared", "fitting", "wrong"),
    [
        (ta.U64, [int, ta.U64, ta.U8, float, object, Any, int | None, Amount], [str, bytes]),
        (ta.F32, [float, ta.F64], [int, str]),
        (bool, [bool, int], [str, None]),
        (Mode, [Mode, int, IntEnum], [str]),
        (tee.Value, [tee.Value, tuple[int, int], tuple], [int, list]),
        (
            ta.Both(ta.U8, bool),
            [tuple[int, bool], tuple[int, ...], Sequence[int]],
            [tuple[str, bool], tuple[int]],
        ),
        (bytes, [bytes, Sequence[int], Annotated[bytes, 3]], [memoryview, str, bytearray]),
        (ta.BUFFER, [memoryview], [bytes, bytearray, str]),
        (str, [str, str | bytes], [bytes, int]),
        (
            Transfer,
            [Transfer, "Transfer", "Nowhere", "Transfer | None"],
            [Receipt, "Receipt", bytes],
        ),
        (ta.Nullable(bytes), [bytes | None, "bytes | None", object], [bytes, str, None]),
        (ta.List(Transfer), [list[Transfer], Sequence[Transfer], list], [list[int], bytes, tuple]),
        (ta.List(ta.U8), [list[int], Sequence[float], "list[ta.U8]"], [Sequence[str]]),
        (ta.NDArray(np.float32), [np.ndarray, Numbers], [Others, list, memoryview]),
        (ta.Uuid, [UUID], [bytes]),
        (ta.Memory(ta.U16), [int], [bytes]),
        (
            tee.MemrefPartialInput,
            [fake.MemrefParameter, fake.Parameter],
            [memoryview, tee.MemrefPartialInput],
        ),
        (tee.SharedMemory, [fake.MemrefParameter], [tee.SharedMemory, fake.ValueParameter]),
        (tee.ValueInput, [fake.ValueParameter], [fake.MemrefParameter, int]),
    ],
    ids=str,
)
def test_hints_of_arguments_must_fit(declared: Any, fitting: list[Any], wrong: list[Any]) -> None:
    for hint in fitting:
        fakes(one(None, declared), run=hinted(None, hint))
    for hint in wrong:
        method = hinted(None, hint)
        with pytest.raises(
            ta.DeclarationError, match=r"Fake\.run\(\).*line 1\) takes a: .*, but gets"
        ):
            fakes(one(None, declared), run=method)


@pytest.mark.parametrize(
    ("declared", "fitting", "wrong"),
    [
        (None, [None, Any, NoReturn], [int, bytes, tuple]),
        (
            ta.U64,
            [int, ta.U64, Mode, Any, NoReturn, Amount],
            [None, str, bool, float, object, int | None],
        ),
        (ta.F64, [float, int], [bool, str]),
        (bool, [bool], [int, None]),
        (Mode, [Mode], [int, IntEnum]),
        (tee.Value, [tee.Value, tuple[int, int], tuple], [int, tuple[int], tuple[str, int]]),
        (ta.Both(ta.U8, bool), [tuple[int, bool]], [tuple[int, int, int], int]),
        (
            ta.Variable(bytes),
            [bytes, bytearray, memoryview, bytes | bytearray],
            [str, None, int, bytes | None, list],
        ),
        (ta.Variable(ta.BUFFER), [bytes, memoryview], [str, None]),
        (ta.Variable(str), [str], [bytes, None]),
        (Transfer, [Transfer, Receipt, "Transfer"], [bytes, None, "Transfer | None"]),
        (
            ta.List(Transfer, 2),
            [list[Transfer], tuple[Transfer, ...], Sequence[Transfer], list],
            [list[int], str, bytes],
        ),
        (ta.Variable(ta.NDArray(np.float32)), [Numbers, np.ndarray], [Others, list[float], bytes]),
        (
            (ta.U8, Transfer),
            [tuple[int, Transfer], tuple, tuple[Any, ...]],
            [int, None, tuple[int], tuple[Transfer, int], list[Any]],
        ),
    ],
    ids=str,
)
def test_hints_of_results_must_fit(declared: Any, fitting: list[Any], wrong: list[Any]) -> None:
    for hint in fitting:
        fakes(one(declared), run=hinted(hint))
    for hint in wrong:
        with pytest.raises(ta.DeclarationError, match=r"Fake\.run\(\).*line 1\) returns "):
            fakes(one(declared), run=hinted(hint))
    assert fakes(one(declared), run=no_hints)


@pytest.mark.parametrize(
    "method",
    [int, functools.partialmethod(lambda self, more, one: one, 1), mock.Mock(return_value=3)],
    ids=["class", "partial method", "mock"],
)
def test_what_can_be_called_serves_a_command(method: Any) -> None:
    declared = one(ta.U8, ta.U8)
    application = fakes(declared, run=method)
    with (
        tee.Context(backend=fake.Kernel(applications=[application])) as context,
        declared(context) as client,
    ):
        assert client.run(3) == 3  # type: ignore[attr-defined]


def no_hints(self):  # type: ignore[no-untyped-def]
    ...


def test_memory_that_is_written_in_place_may_be_left_alone() -> None:
    class Fill(ta.Client, uuid=OWN):
        fill = ta.command(0, ta.Out[ta.BUFFER])
        both = ta.command(1, ta.InOut[ta.BUFFER], returns=ta.U8)

    class Fake(fake.TrustedApplication, implements=Fill):
        def fill(self, memory: memoryview) -> None: ...

        def both(self, memory: memoryview) -> tuple[bytes | None, int]:
            return None, 1


async def coroutine(self: Any) -> None: ...
async def asynchronous(self: Any) -> Any:
    yield


def generator(self: Any) -> Any:
    yield


@pytest.mark.parametrize(
    ("method", "text"),
    [
        (coroutine, "is an async function: make it a plain function"),
        (asynchronous, "is an async function: make it a plain function"),
        (generator, "has a yield: make it a plain function"),
    ],
)
def test_functions_that_would_not_run_are_refused(method: Callable[..., Any], text: str) -> None:
    with pytest.raises(ta.DeclarationError, match=f"{place_of(method)} {text}"):
        fakes(one(), run=method)


@pytest.mark.parametrize("attribute", [3, "text", property(lambda self: print)])
def test_what_is_no_method_is_refused(attribute: Any) -> None:
    with pytest.raises(ta.DeclarationError, match=r"Fake\.run is .*, and no method: One\.run is"):
        fakes(one(), run=attribute)


def test_hints_may_name_what_is_local_to_a_function() -> None:
    @ta.packed
    class Local:
        number: ta.U8

    class Other:
        pass

    class Locals(ta.Client, uuid=OWN):
        run = ta.command(0, Local)

    class Right(fake.TrustedApplication, implements=Locals):
        def run(self, given: Local) -> None: ...

    with pytest.raises(ta.DeclarationError, match="takes given: Other, but gets Local"):

        class Wrong(fake.TrustedApplication, implements=Locals):
            def run(self, given: Other) -> None: ...


def test_hints_may_name_what_is_local_to_the_class() -> None:
    with pytest.raises(ta.DeclarationError, match="takes given: Inner, but gets int"):

        class Wrong(fake.TrustedApplication, implements=one(None, ta.U8)):
            class Inner:
                pass

            def run(self, given: Inner) -> None: ...
