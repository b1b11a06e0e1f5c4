# SPDX-License-Identifier: BSD-2-Clause
"""Contexts of the C library."""

from __future__ import annotations

from .._native import ffi, lib
from ..enums import GenericCapabilities
from .checks import to_path
from .python_kernel import raise_interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..kernels.kernel import Kernel


class NativeContext:
    """A TEEC_Context.

    Attributes:
        result: the result of initialising it. Use it only if this is SUCCESS.
        error: the errno behind the result, or 0.
        version: impl_id, impl_caps and gen_caps of the device. Without success, those of the
            last device that answered, or zeros.
    """

    __slots__ = ("__weakref__", "_device", "error", "kernel", "result", "struct", "version")

    def __init__(self, name: str | None, kernel: Kernel | None) -> None:
        """Initialise the context; kernel is None for Linux."""
        self.struct: Any = ffi.new("TEEC_Context *")
        self.kernel: Kernel | None = kernel
        self._device = ffi.NULL if kernel is None else ffi.new_handle(kernel)
        version = ffi.new("struct tee_ioctl_version_data *")
        path = ffi.NULL if name is None else ffi.new("char[]", to_path(name))
        self.result: int = lib.context_initialize(self.struct, path, self._device, version)
        self.error: int = ffi.errno
        raise_interrupted(lambda: lib.TEEC_FinalizeContext(self.struct))
        self.version: tuple[int, int, int] = (
            version.impl_id,
            version.impl_caps,
            version.gen_caps,
        )

    @property
    def registers_memory(self) -> bool:
        """True if the device can share the program's own memory."""
        return bool(self.version[2] & GenericCapabilities.REG_MEM)

    def trim(self) -> None:
        """Give the TEE back the memory that is kept for calls to come."""
        lib.tee_context_trim(self.struct)
        raise_interrupted()

    def finalize(self) -> None:
        """End the context; its device closes with the last call that uses it."""
        lib.TEEC_FinalizeContext(self.struct)
        raise_interrupted()
