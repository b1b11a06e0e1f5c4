# SPDX-License-Identifier: BSD-2-Clause
"""Hints of methods that serve declared commands: whether they fit what is declared.

Only what is surely wrong is refused. What can't be told at run time is left to type checkers.
"""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Union, get_args, get_origin
from uuid import UUID

from ..._checks import is_class
from ..._declarations.kinds import Kind
from ..._outputs import Value

__all__ = ["can_be", "can_be_result", "shown_type", "signature_of_method"]

_UNIONS: Final = (Union, types.UnionType)
_NEVER: Final = (typing.NoReturn, getattr(typing, "Never", typing.NoReturn))
_BUFFER: Final = getattr(collections.abc, "Buffer", None)
# Classes that have no buffer; Python before 3.12 can't tell.
_NO_BUFFER: Final = (str, int, float, list, tuple, dict, set, UUID, type(None))


def signature_of_method(
    method: Callable[..., Any], names: Mapping[str, Any], more: Mapping[str, Any]
) -> inspect.Signature | None:
    """Return the signature of a method. A hint that can't be evaluated stays a str.

    Some functions in C have none.

    Args:
        method: the method, bound or not.
        names: the names of the function that the class is in, or of its module.
        more: names that hints may have besides, such as those of the class.
    """
    try:
        signature = inspect.signature(method)
    except NameError:
        # Python 3.14 evaluates hints here; this is annotationlib.Format.FORWARDREF.
        options: Any = {"annotation_format": 3}
        signature = inspect.signature(method, **options)
    except ValueError:
        return None
    known = getattr(inspect.unwrap(method), "__globals__", {})

    def evaluated(hint: Any) -> Any:
        if not isinstance(hint, str):
            return hint
        for local in (names, more):
            try:
                return eval(hint, known, local)
            except Exception:
                continue
        return hint

    return signature.replace(
        parameters=[
            parameter.replace(annotation=evaluated(parameter.annotation))
            for parameter in signature.parameters.values()
        ],
        return_annotation=evaluated(signature.return_annotation),
    )


def _plain(hint: Any) -> Any:
    """Return the class that a hint is, without what only some readers of it understand."""
    if hint is None:
        return type(None)
    if isinstance(hint, Kind):
        # To type checkers U64 is int.
        return hint.python
    if get_origin(hint) is Annotated:
        return _plain(get_args(hint)[0])
    for attribute in ("__supertype__", "__value__"):
        # Of a NewType, and of an alias.
        if not isinstance(hint, type) and hasattr(hint, attribute):
            return _plain(getattr(hint, attribute))
    return hint


def _choices(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in _UNIONS else (hint,)


def can_be(wide: Any, narrow: Any) -> bool:
    """Return whether what has one hint may go where another one is."""
    wide, narrow = _plain(wide), _plain(narrow)
    if wide is Any or wide is object or narrow is Any or narrow in _NEVER:
        return True
    if get_origin(narrow) in _UNIONS:
        return all(can_be(wide, each) for each in get_args(narrow))
    if get_origin(wide) in _UNIONS:
        return any(can_be(each, narrow) for each in get_args(wide))
    outer, inner = get_origin(wide) or wide, get_origin(narrow) or narrow
    if not (is_class(outer) and is_class(inner)):
        return True
    try:
        is_one = issubclass(inner, outer) or (outer is float and issubclass(inner, int))
    except TypeError:
        # A protocol.
        return True
    return is_one and _items_can_be(outer, inner, get_args(wide), get_args(narrow))


def _items_can_be(outer: type, inner: type, wide: tuple[Any, ...], narrow: tuple[Any, ...]) -> bool:
    if not wide or not narrow:
        return True
    if inner is tuple:
        # A tuple of any length, or a sequence, has one kind of items.
        if outer is not tuple or wide[-1] is Ellipsis:
            return all(can_be(wide[0], each) for each in narrow if each is not Ellipsis)
        if narrow[-1] is Ellipsis:
            return all(can_be(each, narrow[0]) for each in wide)
        if len(wide) != len(narrow):
            return False
    elif len(wide) != len(narrow):
        return True
    return all(can_be(one, other) for one, other in zip(wide, narrow, strict=True))


def can_be_result(declared: Any, hint: Any) -> bool:
    """Return whether a method may return what its hint says.

    Args:
        declared: the type of Python that is declared; a client takes more, such as any bytes-like
            object for bytes.
        hint: the hint.
    """
    return all(
        any(_is_result(one, each) for one in _choices(_plain(declared)))
        for each in _choices(_plain(hint))
    )


def _is_result(declared: Any, hint: Any) -> bool:
    declared, hint = _plain(declared), _plain(hint)
    origin = get_origin(declared) or declared
    if declared is bytes or declared is memoryview:
        return _has_buffer(hint)
    if origin is list:
        (item,) = get_args(declared)
        items = collections.abc.Sequence[item]  # type: ignore[valid-type]
        is_bytes = is_class(hint) and issubclass(hint, str | bytes)
        return (get_origin(hint) or hint) is collections.abc.Sequence or (
            can_be(items, hint) and not is_bytes
        )
    if declared is Value:
        return can_be(Value | tuple[int, int], hint)
    if hint is bool and declared in (int, float):
        # Numbers of the library are no bools.
        return False
    return can_be(declared, hint)


def _has_buffer(hint: Any) -> bool:
    if hint is Any or hint in _NEVER:
        return True
    found = get_origin(hint) or hint
    if not is_class(found):
        return True
    if getattr(found, "__module__", "") == "typing_extensions" or found.__name__ == "Buffer":
        return True
    if _BUFFER is not None:
        return issubclass(found, _BUFFER)
    return found is not object and not issubclass(found, _NO_BUFFER)


def shown_type(hint: Any) -> str:
    """Return a type as a program writes it."""
    if hint is type(None) or hint is None:
        return "None"
    if hint is Ellipsis:
        return "..."
    if get_origin(hint) in _UNIONS:
        return " | ".join(map(shown_type, get_args(hint)))
    arguments = get_args(hint)
    if arguments:
        return f"{shown_type(get_origin(hint))}[{', '.join(map(shown_type, arguments))}]"
    return hint.__name__ if isinstance(hint, type) else str(hint)
