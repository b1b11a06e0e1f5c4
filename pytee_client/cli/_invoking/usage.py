# SPDX-License-Identifier: BSD-2-Clause
"""How what a declaration names is written on a command line."""

from __future__ import annotations

import textwrap
from enum import IntFlag
from typing import Any, Final

from ..._declarations.application import CommandDeclaration, Declaration
from ..._declarations.fields import (
    ArrayField,
    BoolField,
    BytesField,
    EnumField,
    NumberField,
    TextField,
    UuidField,
)
from ..._declarations.kinds import MemoryKind
from ..._declarations.layout import Layout, NestedField, Tail
from ..._declarations.memory import (
    BUFFER,
    Bytes,
    List,
    Memory,
    NDArray,
    Nullable,
    PackedKind,
    Text,
    Variable,
    memory_kind,
)
from ..._declarations.numbers import NumberKind
from ..._declarations.slots import Direction, InOutKind, RawKind, argument_slot
from ..._declarations.uuids import UuidKind
from ..._declarations.values import (
    BoolKind,
    Both,
    EnumKind,
    LowFirst,
    OnlyB,
    OverTwo,
    PairKind,
    value_kind,
)

__all__ = ["argument_kind", "command_data", "command_line", "lines_of_commands", "usage_of"]

_COLUMNS: Final = 80
_FORMS: Final = {
    "ValueInput": "value:A,B",
    "ValueOutput": "value-out",
    "ValueInOut": "value-inout:A,B",
    "MemrefTempInput": "in:FILE",
    "MemrefTempOutput": "out:SIZE",
    "MemrefTempInOut": "inout:FILE",
}
_KNOWN: Final = (Bytes, List, Memory, NDArray, Text, UuidKind, type(BUFFER))
_OF_PYTHON: Final = {int: "NUMBER", str: "TEXT", bytes: "BYTES"}


def argument_kind(declared: Any) -> tuple[Any, Direction]:
    """Return the kind of an argument, and which way it goes."""
    slot = argument_slot(declared, 0, "the argument")[0]
    return slot.taken, slot.direction


def kind_of(declared: Any) -> Any:
    """Return the kind of a result."""
    return value_kind(declared) or memory_kind(declared) or declared


def usage_of(part: Any) -> str:
    """Say how a content is written on a command line."""
    if isinstance(part, Variable):
        part = part.kind
    if isinstance(part, Nullable):
        return f"{usage_of(part.inner)} or null"
    if isinstance(part, NumberKind):
        return part.name
    if isinstance(part, NumberField):
        return part.kind.name
    if isinstance(part, BoolKind | BoolField):
        return "true|false"
    if isinstance(part, EnumKind | EnumField):
        return _names(part.names if isinstance(part, EnumField) else part)
    if isinstance(part, PairKind):
        return "U32,U32"
    if isinstance(part, Both):
        return ",".join(map(usage_of, part.kinds))
    if isinstance(part, LowFirst | OverTwo | OnlyB):
        return usage_of(part.inner)
    if isinstance(part, PackedKind | NestedField | Layout):
        layout = part if isinstance(part, Layout) else part.layout
        return "{" + ", ".join(f'"{name}": {one}' for name, one in _fields(layout)) + "}"
    return _memory(part)


def _memory(part: Any) -> str:
    if isinstance(part, List):
        return f"[{usage_of(part.tail.kind)}, ...]"
    if isinstance(part, ArrayField):
        return f"[{usage_of(part.item)}, ...] of {part.count}"
    if isinstance(part, NDArray):
        return f"[{part.dtype}, ...]"
    if isinstance(part, Memory):
        return usage_of(part.field)
    if isinstance(part, UuidKind | UuidField):
        return "UUID"
    if isinstance(part, Tail):
        return {str: "TEXT", bytes: "BYTES"}.get(part.kind) or f"[{usage_of(part.kind)}, ...]"  # type: ignore[arg-type]
    if isinstance(part, Text | TextField):
        return "TEXT"
    if isinstance(part, Bytes | BytesField):
        size = part.length if isinstance(part, BytesField) else part.size
        return "BYTES" if size is None else f"BYTES({size})"
    if isinstance(part, type):
        return _FORMS.get(part.__name__, part.__name__)
    if isinstance(part, RawKind):
        return _FORMS.get(part.name, f"a {part}")
    # A kind of the program's own: its content is given as bytes, if not as one of these.
    return _OF_PYTHON.get(getattr(part, "python", None), "BYTES")  # type: ignore[arg-type]


def _names(kind: EnumKind) -> str:
    separator = "+" if issubclass(kind.members, IntFlag) else "|"
    shown = ""
    for name in kind.members.__members__:
        if len(shown) > _COLUMNS // 2:
            return f"{shown}{separator}..."
        shown += f"{separator * bool(shown)}{name}"
    return shown


def _fields(layout: Layout) -> list[tuple[str, str]]:
    made = [(name, usage_of(field)) for name, field in layout.fields.items()]
    if layout.tail is not None:
        made.append((layout.tail[0], usage_of(layout.tail[1])))
    return made


def _argument(declared: Any) -> str:
    kind, direction = argument_kind(declared)
    if direction is Direction.OUTPUT and not isinstance(kind, RawKind):
        return "SIZE"
    inner = kind.inner if isinstance(kind, Nullable) else kind
    if isinstance(inner, PackedKind):
        text = " ".join(f"{name}={one}" for name, one in _fields(inner.layout))
        return f"{text} or null" if inner is not kind else text
    return usage_of(kind)


def _result(declared: Any) -> str:
    kind = declared.given if isinstance(declared, InOutKind) else declared
    return _name(kind_of(kind.kind if isinstance(kind, Variable) else kind))


def _name(part: Any) -> str:
    """Name what comes back: of a structure the class, which says what its fields are."""
    if isinstance(part, PackedKind | NestedField):
        return part.layout.name
    if isinstance(part, Nullable):
        return f"{_name(part.inner)} or null"
    if isinstance(part, List):
        return f"[{_name(part.tail.kind)}, ...]"
    is_own = isinstance(part, MemoryKind) and not isinstance(part, _KNOWN)
    return str(part) if is_own and part.python not in _OF_PYTHON else usage_of(part)


def command_data(command: CommandDeclaration) -> dict[str, Any]:
    """Return what a command takes and returns, for --json."""
    signature = command.signature
    back = [one for one in signature.arguments if isinstance(one, InOutKind)]
    made: dict[str, Any] = {"name": command.name}
    if command.number is not None:
        made["number"] = int(command.number)
    made["takes"] = [_argument(one) for one in signature.arguments]
    made["returns"] = [_result(one) for one in (*back, *signature.returns)]
    return made


def command_line(command: CommandDeclaration) -> str:
    """Say in one line how a command is called, or a session opened, and what it returns."""
    data = command_data(command)
    returns = f" -> {', '.join(data['returns'])}" if data["returns"] else ""
    if command.number is None:
        return f"{' '.join(f'--open {one}' for one in data['takes']) or 'opening'}{returns}"
    return f"{' '.join([command.name, *data['takes']])}{returns}"


def lines_of_commands(declared: Declaration) -> list[str]:
    """List the commands of an application."""
    lines = [f"{declared.name} ({declared.uuid})"]
    if declared.opening is not None:
        lines.append(f"  {command_line(declared.opening)}")
    lines += [f"  {command_line(one)}" for one in declared.commands.values()]
    return [part for line in lines for part in _wrapped(line)]


def _wrapped(line: str) -> list[str]:
    """Return a line as several, where it does not fit on a terminal."""
    return textwrap.wrap(
        line, _COLUMNS, subsequent_indent="      ", break_long_words=False, break_on_hyphens=False
    )
