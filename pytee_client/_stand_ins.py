# SPDX-License-Identifier: BSD-2-Clause
"""Stand-ins for names of typing that the package needs at run time; see docs/design.md."""

from __future__ import annotations

import collections.abc
from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic, Literal, NamedTuple, TypeAlias

    from typing_extensions import Buffer

    # The word of a value with the more significant half of 64 bits.
    High: TypeAlias = Literal["a", "b"]
else:
    High = str
    # Python has it from 3.12 on.
    Buffer = getattr(collections.abc, "Buffer", bytes | bytearray | memoryview)

    class Generic:
        """A base whose subclasses can be subscripted with types: Block[int] is Block."""

        def __class_getitem__(cls, types):
            """Return the class itself; only type checkers tell such classes apart."""
            return cls

    def NamedTuple(name, fields):  # noqa: N802
        """Make a class of tuples with these fields: pairs of a name and a type."""
        made = namedtuple(name, [field for field, _ in fields])
        made.__annotations__ = dict(fields)
        return made


__all__ = ["Buffer", "Generic", "High", "NamedTuple"]
