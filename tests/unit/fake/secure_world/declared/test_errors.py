# SPDX-License-Identifier: BSD-2-Clause
"""How methods that serve declared commands fail: declared exceptions, results, and panics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client import fake, ta

from .....support.applications.declared import OWN, Code, EmptyError, FakeStore, FrozenError, Store

if TYPE_CHECKING:
    pass


def test_declared_exceptions_become_their_codes(store: Store) -> None:
    for how in ("frozen", "deep"):
        with pytest.raises(FrozenError) as caught:
            store.fail(how)
        cause = caught.value.__cause__
        assert isinstance(cause, tee.TeecError)
        assert (cause.code, cause.origin) == (Code.FROZEN, tee.Origin.TRUSTED_APP)
    with pytest.raises(EmptyError) as empty:
        store.fail("empty")
    assert empty.value.code == Code.EMPTY
    assert store.who() == 5


def test_result_errors_are_results_and_anything_else_is_a_panic(store: Store) -> None:
    with pytest.raises(tee.BusyError):
        store.fail("busy")
    with pytest.raises(tee.TeecError) as lost:
        store.fail("lost")
    assert lost.value.code == Code.LOST
    with pytest.raises(tee.TargetDeadError, match=r"ZeroDivisionError: other, in .*\(fail\)"):
        store.fail("other")


def test_a_panic_is_no_declared_error(store: Store) -> None:
    with pytest.raises(tee.TargetDeadError):
        store.fail("panic")


def test_an_error_of_a_class_that_several_codes_have_tells_its_code() -> None:
    class Failing(ta.Client, uuid=OWN, errors=dict.fromkeys((4, 5, 6), EmptyError)):
        fail = ta.command(0, ta.U32)

    class FakeFailing(fake.TrustedApplication, implements=Failing):
        def fail(self, code: int) -> None:
            raise EmptyError("empty", code=code)

    with (
        tee.Context(backend=fake.Kernel(applications=[FakeFailing])) as context,
        Failing(context) as client,
    ):
        # The first one is that of codes that are not declared.
        for code, expected in ((5, 5), (6, 6), (7, 4)):
            with pytest.raises(EmptyError) as caught:
                client.fail(code)
            assert caught.value.code == expected


def test_results_and_panics_are_none_of_the_declared_exceptions() -> None:
    class Failing(ta.Client, uuid=OWN, errors={4: Exception}):
        fail = ta.command(0, str)

    class FakeFailing(fake.TrustedApplication, implements=Failing):
        fail = FakeStore.fail

    with tee.Context(backend=fake.Kernel(applications=[FakeFailing])) as context:
        for how, code in (("busy", tee.Result.BUSY), ("panic", tee.Result.TARGET_DEAD)):
            with Failing(context) as client, pytest.raises(tee.TeecError) as caught:
                client.fail(how)
            assert caught.value.code == code
        with Failing(context) as client, pytest.raises(Exception, match="0x00000004") as other:
            client.fail("other")
        assert type(other.value) is Exception


def returning(value: Any) -> type[fake.TrustedApplication]:
    class Wrong(FakeStore):
        def who(self, *_: Any) -> Any:
            return value() if callable(value) else value

        def several(self, *_: Any) -> Any:
            return value() if callable(value) else value

        def fail(self, how: str) -> Any:
            return value() if callable(value) else value

    return Wrong


async def nothing() -> None: ...


@pytest.mark.parametrize(
    ("command", "value", "text"),
    [
        ("who", None, "the result must be an int, not None"),
        ("who", -1, r"the result is -1, but must be from 0 to 2\*\*32 - 1"),
        ("who", True, "the result must be an int, not True"),
        ("who", (1,), "the result must be an int"),
        ("who", nothing, "is an async function"),
        ("fail", 0, "it is declared to return nothing"),
        ("several", None, "it is declared to return a tuple of 3"),
        ("several", [1, (True, 1), ""], "it is declared to return a tuple of 3"),
        ("several", (1, (True, 1)), "it is declared to return a tuple of 3"),
        ("several", (1, (True, 1), b""), "result 3 must be a str, not"),
        ("several", (1, (True, 2**31), ""), "b of result 2 is 2147483648"),
    ],
)
def test_a_result_that_is_not_as_declared_is_a_panic_that_names_the_method(
    command: str, value: Any, text: str
) -> None:
    application = returning(value)
    with (
        tee.Context(backend=fake.Kernel(applications=[application])) as context,
        Store.opening(context, 5) as store,
    ):
        arguments: dict[str, tuple[Any, ...]] = {"who": (), "fail": ("",), "several": (1, 1)}
        with pytest.raises(tee.TargetDeadError, match=text) as caught:
            getattr(store, command)(*arguments[command])
    method = vars(application)[command].__code__
    where = f"Wrong.{command}() ({method.co_filename}, line {method.co_firstlineno})"
    assert where in str(caught.value)


def test_a_null_answer_for_memory_that_is_not_null_is_a_panic() -> None:
    class Wrong(FakeStore):
        def swap(self, given: bytes | None) -> bytes | None:
            return None

    with (
        tee.Context(backend=fake.Kernel(applications=[Wrong])) as context,
        Store.opening(context, 5) as store,
    ):
        assert store.swap(None) is None
        with pytest.raises(tee.TargetDeadError, match="the memory reference is not null"):
            store.swap(b"abcd")
