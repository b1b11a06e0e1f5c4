# SPDX-License-Identifier: BSD-2-Clause
"""typing.Generic for bases of classes, without the import of typing; see docs/design.md."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic
else:

    class Generic:
        """A base whose subclasses can be subscripted with types: Block[int] is Block."""

        def __class_getitem__(cls, types):
            """Return the class itself; only type checkers tell such classes apart."""
            return cls


__all__ = ["Generic"]
