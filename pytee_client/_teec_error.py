# SPDX-License-Identifier: BSD-2-Clause
"""The base of all exceptions."""

from __future__ import annotations

import os
import sys
from enum import IntEnum

from ._failed_system_calls import ENOTSUPP
from ._outputs import Outputs
from .enums import Origin, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["TeecError", "describe_range", "name_of_origin"]


class TeecError(Exception):
    """Something in the TEE Client API failed; the base of every exception here.

    Attributes:
        code: the 32-bit result, also where it has no name.
        origin: the layer it comes from (an int outside the specification's).
        errno: the error of the system call that failed, or None.
        doing: what was being done.
        remedy: what may help, or None.
        sent: for a call of an operation, the kind and the size of each parameter in slot order,
            such as "input of 3 bytes, value, output of 16 bytes". The numbers in values and the
            bytes in memory may be secrets, and are not here. None for everything else.
        details: what else is known of the cause, such as "output 1 needs 4544 bytes, has 2048",
            or None.
        outputs: the outputs of the operation in slot order: a Trusted Application may
            return them with any result. They are copies: bytes, not memoryviews.
        results: the names that the session was given for the Trusted Application's own
            codes, or None.
    """

    __module__ = "pytee_client.errors"

    code: int = Result.GENERIC

    def __init__(
        self,
        doing: str = "",
        *,
        code: int | None = None,
        origin: int = Origin.API,
        errno: int | None = None,
        remedy: str | None = None,
        outputs: Outputs = (),
        results: type[IntEnum] | None = None,
        sent: str | None = None,
        details: str | None = None,
    ) -> None:
        super().__init__(doing)
        self.doing = doing
        if code is not None:
            self.code = code
        self.origin = origin
        self.errno: int | None = errno
        self.remedy = remedy
        self.outputs = outputs
        self.results = results
        self.sent = sent
        self.details = details

    @property
    def result(self) -> IntEnum | None:
        """The code as a member of results or of Result, or None if it has no name.

        A Trusted Application defines what its codes mean: by origin TRUSTED_APP, and by
        that only, names in results come before the specification's.
        """
        enumerations: tuple[type[IntEnum], ...] = (Result,)
        if self.results is not None and self.origin == Origin.TRUSTED_APP:
            enumerations = (self.results, Result)
        for names in enumerations:
            try:
                return names(self.code)
            except ValueError:
                continue
        return None

    def __str__(self) -> str:
        text = f"{self.doing}: " if self.doing else ""
        text += describe_result(self)
        if self.errno:
            text += f", errno {self.errno} ({_describe_errno(self.errno)})"
        more = "; ".join(part for part in (self.details, self.remedy) if part)
        return f"{text}: {more}" if more else text

    def __repr__(self) -> str:
        text = f"{self.doing!r}, code=0x{self.code:08x}, origin={name_of_origin(self.origin)}"
        if self.errno:
            text += f", errno={self.errno}"
        return f"{type(self).__name__}({text})"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the attributes; those of an OSError are not in its dictionary."""
        state = {**self.__dict__, "errno": self.errno, "results": _Names(self.results)}
        return type(self), (self.doing,), state

    def __setstate__(self, state: dict[str, object] | None) -> None:
        """Set the attributes."""
        if state is not None and isinstance(names := state.get("results"), _Names):
            state = {**state, "results": names.results}
        super().__setstate__(state)


def describe_result(error: TeecError) -> str:
    """Return the code of an error and the layer that it comes from, in words."""
    result = error.result
    name = result.name if result is not None else describe_range(error.code)
    return f"{name} (0x{error.code:08x}, {name_of_origin(error.origin)})"


class _Names:
    """The names of an error's codes, which arrive without them where they can't be found.

    If pickle itself looked for a class that is made in a function, it would fail, and the process
    that has to know of the error would get another one.
    """

    def __init__(self, results: type[IntEnum] | None) -> None:
        self.results = results

    def __reduce__(self) -> tuple[object, ...]:
        names = self.results
        return _names_at, (None, "") if names is None else (names.__module__, names.__qualname__)

    def __deepcopy__(self, memo: object) -> _Names:
        return self


def _names_at(module: str | None, name: str) -> _Names:
    try:
        found: Any = None
        if module is not None:
            __import__(module)
            found = sys.modules[module]
            for part in name.split("."):
                found = getattr(found, part)
    except (ImportError, AttributeError):
        found = None
    return _Names(found)


_ORIGINS = frozenset(Origin)


def name_of_origin(origin: int) -> str:
    """Name the layer that a result comes from."""
    return Origin(origin).name if origin in _ORIGINS else f"origin {origin}"


def _describe_errno(error: int) -> str:
    # The C library has no text for it.
    return "ENOTSUPP" if error == ENOTSUPP else os.strerror(error)


# The last code of each range; source: GPD_SPE_010 3.3.1.
_RANGES = (
    (0x6FFFFFFF, "reserved non-error result"),
    (0x7FFFFFFF, "implementation-defined non-error result"),
    (0x8FFFFFFF, "implementation-defined error"),
    (0xEFFFFFFF, "reserved result"),
    (0xFFFEFFFF, "error of a GlobalPlatform API"),
    (0xFFFFFFFF, "GlobalPlatform error"),
)


def describe_range(code: int) -> str:
    """Name the range that a 32-bit result without a name of its own belongs to."""
    return next((name for last, name in _RANGES if code <= last), "unknown result")
