# SPDX-License-Identifier: BSD-2-Clause
"""A mistake of an object of QTEE ends it, and the cause says what it is and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytee_client import fake
from pytee_client.fake.qtee import Qtee, QteeArguments, QteeError, QteeObject, QteeResult

from .....support.qtee_device import DEFUNCT, QteeDevice

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE = 7


def cause_of(invoke: Callable[..., Any]) -> BaseException | None:
    """Return the cause of an object that is defunct after an invocation."""

    class Mistaken(QteeObject):
        def invoke(self, op: int, arguments: QteeArguments) -> Any:
            return invoke(arguments)

    kernel = fake.Kernel(Qtee({SERVICE: Mistaken}), release="7.2")
    with QteeDevice(kernel) as device:
        service = device.open_service(SERVICE)
        assert device.object_invoke(service, 0)[0] == DEFUNCT
        return kernel.take_cause()


async def _coroutine() -> None:
    pass


def _generator() -> Any:
    yield


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (lambda: QteeResult.BUSY, "returned QteeResult.BUSY: raise QteeError(QteeResult.BUSY)"),
        (lambda: 12, "returned 12: raise QteeError(12) instead"),
        (lambda: QteeResult.OK, "return nothing instead"),
        (lambda: b"content", "and set the outputs"),
        (_coroutine, "is an async function, so none of it ran"),
        (_generator, "has a yield, so none of it ran"),
    ],
)
def test_an_invocation_returns_nothing(returned: Callable[[], Any], says: str) -> None:
    cause = cause_of(lambda _: returned())
    assert isinstance(cause, TypeError)
    assert says in str(cause)
    assert f"Mistaken.invoke() ({__file__}, line " in str(cause)


@pytest.mark.parametrize("code", ["BUSY", None, 1.5, True])
def test_a_failure_is_a_number(code: Any) -> None:
    def fail(arguments: QteeArguments) -> None:
        raise QteeError(code)

    cause = cause_of(fail)
    assert isinstance(cause, TypeError)
    assert f"a failure is a number such as QteeResult.INVALID, not {code!r}" in str(cause)


def test_an_attribute_that_arguments_lack_is_not_set() -> None:
    def misspell(arguments: QteeArguments) -> None:
        arguments.output_bufers = []  # type: ignore[attr-defined]

    assert isinstance(cause_of(misspell), AttributeError)


def test_what_a_release_returns_ends_the_object() -> None:
    class Returning(QteeObject):
        def released(self) -> Any:
            return QteeResult.BUSY

    made = Returning()
    made.retain()
    made.release()
    result, cause = made._serve(0, QteeArguments())
    assert result == QteeResult.DEFUNCT
    assert "Returning.released() " in str(cause)
