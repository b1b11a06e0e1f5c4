# SPDX-License-Identifier: BSD-2-Clause
"""Checks of what programs pass: numbers, times, choices, objects.

Each check takes what the value is called, and returns the value as the rest of the package uses
it. Its error names the parameter, says what was given, and what would be right.
"""

from __future__ import annotations

import operator
import os
from enum import Enum, IntEnum
from types import CodeType, GenericAlias

from ._process import importing
from .errors import BadParametersError, ParameterRangeError, ParameterTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, TypeVar

    from typing_extensions import TypeIs

    _T = TypeVar("_T")

UINT32_MAX: Final = 2**32 - 1
# In seconds: 30 years. Python's own waits take no more than 292 years.
_LONGEST: Final = 1e9
_SHOWN: Final = 60


def said(value: object) -> str:
    """Say what a program passed: its type, and its value where that is short and no secret."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if value is None or isinstance(value, bool | int | float | Enum):
        try:
            text = repr(value)
        except ValueError:
            # Python writes no numbers of more than 4 300 digits.
            text = "a very large int"
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return type(value).__name__


def is_class(value: object) -> TypeIs[type[object]]:
    """Return whether a value is a class. To Python 3.10, list[int] is one, too."""
    return isinstance(value, type) and not isinstance(value, GenericAlias)


def is_bool(value: object) -> bool:
    """Return whether a value is a bool, or one of NumPy, which was an int in its early releases."""
    kind = type(value)
    return kind is bool or (kind.__module__ == "numpy" and kind.__name__ in ("bool", "bool_"))


def to_number(
    value: object, what: str, low: int, high: int | None, limits: str, remedy: str = ""
) -> int:
    """Check a whole number: an int, or what stands for one, but no bool."""
    if is_bool(value):
        hint = remedy or f": write {int(bool(value))}"
        raise ParameterTypeError(f"{what} must be an int, not {value}{hint}")
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ParameterTypeError(
            f"{what} must be an int, not {said(value)}{remedy or _hint_for_int(value)}"
        ) from None
    if number < low or (high is not None and number > high):
        raise ParameterRangeError(f"{what} is {said(number)}, but must be {limits}")
    return number


def _hint_for_int(value: object) -> str:
    if isinstance(value, float):
        return ": round it, for example with int()"
    if isinstance(value, str):
        return ": convert it, for example with int()"
    if isinstance(value, type):
        return ": give one of its values"
    return ""


def to_uint32(value: object, what: str, remedy: str = "") -> int:
    """Check an unsigned 32-bit number."""
    if type(value) is int and 0 <= value <= UINT32_MAX:
        return value
    return to_number(value, what, 0, UINT32_MAX, "from 0 to 2**32 - 1", remedy)


def to_int32(value: object, what: str) -> int:
    """Check a signed 32-bit number."""
    return to_number(value, what, -(2**31), 2**31 - 1, "from -2**31 to 2**31 - 1")


def to_uint64(value: object, what: str) -> int:
    """Check an unsigned 64-bit number."""
    return to_number(value, what, 0, 2**64 - 1, "from 0 to 2**64 - 1")


def to_int64(value: object, what: str) -> int:
    """Check a signed 64-bit number."""
    return to_number(value, what, -(2**63), 2**63 - 1, "from -2**63 to 2**63 - 1")


def to_count(value: object, what: str, low: int = 0) -> int:
    """Check a number that has no upper limit of its own."""
    if type(value) is int and value >= low:
        return value
    return to_number(value, what, low, None, f"at least {low}")


def to_float(value: object, what: str) -> float:
    """Check a number with a fraction; it may be infinite or NaN."""
    if type(value) is float:
        return value
    if is_bool(value) or not _is_real(value):
        hint = ": give its total_seconds()" if hasattr(value, "total_seconds") else ""
        raise ParameterTypeError(f"{what} must be a float, not {said(value)}{hint}")
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ParameterTypeError(f"{what} must be a float, not {said(value)}") from None
    except OverflowError:
        raise ParameterRangeError(f"{what} is too large for a float") from None


def _is_real(value: object) -> bool:
    """Return whether a value is a number with no imaginary part; no bool of numpy's is."""
    with importing:
        import numbers

    if hasattr(type(value), "__index__") or isinstance(value, numbers.Real):
        return True
    # A Decimal.
    return isinstance(value, numbers.Number) and not isinstance(value, numbers.Complex)


def to_seconds(value: object, what: str) -> float:
    """Check a time in seconds that ends."""
    seconds = to_float(value, what)
    if not 0 <= seconds < _LONGEST:
        raise ParameterRangeError(
            f"{what} is {seconds!r}, but must be from 0 to 1e9: it is in seconds"
        )
    return seconds


def to_timeout(value: object, what: str) -> float | None:
    """Check a time-out in seconds; None, inf and more than 30 years are no time-out."""
    if value is None:
        return None
    seconds = value if type(value) is float else to_float(value, what)
    # False for NaN too.
    if not seconds >= 0:
        raise ParameterRangeError(
            f"{what} is {seconds!r}, but must not be negative or NaN:"
            " 0 does not wait, and math.inf waits for ever"
        )
    return seconds if seconds < _LONGEST else None


def to_bool(value: object, what: str) -> bool:
    """Check a choice: a string or a number would pass as true unnoticed."""
    if not isinstance(value, bool):
        raise ParameterTypeError(f"{what} must be True or False, not {said(value)}")
    return value


def to_instance(value: _T, kind: type[object], what: str, remedy: str) -> _T:
    """Check that a value is an object of a class."""
    if not isinstance(value, kind):
        raise ParameterTypeError(f"{what} must be {_article(kind)}, not {said(value)}: {remedy}")
    return value


def _article(kind: type) -> str:
    return f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}"


def refuse_other_enum(value: object, kind: type[Enum], what: str) -> None:
    """Refuse a member of another enumeration, which has the number of something else."""
    if isinstance(value, Enum) and not isinstance(value, kind):
        raise ParameterTypeError(
            f"{what} must be {_article(kind)}, not {said(value)}"
            + (": int() of it is its number" if isinstance(value, int) else "")
        )


def to_int_enum(value: object, what: str) -> type[IntEnum]:
    """Check a class that names numbers."""
    if not is_class(value) or not issubclass(value, IntEnum) or not len(value):
        raise ParameterTypeError(f"{what} must be an IntEnum class with members, not {said(value)}")
    return value


def check_results(results: object) -> None:
    """Check names of a Trusted Application's own codes, if there are any."""
    if results is None:
        return
    for member in to_int_enum(results, "results"):
        to_uint32(member.value, f"the result {type(member).__name__}.{member.name}")


def to_path_text(value: object, what: str, hint: str = "") -> str:
    """Check a path that the system can take, and return it as text."""
    # A class has the method too, but can't answer.
    if isinstance(value, type) or not isinstance(value, str | os.PathLike):
        hint = ": os.fsdecode() makes a str of it" if isinstance(value, bytes) else ""
        raise ParameterTypeError(f"{what} must be a str or a path, not {said(value)}{hint}")
    try:
        path = os.fspath(value)
    except TypeError as error:
        raise ParameterTypeError(f"{what} is no path: {error}") from None
    if not isinstance(path, str):
        raise ParameterTypeError(
            f"{what} must be a str or a path of one, not {path!r}: os.fsdecode() makes a str of it"
        )
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError:
        raise BadParametersError(
            f"{what} is {path!r}, which the file system can't encode: use os.fsdecode() to make"
            " a str of the bytes of a path"
        ) from None
    if not encoded or 0 in encoded:
        wrong = "holds a NUL byte" if encoded else "is empty"
        raise BadParametersError(f"{what} is {path!r}, but no path {wrong}{hint}")
    return path


_KERNEL_METHODS: Final = ("open", "ioctl", "mmap", "munmap", "close", "take_cause")


def check_made_by(native: object, kind: type[object], maker: str) -> None:
    """Refuse to make an object of what only another object can give."""
    if not isinstance(native, kind):
        raise ParameterTypeError(f"this class makes no objects by itself: call {maker}")


def refuse_class(value: object, what: str) -> None:
    """Refuse a class in place of an object of it."""
    if isinstance(value, type):
        raise ParameterTypeError(
            f"{what} is {said(value)}: make an object, for example {value.__name__}()"
        )


def check_kernel(value: object, what: str) -> None:
    """Check that an object has the methods of a kernel in Python."""
    refuse_class(value, what)
    missing = [f"{name}()" for name in _KERNEL_METHODS if not hasattr(value, name)]
    if missing:
        raise ParameterTypeError(
            f'{what} must be "linux" or a kernel, such as a pytee_client.fake.Kernel, not'
            f" {said(value)}, which lacks {', '.join(missing)}"
        )


def to_callable(value: _T, what: str) -> _T:
    """Check a function."""
    if not callable(value):
        raise ParameterTypeError(f"{what} must be a function, not {said(value)}")
    return value


# Of the code of a function whose body does not run when it is called (inspect.CO_COROUTINE,
# CO_GENERATOR, CO_ASYNC_GENERATOR).
_IS_COROUTINE: Final = 0x80
_DOES_NOT_RUN: Final = _IS_COROUTINE | 0x20 | 0x200


def check_observer(value: object) -> None:
    """Check what is to be called with an event."""
    if not callable(value):
        raise ParameterTypeError(
            f"the observer must be a function that takes a CallEvent, not {said(value)}"
        )
    # Also a partial of one, or an object that is called as one.
    below: Any = getattr(value, "func", value)
    for function in (value, type(value).__call__, below, type(below).__call__):
        code = getattr(function, "__code__", None)
        if not isinstance(code, CodeType) or not code.co_flags & _DOES_NOT_RUN:
            continue
        if code.co_flags & _IS_COROUTINE:
            raise ParameterTypeError(
                "the observer must be a plain function, and nobody would await an async one: hand"
                " events to a loop with its call_soon_threadsafe()"
            )
        raise ParameterTypeError(
            "the observer must be a plain function, and nobody would iterate over what a"
            " generator function returns: leave out its yield"
        )
