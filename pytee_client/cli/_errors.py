# SPDX-License-Identifier: BSD-2-Clause
"""What a verb says of input that is wrong."""

__all__ = ["InputError"]


class InputError(Exception):
    """The input is wrong; the text says what, in one line."""
