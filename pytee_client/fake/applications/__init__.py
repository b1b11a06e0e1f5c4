# SPDX-License-Identifier: BSD-2-Clause
"""The Trusted Applications of fake kernels: those for every TEE, and those of OP-TEE.

OP-TEE's examples have changed. HelloWorld, Random, SecureStorage, Hotp and Plugins are the same in
4.5 and 4.10. Aes and Acipher are those of 4.5. Aes49, Acipher49, Ecdh, Ecdsa, Sha and SignVerify
are those of 4.9 and later releases. A fake OP-TEE has the examples of its revision; see
examples_of(). Statistics47 is in the place of Statistics since 4.7; see pseudo_applications_of().

Apdu, AppSecrets, Attestation, Avb, Ftpm, Rng and Scp03 are what OP-TEE has on some boards. A fake
has them when they are installed.
"""

import re
from typing import Final

from ..secure_world.trusted_application import TrustedApplication
from .acipher import Acipher
from .acipher49 import Acipher49
from .aes import Aes
from .aes49 import Aes49
from .app_secrets import AppSecrets
from .attestation import Attestation
from .avb import Avb
from .conformance import Conformance
from .ecdh import Ecdh
from .ecdsa import Ecdsa
from .ftpm import Ftpm
from .hello_world import HelloWorld
from .hotp import Hotp
from .plugins import Plugins
from .pseudo_applications import PSEUDO_APPLICATIONS
from .random import Random
from .rng import Rng
from .secure_element import Apdu, Scp03
from .secure_storage import SecureStorage
from .sha import Sha
from .sign_verify import SignVerify
from .statistics import Statistics, Statistics47

__all__ = [
    "BUNDLED",
    "PSEUDO_APPLICATIONS",
    "Acipher",
    "Acipher49",
    "Aes",
    "Aes49",
    "Apdu",
    "AppSecrets",
    "Attestation",
    "Avb",
    "Conformance",
    "Ecdh",
    "Ecdsa",
    "Ftpm",
    "HelloWorld",
    "Hotp",
    "Plugins",
    "Random",
    "Rng",
    "Scp03",
    "SecureStorage",
    "Sha",
    "SignVerify",
    "examples_of",
    "pseudo_applications_of",
]

_UNCHANGED: Final = (HelloWorld, Random, SecureStorage, Hotp, Plugins)
_SINCE_4_5: Final[tuple[type[TrustedApplication], ...]] = (*_UNCHANGED, Aes, Acipher)
_SINCE_4_9: Final[tuple[type[TrustedApplication], ...]] = (
    *_UNCHANGED,
    Aes49,
    Acipher49,
    Sha,
    Ecdh,
    Ecdsa,
    SignVerify,
)

BUNDLED: Final[tuple[type[TrustedApplication], ...]] = (*_SINCE_4_5, Conformance)
"""The applications that a fake TEE has from the start: OP-TEE's examples of 4.5, and one for
tests."""


def examples_of(revision: str) -> tuple[type[TrustedApplication], ...]:
    """Return OP-TEE's examples as of a release.

    Args:
        revision: the release, such as "4.5", as of fake.Optee().
    """
    return _SINCE_4_9 if _release(revision) >= (4, 9) else _SINCE_4_5


def pseudo_applications_of(revision: str) -> tuple[type[TrustedApplication], ...]:
    """Return the applications that are part of OP-TEE as of a release.

    Args:
        revision: the release, such as "4.5", as of fake.Optee().
    """
    if _release(revision) < (4, 7):
        return PSEUDO_APPLICATIONS
    newer: dict[type[TrustedApplication], type[TrustedApplication]] = {Statistics: Statistics47}
    return tuple(newer.get(application, application) for application in PSEUDO_APPLICATIONS)


def _release(revision: str) -> tuple[int, ...]:
    numbers = re.match(r"(\d+)\.(\d+)", revision)
    return tuple(int(number) for number in numbers.groups()) if numbers else ()
