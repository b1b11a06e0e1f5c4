# SPDX-License-Identifier: BSD-2-Clause
"""Outputs whose type only the test knows."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def output_as(kind: type[T], output: object) -> T:
    """Return an output that must be of a type."""
    assert isinstance(output, kind)
    return output
