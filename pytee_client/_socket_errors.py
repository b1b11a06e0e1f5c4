# SPDX-License-Identifier: BSD-2-Clause
"""The exceptions for results of the TEE Sockets API (GPD_SPE_100)."""

from __future__ import annotations

from ._teec_error import TeecError
from .enums import Result

__all__ = [
    "IsocketError",
    "IsocketHostnameError",
    "IsocketLargeBufferError",
    "IsocketOutOfResourcesError",
    "IsocketProtocolError",
    "IsocketRemoteClosedError",
    "IsocketTcpWarningUnknownOutOfBandError",
    "IsocketTimeoutError",
    "IsocketUdpWarningUnknownOutOfBandError",
    "IsocketWarningProtocolError",
]


class IsocketError(TeecError):
    """A socket of a Trusted Application failed; the base of what says how."""


class IsocketProtocolError(IsocketError):
    """ISOCKET_PROTOCOL: the protocol failed in a way of its own."""

    code: int = Result.ISOCKET_PROTOCOL


class IsocketRemoteClosedError(IsocketError, ConnectionError):
    """ISOCKET_REMOTE_CLOSED: the other side closed the connection."""

    code: int = Result.ISOCKET_REMOTE_CLOSED


class IsocketTimeoutError(IsocketError):
    """ISOCKET_TIMEOUT: the time allowed has passed."""

    code: int = Result.ISOCKET_TIMEOUT


class IsocketOutOfResourcesError(IsocketError):
    """ISOCKET_OUT_OF_RESOURCES: there are no resources for another socket."""

    code: int = Result.ISOCKET_OUT_OF_RESOURCES


class IsocketLargeBufferError(IsocketError):
    """ISOCKET_LARGE_BUFFER: the data are too large for the protocol."""

    code: int = Result.ISOCKET_LARGE_BUFFER


class IsocketWarningProtocolError(IsocketError):
    """ISOCKET_WARNING_PROTOCOL: the protocol warns of something."""

    code: int = Result.ISOCKET_WARNING_PROTOCOL


class IsocketHostnameError(IsocketError):
    """ISOCKET_HOSTNAME: the name of the host leads nowhere."""

    code: int = Result.ISOCKET_HOSTNAME


class IsocketTcpWarningUnknownOutOfBandError(IsocketError):
    """ISOCKET_TCP_WARNING_UNKNOWN_OUT_OF_BAND: TCP brought urgent data of an unknown kind."""

    code: int = Result.ISOCKET_TCP_WARNING_UNKNOWN_OUT_OF_BAND


class IsocketUdpWarningUnknownOutOfBandError(IsocketError):
    """ISOCKET_UDP_WARNING_UNKNOWN_OUT_OF_BAND: UDP brought data of an unknown kind."""

    code: int = Result.ISOCKET_UDP_WARNING_UNKNOWN_OUT_OF_BAND


# Where users find them, and where pickle looks.
for _name in __all__:
    globals()[_name].__module__ = "pytee_client.errors"
