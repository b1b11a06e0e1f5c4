# SPDX-License-Identifier: BSD-2-Clause
"""Who a client is, as the kernel tells the TEE when a session is opened.

The kernel makes a name-based UUID of the effective uid or of a gid that the caller is in.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Final
from uuid import UUID, uuid5

from ..enums import Login
from .trusted_application import Identity

NAMESPACE: Final = UUID("58ac9ca0-2086-4683-a1b8-ec4bc08e01b6")


def identity_of_caller(login: int, client_uuid: bytes) -> Identity:
    """Return the identity for a login; OSError as the kernel refuses one.

    client_uuid is the caller's field of that name, which a group login begins with a gid.
    """
    if login == Login.PUBLIC:
        return Identity(login, UUID(int=0))
    if login == Login.USER:
        return Identity(login, uuid5(NAMESPACE, f"uid={os.geteuid():x}"))
    if login == Login.GROUP:
        gid = int.from_bytes(client_uuid[:4], sys.byteorder)
        if gid != os.getegid() and gid not in os.getgroups():
            raise OSError(errno.EPERM, "not a group of the caller's")
        return Identity(login, uuid5(NAMESPACE, f"gid={gid:x}"))
    raise OSError(errno.EINVAL, "no such login")
