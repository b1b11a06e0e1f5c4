# SPDX-License-Identifier: BSD-2-Clause
"""A client of the example application hotp."""

from __future__ import annotations

from typing import Final

from ... import ta

__all__ = ["Hotp"]


class Hotp(ta.Client, uuid="484d4143-2d53-4841-3120-4a6f636b6542"):
    """Compute one-time passwords (RFC 4226): OP-TEE's example hotp.

    Any login may open it. A session has a key, and a counter that begins with 0.

    Source: hotp_ta.h of optee_examples. Tried on the fake alone.

    Attributes:
        register_shared_key: command 0: set the key, of 10 to 64 bytes. A longer one is
            BadParametersError.
        get_hotp: command 1: return the next password, a number of six digits. Without a key, or
            with one of fewer than 10 bytes, it raises BadParametersError, and still counts.
    """

    register_shared_key: Final = ta.command(0, bytes)
    get_hotp: Final = ta.command(1, returns=ta.U32)
