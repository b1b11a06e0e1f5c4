# SPDX-License-Identifier: BSD-2-Clause
"""What a pool of sessions tells of itself."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PoolStats"]


@dataclass(frozen=True)
class PoolStats:
    """What a pool of sessions is doing, at one moment.

    Attributes:
        size: how many sessions it may have.
        open: how many it has.
        idle: how many of these nobody uses.
        in_use: how many callers have a session, or are opening one.
        waiting: how many callers wait for one.
        opened: how many it has opened so far.
        dead: how many of these it has replaced because their application had panicked, or may
            have, as another one of its sessions was dead.
        abandoned: how many it has replaced because a call still ran when they were given back.
        is_limited: whether the TEE opens fewer sessions than the pool may have.
    """

    size: int
    open: int
    idle: int
    in_use: int
    waiting: int
    opened: int
    dead: int
    abandoned: int
    is_limited: bool
