# SPDX-License-Identifier: BSD-2-Clause
"""The Trusted Services of a fake TSTEE, for tests."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from ..drivers.tstee import SecurePartition, TrustedService

__all__ = ["ECHO_PARTITION", "EchoService"]


class EchoService(TrustedService):
    """Return the request (opcode 0), or the opcode as the status (any other)."""

    uuid: ClassVar[UUID] = UUID("5f0c1f2e-8b7d-4a35-9c7e-2d1b6a9e4f10")

    def call(self, opcode: int, request: bytes) -> tuple[int, bytes]:
        """Serve a request."""
        return opcode, b"" if opcode else request


ECHO_PARTITION = SecurePartition(0x8001, (EchoService(),))
