# SPDX-License-Identifier: BSD-2-Clause
"""The one door between Python and the C library; nothing else imports the compiled module.

Python values become C structures here and back, and results become exceptions.
Each class wraps one structure. The C library locks for itself; what these
classes leave to their callers is that nothing is used after its end.
"""

from .checks import check_value, foreign_block, pin, to_descriptor, to_size, to_uint32
from .command import prepare
from .context import NativeContext, NativeSession, NativeSharedMemory
from .kernel import (
    address_of,
    check_user_pages,
    constant,
    copy_buffer_from_user,
    copy_from_user,
    copy_to_user,
)
from .linux import LinuxKernel, backend_name, read_mapping
from .operation import NativeOperation
from .version import ask_version

__all__ = [
    "LinuxKernel",
    "NativeContext",
    "NativeOperation",
    "NativeSession",
    "NativeSharedMemory",
    "address_of",
    "ask_version",
    "backend_name",
    "check_user_pages",
    "check_value",
    "constant",
    "copy_buffer_from_user",
    "copy_from_user",
    "copy_to_user",
    "foreign_block",
    "pin",
    "prepare",
    "read_mapping",
    "to_descriptor",
    "to_size",
    "to_uint32",
]
