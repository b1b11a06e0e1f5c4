# SPDX-License-Identifier: BSD-2-Clause
"""A client of the example application plugins."""

from __future__ import annotations

from typing import Final

from ... import ta

__all__ = ["Plugins"]


class Plugins(ta.Client, uuid="2a287631-de1b-4fdd-a55c-b9312e40769a"):
    """Have a plugin of the supplicant run: OP-TEE's example plugins.

    Any login may open it. It needs the plugin 96bcf744-4f72-4866-bf1d-8634fd9c65e5 of the example,
    which writes to the system's log.

    Source: plugin_ta.h of optee_examples. Tried on the fake alone.

    Attributes:
        ping: command 0: have the plugin write a line to the log. Without the plugin it raises the
            error of the supplicant, such as ItemNotFoundError.
    """

    ping: Final = ta.command(0)
