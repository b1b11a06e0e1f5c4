# SPDX-License-Identifier: BSD-2-Clause
"""The use of one session of a pool."""

from __future__ import annotations

from collections import deque
from typing import Generic

from ._boundary import make_finalizer
from ._pool_places import Place, Places, SessionT
from ._single import Single
from .errors import BadStateError


class Lease(Single, Generic[SessionT]):
    """The use of one session of a pool, which ends with it at the latest.

    Attributes:
        held: the place, while it is used.

    Threads: one may use it; the others get a BadStateError. The session itself may be used by any.
    """

    def __init__(self, places: Places[SessionT]) -> None:
        self._places = places
        # Who takes the only element is the one that uses it.
        self._unused = deque((True,))
        self.held: list[Place[SessionT]] = []

    def begin(self) -> None:
        """Raise an error if it was used before."""
        try:
            self._unused.pop()
        except IndexError:
            raise BadStateError("this use of a session is over: ask the pool for another") from None

    @property
    def _closed(self) -> bool:
        # It has none if an interrupt kept it from being made.
        return not getattr(self, "held", None)

    def _forgotten(self) -> None:
        self._places.give_back(self.held)

    def _instead(self) -> str:
        return "ask the pool for another with session()"


Lease.__del__ = make_finalizer(Lease)  # type: ignore[attr-defined]
