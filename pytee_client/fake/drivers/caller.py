# SPDX-License-Identifier: BSD-2-Clause
"""The identity of a client, which the kernel tells the TEE when a session is opened."""

from __future__ import annotations

import errno
import os
import sys

from ...enums import Login
from ...identity import client_uuid
from ..devices.client_context import LOGIN_REE_KERNEL
from ..secure_world.session import Identity


def identity_of_caller(login: int, clnt_uuid: bytes) -> Identity:
    """Return the identity of this process for a login.

    Args:
        login: the login (TEE_IOCTL_LOGIN_*).
        clnt_uuid: the field of this name; for a group login it starts with the gid.

    Raises:
        OSError: EPERM; the process is not in the group. EINVAL; there is no such login.
    """
    if login == LOGIN_REE_KERNEL:
        # Programs can't get here: the core refuses them this login.
        return Identity(login, client_uuid(Login.PUBLIC))
    if login in (Login.PUBLIC, Login.USER):
        return Identity(login, client_uuid(login))
    if login == Login.GROUP:
        gid = int.from_bytes(clnt_uuid[:4], sys.byteorder)
        if gid != os.getegid() and gid not in os.getgroups():
            raise OSError(errno.EPERM, "the process is not in this group")
        return Identity(login, client_uuid(login, gid=gid))
    raise OSError(errno.EINVAL, "there is no such login")
