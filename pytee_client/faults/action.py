# SPDX-License-Identifier: BSD-2-Clause
"""What an action is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from ..kernels import SystemCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..kernels import ObservedCall
    from .faulty_kernel import FaultyKernel

__all__ = ["Action"]


class Action(ABC):
    """What a fault does to a call. Subclasses are best frozen dataclasses.

    Attributes:
        calls: the kinds of calls that it can be done to.
    """

    calls: ClassVar[frozenset[SystemCall]] = frozenset(SystemCall)

    @abstractmethod
    def perform(self, kernel: FaultyKernel, call: ObservedCall, proceed: Callable[[], int]) -> int:
        """Answer a call, with the help of proceed() or without.

        proceed() has the call served as if there was no fault (but for other faults of the
        plan), returns its result, and raises OSError if it fails. What else is raised comes
        out of the library's call as it is.

        What gives something back (call.call.releases) must proceed, or it is never given.
        """
