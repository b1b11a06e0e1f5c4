# SPDX-License-Identifier: BSD-2-Clause
"""A client of OP-TEE's random number generator."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from ... import ta
from ..._checks import to_count
from ...errors import NoDataError, TeecError

__all__ = ["HealthTestFailError", "Rng", "RngResult"]


class RngResult(IntEnum):
    """The codes that the random number generator has beside the specified ones."""

    HEALTH_TEST_FAIL = 1


class HealthTestFailError(TeecError):
    """The hardware has found its random numbers not to be random."""


class Rng(
    ta.Client,
    uuid="ab7a617c-b8e7-4d8f-8301-d09b61036b64",
    results=RngResult,
    errors={RngResult.HEALTH_TEST_FAIL: HealthTestFailError},
):
    """Get random bytes of hardware: OP-TEE's pseudo application rng.

    OP-TEE has it on boards with a driver for such hardware: elsewhere the opening raises
    TrustedApplicationNotFoundError. Any login may open it. Linux's driver optee-rng is a client of
    it, too.

    Source: pta_rng.h of OP-TEE. Tried on the fake alone.

    Attributes:
        get_entropy: command 0: fill memory of the caller's, such as a bytearray, and return a
            memoryview of what was filled, which may be less on some boards. Memory of no bytes is
            BadParametersError, and more than the hardware has at once NotSupportedError.
        get_rng_info: command 1: return how many bytes come in a second, 0 if that is unknown, and
            how many of 1024 bits are random.
    """

    get_entropy: Final = ta.command(0, ta.InOut[ta.BUFFER])
    get_rng_info: Final = ta.command(1, returns=ta.Both(ta.U32, ta.U32))

    def random_bytes(self, size: int) -> bytes:
        """Return random bytes, in as many calls as the hardware needs for them.

        Args:
            size: how many.

        Raises:
            HealthTestFailError: the hardware does not work as it should.
            NoDataError: it has no more for now.
            TeecError: as of get_entropy.
        """
        found = bytearray(to_count(size, "the size"))
        left = memoryview(found)
        while left:
            got = self.get_entropy(left)
            if not got.nbytes:
                raise NoDataError(
                    f"getting {size} random bytes",
                    details=f"{len(left)} are missing",
                    remedy="try again later: get_rng_info() says how many come in a second",
                )
            left = left[got.nbytes :]
        return bytes(found)
