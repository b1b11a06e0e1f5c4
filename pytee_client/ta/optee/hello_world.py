# SPDX-License-Identifier: BSD-2-Clause
"""A client of the example application hello_world."""

from __future__ import annotations

from typing import Final

from ... import ta

__all__ = ["HelloWorld"]


class HelloWorld(ta.Client, uuid="8aaaf200-2450-11e4-abe2-0002a5d5c51b"):
    """Increment and decrement numbers: OP-TEE's example hello_world.

    Any login may open it. The commands take a number of 32 bits and return another; after the
    largest comes 0.

    Source: hello_world_ta.h of optee_examples. Tried on real OP-TEE 4.5 and 4.10, with an
    application of the same UUID and commands.

    Attributes:
        inc_value: command 0: add 1.
        dec_value: command 1: take 1 away.
    """

    inc_value: Final = ta.command(0, ta.InOut[ta.U32])
    dec_value: Final = ta.command(1, ta.InOut[ta.U32])
