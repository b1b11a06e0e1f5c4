# SPDX-License-Identifier: BSD-2-Clause
"""What declared commands return, as data and as text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import IntEnum, IntFlag
from typing import Any, Final, NamedTuple

from ..._outputs import RequiredSize, Value
from .._errors import InputError
from .files import write_file
from .outputs import as_ascii, hex_dump, said_of_size

__all__ = ["Saved", "data_of", "lines_of", "saved"]

# Bytes that stand in one line.
_SHORT: Final = 16


class Saved(NamedTuple):
    """Stands for a result that is in a file.

    Attributes:
        size: how many bytes it has.
        file: the path.
    """

    size: int
    file: str


def saved(result: Any, file: str) -> Any:
    """Write a result to a file, and return what stands for it.

    Raises:
        InputError: the file can't be written, or the result is neither bytes nor text.
    """
    if result is None:
        return None
    if isinstance(result, str):
        result = result.encode()
    if not isinstance(result, bytes | bytearray | memoryview):
        raise InputError(f"{file} is not written: the result is neither bytes nor text")
    content = bytes(result)
    write_file(file, content)
    return Saved(len(content), file)


def data_of(result: Any) -> Any:
    """Return a result for JSON: bytes in hexadecimal, members by their names."""
    if isinstance(result, IntFlag):
        return _flags(result)
    if isinstance(result, IntEnum):
        return result.name
    if isinstance(result, float) and not math.isfinite(result):
        # JSON has no number for it.
        return str(result)
    if result is None or isinstance(result, bool | int | float | str):
        return result
    if isinstance(result, Saved):
        return result._asdict()
    if isinstance(result, RequiredSize):
        return {"required": result.required}
    if isinstance(result, Value):
        return {"a": result.a, "b": result.b}
    if is_dataclass(result):
        return {one.name: data_of(getattr(result, one.name)) for one in fields(result)}
    if isinstance(result, list | tuple):
        return [data_of(one) for one in result]
    if isinstance(result, bytes | bytearray):
        return result.hex()
    if isinstance(result, memoryview):
        return result.tobytes().hex()
    if hasattr(result, "tolist"):
        # An array of NumPy.
        return [data_of(one) for one in result.tolist()]
    return str(result)


def _flags(result: IntFlag) -> str | int:
    left, names = int(result), []
    for name, member in type(result).__members__.items():
        if int(member) and left & int(member) == int(member):
            names.append(name)
            left &= ~int(member)
    return int(result) if left or not names else "+".join(names)


def lines_of(result: Any, name: str = "", indent: str = "") -> Iterator[str]:
    """Yield a result as text: a line for what is one thing, and one for each field."""
    label = f"{indent}{name}: " if name else indent
    if isinstance(result, memoryview):
        result = result.tobytes()
    if isinstance(result, bytes | bytearray):
        if len(result) <= _SHORT:
            content = bytes(result)
            shown = f"{content.hex(' ')}  |{as_ascii(content)}|" if content else said_of_size(0)
            yield f"{label}{shown}"
        else:
            yield f"{label}{said_of_size(len(result))}"
            yield from (f"{indent}{line}" for line in hex_dump(bytes(result)))
    elif isinstance(result, Saved):
        yield f"{label}{said_of_size(result.size)} in {result.file}"
    elif isinstance(result, Value):
        yield f"{label}{result.a}, {result.b}"
    elif isinstance(result, RequiredSize):
        yield f"{label}needs {said_of_size(result.required)}"
    elif is_dataclass(result):
        inner = indent
        if name:
            yield f"{indent}{name}:"
            inner = f"{indent}  "
        for one in fields(result):
            yield from lines_of(getattr(result, one.name), one.name, inner)
    elif isinstance(result, list | tuple):
        if result and not any(map(is_dataclass, result)):
            yield f"{label}{', '.join(str(data_of(one)) for one in result)}"
            return
        yield f"{label}{len(result)} item{'s' * (len(result) != 1)}"
        for place, one in enumerate(result):
            yield from lines_of(one, f"[{place}]", indent)
    elif isinstance(result, IntEnum | IntFlag):
        yield f"{label}{data_of(result)} ({int(result)})"
    elif isinstance(result, str):
        yield f"{label}{_printable(result)}"
    else:
        yield f"{label}{data_of(result)}"


def _printable(text: str) -> str:
    """Return text without what would control a terminal."""
    return "".join(one if one.isprintable() or one in "\n\t" else repr(one)[1:-1] for one in text)
