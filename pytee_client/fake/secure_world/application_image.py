# SPDX-License-Identifier: BSD-2-Clause
"""Images of Trusted Applications, for a supplicant to load."""

from __future__ import annotations

import hashlib
import itertools
import struct
import threading
from typing import Final
from uuid import UUID

from ..._process import renewed
from ...enums import Result
from .results import ResultError
from .trusted_application import TrustedApplication, check_application

__all__ = ["application_image", "application_in", "application_of"]

_MAGIC: Final = b"pytee_client TA\0"
_BODY: Final = struct.Struct("=16s16sQ")  # magic, UUID, number
_numbers: Final = itertools.count(1)
_applications: dict[bytes, type[TrustedApplication]] = {}
_lock: Final = renewed(threading.RLock())


def application_image(application: type[TrustedApplication]) -> bytes:
    """Return the content of the file UUID.ta for a Trusted Application.

    The image only names the class, and so works in this process only. As with a real image,
    loading fails with SECURITY after a byte was changed, or from the file of another UUID.

    Raises:
        TypeError: it is no class derived from TrustedApplication, or has no UUID.
    """
    check_application(application)
    with _lock:
        body = _BODY.pack(_MAGIC, application.uuid.bytes, next(_numbers))
        image = body + hashlib.sha256(body).digest()
        _applications[image] = application
        return image


def application_in(image: bytes) -> type[TrustedApplication]:
    """Return the Trusted Application of an image, whatever its UUID.

    Raises:
        ResultError: SECURITY; this process made no such image.
    """
    with _lock:
        application = _applications.get(image)
    if application is None:
        raise ResultError(Result.SECURITY)
    return application


def application_of(image: bytes, uuid: UUID) -> type[TrustedApplication]:
    """Return the Trusted Application of an image.

    Raises:
        ResultError: SECURITY; this process made no such image for this UUID.
    """
    application = application_in(image)
    if application.uuid != uuid:
        raise ResultError(Result.SECURITY)
    return application
