# SPDX-License-Identifier: BSD-2-Clause
"""The parameters of an operation, as a Trusted Application sees them."""

from __future__ import annotations

from operator import index
from typing import Any, ClassVar, Final, NoReturn, TypeAlias

from ..._boundary import view_of_bytes
from ..._checks import is_bool
from ...enums import Result
from ...kernels.uapi import ParamType
from .results import PanicError, ResultError

__all__ = ["MemrefParameter", "Parameter", "Parameters", "ValueParameter"]

_SLOTS: Final = 4
_UINT32: Final = 0xFFFFFFFF
_SIZE_MAX: Final = 2**64 - 1


class ValueParameter:
    """A value: two unsigned 32-bit numbers. The client gets the numbers of an output.

    Setting a number raises TypeError or ValueError if it is no int from 0 to 0xFFFFFFFF. For
    arithmetic as in C write `value.a = (value.a - 1) & 0xFFFFFFFF`.

    Threads: entry points of an instance run one at a time, each in the thread of its client;
    use it there.
    """

    __slots__ = ("_a", "_b", "_type")

    def __init__(self, type: ParamType, a: int = 0, b: int = 0) -> None:
        self._type = type
        self._a = _uint32("a", a)
        self._b = _uint32("b", b)

    @property
    def type(self) -> ParamType:
        """Its direction."""
        return self._type

    @property
    def a(self) -> int:
        """The first number."""
        return self._a

    @a.setter
    def a(self, number: int) -> None:
        self._a = _uint32("a", number)

    @property
    def b(self) -> int:
        """The second number."""
        return self._b

    @b.setter
    def b(self, number: int) -> None:
        self._b = _uint32("b", number)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ValueParameter):
            return NotImplemented
        return (self._type, self._a, self._b) == (other._type, other._a, other._b)

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ValueParameter({self._type.name}, {self._a}, {self._b})"


class MemrefParameter:
    """A memory reference.

    The buffer can be shorter than the size from the start, if memrefs of an operation overlap
    in a block of memory. OP-TEE maps a memref that contains another one, which starts in a
    later page, only up to the last page of the other one (seen in 4.5). Pseudo applications get
    all of it. A real Trusted Application panics if it accesses the rest. So do content() and
    put(), and an index by its IndexError; who uses slices must check len(buffer) first.

    Args:
        type: its direction.
        buffer: the bytes, writable for an output; None for a null reference.
        size: its size in bytes, by default that of the buffer.

    Threads: entry points of an instance run one at a time, each in the thread of its client;
    use it there. Its buffer is the memory of the client, whose threads may write there
    meanwhile.
    """

    __slots__ = ("_buffer", "_size", "_type")

    def __init__(
        self,
        type: ParamType,
        buffer: bytes | bytearray | memoryview | None,
        size: int | None = None,
    ) -> None:
        self._type = type
        self._buffer = None if buffer is None else view_of_bytes(buffer, "the buffer")
        if size is None:
            size = 0 if self._buffer is None else len(self._buffer)
        self._size = _size(size)

    @property
    def type(self) -> ParamType:
        """Its direction."""
        return self._type

    @property
    def buffer(self) -> memoryview | None:
        """The bytes, read-only for an input; None for a null reference.

        Write into it: `memref.put(data)`, or `memref.buffer[:4] = data`.
        """
        return self._buffer

    @buffer.setter
    def buffer(self, given: Any) -> NoReturn:
        raise AttributeError(
            "a memory reference keeps its buffer: write into it, by put(data) or"
            f" buffer[:{_length_of(given)}] = data"
        )

    @property
    def size(self) -> int:
        """Its size in bytes.

        The client gets the size of an output; one that is larger than the buffer says how much
        is needed. Setting it raises TypeError or ValueError if it is no int from 0 to 2**64-1.
        """
        return self._size

    @size.setter
    def size(self, size: int) -> None:
        self._size = _size(size)

    @property
    def is_null(self) -> bool:
        """Whether it is a null reference, or shown as one; see TrustedApplication.pseudo."""
        return self._buffer is None

    def content(self) -> bytes:
        """Return a copy of the bytes; empty for a null reference.

        Raises:
            PanicError: not all bytes are mapped; see the class.
        """
        if self._buffer is None:
            return b""
        self._check_mapped(self._size)
        return self._buffer.tobytes()

    def put(self, data: bytes | bytearray | memoryview) -> None:
        """Write data to an output, and set its size to that of the data.

        Raises:
            ResultError: SHORT_BUFFER; the output is smaller than the data, or a null reference.
                The client gets the needed size. Nothing is written.
            PanicError: not all the bytes are mapped; see the class.
            TypeError: the data is not bytes-like, or this is an input.
        """
        if not self._type.is_output:
            raise TypeError(f"a {self._type.name} is an input: nothing can be put there")
        if isinstance(data, str):
            raise TypeError(f"an output is bytes, not text: encode {data[:20]!r} first")
        given = view_of_bytes(data, "the data")
        room = 0 if self._buffer is None else self._size
        self._size = len(given)
        if room < len(given):
            raise ResultError(Result.SHORT_BUFFER)
        if self._buffer is not None:
            self._check_mapped(len(given))
            self._buffer[: len(given)] = given

    def _check_mapped(self, size: int) -> None:
        if self._buffer is not None and len(self._buffer) < size:
            raise PanicError(Result.ACCESS_DENIED)

    def _map(self, buffer: memoryview | None, size: int | None = None) -> None:
        """Set the buffer, and the size if it changes, before the application sees it."""
        self._buffer = buffer
        if size is not None:
            self._size = size

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MemrefParameter):
            return NotImplemented
        mine, its = (self._type, self._size), (other._type, other._size)
        return mine == its and self._buffer == other._buffer

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"MemrefParameter({self._type.name}, {'null, ' * self.is_null}size={self._size})"


Parameter: TypeAlias = ValueParameter | MemrefParameter | None
"""A parameter of an operation; None for an unused one."""


class Parameters(tuple[Parameter, ...]):
    """The four parameters of an operation; None for an unused one.

    parameters.expect(fake.ParamType.MEMREF_INPUT, fake.ParamType.MEMREF_OUTPUT)
    parameters.memref(1).put(digest(parameters.memref(0).content()))
    """

    __slots__ = ()

    @property
    def types(self) -> tuple[ParamType, ...]:
        """The types of the four parameters; NONE for an unused one."""
        return tuple(ParamType.NONE if each is None else each.type for each in self)

    def expect(self, *types: ParamType | None) -> None:
        """Check that the parameters have these types, in order, and that no others are used.

        Args:
            types: up to four. NONE, or None, stands for an unused one.

        Raises:
            ResultError: BAD_PARAMETERS; they are others.
            ValueError: there are more than four types.
        """
        if len(types) > _SLOTS:
            raise ValueError(f"an operation has at most {_SLOTS} parameters, not {len(types)}")
        wanted = [ParamType.NONE if kind is None else kind for kind in types]
        wanted += [ParamType.NONE] * (_SLOTS - len(types))
        if self.types != tuple(wanted):
            raise ResultError(Result.BAD_PARAMETERS)

    def value(self, slot: int) -> ValueParameter:
        """Return the value in a slot.

        Raises:
            ResultError: BAD_PARAMETERS; it is unused, or a memory reference.
        """
        parameter = self[slot]
        if not isinstance(parameter, ValueParameter):
            raise ResultError(Result.BAD_PARAMETERS)
        return parameter

    def memref(self, slot: int) -> MemrefParameter:
        """Return the memory reference in a slot.

        Raises:
            ResultError: BAD_PARAMETERS; it is unused, or a value.
        """
        parameter = self[slot]
        if not isinstance(parameter, MemrefParameter):
            raise ResultError(Result.BAD_PARAMETERS)
        return parameter

    def __setitem__(self, slot: Any, given: Any) -> NoReturn:
        raise TypeError(
            "a parameter can't be replaced: set the numbers of a value, as in"
            " parameters.value(0).a = 1, or write into memory, as in parameters.memref(0).put(data)"
        )


def _uint32(name: str, given: Any) -> int:
    if type(given) is int and 0 <= given <= _UINT32:
        return given
    try:
        number = int(index(given))
    except TypeError:
        raise TypeError(f"the number {name} of a value is an int, not {given!r}") from None
    if not 0 <= number <= _UINT32:
        raise ValueError(
            f"the number {name} of a value is from 0 to 0xFFFFFFFF, not {number}:"
            " & 0xFFFFFFFF lets it wrap as in C"
        )
    return number


def _size(given: Any) -> int:
    try:
        size = int(index(given))
    except TypeError:
        raise TypeError(f"a size is an int, not {given!r}") from None
    if is_bool(given):
        raise TypeError(f"a size is a number of bytes, not {given!r}")
    if not 0 <= size <= _SIZE_MAX:
        raise ValueError(f"a size is from 0 to 2**64-1, not {size}")
    return size


def _length_of(given: Any) -> str:
    return str(len(given)) if isinstance(given, bytes | bytearray | memoryview) else ""
