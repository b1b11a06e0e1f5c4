# SPDX-License-Identifier: BSD-2-Clause
"""The one door between Python and the C library; nothing else imports the compiled module.

Each class wraps one structure. The C library does its own locking. Callers must not use
anything after its end. The layers above know Python's values, and what results mean.
"""

import sys

from .buffers import address_of_memory, bytes_of, is_size, pin, plain_data, view_of_bytes
from .call import NativeCall
from .checks import to_descriptor, to_size, uuid_octets
from .context import NativeContext, ask_version
from .inputs import Inputs
from .linux import LinuxKernel, backend_name, is_privileged, read_mapping
from .memory import NativeSharedMemory
from .python_kernel import (
    is_in_destructor,
    leave_signals,
    make_closed_class,
    make_finalizer,
    raise_interrupted,
)
from .session import NativeSession
from .user_memory import (
    WorkingCopy,
    address_of,
    check_user_pages,
    constant,
    copy_buffer_from_user,
    copy_from_user,
    copy_to_user,
)

_has_gil = getattr(sys, "_is_gil_enabled", None)
if _has_gil is not None and not _has_gil():
    from .first_uses import make_all

    make_all()

__all__ = [
    "Inputs",
    "LinuxKernel",
    "NativeCall",
    "NativeContext",
    "NativeSession",
    "NativeSharedMemory",
    "WorkingCopy",
    "address_of",
    "address_of_memory",
    "ask_version",
    "backend_name",
    "bytes_of",
    "check_user_pages",
    "constant",
    "copy_buffer_from_user",
    "copy_from_user",
    "copy_to_user",
    "is_in_destructor",
    "is_privileged",
    "is_size",
    "leave_signals",
    "make_closed_class",
    "make_finalizer",
    "pin",
    "plain_data",
    "raise_interrupted",
    "read_mapping",
    "to_descriptor",
    "to_size",
    "uuid_octets",
    "view_of_bytes",
]
