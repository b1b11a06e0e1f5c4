# SPDX-License-Identifier: BSD-2-Clause
"""A client of the example application secure_storage."""

from __future__ import annotations

from typing import Final

from ... import ta

__all__ = ["SecureStorage"]


class SecureStorage(ta.Client, uuid="f4e750bb-1437-4fbf-8785-8d3580c34994"):
    """Store data under names: OP-TEE's example secure_storage.

    Any login may open it, and all clients share the data. It has one session at a time: another
    opening raises BusyError. A name has up to 64 bytes; a longer one is a panic: TargetDeadError.

    Source: secure_storage_ta.h of optee_examples. Tried on the fake alone.

    Attributes:
        read_raw: command 0: return the data of a name, of any size. Without such data it raises
            ItemNotFoundError.
        write_raw: command 1: store data under a name, in place of older data.
        delete: command 2: delete the data of a name; without such data ItemNotFoundError.
    """

    read_raw: Final = ta.command(0, bytes, returns=ta.Variable(bytes))
    write_raw: Final = ta.command(1, bytes, bytes)
    delete: Final = ta.command(2, bytes)
