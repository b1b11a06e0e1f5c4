# SPDX-License-Identifier: BSD-2-Clause
"""Who a client is, as the kernel tells the TEE when a session is opened."""

from __future__ import annotations

import errno
import os
import sys

from ...enums import Login
from ...identity import client_uuid
from ..devices.client_context import LOGIN_REE_KERNEL
from ..secure_world.session import Identity


def identity_of_caller(login: int, clnt_uuid: bytes) -> Identity:
    """Return the identity for a login; OSError as the kernel refuses one.

    clnt_uuid is the caller's field of that name, which a group login begins with a gid.
    """
    if login == LOGIN_REE_KERNEL:
        # The core has refused it to programs.
        return Identity(login, client_uuid(Login.PUBLIC))
    if login in (Login.PUBLIC, Login.USER):
        return Identity(login, client_uuid(login))
    if login == Login.GROUP:
        gid = int.from_bytes(clnt_uuid[:4], sys.byteorder)
        if gid != os.getegid() and gid not in os.getgroups():
            raise OSError(errno.EPERM, "not a group of the caller's")
        return Identity(login, client_uuid(login, gid=gid))
    raise OSError(errno.EINVAL, "no such login")
