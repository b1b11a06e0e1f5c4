# SPDX-License-Identifier: BSD-2-Clause
"""The header that an application in C shares with its clients, made of a declaration."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from enum import IntEnum, IntFlag
from typing import Any, Final

from .._declarations.application import CommandDeclaration, Declaration
from .._declarations.fields import Field, UuidField
from .._declarations.layout import Layout
from .c_structures import CStructure, structure_of
from .contents import enumerations, layouts, parts_of, said_of_size, said_of_slot
from .names import CNames, snake

__all__ = ["c_header"]

_WIDTH: Final = 80
_INT_MAX: Final = 2**31 - 1
_SLOTS: Final = 4

_FOR_CPP: Final = """\
#if defined(__cplusplus) && !defined(_Static_assert)
#define _Static_assert static_assert
#endif"""

_ABOUT_MEMORY: Final = (
    "Memory of a client may change while the application looks at it, and begin anywhere: copy a"
    " structure with TEE_MemMove() before looking at its members."
)


def c_header(declared: Declaration, source: str) -> str:
    """Return the header of an application.

    Args:
        declared: its declaration.
        source: what names the declaration, MODULE:CLASS.

    Raises:
        DeclarationError: C has no names for it.
    """
    return "\n".join(_Writer(declared, source).lines())


class _Writer:
    def __init__(self, declared: Declaration, source: str) -> None:
        self._declared = declared
        self._source = source
        self._app = snake(declared.name)
        self._names = CNames(declared.name)
        opening = () if declared.opening is None else (declared.opening,)
        self._commands = (*opening, *declared.commands.values())
        self._parts = list(parts_of([one.signature for one in self._commands]))

    def lines(self) -> Iterator[str]:
        """Yield the lines, and an empty one at the end."""
        guard = self._macro("TA_H", "the header")
        yield from _comment(
            f"What {self._declared.name} and its clients agree on. Made of {self._source} by"
            " python -m pytee_client header; change the declaration, and make it anew."
        )
        yield from (f"#ifndef {guard}", f"#define {guard}", "")
        structures = list(layouts(self._parts))
        yield from self._includes(bool(structures))
        yield from self._uuid()
        yield from self._results()
        for members in enumerations(self._parts):
            if members is not self._declared.results:
                yield from self._enumeration(members)
        if structures:
            yield from (_FOR_CPP, "", *_comment(_ABOUT_MEMORY), "")
            yield from self._structures(structures)
        for command in self._commands:
            yield from self._command(command)
        yield from ("#endif", "")

    def _macro(self, name: str, what: str) -> str:
        return self._names.take(f"{self._app}_{name}".upper(), what)

    def _tag(self, name: str, what: str) -> str:
        """Give a structure or an enumeration its name in C."""
        tag = snake(name)
        if tag != self._app and not tag.startswith(f"{self._app}_"):
            tag = f"{self._app}_{tag}"
        return self._names.take(tag, what)

    def _includes(self, has_structures: bool) -> Iterator[str]:
        if has_structures:
            yield "#include <stddef.h>"
        yield "#include <stdint.h>"
        if any(isinstance(part, UuidField) and part.is_struct for part in self._parts):
            yield "#include <tee_api_types.h>"
        yield ""

    def _uuid(self) -> Iterator[str]:
        uuid = self._declared.uuid
        low, middle, high = uuid.fields[:3]
        node = ", ".join(f"0x{octet:02x}" for octet in uuid.bytes[8:])
        yield from _comment(f"The UUID of {self._declared.name}.")
        yield f"#define {self._macro('UUID', 'the UUID')} \\"
        yield f"\t{{ 0x{low:08x}, 0x{middle:04x}, 0x{high:04x}, \\"
        yield from (f"\t\t{{ {node} }} }}", "")

    def _results(self) -> Iterator[str]:
        results = self._declared.results
        if results is not None:
            text = f"{results.__name__}: result codes of its own."
            yield from self._macros(results, text)

    def _enumeration(self, members: type[IntEnum] | type[IntFlag]) -> Iterator[str]:
        name = members.__name__
        text = f"{name}: flags." if issubclass(members, IntFlag) else f"{name}."
        if any(member > _INT_MAX for member in members.__members__.values()):
            # It does not fit into an enumeration of C.
            yield from self._macros(members, text)
            return
        tag = self._tag(name, name)
        yield from _comment(text)
        yield f"enum {tag} {{"
        for constant, number in self._constants(members, tag):
            yield f"\t{constant} = {number},"
        yield from ("};", "")

    def _macros(self, members: type[IntEnum] | type[IntFlag], text: str) -> Iterator[str]:
        yield from _comment(text)
        for constant, number in self._constants(
            members, self._tag(members.__name__, members.__name__)
        ):
            yield f"#define {constant} {number}"
        yield ""

    def _constants(
        self, members: type[IntEnum] | type[IntFlag], tag: str
    ) -> Iterator[tuple[str, str]]:
        is_hex = issubclass(members, IntFlag)
        for name, member in members.__members__.items():
            what = f"{members.__name__}.{name}"
            number = int(member)
            text = f"0x{number:x}" if is_hex or number > 0xFFFF else str(number)
            yield self._names.take(f"{tag}_{name}".upper(), what), text

    def _structures(self, structures: Sequence[Layout]) -> Iterator[str]:
        made: dict[type[Any], CStructure] = {}
        for layout in structures:
            structure = structure_of(layout, self._tag(layout.name, layout.name), made)
            order = "big" if layout.order == ">" else "little"
            convert = " Convert its numbers, since the processor is little-endian." * (
                layout.order == ">"
            )
            sizes = [said_of_size(layout.size)] if layout.fields else []
            if layout.tail is not None:
                name, tail = layout.tail
                sizes.append(
                    f"the {'items' if isinstance(tail.kind, Field) else 'bytes'} of {name}"
                )
            text = f"{layout.name}: {' and '.join(sizes)}, {order}-endian.{convert}"
            yield from _comment(text)
            if structure is not None:
                made[layout.cls] = structure
                yield from (*structure.lines, "")
            else:
                yield ""

    def _command(self, command: CommandDeclaration) -> Iterator[str]:
        signature = command.signature
        what = f"the opening {command.name}" if command.number is None else command.name
        name = "OPEN" if command.number is None else f"CMD_{command.name}"
        returns = ", ".join(map(_shown, signature.returns))
        title = f"{command.name}({', '.join(map(_shown, signature.arguments))})"
        if command.number is None:
            title = f"Opening a session: {title}"
        text = [title + f" -> {returns}" * bool(returns)]
        arguments: list[str] = []
        types = []
        for number in range(_SLOTS):
            slot = signature.slots[number] if number < len(signature.slots) else None
            type_ = "NONE" if slot is None else None if slot.type is None else slot.type.name
            if slot is not None:
                said = type_ if type_ is not None else "a memref, which goes as its block does"
                use = said_of_slot(number, signature, command.retry)
                text.append(f"Slot {number}, {said}: {use}.")
            if type_ is None:
                arguments.append(f"slot{number}")
                types.append(f"(slot{number})")
            else:
                types.append(f"TEE_PARAM_TYPE_{type_}")
        yield from _comment(*text)
        if command.number is not None:
            yield f"#define {self._macro(name, what)} {int(command.number)}"
        macro = self._macro(f"{name}_PARAM_TYPES", f"the parameter types of {what}")
        yield f"#define {macro}{'(' + ', '.join(arguments) + ')' if arguments else ''} \\"
        yield f"\tTEE_PARAM_TYPES({types[0]}, \\"
        for type_name in types[1:-1]:
            yield f"\t\t\t{type_name}, \\"
        yield from (f"\t\t\t{types[-1]})", "")


def _shown(declared: Any) -> str:
    return declared.__name__ if isinstance(declared, type) else repr(declared)


def _comment(*paragraphs: str) -> list[str]:
    """Return a comment of C."""
    # What a declaration names may have neither the end of a comment in it, nor a beginning.
    plain = [
        " ".join(text.split()).replace("*/", "* /").replace("/*", "/ *") for text in paragraphs
    ]
    if len(plain) == 1 and len(plain[0]) + 6 <= _WIDTH:
        return [f"/* {plain[0]} */"]
    wrapped = [line for text in plain for line in textwrap.wrap(text, _WIDTH - 3)]
    return ["/*", *(f" * {line}" for line in wrapped), " */"]
