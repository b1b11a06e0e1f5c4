# SPDX-License-Identifier: BSD-2-Clause
"""The parameters of an operation, and the outputs that come back for them.

One class for each parameter type of the specification (GPD_SPE_007 4.4.6): the
constant TEEC_MEMREF_TEMP_INPUT is the class MemrefTempInput. Plain values stand
for the common ones: a bytes-like object for MemrefTempInput, a pair of ints for
ValueInput, shared memory for MemrefWhole, None for an unused slot.

All are immutable, and threads may share them. Do not change their buffers while a call
uses them.
"""

from __future__ import annotations

from . import _hints as t
from ._growing import Growing
from ._outputs import Output, RequiredSize, Value
from ._parameter import BaseParameter, OutputParameter
from ._stand_ins import Buffer, Generic
from ._value_parameters import ValueInOut, ValueInput, ValueOutput
from .memory import SharedMemory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias, overload

    from typing_extensions import TypeVar

    _TempT_co = TypeVar(
        "_TempT_co", bound=bytes | memoryview, covariant=True, default=bytes | memoryview
    )
    # With RequiredSize, unless the output grows.
    _RoomT_co = TypeVar(
        "_RoomT_co",
        bound=bytes | memoryview | RequiredSize,
        covariant=True,
        default=bytes | memoryview | RequiredSize,
    )
    _BlockT_co = TypeVar(
        "_BlockT_co", bound=memoryview | int, covariant=True, default=memoryview | int
    )
else:
    # Bases of classes are evaluated at run time.
    _BlockT_co = _RoomT_co = _TempT_co = None

__all__ = [
    "MemrefPartialInOut",
    "MemrefPartialInput",
    "MemrefPartialOutput",
    "MemrefTempInOut",
    "MemrefTempInput",
    "MemrefTempOutput",
    "MemrefWhole",
    "RequiredSize",
    "Value",
    "ValueInOut",
    "ValueInput",
    "ValueOutput",
]


class _MemrefTemp(BaseParameter):
    __match_args__ = ("buffer",)


class MemrefTempInput(_MemrefTemp):
    """Bytes for the Trusted Application (TEEC_MEMREF_TEMP_INPUT).

    Args:
        buffer: contiguous plain data, such as bytes or an array of numbers. It is copied for the
            TEE, unless it lies in a block of the context: then it is sent as that part of the
            block. None for a null memory reference, for which the device needs the capability
            MEMREF_NULL.
    """

    def __init__(self, buffer: Buffer | None) -> None:
        self._buffer = buffer

    @property
    def buffer(self) -> Buffer | None:
        """The bytes."""
        return self._buffer


class MemrefTempOutput(_MemrefTemp, OutputParameter[_RoomT_co], Generic[_RoomT_co]):
    """Room for bytes from the Trusted Application (TEEC_MEMREF_TEMP_OUTPUT).

    Args:
        buffer: a number of bytes, for an output of bytes; a writable contiguous buffer,
            for an output that is a memoryview of it; or None for a null memory reference,
            by which some applications return the size they need. The output is cut to the
            size that the Trusted Application set; if it did not fit, it is a RequiredSize.
            The memoryview of an array that is full has the format and shape of the array;
            one that was cut is of bytes. A buffer that lies in a block of the context is used
            without a copy.
        grow: whether the command RUNS AGAIN with as much room as the Trusted Application
            asked for, until the output fits; so only for commands that can run more than
            once. buffer is then the number of bytes to begin with: a good guess, or 0 or
            None to ask for the size first. Each run sends the inputs as they were given,
            also those in buffers and blocks that a run may have changed.
        max_size: how many bytes an output may grow to, 16 MiB by default.

    Raises:
        ParameterTypeError, ParameterRangeError: grow or max_size is wrong, or does not go with
            the buffer.
    """

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: MemrefTempOutput[bytes],
            buffer: int | None,
            *,
            grow: Literal[True],
            max_size: int | None = None,
        ) -> None: ...
        @overload
        def __init__(self: MemrefTempOutput[bytes | RequiredSize], buffer: int | None) -> None: ...
        @overload
        def __init__(self: MemrefTempOutput[memoryview | RequiredSize], buffer: Buffer) -> None: ...
        @overload
        def __init__(
            self,
            buffer: Buffer | int | None,
            *,
            grow: bool = False,
            max_size: int | None = None,
        ) -> None: ...

    def __init__(
        self, buffer: Buffer | int | None, *, grow: bool = False, max_size: int | None = None
    ) -> None:
        self._buffer: Buffer | int | Growing | None = buffer
        if grow is not False or max_size is not None:
            self._buffer = Growing(buffer, grow, max_size)

    @property
    def buffer(self) -> Buffer | int | None:
        """The buffer, or the number of bytes."""
        return self._buffer.size if isinstance(self._buffer, Growing) else self._buffer

    @property
    def grow(self) -> bool:
        """Whether the command runs again if the output does not fit."""
        return isinstance(self._buffer, Growing)

    @property
    def max_size(self) -> int | None:
        """How many bytes it may grow to; None if it does not grow."""
        return self._buffer.max_size if isinstance(self._buffer, Growing) else None

    def _with_room(self, size: int | None) -> MemrefTempOutput[bytes | RequiredSize]:
        return MemrefTempOutput(size)

    def _names(self) -> tuple[str, ...]:
        return ("buffer", "grow", "max_size") if self.grow else self.__match_args__


class MemrefTempInOut(_MemrefTemp, OutputParameter["_TempT_co | RequiredSize"], Generic[_TempT_co]):
    """Bytes that the Trusted Application may change (TEEC_MEMREF_TEMP_INOUT).

    Args:
        buffer: a writable contiguous buffer; the output is a memoryview of it, as of
            MemrefTempOutput. None for a null memory reference.
    """

    if TYPE_CHECKING:

        @overload
        def __init__(self: MemrefTempInOut[bytes], buffer: None) -> None: ...
        @overload
        def __init__(self: MemrefTempInOut[memoryview], buffer: Buffer) -> None: ...
        @overload
        def __init__(self, buffer: Buffer | None) -> None: ...

    def __init__(self, buffer: Buffer | None) -> None:
        self._buffer = buffer

    @property
    def buffer(self) -> Buffer | None:
        """The bytes."""
        return self._buffer


class MemrefWhole(BaseParameter, Generic[_BlockT_co]):
    """All of a block of shared memory, in its own directions (TEEC_MEMREF_WHOLE).

    If the block has the direction OUTPUT, the output is a memoryview of it, cut to the size
    that the Trusted Application set. For a DescriptorSharedMemory it is that size, an int.
    """

    __match_args__ = ("block",)

    def __init__(self, block: SharedMemory[_BlockT_co]) -> None:
        self._block = block

    @property
    def block(self) -> SharedMemory[_BlockT_co]:
        """The block."""
        return self._block

    if TYPE_CHECKING:

        def _comes_back(self) -> tuple[t.Self, _BlockT_co | RequiredSize | None]: ...


class MemrefPartial(BaseParameter, Generic[_BlockT_co]):
    """The base of the three kinds of parts of a block."""

    __match_args__ = ("block", "offset", "size")

    def __init__(
        self, block: SharedMemory[_BlockT_co], offset: int = 0, size: int | None = None
    ) -> None:
        self._block = block
        self._offset = offset
        self._size = size

    @property
    def block(self) -> SharedMemory[_BlockT_co]:
        """The block that it is part of."""
        return self._block

    @property
    def offset(self) -> int:
        """Where the part begins, in bytes."""
        return self._offset

    @property
    def size(self) -> int | None:
        """Its length in bytes; None for all that follows offset."""
        return self._size


class MemrefPartialInput(MemrefPartial["memoryview | int"]):
    """Part of a block, for the Trusted Application to read (TEEC_MEMREF_PARTIAL_INPUT).

    Args:
        block: shared memory with the direction INPUT.
        offset: where the part begins, in bytes.
        size: its length in bytes; all that follows offset by default.
    """


class MemrefPartialOutput(
    MemrefPartial[_BlockT_co], OutputParameter["_BlockT_co | RequiredSize"], Generic[_BlockT_co]
):
    """Part of a block, for the Trusted Application to write (TEEC_MEMREF_PARTIAL_OUTPUT).

    The output is a memoryview of the part, cut to the size that the Trusted Application set.
    For a DescriptorSharedMemory it is that size, an int.

    Args:
        block: shared memory with the direction OUTPUT.
        offset: where the part begins, in bytes.
        size: its length in bytes; all that follows offset by default.
    """


class MemrefPartialInOut(
    MemrefPartial[_BlockT_co], OutputParameter["_BlockT_co | RequiredSize"], Generic[_BlockT_co]
):
    """Part of a block, to be read and written (TEEC_MEMREF_PARTIAL_INOUT).

    The output is a memoryview of the part, cut to the size that the Trusted Application set.
    For a DescriptorSharedMemory it is that size, an int.

    Args:
        block: shared memory with both directions.
        offset: where the part begins, in bytes.
        size: its length in bytes; all that follows offset by default.
    """


# No output comes back for these.
InputParameter: TypeAlias = (
    ValueInput | MemrefTempInput | MemrefPartialInput | Buffer | tuple[int, int] | list[int] | None
)
# Whether an output comes back for a block depends on its directions.
Parameter: TypeAlias = InputParameter | OutputParameter[Output] | MemrefWhole | SharedMemory
