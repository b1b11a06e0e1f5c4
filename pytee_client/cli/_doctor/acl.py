# SPDX-License-Identifier: BSD-2-Clause
"""What the permissions of a file allow, its access control list (POSIX ACL) with them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from .machine import Node, User

__all__ = ["AclEntry", "allows", "entries_of"]

_VERSION: Final = struct.Struct("<I")
_ENTRY: Final = struct.Struct("<HHI")
_USER_OBJECT: Final = 0x01
_USER: Final = 0x02
_GROUP_OBJECT: Final = 0x04
_GROUP: Final = 0x08
_MASK: Final = 0x10
_OTHER: Final = 0x20
# Reading and writing.
_BOTH: Final = 6


class AclEntry(NamedTuple):
    """Who may do what.

    Attributes:
        tag: whom it is about.
        permissions: what they may, as in a mode.
        number: the user or the group, where it is about one.
    """

    tag: int
    permissions: int
    number: int

    @property
    def is_user(self) -> bool:
        """Whether it is about one user."""
        return self.tag == _USER

    @property
    def is_group(self) -> bool:
        """Whether it is about one group."""
        return self.tag == _GROUP


def entries_of(node: Node) -> list[AclEntry]:
    """Return the entries of its list, or those that its mode stands for."""
    content = node.acl
    if len(content) > _VERSION.size and _VERSION.unpack_from(content)[0] == 2:
        whole = len(content) - (len(content) - _VERSION.size) % _ENTRY.size
        return [AclEntry(*one) for one in _ENTRY.iter_unpack(content[_VERSION.size : whole])]
    return [
        AclEntry(_USER_OBJECT, node.mode >> 6 & 7, 0),
        AclEntry(_GROUP_OBJECT, node.mode >> 3 & 7, 0),
        AclEntry(_OTHER, node.mode & 7, 0),
    ]


def allows(node: Node, user: User) -> bool:
    """Return whether permissions let a user read and write a file.

    This is how Linux decides, but for what its security modules say: acl(5).
    """
    if user.uid == 0:
        return True
    entries = entries_of(node)
    mask = next((one.permissions for one in entries if one.tag == _MASK), 7)
    of_groups = []
    for tag, permissions, number in entries:
        if tag == _USER_OBJECT and node.uid == user.uid:
            return permissions & _BOTH == _BOTH
        if tag == _USER and number == user.uid:
            return permissions & mask & _BOTH == _BOTH
        if tag in (_GROUP_OBJECT, _GROUP):
            group = node.gid if tag == _GROUP_OBJECT else number
            if group in user.groups:
                of_groups.append(permissions & mask & _BOTH == _BOTH)
    if of_groups:
        return any(of_groups)
    return any(one.tag == _OTHER and one.permissions & _BOTH == _BOTH for one in entries)
