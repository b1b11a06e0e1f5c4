# SPDX-License-Identifier: BSD-2-Clause
"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from .._errors import error_text

if TYPE_CHECKING:
    from ...errors import TeecError

__all__ = ["Finding", "State", "remedy_of", "sentence", "text_of"]


class State(Enum):
    """How a thing is."""

    OK = "ok"
    INFO = "info"
    """Neither good nor bad."""
    WARNING = "warning"
    """It works, but somebody should know."""
    PROBLEM = "problem"
    """Programs can't use the TEE, or not all of it."""
    UNKNOWN = "unknown"
    """It can't be seen from here."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        check: which one.
        state: how it is.
        what: what was found, in a sentence.
        remedy: what to do, in sentences; None if there is nothing to do.
    """

    check: str
    state: State
    what: str
    remedy: str | None = None


def sentence(text: str) -> str:
    """Return a clause as a sentence."""
    return f"{text[0].upper()}{text[1:]}."


def remedy_of(error: TeecError) -> str | None:
    """Return the remedy of an error as a sentence."""
    return None if error.remedy is None else sentence(error.remedy)


def text_of(error: TeecError) -> str:
    """Return what an error says besides its remedy, which a finding has beside it."""
    text = error_text(error)
    remedy = " ".join((error.remedy or "").split())
    return text.removesuffix(remedy).rstrip(" ;:,") if remedy else text
