# SPDX-License-Identifier: BSD-2-Clause
"""What calls with one parameter are made of, for who has no room for another frame.

Nearly all of what such a call costs above the C library is Python's: each function called
and each object made is half a per cent of it.
"""

from __future__ import annotations

import struct

from .._native import ffi, lib
from .operation import EMPTY, new_tuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "EMPTY",
    "invoke",
    "invoke_block",
    "invoke_memory",
    "invoke_value",
    "new_tuple",
    "pin_bytes",
    "release",
    "repeat",
    "repeat_value",
    "unpack_value",
]

# With an operation's call, the command, and the types of what is in the operation; or the
# content of one slot that is both input and output. They take what C can make an int of, and
# raise OverflowError or TypeError. True says that there is something to be looked at: no
# success, or a closer who waits.
invoke: Final = lib.call_invoke
invoke_value: Final = lib.call_invoke_value
invoke_memory: Final = lib.call_invoke_memory
invoke_block: Final = lib.call_invoke_block
# With an operation's call that was prepared.
repeat: Final = lib.call_repeat
repeat_value: Final = lib.call_repeat_value
# Of an operation's numbers.
unpack_value: Final = struct.Struct("=II").unpack_from
pin_bytes: Final = ffi.from_buffer
release: Final = ffi.release
