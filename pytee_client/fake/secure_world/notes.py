# SPDX-License-Identifier: BSD-2-Clause
"""What a secure world has to say of its Trusted Applications, for the program's loggers."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Final, final

from ..._boundary import is_in_destructor
from ..._logging import log_debug, modules

if TYPE_CHECKING:
    from types import FunctionType
    from uuid import UUID

__all__ = ["Notes"]

_MOST: Final = 100


@final
class Notes:
    """Notes of what happens under locks, which are told when the thread holds none of them.

    Args:
        runs: the function that runs applications, within which there are locks.

    Threads: may be used from any.
    """

    def __init__(self, runs: FunctionType) -> None:
        self._runs = runs.__code__
        self._notes: deque[tuple[str, UUID]] = deque(maxlen=_MOST)

    def add(self, message: str, uuid: UUID) -> None:
        """Note something of an application, if the program has imported logging."""
        if "logging" in modules:
            self._notes.append((message, uuid))

    def tell(self) -> None:
        """Log the notes at DEBUG, or have that done at the end of the next system call."""
        if not self._notes or is_in_destructor() or self._is_in_application():
            return
        while self._notes:
            try:
                message, uuid = self._notes.popleft()
            except IndexError:
                return
            log_debug("fake", message, uuid)

    def _is_in_application(self) -> bool:
        """Return whether an application that this thread runs is a client itself."""
        frame = sys._getframe()
        while frame.f_back is not None:
            frame = frame.f_back
            if frame.f_code is self._runs:
                return True
        return False
