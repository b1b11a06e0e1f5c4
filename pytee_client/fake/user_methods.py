# SPDX-License-Identifier: BSD-2-Clause
"""Methods that a user wrote: what is wrong with their arguments or results, and where."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from types import CodeType
from typing import Any, Final

from ..enums import Result

__all__ = ["call_method", "name_of", "returned_wrongly", "shown_code"]

_LAST_SMALL: Final = 0xFFFF
_LONGEST: Final = 80


def call_method(owner: object, method: Callable[..., Any], *arguments: Any) -> Any:
    """Call a method, and return what it returns.

    Raises:
        TypeError: it takes other arguments; with the place of the method, which Python leaves out.
    """
    try:
        return method(*arguments)
    except TypeError as error:
        traceback = error.__traceback__
        # The call itself failed, and not what the method does.
        if traceback is not None and traceback.tb_next is None:
            raise TypeError(f"{name_of(owner, method)} takes other arguments: {error}") from error
        raise


def returned_wrongly(
    owner: object, method: Callable[..., object], value: Any, remedy: str
) -> TypeError:
    """Make the exception for a method that returned what it may not.

    Args:
        owner: the object that has the method.
        method: the method.
        value: what it returned.
        remedy: what to do instead.
    """
    who = name_of(owner, method)
    if inspect.iscoroutine(value) or inspect.isasyncgen(value):
        if inspect.iscoroutine(value):
            # Or else Python warns that nobody awaited it.
            value.close()
        return TypeError(f"{who} is an async function, so none of it ran: make it a plain function")
    if inspect.isgenerator(value):
        return TypeError(f"{who} has a yield, so none of it ran: make it a plain function")
    return TypeError(f"{who} returned {_shown(value)}: {remedy}")


def name_of(owner: object, method: Callable[..., object], name: str | None = None) -> str:
    """Return the name of a method, by default its own, and the file and line where it is."""
    called = inspect.getattr_static(method, "__init__") if isinstance(method, type) else method
    function = inspect.unwrap(getattr(called, "__func__", called))
    code = getattr(function, "__code__", None)
    place = ""
    if isinstance(code, CodeType):
        place = f" ({code.co_filename}, line {code.co_firstlineno})"
    cls = owner if isinstance(owner, type) else type(owner)
    return f"{cls.__name__}.{name or getattr(function, '__name__', 'method')}(){place}"


def shown_code(value: int) -> str:
    """Return a result as a program writes it: by its name if it has one."""
    if isinstance(value, Enum):
        package = "tee." if isinstance(value, Result) else ""
        return f"{package}{type(value).__name__}.{value.name}"
    return f"0x{value:08x}" if value > _LAST_SMALL else str(value)


def _shown(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return shown_code(value)
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
