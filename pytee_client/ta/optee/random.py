# SPDX-License-Identifier: BSD-2-Clause
"""A client of the example application random."""

from __future__ import annotations

from typing import Final

from ... import ta
from ..._checks import to_count

__all__ = ["Random"]


class Random(ta.Client, uuid="b6c53aba-9669-4668-a7f2-205629d00f86"):
    """Get random bytes: OP-TEE's example random.

    Any login may open it.

    Source: random_ta.h of optee_examples. Tried on the fake alone.

    Attributes:
        generate: command 0: fill memory of the caller's, such as a bytearray, and return a
            memoryview of it. Memory of no bytes is a panic: TargetDeadError.
    """

    generate: Final = ta.command(0, ta.Out[ta.BUFFER])

    def random_bytes(self, size: int) -> bytes:
        """Return random bytes.

        Args:
            size: how many.

        Raises:
            TeecError: as of generate.
        """
        size = to_count(size, "the size")
        return bytes(self.generate(bytearray(size))) if size else b""
