# SPDX-License-Identifier: BSD-2-Clause
"""Command lines for the TEEs that the contract suite runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .targets import Target

__all__ = ["words_for"]


def words_for(target: Target) -> list[str]:
    """Return the option that names a target on a command line of this process.

    No name says which capabilities are hidden from a program: mark tests `once`.
    """
    assert not target.is_variant, f"no command line names {target}"
    return ["--tee", target.name]
