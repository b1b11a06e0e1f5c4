# SPDX-License-Identifier: BSD-2-Clause
"""What stands in the file of a Trusted Application that a supplicant loads."""

from __future__ import annotations

import hashlib
import itertools
import struct
import threading
from typing import TYPE_CHECKING, Final

from ...enums import Result
from .results import ResultError

if TYPE_CHECKING:
    from uuid import UUID

    from .trusted_application import TrustedApplication

__all__ = ["application_image", "application_of"]

_MAGIC: Final = b"pytee_client TA\0"
_BODY: Final = struct.Struct("=16s16sQ")  # magic, UUID, number
_numbers: Final = itertools.count(1)
_applications: dict[bytes, type[TrustedApplication]] = {}
_lock: Final = threading.Lock()


def application_image(application: type[TrustedApplication]) -> bytes:
    """Return what to write into the file UUID.ta for a Trusted Application.

    The image names the class, and does not contain it: it is good in this process only. As
    with a real one, a changed byte, or the name of another application's file, makes it
    SECURITY when it is loaded.
    """
    with _lock:
        body = _BODY.pack(_MAGIC, application.uuid.bytes, next(_numbers))
        image = body + hashlib.sha256(body).digest()
        _applications[image] = application
        return image


def application_of(image: bytes, uuid: UUID) -> type[TrustedApplication]:
    """Return the Trusted Application of an image.

    Raises:
        ResultError: SECURITY, if it is not an image that this process made for this UUID.
    """
    with _lock:
        application = _applications.get(image)
    if application is None or application.uuid != uuid:
        raise ResultError(Result.SECURITY)
    return application
