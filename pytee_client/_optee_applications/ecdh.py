# SPDX-License-Identifier: BSD-2-Clause
"""The example application ecdh."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Ecdh"]


class Ecdh:
    """What its client and its fake inherit."""

    __slots__ = ()

    class Curve(IntEnum):
        """The elliptic curves that it supports."""

        NIST_P192 = 0
        NIST_P224 = 1
        NIST_P256 = 2
        NIST_P384 = 3
