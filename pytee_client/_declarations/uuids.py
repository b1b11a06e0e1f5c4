# SPDX-License-Identifier: BSD-2-Clause
"""UUIDs in memory."""

from __future__ import annotations

import uuid
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .fields import UuidField
from .kinds import ContentError, MemoryKind

__all__ = ["TeeUuid", "Uuid", "UuidKind"]


class UuidKind(MemoryKind[Any, uuid.UUID]):
    """A UUID in 16 bytes.

    Attributes:
        field: what it is in a packed structure.
    """

    def __init__(self, name: str, *, is_struct: bool) -> None:
        super().__init__(name, uuid.UUID, 16)
        self.field = UuidField(is_struct)
        self._struct = Struct(f"<{self.field.code}")

    def __call__(self, given: Any) -> uuid.UUID:
        """Make a UUID of text."""
        return given if isinstance(given, uuid.UUID) else uuid.UUID(given)

    def write(self, given: Any, what: str) -> bytes:
        """Return its bytes."""
        return self._struct.pack(*self.field.flatten(given, what))

    def read(self, content: bytes | memoryview) -> uuid.UUID:
        """Return the UUID."""
        if len(content) != self.size:
            raise ContentError(f"{len(content)} bytes, but a UUID has 16")
        return self.field.build(iter(self._struct.unpack(content)))


if TYPE_CHECKING:
    Uuid: TypeAlias = uuid.UUID
    TeeUuid: TypeAlias = uuid.UUID
else:
    Uuid: Final = UuidKind("Uuid", is_struct=False)
    TeeUuid: Final = UuidKind("TeeUuid", is_struct=True)
