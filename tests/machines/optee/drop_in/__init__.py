# SPDX-License-Identifier: BSD-2-Clause
"""This library in the place of Debian's libteec, under all of Debian that depends on it."""

from .verb import main

__all__ = ["main"]
