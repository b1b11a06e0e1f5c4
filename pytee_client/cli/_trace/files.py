# SPDX-License-Identifier: BSD-2-Clause
"""The files that a trace consists of: one for each process."""

from __future__ import annotations

import itertools
import os
import warnings
from pathlib import Path
from typing import Final, NamedTuple

from ...traces import TraceFormatError, TracePayloadWarning
from ...traces.environment import numbered
from ...traces.record import Header, Record, read_whole
from ...traces.roles import Role, read_roles
from .._errors import InputError
from .._reading import check_end

__all__ = ["Trace", "has_something_else", "plural", "read", "siblings", "warn", "warn_of_contents"]


_FIRST_WORDS: Final = b'{"format": "pytee_client trace"'


class Trace(NamedTuple):
    """A file that was read.

    Attributes:
        path: its path.
        header: what it says of itself.
        records: its calls, in the order of their ends.
        role: what its files and sessions do.
    """

    path: str
    header: Header
    records: list[Record]
    role: Role


def read(path: str) -> Trace:
    """Read a trace.

    Raises:
        InputError: it can't be read, or is none.
    """
    check_end(path)
    try:
        with Path(path).open(encoding="utf-8") as file:
            header, records = read_whole(file, path)
        return Trace(path, header, records, read_roles(records, path, with_data=True))
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except TraceFormatError as error:
        raise InputError(str(error)) from None


def has_something_else(path: str) -> bool:
    """Return whether a file has something that is no trace, and would be lost by one."""
    try:
        if not os.path.isfile(path):
            return False
        with Path(path).open("rb") as file:
            return file.read(len(_FIRST_WORDS)) not in (b"", _FIRST_WORDS)
    except OSError:
        # Nobody can tell.
        return True


def siblings(path: str) -> list[str]:
    """Return the files of the other processes of a recording."""
    found = (numbered(path, number) for number in itertools.count(2))
    return list(itertools.takewhile(os.path.exists, found))


def warn_of_contents(trace: Trace) -> bool:
    """Warn of a trace with payloads; return whether it is one."""
    if trace.header.scope.payloads:
        warn(
            f"{trace.path} holds the contents of memory that was shared with the TEE: keep it as"
            " safe as that"
        )
    return trace.header.scope.payloads


def warn(text: str) -> None:
    """Warn of contents, whatever filters the user has."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", TracePayloadWarning)
        warnings.warn(text, TracePayloadWarning, stacklevel=2)


def plural(count: int, name: str) -> str:
    """Return a number of things."""
    return f"{count} {name}{'' if count == 1 else 's'}"
