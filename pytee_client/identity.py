# SPDX-License-Identifier: BSD-2-Clause
"""Who a client says it is to a Trusted Application, and the UUID that Linux makes of it."""

from __future__ import annotations

import errno
import os

from ._boundary import to_uint32
from .enums import ImplementationId, Login
from .errors import BadParametersError, NotSupportedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final
    from uuid import UUID

__all__ = ["client_uuid"]

_NAMESPACE: Final = "58ac9ca0-2086-4683-a1b8-ec4bc08e01b6"
_LINUX_LOGINS: Final = (Login.PUBLIC, Login.USER, Login.GROUP)
_GROUP_LOGINS: Final = (Login.GROUP, Login.GROUP_APPLICATION)
_APPLICATION_LOGINS: Final = (
    Login.APPLICATION,
    Login.USER_APPLICATION,
    Login.GROUP_APPLICATION,
)
_FIRST_KERNEL_LOGIN: Final = 0x80000000
_LAST_KERNEL_LOGIN: Final = 0xBFFFFFFF


def client_uuid(login: int, *, uid: int | None = None, gid: int | str | None = None) -> UUID:
    """Return the UUID by which a Trusted Application on Linux knows a client.

    It serves to grant something to a client before it comes. It is nil for PUBLIC, else
    the version 5 UUID of the user's or the group's number.

    The numbers are those of the initial user namespace. In another one, such as that of a
    rootless container, the kernel's uid is not os.geteuid(): give the one that it is
    mapped to, as /proc/self/uid_map tells.

    Source: Linux, drivers/tee/tee_core.c.

    Args:
        login: PUBLIC, USER or GROUP; Linux has no UUID for any other.
        uid: the user of a USER login, by default the effective one.
        gid: the group of a GROUP login, by its number or its name.

    Raises:
        NotSupportedError: Linux has no UUID for this login.
        BadParametersError: uid or gid does not go with the login, or the gid is missing, or
            there is no group of this name.
        ParameterTypeError, ParameterRangeError: not an unsigned 32-bit number.

    Threads: may be called from any.
    """
    login = to_uint32(login, "the login")
    if login not in _LINUX_LOGINS:
        raise NotSupportedError(
            f"making the client UUID for login 0x{login:x}", remedy=_other_logins(login)
        )
    group = gid_for_login(login, gid)
    if uid is not None and login != Login.USER:
        raise BadParametersError("only the user login takes a uid")

    # Slow to import, and only needed here.
    from uuid import UUID, uuid5

    if login == Login.PUBLIC:
        return UUID(int=0)
    if login == Login.GROUP:
        return uuid5(UUID(_NAMESPACE), f"gid={group:x}")
    user = os.geteuid() if uid is None else to_uint32(uid, "the uid")
    return uuid5(UUID(_NAMESPACE), f"uid={user:x}")


def gid_for_login(login: int, gid: int | str | None) -> int | None:
    """Return the number of the group that goes with a login, None if none does."""
    needs_gid = login in _GROUP_LOGINS
    if needs_gid != (gid is not None):
        raise BadParametersError(
            "a group login needs a gid" if needs_gid else "only the group logins take a gid"
        )
    if isinstance(gid, str):
        return _gid_of_name(gid)
    return None if gid is None else to_uint32(gid, "the gid")


def _gid_of_name(name: str) -> int:
    import grp

    try:
        return grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        raise BadParametersError(f"there is no group {name!r} on this machine") from None


def remedy_for_login(login: int, error: int | None, implementation: int) -> str | None:
    """Say what helps against the errno of an opening, if it can come from the login."""
    if error == errno.EPERM and _is_for_the_kernel(login):
        return _other_logins(login)
    if error == errno.EPERM and login == Login.GROUP:
        return (
            "the process is not in this group, which being root does not make up for, or its"
            " user namespace does not map it"
        )
    if error != errno.EINVAL or login == Login.PUBLIC:
        return None
    if implementation == ImplementationId.AMDTEE:
        return "the driver of AMD-TEE has no login but PUBLIC"
    return None if login in _LINUX_LOGINS else _other_logins(login)


def _is_for_the_kernel(login: int) -> bool:
    return _FIRST_KERNEL_LOGIN <= login <= _LAST_KERNEL_LOGIN


def _other_logins(login: int) -> str:
    """Say why Linux has not a login, and which to use instead."""
    if login in _APPLICATION_LOGINS:
        return "mainline Linux has no application logins; use USER or GROUP"
    if _is_for_the_kernel(login):
        return "this login is for the kernel's own clients; use PUBLIC, USER or GROUP"
    return "this login is reserved; use PUBLIC, USER or GROUP"
