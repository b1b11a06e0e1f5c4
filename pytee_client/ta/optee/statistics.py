# SPDX-License-Identifier: BSD-2-Clause
"""A client of OP-TEE's statistics."""

from __future__ import annotations

from typing import Final, NamedTuple

from ... import ta
from ..._optee_applications.statistics import Statistics as Agreed
from ..._outputs import Value
from ._allocators import ALLOCATORS, APPLICATIONS, AllocatorStats, ApplicationStats

__all__ = ["AllocatorStats", "ApplicationStats", "PagerStats", "Statistics"]


class PagerStats(NamedTuple):
    """What OP-TEE's pager has done since the last time that it was asked.

    Attributes:
        unlocked: how many pages it can use.
        pool_size: how many pages there are.
        read_only_faults: faults of pages that are only read.
        read_write_faults: faults of pages that are written.
        hidden_faults: faults of pages that were only hidden.
        zero_released: pages that began with zeros and were given back.
    """

    unlocked: int
    pool_size: int
    read_only_faults: int
    read_write_faults: int
    hidden_faults: int
    zero_released: int


class Statistics(ta.Client, Agreed, uuid="d96a5b40-e2c7-b1af-8794-1002a5d5c61b"):
    """Ask how OP-TEE uses memory and time: OP-TEE's stats.

    Any login may open it. OP-TEE has it if it is built with CFG_WITH_STATS, as for QEMU: elsewhere
    the opening raises TrustedApplicationNotFoundError.

    Source: pta_stats.h of OP-TEE. Tried on real OP-TEE 4.5 and 4.10, but for the entries of
    ta_stats, which were tried on the fake alone.

    Attributes:
        pager_stats: command 0: return three values; pager() gives them names.
        alloc_stats: command 1: take an Allocator and whether its counts begin anew, and return a
            list of AllocatorStats: one, or those of all for Allocator.ALL.
        memleak_stats: command 2: have OP-TEE write what is allocated to its console.
        ta_stats: command 3: return a list of ApplicationStats, one for each instance. An OP-TEE
            that is built without CFG_TA_STATS raises NotSupportedError.
        get_time: command 4: return the time of Linux and the time since OP-TEE started, each in
            seconds and milliseconds.
        print_driver_info: command 5: have OP-TEE write about drivers of a DriverType to its
            console.
    """

    pager_stats: Final = ta.command(0, returns=(Value, Value, Value))
    alloc_stats: Final = ta.command(
        1, ta.Both(Agreed.Allocator, bool), returns=ta.Variable(ALLOCATORS)
    )
    memleak_stats: Final = ta.command(2)
    ta_stats: Final = ta.command(3, returns=ta.Variable(APPLICATIONS))
    get_time: Final = ta.command(4, returns=(ta.Both(ta.U32, ta.U32), ta.Both(ta.U32, ta.U32)))
    print_driver_info: Final = ta.command(5, Agreed.DriverType)

    def pager(self) -> PagerStats:
        """Return what the pager has done; all are 0 if OP-TEE has none.

        Raises:
            TeecError: as of pager_stats.
        """
        pages, faults, others = self.pager_stats()
        return PagerStats(*pages, *faults, *others)

    def allocators(self, *, reset: bool = False) -> list[AllocatorStats]:
        """Return the statistics of all allocators.

        Args:
            reset: whether the counts begin anew.

        Raises:
            TeecError: as of alloc_stats.
        """
        return self.alloc_stats((Statistics.Allocator.ALL, reset))
