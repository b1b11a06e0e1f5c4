# SPDX-License-Identifier: BSD-2-Clause
"""The errors and warnings of traces."""

from __future__ import annotations

__all__ = ["TraceFormatError", "TraceMismatchError", "TracePayloadWarning"]


class TracePayloadWarning(UserWarning):
    """The trace will contain the contents of memory, which may be secrets."""


class TraceFormatError(ValueError):
    """The file is no trace, or this version can't read it."""


class TraceMismatchError(AssertionError):
    """The program makes other calls than when its trace was recorded.

    It is no TeecError, so that programs don't handle it as an answer of the TEE.
    """
