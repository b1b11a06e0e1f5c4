# SPDX-License-Identifier: BSD-2-Clause
"""Trusted Applications that fake TEEs have: every one, and those of OP-TEE."""

from ..trusted_application import TrustedApplication
from .conformance import Conformance
from .hello_world import HelloWorld
from .pseudo_applications import PSEUDO_APPLICATIONS

__all__ = ["BUNDLED", "PSEUDO_APPLICATIONS", "Conformance", "HelloWorld"]

BUNDLED: tuple[type[TrustedApplication], ...] = (HelloWorld, Conformance)
