# SPDX-License-Identifier: BSD-2-Clause
"""Typed clients of the applications that OP-TEE has, and the names of well-known UUIDs.

Each client is imported when a program asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..._process import importing

if TYPE_CHECKING:
    from .acipher import Acipher, Acipher49
    from .aes import Aes
    from .app_secrets import AppSecrets
    from .attestation import (
        Attestation,
        AttestationAlgorithm,
        AttestationError,
        AttestationKey,
        Evidence,
    )
    from .avb import Avb
    from .device_enumeration import DeviceEnumeration
    from .ecdh import Ecdh
    from .ecdsa import Ecdsa
    from .ftpm import Ftpm, PpiFunction, PpiRequest
    from .hello_world import HelloWorld
    from .hotp import Hotp
    from .names import NAMES, name_of, uuid_of
    from .plugins import Plugins
    from .random import Random
    from .rng import HealthTestFailError, Rng, RngResult
    from .secure_element import Apdu, ApduCase, Scp03, Scp03Keys
    from .secure_storage import SecureStorage
    from .sha import Sha
    from .sign_verify import SignVerify
    from .statistics import AllocatorStats, ApplicationStats, PagerStats, Statistics

__all__ = [
    "NAMES",
    "Acipher",
    "Acipher49",
    "Aes",
    "AllocatorStats",
    "Apdu",
    "ApduCase",
    "AppSecrets",
    "ApplicationStats",
    "Attestation",
    "AttestationAlgorithm",
    "AttestationError",
    "AttestationKey",
    "Avb",
    "DeviceEnumeration",
    "Ecdh",
    "Ecdsa",
    "Evidence",
    "Ftpm",
    "HealthTestFailError",
    "HelloWorld",
    "Hotp",
    "PagerStats",
    "Plugins",
    "PpiFunction",
    "PpiRequest",
    "Random",
    "Rng",
    "RngResult",
    "Scp03",
    "Scp03Keys",
    "SecureStorage",
    "Sha",
    "SignVerify",
    "Statistics",
    "name_of",
    "uuid_of",
]

# Which module has which names.
_MODULES: Final = {
    "acipher": ("Acipher", "Acipher49"),
    "aes": ("Aes",),
    "app_secrets": ("AppSecrets",),
    "attestation": (
        "Attestation",
        "AttestationAlgorithm",
        "AttestationError",
        "AttestationKey",
        "Evidence",
    ),
    "avb": ("Avb",),
    "device_enumeration": ("DeviceEnumeration",),
    "ecdh": ("Ecdh",),
    "ecdsa": ("Ecdsa",),
    "ftpm": ("Ftpm", "PpiFunction", "PpiRequest"),
    "hello_world": ("HelloWorld",),
    "hotp": ("Hotp",),
    "names": ("NAMES", "name_of", "uuid_of"),
    "plugins": ("Plugins",),
    "random": ("Random",),
    "rng": ("HealthTestFailError", "Rng", "RngResult"),
    "secure_element": ("Apdu", "ApduCase", "Scp03", "Scp03Keys"),
    "secure_storage": ("SecureStorage",),
    "sha": ("Sha",),
    "sign_verify": ("SignVerify",),
    "statistics": ("AllocatorStats", "ApplicationStats", "PagerStats", "Statistics"),
}
_PLACES: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what has a name."""
    module = _PLACES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with importing:
        from importlib import import_module

        found = getattr(import_module(f"{__name__}.{module}"), name)
    # The next time it is found there.
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
