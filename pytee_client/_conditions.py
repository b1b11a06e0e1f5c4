# SPDX-License-Identifier: BSD-2-Clause
"""Conditions whose lock no interrupt loses."""

from __future__ import annotations

import threading
from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Condition"]


class Condition(threading.Condition):
    """A condition with a re-entrant lock, which a thread that is interrupted does not keep.

    threading.Condition takes and releases it in frames of Python. An interrupt that is raised
    there, just after the lock was taken, leaves it taken for good: "with" has not begun.
    """

    # What "with" calls are the lock's own functions, in C.
    __enter__: Any = property(attrgetter("_lock.__enter__"))
    __exit__: Any = property(attrgetter("_lock.__exit__"))
