# SPDX-License-Identifier: BSD-2-Clause
"""The secure world: Trusted Applications, and what they can use.

What every application needs is in pytee_client.fake. Here is the rest: the functions of the
TEE Internal Core API (InternalCore, an application's self.core) with their types, the secure
world of a driver (Optee.world), and what tests of it need.
"""

from .application_image import application_image
from .clock import Time
from .internal_core import InternalCore
from .notifications import Notifications
from .properties import PropertyNotFoundError, PropertySet
from .session import LOGIN_TRUSTED_APP, Identity
from .storage.memory import MemoryFileSystem
from .storage.persistent_object import DataFlag, ObjectInfo, PersistentObject, Whence
from .ta_session import TaToTaError, TaToTaSession
from .world import SecureWorld

__all__ = [
    "LOGIN_TRUSTED_APP",
    "DataFlag",
    "Identity",
    "InternalCore",
    "MemoryFileSystem",
    "Notifications",
    "ObjectInfo",
    "PersistentObject",
    "PropertyNotFoundError",
    "PropertySet",
    "SecureWorld",
    "TaToTaError",
    "TaToTaSession",
    "Time",
    "Whence",
    "application_image",
]
