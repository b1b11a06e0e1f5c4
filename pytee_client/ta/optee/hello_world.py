# SPDX-License-Identifier: BSD-2-Clause
"""A client of the example application hello_world."""

from __future__ import annotations

from ..._declarations.numbers import U32
from ..._declarations.slots import InOut
from .._signatures import command
from ..client import Client

__all__ = ["HelloWorld"]


class HelloWorld(Client, uuid="8aaaf200-2450-11e4-abe2-0002a5d5c51b"):
    """Increments and decrements a number: OP-TEE's example hello_world.

    Any login may open it. Source: hello_world_ta.h of optee_examples.
    """

    inc_value = command(0, InOut[U32])
    dec_value = command(1, InOut[U32])
