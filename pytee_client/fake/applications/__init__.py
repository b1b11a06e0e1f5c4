# SPDX-License-Identifier: BSD-2-Clause
"""The Trusted Applications of fake kernels: those for every TEE, and those of OP-TEE."""

from ..secure_world.trusted_application import TrustedApplication
from .acipher import Acipher
from .aes import Aes
from .conformance import Conformance
from .hello_world import HelloWorld
from .hotp import Hotp
from .pseudo_applications import PSEUDO_APPLICATIONS
from .random import Random
from .secure_storage import SecureStorage

__all__ = [
    "BUNDLED",
    "PSEUDO_APPLICATIONS",
    "Acipher",
    "Aes",
    "Conformance",
    "HelloWorld",
    "Hotp",
    "Random",
    "SecureStorage",
]

BUNDLED: tuple[type[TrustedApplication], ...] = (
    HelloWorld,
    Random,
    Aes,
    SecureStorage,
    Acipher,
    Hotp,
    Conformance,
)
