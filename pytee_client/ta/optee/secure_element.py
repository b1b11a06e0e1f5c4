# SPDX-License-Identifier: BSD-2-Clause
"""Clients of OP-TEE's pseudo applications for a secure element."""

from __future__ import annotations

from typing import Final

from ... import ta
from ..._optee_applications.secure_element import ApduCase, Scp03Keys

__all__ = ["Apdu", "ApduCase", "Scp03", "Scp03Keys"]


class Scp03(ta.Client, uuid="be0e5821-e718-4f77-ab3e-8e6c73a9c735"):
    """Encrypt what the TEE sends to a secure element: OP-TEE's pseudo application scp03.

    OP-TEE has it on boards with such an element, such as NXP's SE05x. Any login may open it.

    Source: pta_scp03.h of OP-TEE. Tried on the fake alone.

    Attributes:
        enable: command 0: enable the channel. Scp03Keys.ROTATE writes new keys into the element
            first: AN ELEMENT WHOSE NEW KEYS ARE LOST CANNOT BE USED ANY MORE.
    """

    enable: Final = ta.command(0, Scp03Keys)


class Apdu(ta.Client, uuid="3f3eb880-3639-11ec-9b9d-0f3fc9468f50"):
    """Send commands to a secure element: OP-TEE's pseudo application apdu.

    OP-TEE has it on boards with such an element. Any login may open it.

    Source: pta_apdu.h of OP-TEE. Tried on the fake alone.

    Attributes:
        txrx_raw_frame: command 0: send a command, and return the response of the element, with its
            two bytes of status. It takes the case, the header, and the data, which may be empty.
            There is room for 4096 bytes, or for as many as room= says: a command is never sent
            again, as it has run.
    """

    txrx_raw_frame: Final = ta.command(
        0, ApduCase, bytes, bytes, returns=ta.Variable(bytes), retry=False
    )
