# SPDX-License-Identifier: BSD-2-Clause
"""The faults of a test."""

from __future__ import annotations

from typing import Literal

from ..faults import Fault, FaultyKernel, Plan
from ..kernels import Kernel

__all__ = ["TeeFaults"]


class TeeFaults(FaultyKernel):
    """A kernel with the faults of a test; what the fixture tee_faults gives.

    The faults of every plan that it is armed with have to strike. The test fails otherwise.

    Args:
        kernel: the kernel below; "linux" for the running kernel.
        plan: the faults of the marker.

    Threads: as of FaultyKernel.
    """

    def __init__(self, kernel: Kernel | Literal["linux"], plan: Plan) -> None:
        self._idle: list[Fault] = []
        super().__init__(kernel, plan)

    def arm(self, plan: Plan) -> None:
        """Activate another plan, and remember which faults of the last one were idle."""
        if hasattr(self, "_plan"):
            self._idle += self._idle_now()
        super().arm(plan)

    def assert_all_struck(self) -> None:
        """Raise AssertionError if a fault struck no call, and so tested nothing."""
        idle = [str(fault) for fault in (*self._idle, *self._idle_now())]
        if idle:
            raise AssertionError("faults that struck no call:\n  " + "\n  ".join(idle))

    def _idle_now(self) -> list[Fault]:
        struck = {id(strike.fault) for strike in self.strikes}
        return [fault for fault in self.plan.faults if id(fault) not in struck]
