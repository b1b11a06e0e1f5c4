# SPDX-License-Identifier: BSD-2-Clause
"""Contexts of the C library."""

from __future__ import annotations

import errno

from .._block_index import BlockIndex
from .._failed_system_calls import FILES_SHORTAGE, for_errno
from .._native import ffi, lib
from .._process import left_in_children
from .._results import error_of
from ..enums import GenericCapabilities, Origin
from .checks import to_path
from .python_kernel import guard, python_device, raise_interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    import weakref
    from collections.abc import Callable
    from typing import Any, Final

    from .._process import Inherited
    from ..kernels.kernel import Kernel

_SAY_NOTHING_OF_DEVICES: Final = frozenset({errno.ENOMEM, errno.EINTR}) | FILES_SHORTAGE


class NativeContext:
    """A struct shared_context: a TEEC_Context that closes with the last reference to it.

    Attributes:
        struct: the structure.
        kernel: the kernel that answers; None for Linux.
        observer: what is told of each call in it; None for nothing. Then C takes no times.
        needed: what has to be there as long as anything of the context is.
        result: the result of initialising it. Use it only if this is SUCCESS.
        error: the errno behind the result, or 0.
        version: impl_id, impl_caps and gen_caps of the device. Without success, those of the
            last device that answered, or zeros.
        blocks: where its blocks lie.
        mapped: the blocks whose memory is the driver's.
    """

    __slots__ = (
        "__weakref__",
        "_guard",
        "blocks",
        "error",
        "kernel",
        "mapped",
        "needed",
        "observer",
        "result",
        "struct",
        "version",
    )

    def __init__(
        self,
        name: str | None,
        kernel: Kernel | None,
        observer: Callable[[Any], object] | None = None,
    ) -> None:
        """Initialise the context; kernel is None for Linux."""
        device = python_device(kernel)
        self.struct: Any = ffi.new("struct shared_context *")
        self.kernel: Kernel | None = kernel
        self.observer: Callable[[Any], object] | None = observer
        self.needed: tuple[object, ...] = (self.struct, device, kernel)
        self._guard = guard(self.struct, lib.context_drop, device, kernel)
        self.blocks: BlockIndex = BlockIndex()
        self.mapped: set[weakref.ref[Inherited]] = set()
        path = ffi.NULL if name is None else ffi.new("char[]", to_path(name))
        left_in_children(self)
        lib.context_open(self.struct, path, device, observer is not None)
        raise_interrupted()
        self.result: int = self.struct.result
        self.error: int = self.struct.error
        version = self.struct.version
        self.version: tuple[int, int, int] = (
            version.impl_id,
            version.impl_caps,
            version.gen_caps,
        )

    @property
    def registers_memory(self) -> bool:
        """True if the device can share the program's own memory."""
        return bool(self.version[2] & GenericCapabilities.REG_MEM)

    def set_max_calls(self, limit: int) -> None:
        """Set how many calls workers make at once; the others wait."""
        self.struct.queue.limit = min(limit, 0xFFFFFFFF)

    def trim(self) -> None:
        """Give the TEE back the memory that is kept for calls to come."""
        lib.context_trim(self.struct)
        raise_interrupted()

    def leave_in_child(self) -> None:
        """Give up what a child of a fork has of it, which the parent alone can use.

        Otherwise the child would keep from its end whatever the parent closes: memory that the
        TEE can reach, and the sessions of a parent that dies.
        """
        for reference in self.mapped.copy():
            block = reference()
            if block is not None:
                block.leave_in_child()
        lib.context_leave(self.struct)

    def finalize(self) -> None:
        """End the context; its device closes with the last call that uses it."""
        lib.context_close(self.struct)
        raise_interrupted()


def ask_version(path: str, kernel: Kernel | None) -> tuple[int, int, int] | None:
    """Return impl_id, impl_caps and gen_caps of a device, of any driver's.

    None if it can't be opened, or does not say; kernel is None for Linux.

    Raises:
        TeecError: that is not known, because there are no descriptors or no memory, or a signal
            interrupted the driver.
    """
    # A device that is no use to clients is refused, but not before it has said what it is.
    native = NativeContext(path, kernel)
    error = native.error
    if not native.result:
        native.finalize()
    elif error in _SAY_NOTHING_OF_DEVICES:
        doing = f"asking {path}"
        raise error_of(native.result, Origin.COMMS, error, doing, remedy=for_errno(error))
    return native.version if native.version[0] else None
