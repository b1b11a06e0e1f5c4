# SPDX-License-Identifier: BSD-2-Clause
"""What can be wrong with traces."""

from __future__ import annotations

__all__ = ["TraceFormatError", "TraceMismatchError", "TracePayloadWarning"]


class TracePayloadWarning(UserWarning):
    """A trace is recorded with the contents of memory, which may be secrets."""


class TraceFormatError(ValueError):
    """A file is no trace, or one that this version can't read."""


class TraceMismatchError(AssertionError):
    """A program does not do what it did when its trace was recorded.

    No TeecError: programs that handle those must not take it for an answer of the TEE.
    """
