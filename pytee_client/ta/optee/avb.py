# SPDX-License-Identifier: BSD-2-Clause
"""A client of OP-TEE's application for Android Verified Boot."""

from __future__ import annotations

from typing import Final

from ... import ta
from ..._optee_applications.avb import MAX_NAME_SIZE
from ._kinds import LimitedText, Room

__all__ = ["Avb"]

_NAME: Final = LimitedText(MAX_NAME_SIZE)


class Avb(ta.Client, uuid="023f8f1a-292a-432b-8fc4-de8471358067"):
    r"""Read and write what Android Verified Boot keeps: OP-TEE's application avb.

    Any login may open it. Boot loaders such as U-Boot use it, before Linux runs. It stores all in
    replay protected memory (RPMB): without that every command is ItemNotFoundError.

    Source: ta_avb.h and entry.c of OP-TEE. Debian's OP-TEE has it, and tests run it there; but the
    emulated machine has no RPMB, so what it does with some was tried on the fake alone.

    Attributes:
        read_rollback_index: command 0: return the index of a slot, 64 bits. A slot that was never
            written has 0; there are 256, and BadParametersError for others.
        write_rollback_index: command 1: set the index of a slot. SecurityError if it is lower than
            what the slot has: it never goes back.
        read_lock_state: command 2: return whether the device is locked.
        write_lock_state: command 3: lock the device, or unlock it. Where it was otherwise, all
            rollback indexes are 0 then. So says the header file; by entry.c, OP-TEE's storage
            could refuse that (AccessConflictError), as the application has the old state open.
        read_persist_value: command 4: return a value by its name. It takes the name, and for how
            many bytes there is room: WHAT DOES NOT FIT IS CUT OFF, and nothing says so.
            ItemNotFoundError if there is none.
        write_persist_value: command 5: set a value, by its name.

    A name has up to 52 bytes. Those of U-Boot end with a zero: write "NAME\0".
    """

    read_rollback_index: Final = ta.command(0, ta.U32, returns=ta.U64)
    write_rollback_index: Final = ta.command(1, ta.U32, ta.U64)
    read_lock_state: Final = ta.command(2, returns=bool)
    write_lock_state: Final = ta.command(3, bool)
    read_persist_value: Final = ta.command(4, _NAME, ta.InOut[Room(), bytes])
    write_persist_value: Final = ta.command(5, _NAME, bytes)
