# SPDX-License-Identifier: BSD-2-Clause
"""The names of well-known applications."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from ..._checks import said
from ..._known_applications import WELL_KNOWN
from ..._process import importing
from ...errors import ParameterTypeError

__all__ = ["NAMES", "name_of", "uuid_of"]

NAMES: Final[Mapping[UUID, str]] = MappingProxyType(
    {UUID(text): name for text, (name, _) in WELL_KNOWN.items()}
)
"""The names of well-known applications, as in OP-TEE's sources: "stats" has pta_stats.h, and
"hello_world" is the example of this name.

They are the applications that are part of OP-TEE, also on some boards alone; those that come with
it, such as "pkcs11" and "ftpm"; its examples, those of its tests, and the one of ours.
"""

_UUIDS: Final = {name: uuid for uuid, name in NAMES.items()}


def name_of(uuid: UUID | str) -> str | None:
    """Return the name of a well-known application, or None if this is none.

    Args:
        uuid: its UUID, or the text of it.

    Raises:
        ValueError: the text is no UUID.

    Threads: any.
    """
    if isinstance(uuid, str):
        try:
            uuid = UUID(uuid)
        except ValueError:
            raise ValueError(f"the uuid is {uuid!r}, which is no text of a UUID") from None
    elif not isinstance(uuid, UUID):
        raise ParameterTypeError(f"the uuid must be a uuid.UUID or its text, not {said(uuid)}")
    return NAMES.get(uuid)


def uuid_of(name: str) -> UUID:
    """Return the UUID of a well-known application.

    Args:
        name: its name, as in NAMES.

    Raises:
        LookupError: no well-known application has this name.

    Threads: any.
    """
    if not isinstance(name, str):
        raise ParameterTypeError(f"the name must be a str, not {said(name)}")
    found = _UUIDS.get(name)
    if found is None:
        with importing:
            from difflib import get_close_matches

        near = get_close_matches(name, _UUIDS, n=3)
        hint = f": did you mean {' or '.join(map(repr, near))}?" if near else "; NAMES has them"
        raise LookupError(f"no well-known application is named {name!r}{hint}")
    return found
