# SPDX-License-Identifier: BSD-2-Clause
"""The base of actions, and what an action may do to the kernel that has the fault."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Protocol

from ..kernels import ObservedCall, SystemCall

__all__ = ["Action", "FaultControl"]


class FaultControl(Protocol):
    """The kernel of an action, which can do more than answer the call; see FaultyKernel."""

    def unplug(self, path: str | None = None, *, serve_open: bool = False) -> None:
        """Take devices away; see FaultyKernel.unplug()."""

    def plug_in(self, path: str | None = None) -> None:
        """Bring devices back; see FaultyKernel.plug_in()."""

    def forget_cause(self) -> None:
        """Drop the exception behind an answer that the program does not get."""

    def close_opened_session(self, call: ObservedCall) -> None:
        """Close the session that a call opened, without counting that as a call."""


class Action(ABC):
    """The base of what a fault does to a system call. Make subclasses frozen dataclasses.

    Attributes:
        calls: the kinds of system calls that it can strike.

    Threads: perform() runs in the thread of the call that it strikes, in many at once if it
    strikes many.
    """

    calls: ClassVar[frozenset[SystemCall]] = frozenset(SystemCall)

    @abstractmethod
    def perform(self, kernel: FaultControl, call: ObservedCall, proceed: Callable[[], int]) -> int:
        """Answer a system call, with or without the help of proceed().

        proceed() serves the call as if it had no fault, or with the other faults that strike
        it. It returns the result, and raises OSError if the call fails. Any other exception
        leaves the library's function unchanged.

        An action on close or munmap (call.call.releases) must call proceed(), or nothing is
        released.
        """
