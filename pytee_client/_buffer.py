# SPDX-License-Identifier: BSD-2-Clause
"""The type of bytes-like objects, for hints."""

from __future__ import annotations

import collections.abc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Buffer
else:
    # Python has it from 3.12 on.
    Buffer = getattr(collections.abc, "Buffer", bytes | bytearray | memoryview)

__all__ = ["Buffer"]
