# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's statistics."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Statistics"]


class Statistics:
    """What its client and its fake inherit."""

    __slots__ = ()

    class Allocator(IntEnum):
        """OP-TEE's allocators: ALLOC_ID_*."""

        ALL = 0
        HEAP = 1
        PUBLIC_DDR = 2
        TA_RAM = 3
        NEXUS_HEAP = 4
        RPMB = 5

    class DriverType(IntEnum):
        """Drivers that OP-TEE can write about: STATS_DRIVER_TYPE_*."""

        CLOCK = 0
        REGULATOR = 1
