# SPDX-License-Identifier: BSD-2-Clause
"""The same name in C and in Python."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from typing import Final

from .._declarations.kinds import DeclarationError

__all__ = ["CNames", "PythonNames", "camel", "field_in_c", "field_in_python", "snake", "spelled"]

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_C_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# Of C and of C++, and what compilers and usual headers define.
_TAKEN_IN_C: Final = (
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const "
    "constexpr const_cast continue decltype default delete do double dynamic_cast else enum errno "
    "explicit export extern false float for friend goto if inline int long mutable namespace new "
    "noexcept not not_eq nullptr operator or or_eq private protected public register "
    "reinterpret_cast restrict return short signed sizeof static static_assert static_cast struct "
    "switch template this thread_local throw true try typedef typeid typename typeof union "
    "unsigned using virtual void volatile wchar_t while xor xor_eq linux unix i386 arm "
)


def snake(name: str) -> str:
    """Return the name of a class as C writes it: wallet_result for WalletResult."""
    return _HUMP.sub("_", name).lower()


def camel(name: str) -> str:
    """Return a name of C as the name of a class: WalletResult for wallet_result."""
    return "".join(part[:1].upper() + part[1:].lower() for part in name.split("_"))


def field_in_c(name: str) -> str:
    """Return the name of a field of a structure in C."""
    return f"{name}_" if name in _TAKEN_IN_C.split() else name


def field_in_python(name: str) -> str:
    """Return the name of a member of a structure in Python."""
    plain = name.removesuffix("_")
    if plain != name and plain in _TAKEN_IN_C.split():
        return plain
    # Two underscores would have Python put the name of the class before it.
    return f"_{name.lstrip('_')}" if name.startswith("__") else name


def spelled(comment: str, *names: str) -> str | None:
    """Return the word of a comment that is one of some names, as Python writes classes."""
    wanted = {_plain(name) for name in names}
    for word in _WORD.findall(comment):
        if word[0].isupper() and _plain(word) in wanted:
            return str(word)
    return None


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


class CNames:
    """The names that a header gives, each once."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._given: dict[str, str] = {}

    def take(self, name: str, what: str) -> str:
        """Give a name to something.

        Raises:
            DeclarationError: something else has it, or it is no name in C.
        """
        if not _C_NAME.match(name):
            raise DeclarationError(f"{what} of {self._owner} can't be named {name!r} in C")
        other = self._given.setdefault(name, what)
        if other != what:
            raise DeclarationError(f"{other} and {what} of {self._owner} would both be {name} in C")
        return name


class PythonNames:
    """The names that a module or a class in Python gives, each once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def take(self, name: str) -> str:
        """Give a name, or one that is like it if Python or something else has it."""
        if not name or name[0].isdigit():
            name = f"_{name}"
        while keyword.iskeyword(name) or name in self._taken:
            name += "_"
        self._taken.add(name)
        return name
