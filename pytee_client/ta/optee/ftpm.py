# SPDX-License-Identifier: BSD-2-Clause
"""A client of the application fTPM, a TPM 2.0 in firmware."""

from __future__ import annotations

from typing import Final

from ... import ta
from ..._optee_applications.ftpm import HEADER, MAX_SIZE, PpiFunction, stated_size
from ._kinds import LimitedBytes, Room

__all__ = ["Ftpm", "PpiFunction", "PpiRequest"]


@ta.packed(endian="big")
class PpiRequest:
    """A request to the physical presence interface.

    Attributes:
        function: what is asked for.
        operation: the operation that it is about, for the last two functions.

    Threads: nobody synchronises its fields.
    """

    function: PpiFunction
    operation: ta.U32 = 0


class _Response(ta.Bytes):
    """A response of a TPM, which says itself how long it is."""

    def read(self, content: bytes | memoryview) -> bytes:
        """Return the response, without the rest of the memory."""
        size = stated_size(content)
        if not HEADER.size <= size <= len(content):
            raise ta.ContentError("what came back is no response of a TPM")
        return bytes(content[:size])


_ROOM: Final = Room(1, MAX_SIZE)


class Ftpm(ta.Client, uuid="bc50d971-d4c9-42c4-82cb-343fb7f37896"):
    """Send commands to a TPM 2.0 in firmware: the application fTPM.

    OP-TEE has it where it is built with it (CFG_MS_TPM_20_REF). It has one session at a time: the
    opening is BusyError as long as Linux's driver tpm_ftpm_tee has it. Then use /dev/tpmrm0, or
    unbind the driver. Any login may open it.

    Source: fTPM.h and fTPM.c of OP-TEE. Tried on the fake alone.

    Attributes:
        submit_command: command 0: run a command of the TPM, of 1 to 4096 bytes, and return its
            response. It also takes for how many bytes of response there is room, at most 4096.
            ShortBufferError: there is too little, and THE COMMAND MAY HAVE RUN.
        emulate_ppi: command 1: run a function of the physical presence interface, and return its
            one to three results; none if it lacks the function. It takes a PpiRequest, and for how
            many bytes of results there is room: 12 are enough.
    """

    submit_command: Final = ta.command(0, LimitedBytes(1, MAX_SIZE), ta.InOut[_ROOM, _Response()])
    emulate_ppi: Final = ta.command(1, PpiRequest, ta.InOut[_ROOM, list[ta.U32]])
