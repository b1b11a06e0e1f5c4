# SPDX-License-Identifier: BSD-2-Clause
"""The exceptions that a declaration has for the codes of its application."""

from __future__ import annotations

from typing import Final, NoReturn

from .._declarations.application import Declaration
from ..enums import Origin
from ..errors import TeecError

__all__ = ["raise_declared"]

_KEPT: Final = (
    "doing",
    "code",
    "origin",
    "errno",
    "remedy",
    "outputs",
    "results",
    "sent",
    "details",
)


def raise_declared(error: TeecError, declared: Declaration) -> NoReturn:
    """Raise the exception that is declared for the error of a call, or the error itself."""
    if error.results is None:
        # The session was opened by somebody else.
        error.results = declared.results
    kind = None
    if error.origin == Origin.TRUSTED_APP:
        kind = declared.errors.get(error.code)
    if kind is None:
        raise error
    raise _made(error, kind) from error


def _made(error: TeecError, kind: type[Exception]) -> Exception:
    if not issubclass(kind, TeecError):
        return kind(str(error))
    made = kind(error.doing)
    for name in _KEPT:
        setattr(made, name, getattr(error, name))
    return made
