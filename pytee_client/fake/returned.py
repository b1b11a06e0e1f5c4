# SPDX-License-Identifier: BSD-2-Clause
"""What is wrong with a value that a method of the user returned, and where the method is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

from ..enums import Result

__all__ = ["returned_wrongly", "shown_code"]

_LAST_SMALL: Final = 0xFFFF
_LONGEST: Final = 80


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
    function = inspect.unwrap(getattr(method, "__func__", method))
    code = getattr(function, "__code__", None)
    place = f" ({code.co_filename}, line {code.co_firstlineno})" if code is not None else ""
    who = f"{type(owner).__name__}.{getattr(function, '__name__', 'method')}(){place}"
    if inspect.iscoroutine(value) or inspect.isasyncgen(value):
        if inspect.iscoroutine(value):
            # Or else Python warns that nobody awaited it.
            value.close()
        return TypeError(f"{who} is an async function, so none of it ran: make it a plain function")
    if inspect.isgenerator(value):
        return TypeError(f"{who} has a yield, so none of it ran: make it a plain function")
    return TypeError(f"{who} returned {_shown(value)}: {remedy}")


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
