# SPDX-License-Identifier: BSD-2-Clause
"""What a device says of itself."""

from __future__ import annotations

import errno

from .._failed_system_calls import FILES_SHORTAGE, for_errno
from .._native import ffi, lib
from .._results import error_of
from ..enums import Origin, Result
from .checks import to_path
from .python_kernel import raise_interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from ..kernels.kernel import Kernel

_SAY_NOTHING_OF_DEVICES: Final = frozenset({errno.ENOMEM, errno.EINTR}) | FILES_SHORTAGE


def ask_version(path: str, kernel: Kernel | None) -> tuple[int, int, int] | None:
    """Return impl_id, impl_caps and gen_caps of a device, of any driver's.

    None if it can't be opened, or does not say; kernel is None for Linux.

    Raises:
        TeecError: that is not known, because there are no descriptors or no memory, or a signal
            interrupted the driver.
    """
    struct = ffi.new("TEEC_Context *")
    device = ffi.NULL if kernel is None else ffi.new_handle(kernel)
    version = ffi.new("struct tee_ioctl_version_data *")
    # A device that is no use to clients is refused, but not before it has said what it is.
    code = lib.context_initialize(struct, ffi.new("char[]", to_path(path)), device, version)
    error: int = ffi.errno if code else 0
    if code == Result.SUCCESS:
        lib.TEEC_FinalizeContext(struct)
    raise_interrupted()
    if error in _SAY_NOTHING_OF_DEVICES:
        raise error_of(code, Origin.COMMS, error, f"asking {path}", remedy=for_errno(error))
    return (version.impl_id, version.impl_caps, version.gen_caps) if version.impl_id else None
