# SPDX-License-Identifier: BSD-2-Clause
"""A client of OP-TEE's attestation for Veraison."""

from __future__ import annotations

from typing import Final

from ... import ta
from ._kinds import LimitedBytes

__all__ = ["VeraisonAttestation"]


class VeraisonAttestation(ta.Client, uuid="a77955f9-eea1-44fd-add5-4a9d962afcf5"):
    """Get evidence for a Veraison verifier: OP-TEE's pseudo application veraison_attestation.

    OP-TEE has it where it is built with CFG_VERAISON_ATTESTATION_PTA. Any login may open it.

    Source: pta_veraison_attestation.h of OP-TEE. There is no fake of it: how it is called was tried
    with an application of the tests.

    Attributes:
        get_cbor_evidence: command 0: return a PSA token, signed as COSE. It takes a nonce of at
            least one byte, of which Veraison allows 32, 48 or 64, and the implementation id.
    """

    get_cbor_evidence: Final = ta.command(
        0, LimitedBytes(1), bytes, returns=ta.Variable(bytes), slots=(0, 2, 1)
    )
