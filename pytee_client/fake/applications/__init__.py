# SPDX-License-Identifier: BSD-2-Clause
"""Trusted Applications that every fake TEE has."""

from ..trusted_application import TrustedApplication
from .conformance import Conformance
from .hello_world import HelloWorld
from .pseudo_applications import PSEUDO_APPLICATIONS

__all__ = ["BUNDLED", "Conformance", "HelloWorld"]

BUNDLED: tuple[type[TrustedApplication], ...] = (
    HelloWorld,
    Conformance,
    *PSEUDO_APPLICATIONS,
)
