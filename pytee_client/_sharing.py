# SPDX-License-Identifier: BSD-2-Clause
"""What sharing memory takes, and what its errors say."""

from __future__ import annotations

from ._boundary import NativeContext, pin
from ._checks import refuse_other_enum, to_number
from ._stand_ins import Buffer
from .enums import MemoryFlags
from .errors import BadParametersError, ReadOnlyBufferError, TeecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class ExplainedErrors:
    """Turns errors caused by a concurrent close() into ClosedContextError.

    Gives other errors a remedy; the function takes their code, their errno, and whether the
    device has the capability REG_MEM.
    """

    def __init__(
        self,
        check_live: Callable[[], None],
        native: NativeContext,
        remedy: Callable[[int, int, bool], str | None] | None = None,
    ) -> None:
        self._check_live = check_live
        self._native = native
        self._remedy = remedy

    def __enter__(self) -> None:
        self._check_live()

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, BadParametersError):
            self._check_live()
        if self._remedy is not None and isinstance(error, TeecError) and error.remedy is None:
            registers = self._native.registers_memory
            error.remedy = self._remedy(error.code, error.errno or 0, registers)


def pinned_for_sharing(buffer: Buffer, flags: MemoryFlags) -> tuple[Any, bool]:
    """Return a buffer's memory, and whether the TEE may have it in place.

    All of it comes of one export: the next one of an object can be of other memory.
    """
    try:
        return pin(buffer, "the buffer", writable=True), True
    except ReadOnlyBufferError:
        if flags & MemoryFlags.OUTPUT:
            raise
        return pin(buffer, "the buffer", writable=False), False


def directions(flags: int) -> MemoryFlags:
    """Check in which directions memory is to be used."""
    refuse_other_enum(flags, MemoryFlags, "flags")
    remedy = ": use MemoryFlags, such as MemoryFlags.INPUT"
    return MemoryFlags(to_number(flags, "flags", 1, 3, "INPUT, OUTPUT or both", remedy))
