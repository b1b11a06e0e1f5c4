# SPDX-License-Identifier: BSD-2-Clause
"""What can stand in the four slots of an operation, and what comes back.

One class for each parameter type of the specification (GPD_SPE_007 4.4.6): the
constant TEEC_MEMREF_TEMP_INPUT is the class MemrefTempInput. Plain values stand
for the common ones: a bytes-like object for MemrefTempInput, a pair of ints for
ValueInput, shared memory for MemrefWhole, None for an unused slot.

All are immutable values and may be shared between threads; the buffers they
name must not be changed while a call uses them.
"""

from __future__ import annotations

from ._buffer import Buffer
from ._generic import Generic
from ._outputs import Output, RequiredSize, Value
from .memory import SharedMemory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias, overload

    from typing_extensions import TypeVar

    _OutputT_co = TypeVar("_OutputT_co", bound=Output, covariant=True, default=Output)
    _TempT_co = TypeVar(
        "_TempT_co", bound=bytes | memoryview, covariant=True, default=bytes | memoryview
    )
    _BlockT_co = TypeVar(
        "_BlockT_co", bound=memoryview | int, covariant=True, default=memoryview | int
    )
else:
    # For the bases of classes, which are evaluated.
    _BlockT_co = _OutputT_co = _TempT_co = None

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


class _Parameter:
    """An immutable value, made in a third of the time that a frozen dataclass takes.

    Without slots: Python is faster at making objects with a dictionary that nobody asks for.
    """

    def _names(self) -> tuple[str, ...]:
        return getattr(type(self), "__match_args__", ())

    def _fields(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self._names())

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash((type(self), self._fields()))

    def __repr__(self) -> str:
        named = zip(self._names(), self._fields(), strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in named)})"


class OutputParameter(_Parameter, Generic[_OutputT_co]):
    """A parameter that comes back; for type checkers, with the type of what comes back."""


class _Value(_Parameter):
    __match_args__ = ("a", "b")

    def __init__(self, a: int, b: int = 0) -> None:
        # As they are sent, and in one step.
        self._pair = (a, b)

    @property
    def a(self) -> int:
        """The first number."""
        return self._pair[0]

    @property
    def b(self) -> int:
        """The second number."""
        return self._pair[1]


class ValueInput(_Value):
    """Two unsigned 32-bit numbers for the Trusted Application (TEEC_VALUE_INPUT)."""


class ValueOutput(OutputParameter[Value]):
    """Two numbers from the Trusted Application (TEEC_VALUE_OUTPUT); comes back as a Value."""


class ValueInOut(_Value, OutputParameter[Value]):
    """Two numbers that the Trusted Application may change (TEEC_VALUE_INOUT)."""


class _MemrefTemp(_Parameter):
    __match_args__ = ("buffer",)


class MemrefTempInput(_MemrefTemp):
    """Bytes for the Trusted Application (TEEC_MEMREF_TEMP_INPUT).

    Args:
        buffer: a contiguous bytes-like object, of which the TEE sees a copy; None for
            a null memory reference, which needs the device's MEMREF_NULL capability.
    """

    def __init__(self, buffer: Buffer | None) -> None:
        self._buffer = buffer

    @property
    def buffer(self) -> Buffer | None:
        """The bytes."""
        return self._buffer


class MemrefTempOutput(
    _MemrefTemp, OutputParameter["_TempT_co | RequiredSize"], Generic[_TempT_co]
):
    """Room for bytes from the Trusted Application (TEEC_MEMREF_TEMP_OUTPUT).

    Args:
        buffer: a number of bytes, and they come back as bytes; or a writable
            contiguous buffer, and a memoryview of it comes back; or None for a null
            memory reference, with which some applications tell the size they need.
            What comes back is cut to the size that the Trusted Application set; a
            larger size comes back as RequiredSize.
    """

    if TYPE_CHECKING:

        @overload
        def __init__(self: MemrefTempOutput[bytes], buffer: int | None) -> None: ...
        @overload
        def __init__(self: MemrefTempOutput[memoryview], buffer: Buffer) -> None: ...
        @overload
        def __init__(self, buffer: Buffer | int | None) -> None: ...

    def __init__(self, buffer: Buffer | int | None) -> None:
        self._buffer = buffer

    @property
    def buffer(self) -> Buffer | int | None:
        """The room, or how much is wanted."""
        return self._buffer


class MemrefTempInOut(_MemrefTemp, OutputParameter["_TempT_co | RequiredSize"], Generic[_TempT_co]):
    """Bytes that the Trusted Application may change (TEEC_MEMREF_TEMP_INOUT).

    Args:
        buffer: a writable contiguous buffer, of which a memoryview comes back as from
            MemrefTempOutput; None for a null memory reference.
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


class MemrefWhole(_Parameter, Generic[_BlockT_co]):
    """All of a block of shared memory, in its own directions (TEEC_MEMREF_WHOLE).

    If the block has the direction OUTPUT, a memoryview of it comes back, cut to the size
    that the Trusted Application set; of a DescriptorSharedMemory that size alone, an int.
    """

    __match_args__ = ("block",)

    def __init__(self, block: SharedMemory[_BlockT_co]) -> None:
        self._block = block

    @property
    def block(self) -> SharedMemory[_BlockT_co]:
        """The block."""
        return self._block


class MemrefPartial(_Parameter, Generic[_BlockT_co]):
    """What the three kinds of parts of a block have in common."""

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

    A memoryview of the part comes back, cut to the size that the Trusted Application set;
    of a DescriptorSharedMemory that size alone, an int.

    Args:
        block: shared memory with the direction OUTPUT.
        offset: where the part begins, in bytes.
        size: its length in bytes; all that follows offset by default.
    """


class MemrefPartialInOut(
    MemrefPartial[_BlockT_co], OutputParameter["_BlockT_co | RequiredSize"], Generic[_BlockT_co]
):
    """Part of a block, to be read and written (TEEC_MEMREF_PARTIAL_INOUT).

    A memoryview of the part comes back, cut to the size that the Trusted Application set;
    of a DescriptorSharedMemory that size alone, an int.

    Args:
        block: shared memory with both directions.
        offset: where the part begins, in bytes.
        size: its length in bytes; all that follows offset by default.
    """


# What nothing comes back for.
InputParameter: TypeAlias = (
    ValueInput | MemrefTempInput | MemrefPartialInput | Buffer | tuple[int, int] | list[int] | None
)
# What comes back for a block depends on its directions.
Parameter: TypeAlias = InputParameter | OutputParameter[Output] | MemrefWhole | SharedMemory
