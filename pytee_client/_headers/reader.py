# SPDX-License-Identifier: BSD-2-Clause
"""What a header in C says of applications: UUIDs, commands, and what else has a name."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from .c_declarations import Declarations
from .c_types import Enumeration, Structure
from .c_uuids import uuids
from .expressions import ExpressionError, evaluate
from .names import snake
from .preprocessor import HeaderError, Macro, Source, preprocess

__all__ = ["Application", "Constant", "Header", "command_name", "read_header", "stripped"]

_COMMAND: Final = re.compile(r"(?:|.*?_)(?:CMDS?|COMMANDS?)(?:_ID)?_(.+)\Z", re.IGNORECASE)
_COMMAND_AT_END: Final = re.compile(r"(.+)_(?:CMDS?|COMMANDS?)(?:_ID)?\Z", re.IGNORECASE)
_COMMANDS: Final = re.compile(r"cmd|command", re.IGNORECASE)
_NO_COMMAND: Final = re.compile(
    r".*_(?:SIZE|LEN|LENGTH|MASK|SHIFT|PARAM_TYPES|TYPES)\Z", re.IGNORECASE
)
_RESULT: Final = re.compile(r"(?:|.*?_)(?:ERROR|ERR|RESULT)_(?=.)")
_GROUP: Final = re.compile(r"([A-Z]\w*)[:.]")
_END: Final = frozenset({"max", "last", "end", "count", "num", "nb", "number", "limit"})
_UINT32_MAX: Final = 2**32 - 1


@dataclass(frozen=True)
class Constant:
    """A number or a text that has a name.

    Attributes:
        name: its name in C.
        value: what it is.
        comment: what is said of it.
        line: where it is.
    """

    name: str
    value: int | str
    comment: str
    line: int


@dataclass
class Application:
    """An application.

    Attributes:
        c_name: the name of its UUID in C.
        uuid: the UUID.
        comment: what is said of it.
        commands: its commands, in order.
        results: its own codes, if it has any.
    """

    c_name: str
    uuid: UUID
    comment: str
    commands: list[Constant] = field(default_factory=list)
    results: Enumeration | None = None

    @property
    def stem(self) -> str:
        """What its names begin with in lower case, less what all have; "" if that is unknown."""
        return stripped(self.c_name, "uuid")


@dataclass(frozen=True)
class Header:
    """What a header says.

    Attributes:
        applications: the applications.
        constants: what has a name and is nothing of the rest.
        enumerations: the enumerations, also such as are made of macros.
        structures: the structures, what one has in it before it.
        left_out: what of it no declaration has, and why.
    """

    applications: Sequence[Application]
    constants: Sequence[Constant]
    enumerations: Sequence[Enumeration]
    structures: Sequence[Structure]
    left_out: Sequence[str]


def stripped(name: str, *more: str) -> str:
    """Return a name of C in lower case, without what says no more than that it is of a TEE."""
    words = [word for word in name.lower().split("_") if word]
    common = {"ta", "pta", *more}
    while words and words[0] in common:
        words = words[1:]
    while words and words[-1] in common:
        words = words[:-1]
    return "_".join(words)


def command_name(name: str, stem: str) -> str:
    """Return what a command is called within its application, in lower case."""
    found = _COMMAND.match(name)
    if found is not None:
        return found[1].lower()
    found = _COMMAND_AT_END.match(name)
    rest = stripped(found[1] if found is not None else name)
    return rest.removeprefix(f"{stem}_") if stem else rest


def read_header(text: str) -> Header:
    """Return what a header says.

    Raises:
        HeaderError: it names no application.
    """
    source = preprocess(text)
    return _Reader(source, Declarations(source)).read()


def _fits(one: Constant) -> bool:
    return isinstance(one.value, int) and 0 <= one.value <= _UINT32_MAX


def _is_command(one: Constant) -> bool:
    return _fits(one) and _is_named_command(one.name)


def _is_named_command(name: str) -> bool:
    if _NO_COMMAND.match(name):
        return False
    return bool(_COMMAND.match(name) or _COMMAND_AT_END.match(name))


class _Reader:
    def __init__(self, source: Source, declared: Declarations) -> None:
        self._source, self._declared = source, declared
        self._macros = sorted(
            (macro for macro in source.macros.values() if not macro.is_usual),
            key=lambda macro: macro.line,
        )
        self._left_out: list[str] = []
        self._applications = list(self._find_applications())

    def read(self) -> Header:
        """Return what the header says."""
        if not self._applications:
            raise HeaderError(
                "it has no UUID, such as #define MY_UUID { 0x5e1f0f1d, 0x8a4e, 0x4c7e, { ... } };"
                " if another header has it, name both"
            )
        constants = list(self._find_constants())
        groups = list(self._find_groups(constants))
        grouped = {name for group in groups for name, _, _ in group.members}
        constants = [one for one in constants if one.name not in grouped]
        enumerations: list[Enumeration] = []
        commands: list[Constant] = []
        for one in (*self._declared.enumerations, *groups):
            members = [self._constant(*member) for member in one.members]
            if "result codes" in one.comment:
                self._owner(one.members[0][0]).results = one
            elif _COMMANDS.search(one.tag):
                commands += members
            elif not one.tag or any(map(_is_command, members)) or not all(map(_fits, members)):
                constants += members
            else:
                enumerations.append(one)
        commands += filter(_is_command, constants)
        if not commands:
            commands = self._by_prefix(constants)
        left = self._take_commands(commands)
        taken = {one.name for one in commands}
        constants = [*left, *(one for one in constants if one.name not in taken)]
        constants = self._take_results(constants)
        constants.sort(key=lambda one: one.line)
        left_out = [*self._declared.left_out, *self._left_out]
        structures = self._declared.structures
        return Header(self._applications, constants, enumerations, structures, left_out)

    def _constant(self, name: str, value: int | str, line: int) -> Constant:
        return Constant(name, value, self._source.comments.of(line), line)

    def _find_applications(self) -> Iterator[Application]:
        known: set[UUID] = set()
        for name, uuid, line in uuids(self._source, self._declared):
            if uuid not in known:
                known.add(uuid)
                yield Application(name, uuid, self._source.comments.of(line))

    def _owner(self, name: str) -> Application:
        """Return the application that a name belongs to: the one whose name is the most like it."""

        def likeness(one: Application) -> int:
            return len(_common_words(stripped(name), one.stem))

        return max(self._applications, key=likeness)

    def _find_constants(self) -> Iterator[Constant]:
        known = {one.c_name for one in self._applications}
        for macro in self._macros:
            if macro.parameters is not None or macro.name in known or not macro.body:
                continue
            try:
                yield self._constant(macro.name, self._value(macro), macro.line)
            except ExpressionError as error:
                if _is_named_command(macro.name):
                    self._left_out.append(f"{macro.name} was left out: {error}.")
        for _, name, tokens in self._declared.variables:
            with contextlib.suppress(ExpressionError):
                number = evaluate(tokens, self._declared.constants)
                yield self._constant(name.text, number, name.line)

    def _value(self, macro: Macro) -> int | str:
        tokens = self._source.expand(macro.body)
        if all(token.kind == "string" for token in tokens):
            return "".join(token.text[1:-1] for token in tokens)
        return evaluate(tokens, self._declared.constants)

    def _find_groups(self, constants: Iterable[Constant]) -> Iterator[Enumeration]:
        """Yield the enumerations that are macros: below a comment that begins with its name."""
        prefix, group = "", None
        for one in constants:
            comment = self._source.comments.above(one.line)
            found = _GROUP.match(comment)
            if found is not None:
                if group is not None:
                    yield group
                tag = snake(found[1])
                stem = self._owner(one.name).stem
                prefixes = [tag.upper() + "_", f"{stem}_{tag}_".upper()]
                prefix = next((it for it in prefixes if one.name.startswith(it)), "")
                group = Enumeration(prefix[:-1].lower(), [], one.line, comment, prefix)
            if group is None:
                continue
            is_next = not group.members or one.line == group.members[-1][2] + 1
            if not (prefix and is_next and one.name.startswith(prefix) and type(one.value) is int):
                if group.members:
                    yield group
                group = None
                continue
            group = replace(group, members=[*group.members, (one.name, one.value, one.line)])
        if group is not None and group.members:
            yield group

    def _by_prefix(self, constants: Iterable[Constant]) -> list[Constant]:
        """Return the commands of a header that does not call them so: all numbers that differ."""
        found = [
            one
            for one in constants
            if isinstance(one.value, int)
            and (stem := self._owner(one.name).stem)
            and stripped(one.name).startswith(f"{stem}_")
            and not _NO_COMMAND.match(one.name)
        ]
        numbers = {one.value for one in found}
        fit = all(isinstance(it, int) and 0 <= it <= _UINT32_MAX for it in numbers)
        return found if fit and len(numbers) == len(found) else []

    def _take_commands(self, commands: Iterable[Constant]) -> list[Constant]:
        """Give the applications their commands; return what only tells how many there are."""
        left: list[Constant] = []
        for one in commands:
            self._owner(one.name).commands.append(one)
        for application in self._applications:
            named = [
                one
                for one in application.commands
                if command_name(one.name, application.stem) in _END
                and not re.match(r"\w+\(", one.comment)
            ]
            others = [int(one.value) for one in application.commands if one not in named]
            ends = [one for one in named if others and int(one.value) >= max(others)]
            application.commands = [one for one in application.commands if one not in ends]
            left += ends
        return left

    def _take_results(self, constants: Iterable[Constant]) -> list[Constant]:
        """Give the applications the codes that are named so; return the other constants."""
        left: list[Constant] = []
        for one in constants:
            found = _RESULT.match(one.name)
            is_code = isinstance(one.value, int) and 0 < one.value <= _UINT32_MAX
            if found is None or not is_code or _NO_COMMAND.match(one.name):
                left.append(one)
                continue
            owner = self._owner(one.name)
            results = owner.results or Enumeration("", [], one.line, "", found[0])
            assert isinstance(one.value, int)
            members = [*results.members, (one.name, one.value, one.line)]
            owner.results = replace(results, members=members)
        return left


def _common_words(first: str, second: str) -> list[str]:
    """Return the words that two names both begin with."""
    common = []
    for one, other in zip(first.split("_"), second.split("_"), strict=False):
        if one != other:
            break
        common.append(one)
    return common
