# SPDX-License-Identifier: BSD-2-Clause
"""Types of arguments that several verbs take, for argparse."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

__all__ = ["to_count", "to_file", "to_path", "to_seconds"]


def to_seconds(text: str) -> float:
    """Return a number of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, such as 0.5")
    return seconds


def to_file(text: str) -> str:
    """Return the path of a file or a folder, as text."""
    if not text:
        raise argparse.ArgumentTypeError("a path is empty")
    return text


def to_path(text: str) -> Path:
    """Return the path of a file or a folder."""
    return Path(to_file(text))


def to_count(text: str) -> int:
    """Return how many times something is done, at least once."""
    # isdecimal() alone would take the digits of other scripts, and int() more than it prints.
    if not (text.isascii() and text.isdecimal() and len(text) <= 18 and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of times, such as 1000")
    return int(text)
