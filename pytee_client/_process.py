# SPDX-License-Identifier: BSD-2-Clause
"""Which process this is, without a system call for each check."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class Process:
    """The process that runs this.

    Attributes:
        generation: how many forks lie between it and the one that imported this.
    """

    generation: ClassVar[int] = 0


def _enter_child() -> None:
    Process.generation += 1


os.register_at_fork(after_in_child=_enter_child)
