# SPDX-License-Identifier: BSD-2-Clause
"""Who a client says it is to a Trusted Application, and the UUID that Linux makes of it."""

from __future__ import annotations

import os

from . import _hints as t
from ._checks import refuse_other_enum, to_uint32
from ._process import importing
from ._remedies import for_login
from ._results import TranslatedFilesShortage
from .enums import Login
from .errors import BadParametersError, NotSupportedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["client_uuid"]

_NAMESPACE: Final = "58ac9ca0-2086-4683-a1b8-ec4bc08e01b6"
_LINUX_LOGINS: Final = (Login.PUBLIC, Login.USER, Login.GROUP)
_GROUP_LOGINS: Final = (Login.GROUP, Login.GROUP_APPLICATION)


def client_uuid(login: int, *, uid: int | None = None, gid: int | str | None = None) -> t.UUID:
    """Return the UUID by which a Trusted Application on Linux knows a client.

    Use it to grant access to a client in advance. It is nil for PUBLIC, else the version 5
    UUID of the user's or the group's number.

    The numbers are those of the initial user namespace. In another one, such as that of a
    rootless container, os.geteuid() is not the kernel's uid: give the uid that
    /proc/self/uid_map maps it to.

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
    login = to_login(login)
    if login not in _LINUX_LOGINS:
        raise NotSupportedError(
            f"making the client UUID for login 0x{login:x}", remedy=for_login(login)
        )
    group = gid_for_login(login, gid)
    if uid is not None and login != Login.USER:
        raise BadParametersError("only the user login takes a uid")

    with TranslatedFilesShortage("making a client UUID"), importing:
        # Slow to import, and only needed here.
        from uuid import UUID, uuid5

    if login == Login.PUBLIC:
        return UUID(int=0)
    if login == Login.GROUP:
        return uuid5(UUID(_NAMESPACE), f"gid={group:x}")
    user = os.geteuid() if uid is None else to_uint32(uid, "the uid")
    return uuid5(UUID(_NAMESPACE), f"uid={user:x}")


def to_login(login: object) -> int:
    """Check who a client says it is; vendors may have logins of their own."""
    if type(login) is Login:
        return login
    refuse_other_enum(login, Login, "the login")
    return to_uint32(login, "the login", ": use a Login, such as Login.USER")


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
    try:
        with TranslatedFilesShortage(f"looking for the group {name!r}"):
            with importing:
                import grp

            return grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        raise BadParametersError(f"there is no group {name!r} on this machine") from None
