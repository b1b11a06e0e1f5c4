# SPDX-License-Identifier: BSD-2-Clause
"""typing.NamedTuple as a function, without the import of typing; see docs/design.md."""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:

    def NamedTuple(name, fields):  # noqa: N802
        """Make a class of tuples with these fields: pairs of a name and a type."""
        made = namedtuple(name, [field for field, _ in fields])
        made.__annotations__ = dict(fields)
        return made


__all__ = ["NamedTuple"]
