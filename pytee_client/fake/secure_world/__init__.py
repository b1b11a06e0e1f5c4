# SPDX-License-Identifier: BSD-2-Clause
"""The secure world: Trusted Applications, and what they can use.

What every application needs is in pytee_client.fake. Here is the rest: the functions of the
TEE Internal Core API (InternalCore, an application's self.core) with their types, the secure
world of a driver (Optee.world), and what tests of it need.
"""

from . import instance, internal_core, properties, session, trusted_application
from .application_image import application_image
from .clock import Time
from .instance import Instance
from .internal_core import InternalCore
from .notifications import Notifications
from .properties import PropertyNotFoundError, PropertySet
from .session import LOGIN_TRUSTED_APP, Identity
from .storage.memory import MemoryFileSystem
from .storage.persistent_object import DataFlag, ObjectInfo, PersistentObject, Whence
from .ta_session import TaToTaError, TaToTaSession
from .trusted_application import TrustedApplication
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

# These modules name classes in hints, and can't import them: the classes' modules import theirs.
for _module, _class in (
    (session, Instance),
    (properties, TrustedApplication),
    (instance, InternalCore),
    (trusted_application, InternalCore),
    (internal_core, SecureWorld),
):
    vars(_module)[_class.__name__] = _class
