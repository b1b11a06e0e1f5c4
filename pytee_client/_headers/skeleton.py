# SPDX-License-Identifier: BSD-2-Clause
"""The skeleton of declarations in Python, made of what a header in C says."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Final

from ..ta import Client
from .c_types import Enumeration, Member, Structure, annotation
from .names import PythonNames, camel, field_in_python, spelled
from .reader import Application, Header, command_name, read_header, stripped

__all__ = ["skeleton"]

_WIDTH: Final = 79
_COMMENT_WIDTH: Final = 88
# What tools would take for an instruction at the beginning of a comment.
_INSTRUCTION: Final = re.compile(r"(?:type|noqa|fmt|ruff|isort|mypy|pyright|pylint|vim)\b|[!:%-]")
_ENUMERATED: Final = re.compile(r"(?:flags of )?(\w+)\Z")
_ENCODED: Final = re.compile(r"text in ([\w-]+)")
_IN_ANNOTATIONS: Final = ("Annotated", "bool", "bytes", "list", "str", "ta", "tuple")
_HINTS: Final = ("Annotated", "Final")
_FLAGS: Final = re.compile(r"(?:\b|_)(?:flags?|bits|bitmask)(?:\b|_)", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[ !#-&(-\[\]-~]*\Z")


def skeleton(text: str, name: str) -> str:
    """Return the skeleton of what a header declares, as a module.

    Args:
        text: the header.
        name: the name of its file.

    Raises:
        HeaderError: it names no application.
    """
    return _Module(read_header(text), name).text()


class _Module:
    def __init__(self, header: Header, name: str) -> None:
        self._header = header
        self._file = name
        self._names = PythonNames(("Annotated", "Final", "IntEnum", "IntFlag", "ta"))
        self._stems = [one.stem for one in header.applications]
        self._enumerations: dict[int, str] = {}
        self._structures: dict[str, str] = {}
        self._used: set[str] = set()

    def text(self) -> str:
        """Return the module."""
        parts = list(self._parts())
        about = (
            f'"""What {self._file} declares.\n\n'
            "Write into each ta.command(NUMBER) what the command takes and returns.\n"
            '"""\n'
        )
        imports = [
            f"from {module} import {', '.join(used)}\n"
            for module, names in (("enum", ("IntEnum", "IntFlag")), ("typing", _HINTS))
            if (used := [name for name in names if name in self._used])
        ]
        head = "\n".join(filter(None, (about, "".join(imports), "from pytee_client import ta\n")))
        is_near = not parts[0].startswith(("class", "@"))
        gap = "\n" if is_near else "\n\n"
        return head + gap + "\n\n\n".join(parts) + "\n"

    def _parts(self) -> Iterator[str]:
        """Yield what is between empty lines."""
        constants = list(self._constants())
        if constants:
            yield "\n".join(constants)
        for enumeration in self._header.enumerations:
            yield from self._enumeration(enumeration)
        for application in self._header.applications:
            if application.results is not None:
                name = f"{camel(self._stem(application))}Result"
                yield from self._enumeration(application.results, name)
        left_out = list(self._header.left_out)
        for structure in self._header.structures:
            problem = structure.problem or _two_orders(structure)
            if problem:
                left_out.append(f"struct {structure.tag} was left out: {problem}.")
            else:
                yield self._structure(structure)
        for application in self._header.applications:
            yield self._application(application)
        if left_out:
            yield "\n".join(line for text in left_out for line in _comment(text))

    def _constants(self) -> Iterator[str]:
        for one in self._header.constants:
            if isinstance(one.value, str):
                if not _PLAIN.match(one.value):
                    continue
                value = f'"{one.value}"'
            else:
                value = _number(one.value)
            line = f"{self._names.take(one.name)}: Final = {value}"
            if len(line) <= _WIDTH:
                self._used.add("Final")
                yield from _comment(one.comment)
                yield line

    def _class_name(self, tag: str, comment: str) -> str:
        """Return the name of the class of a structure or an enumeration."""
        bare = re.sub(r"_(?:t|s|e|st)\Z", "", tag, flags=re.IGNORECASE)
        inner = stripped(bare)
        for stem in self._stems:
            if stem:
                inner = inner.removeprefix(f"{stem}_")
        found = spelled(comment, tag, bare, inner)
        return self._names.take(found or camel(inner or bare))

    def _enumeration(self, one: Enumeration, otherwise: str = "") -> Iterator[str]:
        """Yield the class of an enumeration; otherwise is its name if it has no tag."""
        if not one.members:
            return
        is_flags = bool(_FLAGS.search(f"{one.tag} {one.comment}"))
        base = "IntFlag" if is_flags else "IntEnum"
        self._used.add(base)
        name = self._class_name(one.tag, one.comment) if one.tag else self._names.take(otherwise)
        self._enumerations[id(one)] = name
        prefix = one.prefix or _prefix_of(one)
        names = PythonNames(("mro", "name", "value"))
        lines = [f"class {name}({base}):", f'    """In C: {_in_c(one)}."""', ""]
        for c_name, number, _ in one.members:
            # With underscores around it, it would be no member.
            bare = c_name.removeprefix(prefix).strip("_")
            member = names.take(bare or c_name)
            lines.append(f"    {member} = {_number(number, is_hex=is_flags)}")
        yield "\n".join(lines)

    def _structure(self, one: Structure) -> str:
        name = self._class_name(one.tag, one.comment)
        self._structures[one.tag] = name
        options = [] if one.is_packed else ["aligned=True"]
        if _is_big(one):
            options.append('endian="big"')
        decorator = f"@ta.packed({', '.join(options)})" if options else "@ta.packed"
        lines = [decorator, f"class {name}:", f'    """In C: struct {one.tag}."""', ""]
        names = PythonNames(_IN_ANNOTATIONS)
        for member in one.members:
            kind, is_said = self._kind(member)
            if member.comment and not is_said:
                lines += _comment(member.comment, "    ")
            if "Annotated[" in kind:
                self._used.add("Annotated")
            lines.append(f"    {names.take(field_in_python(member.name))}: {kind}")
        return "\n".join(lines)

    def _kind(self, member: Member) -> tuple[str, bool]:
        """Return the annotation of a member, and whether it says what the comment does."""
        type_, dimensions, comment = member.type, member.dimensions, member.comment
        if isinstance(type_.defined, Structure):
            return annotation(self._structures[type_.defined.tag], "", dimensions), False
        if isinstance(type_.defined, Enumeration):
            return annotation(
                self._enumerations.get(id(type_.defined), "ta.U32"), "", dimensions
            ), False
        if type_.items == "bytes" and dimensions[-1:] == [16] and comment.startswith("UUID"):
            return annotation("ta.Uuid", "", dimensions[:-1]), True
        if type_.items == "str" and (found := _ENCODED.match(comment)):
            kind = annotation(type_.python, type_.items, dimensions)
            last = dimensions[-1] if dimensions else None
            if last is not None:
                return kind.replace(f"str, {last}]", f'str, {last}, "{found[1]}"]'), True
            return kind.replace("str", f'Annotated[str, "{found[1]}"]'), True
        if type_.items == "str" and comment == "zeros fill it up":
            return annotation(type_.python, type_.items, dimensions), True
        named = self._said_by(comment)
        if named is not None and re.match(r"ta\.[UI]\d", type_.python):
            usual = "ta.U8" if named == "bool" else "ta.U32"
            inner = named if type_.python == usual else f"Annotated[{named}, {type_.python}]"
            return annotation(inner, "", dimensions), True
        return annotation(type_.python, type_.items, dimensions), False

    def _said_by(self, comment: str) -> str | None:
        """Return what a comment says that a number is: a bool, or of an enumeration."""
        if comment == "bool" or comment.startswith("bool:"):
            return "bool"
        found = _ENUMERATED.match(comment)
        return found[1] if found and found[1] in self._enumerations.values() else None

    def _stem(self, one: Application) -> str:
        return one.stem or stripped(re.sub(r"\W", "_", self._file.rpartition(".")[0])) or "app"

    def _application(self, one: Application) -> str:
        stem = self._stem(one)
        results = self._enumerations.get(id(one.results), "")
        name = self._names.take(spelled(one.comment, stem) or camel(stem))
        arguments = ["ta.Client", f'uuid="{one.uuid}"', *([f"results={results}"] * bool(results))]
        line = f"class {name}({', '.join(arguments)}):"
        lines = [line]
        if len(line) > _WIDTH:
            lines = [f"class {name}(", *(f"    {argument}," for argument in arguments), "):"]
        lines.append(f'    """The application of {one.c_name}."""')
        commands = list(self._commands(one))
        if not commands and self._header.constants:
            commands = [
                "    # The header calls nothing a command. Perhaps some of the constants are."
            ]
        return "\n".join([*lines, *([""] * bool(commands)), *commands])

    def _commands(self, one: Application) -> Iterator[str]:
        names = PythonNames((*dir(Client), "opening"))
        numbers: dict[int | str, str] = {}
        for command in one.commands:
            name = command_name(command.name, one.stem)
            found = re.match(r"(\w+)\(", command.comment)
            if found is not None and found[1].lower() == name:
                name = found[1]
            if command.value in numbers:
                yield f"    # {command.name} is {numbers[command.value]} too."
                continue
            numbers[command.value] = command.name
            yield from _comment(command.comment, "    ")
            yield f"    {names.take(name)} = ta.command({_number(command.value)})"


def _in_c(one: Enumeration) -> str:
    """Say what an enumeration is in C."""
    return f"the macros {one.prefix}*" if one.prefix else f"enum {one.tag}"


def _prefix_of(one: Enumeration) -> str:
    """Return what the names of all members begin with."""
    names = [name for name, _, _ in one.members]
    for prefix in (f"{one.tag}_".upper(), f"{one.tag}_"):
        if all(name.startswith(prefix) and name != prefix for name in names):
            return prefix
    if len(names) < 2:
        return ""
    words = [name.split("_") for name in names]
    count = 0
    while all(len(one) > count + 1 and one[count] == words[0][count] for one in words):
        count += 1
    return "".join(f"{word}_" for word in words[0][:count])


def _number(value: int | str, *, is_hex: bool = False) -> str:
    return f"0x{value:X}" if isinstance(value, int) and (is_hex or value > 0xFFFF) else str(value)


def _is_big(one: Structure) -> bool:
    """Return whether the numbers of a structure are big-endian."""
    if re.search(r"\bbig.endian", one.comment, re.IGNORECASE):
        return True
    return any(
        member.type.is_big_endian
        or (isinstance(member.type.defined, Structure) and _is_big(member.type.defined))
        for member in one.members
    )


def _two_orders(one: Structure) -> str:
    """Say why no packed structure is like a structure: it has two orders of bytes."""
    if not _is_big(one) or re.search(r"\bbig.endian", one.comment, re.IGNORECASE):
        return ""
    for member in one.members:
        defined = member.type.defined
        is_big = _is_big(defined) if isinstance(defined, Structure) else member.type.is_big_endian
        if not is_big and (defined is not None or member.type.alignment > 1):
            return f"its member {member.name} has another order of bytes than others"
    return ""


def _comment(text: str, indent: str = "") -> list[str]:
    """Return the lines of a comment."""
    lines = []
    for line in text.splitlines():
        plain = "".join(one if one.isprintable() else " " for one in line)
        lines += textwrap.wrap(plain, _COMMENT_WIDTH - len(indent) - 2)
    if lines and _INSTRUCTION.match(lines[0]):
        lines[0] = f"In C: {lines[0]}"
    return [f"{indent}# {line}" for line in lines]
