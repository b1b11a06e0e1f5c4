# SPDX-License-Identifier: BSD-2-Clause
"""A supplicant: what serves OP-TEE with files from outside of it."""

from .supplicant import Supplicant

__all__ = ["Supplicant"]
