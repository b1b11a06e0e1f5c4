# SPDX-License-Identifier: BSD-2-Clause
"""What a device says of itself."""

from __future__ import annotations

from .._native import ffi, lib
from ..enums import Result
from .checks import to_path
from .python_kernel import raise_interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernels.kernel import Kernel


def ask_version(path: str, kernel: Kernel | None) -> tuple[int, int, int] | None:
    """Return impl_id, impl_caps and gen_caps of a device, of any driver's.

    None if it can't be opened, or does not say; kernel is None for Linux.
    """
    struct = ffi.new("TEEC_Context *")
    device = ffi.NULL if kernel is None else ffi.new_handle(kernel)
    version = ffi.new("struct tee_ioctl_version_data *")
    # A device that is no use to clients is refused, but not before it has said what it is.
    code = lib.context_initialize(struct, ffi.new("char[]", to_path(path)), device, version)
    if code == Result.SUCCESS:
        lib.TEEC_FinalizeContext(struct)
    raise_interrupted()
    return (version.impl_id, version.impl_caps, version.gen_caps) if version.impl_id else None
