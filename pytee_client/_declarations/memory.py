# SPDX-License-Identifier: BSD-2-Clause
"""What memory references can hold."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from struct import Struct
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, get_args, get_origin, overload

from .._boundary.buffers import plain_data, view_of_bytes
from .._checks import said, to_count
from .._process import importing
from .._stand_ins import Buffer as AnyBuffer
from ..errors import ParameterRangeError, ParameterTypeError
from .fields import (
    Field,
    as_sequence,
    check_encoding,
    decoded,
    encoded,
    refuse_zero,
    up_to_zero,
)
from .kinds import ContentError, DeclarationError, Gives, Kind, MemoryKind, Takes
from .layout import Layout, Tail, layout_of
from .numbers import NumberKind
from .packed import field_of
from .uuids import Uuid

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray as Array

    _ScalarT = TypeVar("_ScalarT", bound=numpy.generic)
else:
    _ScalarT = TypeVar("_ScalarT")

__all__ = [
    "BUFFER",
    "Bytes",
    "List",
    "Memory",
    "NDArray",
    "Nullable",
    "PackedKind",
    "Text",
    "Variable",
    "memory_kind",
]

_T = TypeVar("_T")
_R = TypeVar("_R")
_U = TypeVar("_U")


class Bytes(MemoryKind["AnyBuffer", bytes]):
    """Bytes.

    Args:
        size: how many; by default any number.
    """

    def __init__(self, size: int | None = None) -> None:
        checked = None if size is None else to_count(size, "the size of Bytes")
        super().__init__("bytes" if size is None else f"Bytes({size})", bytes, checked)

    def write(self, given: Any, what: str) -> AnyBuffer:
        """Return what was given, as long as it is bytes-like."""
        content = given if type(given) is bytes else plain_data(given, what, writable=False)
        if self.size is not None and (size := memoryview(content).nbytes) != self.size:
            raise ParameterRangeError(f"{what} is {size} bytes, but must be {self.size}")
        return content

    def read(self, content: bytes | memoryview) -> bytes:
        """Return the bytes."""
        if self.size is not None and len(content) != self.size:
            raise ContentError(f"{len(content)} bytes, but there should be {self.size}")
        return bytes(content)


class _AnyBuffer(MemoryKind["AnyBuffer", memoryview]):
    def __init__(self) -> None:
        super().__init__("BUFFER", memoryview, in_place=True)

    def write(self, given: Any, what: str) -> AnyBuffer:
        return view_of_bytes(given, what)

    def read(self, content: bytes | memoryview) -> memoryview:
        return memoryview(content)

    def read_into(self, given: Any, content: bytes | memoryview) -> memoryview:
        return memoryview(content)


BUFFER: Final[Kind[AnyBuffer, memoryview]] = _AnyBuffer()
"""Memory of the caller's, such as a bytearray or part of a block. Python makes no copy of it.

An output in it is a memoryview of it, cut to the size that the Trusted Application set.
"""


class Text(MemoryKind[str, str]):
    """Text.

    Args:
        encoding: how it is in memory.
        nul: whether a zero ends it, as in C; what follows the first zero is not read.
    """

    def __init__(self, encoding: str = "utf-8", *, nul: bool = False) -> None:
        check_encoding(encoding)
        arguments = f"{encoding!r}{', nul=True' * nul}"
        is_usual = encoding == "utf-8" and not nul
        super().__init__("str" if is_usual else f"Text({arguments})", str)
        self.encoding: str = encoding
        self.nul: bool = nul

    def write(self, given: Any, what: str) -> bytes:
        """Return the encoded text."""
        if not self.nul:
            return encoded(given, self.encoding, what)
        encoded(given, self.encoding, what)
        refuse_zero(given, what)
        return encoded(given + "\0", self.encoding, what)

    def read(self, content: bytes | memoryview) -> str:
        """Return the text."""
        if self.nul:
            content = up_to_zero(bytes(content), self.encoding)
        return decoded(content, self.encoding)


class PackedKind(MemoryKind[Any, Any]):
    """A packed structure."""

    def __init__(self, layout: Layout) -> None:
        size = layout.size if layout.tail is None else None
        super().__init__(layout.name, layout.cls, size)
        self.layout = layout
        # Not by methods of this class, which would cost every call more.
        self.__dict__.update(write=layout.write, read=layout.read)


class _FieldKind(MemoryKind[Any, Any]):
    """One field of a packed structure, alone in memory."""

    def __init__(self, field: Field, name: str, order: str = "<") -> None:
        self._struct = Struct(order + field.code)
        super().__init__(name, object, self._struct.size)
        self.field = field

    def write(self, given: Any, what: str) -> bytes:
        return self._struct.pack(*self.field.flatten(given, what))

    def read(self, content: bytes | memoryview) -> Any:
        if len(content) != self.size:
            raise ContentError(f"{len(content)} bytes, but {self.name} has {self.size}")
        return self.field.build(iter(self._struct.unpack(content)))


class Memory(MemoryKind[_T, _T], Generic[_T]):
    """A number, a bool or an IntEnum in memory, little-endian, and not in a value.

    Args:
        kind: such as U32; an IntEnum has 32 bits.
    """

    def __init__(self, kind: type[_T] | Kind[_T, _T]) -> None:
        declared: Any = kind
        field = field_of(declared, "Memory()")
        if isinstance(field, Tail) or isinstance(declared, MemoryKind) or layout_of(declared):
            raise DeclarationError(f"Memory() takes a number or an IntEnum, not {declared}")
        name = f"Memory({getattr(declared, '__name__', declared)})"
        inner = _FieldKind(field, name)
        self.field: Field = field
        python = declared.python if isinstance(declared, NumberKind) else declared
        super().__init__(name, python, inner.size)
        self.__dict__.update(write=inner.write, read=inner.read)


class List(MemoryKind[Sequence[_T], list[_T]], Generic[_T]):
    """Items of one kind, one right after the other.

    Args:
        kind: a packed structure, a number such as U32, an IntEnum, or Uuid.
        count: how many; by default as many as there are.
    """

    def __init__(self, kind: type[_T] | Kind[Any, _T], count: int | None = None) -> None:
        declared: Any = kind
        field = field_of(declared, "List()")
        if isinstance(field, Tail):
            raise DeclarationError(
                f"the items of List() have a fixed size, but {declared} has none"
            )
        layout = layout_of(declared)
        checked = None if count is None else to_count(count, "the count of List()")
        super().__init__(
            f"List({getattr(declared, '__name__', declared)})",
            GenericAlias(list, (getattr(declared, "python", declared),)),
            None if checked is None else checked * field.size,
        )
        self.tail: Tail = Tail(field, order=layout.order if layout else "<")
        self._count = checked

    def write(self, given: Any, what: str) -> bytes:
        """Return the bytes of all."""
        if self._count not in (None, len(as_sequence(given, what))):
            raise ParameterRangeError(f"{what} has {len(given)} items, but must have {self._count}")
        return self.tail.write(given, what)

    def read(self, content: bytes | memoryview) -> list[_T]:
        """Return a list."""
        if self.size not in (None, len(content)):
            raise ContentError(f"{len(content)} bytes, but {self._count} items have {self.size}")
        items: list[_T] = self.tail.read(memoryview(content))
        return items


class NDArray(MemoryKind["Array[_ScalarT]", "Array[_ScalarT]"], Generic[_ScalarT]):
    """An array of NumPy, which is not copied in Python. An output has one dimension.

    Args:
        dtype: the type of its numbers, such as numpy.float32.
    """

    def __init__(self, dtype: type[_ScalarT] | numpy.dtype[_ScalarT]) -> None:
        # Few programs have it.
        with importing:
            import numpy as np

        self._numpy = np
        self.dtype: numpy.dtype[_ScalarT] = np.dtype(dtype)
        if self.dtype.hasobject or not self.dtype.itemsize:
            raise DeclarationError(f"an array of {self.dtype} is no plain memory")
        array = GenericAlias(np.ndarray, (Any, GenericAlias(np.dtype, (self.dtype.type,))))
        super().__init__(f"NDArray({self.dtype})", array, in_place=True)

    def write(self, given: Any, what: str) -> AnyBuffer:
        """Return the array."""
        if not isinstance(given, self._numpy.ndarray) or given.dtype != self.dtype:
            shown = getattr(given, "dtype", said(given))
            raise ParameterTypeError(f"{what} must be an array of {self.dtype}, not {shown}")
        if not given.flags.c_contiguous:
            raise ParameterTypeError(
                f"{what} is not contiguous: give numpy.ascontiguousarray() of it"
            )
        # A type may still hold references.
        array: Any = given
        return plain_data(array, what, writable=False)

    def read(self, content: bytes | memoryview) -> Array[_ScalarT]:
        """Return an array of the memory."""
        if len(content) % self.dtype.itemsize:
            raise ContentError(f"{len(content)} bytes are no whole number of {self.dtype}")
        array: Array[_ScalarT] = self._numpy.frombuffer(content, self.dtype)
        return array

    def read_into(self, given: Any, content: bytes | memoryview) -> Array[_ScalarT]:
        """Return the array, or as much of it as is left."""
        left = content.nbytes if isinstance(content, memoryview) else len(content)
        if left == given.nbytes:
            whole: Array[_ScalarT] = given
            return whole
        return self.read(memoryview(content).cast("B"))


class Nullable(MemoryKind["_T | None", "_R | None"], Generic[_T, _R]):
    """Memory that may be none: None is a null memory reference.

    Args:
        kind: what it is otherwise.
    """

    if TYPE_CHECKING:

        @overload
        def __init__(self: Nullable[_U, _U], kind: type[_U]) -> None: ...
        @overload
        def __init__(self, kind: Kind[_T, _R]) -> None: ...

    def __init__(self, kind: Any) -> None:
        inner = memory_kind(kind)
        if inner is None:
            raise DeclarationError(
                f"Nullable() takes what lies in memory, such as bytes, not {kind}"
            )
        super().__init__(
            f"Nullable({inner})",
            inner.python | None,
            inner.size,
            in_place=inner.in_place,
            is_nullable=True,
        )
        self.inner: MemoryKind[Any, Any] = inner

    def write(self, given: Any, what: str) -> AnyBuffer | None:
        """Return the bytes; None for None."""
        return None if given is None else self.inner.write(given, what)

    def read(self, content: bytes | memoryview) -> _R | None:
        """Return what the bytes are."""
        made: _R | None = self.inner.read(content)
        return made

    def read_into(self, given: Any, content: bytes | memoryview) -> Any:
        """Return what is left of an object of the caller's."""
        return None if given is None else self.inner.read_into(given, content)

    def read_null(self) -> None:
        """Return None."""
        return


class Variable(Takes[_T], Gives[_R], Generic[_T, _R]):
    """An output, or memory that goes both ways, whose size varies.

    An output that does not fit is asked for once more with the size that the Trusted Application
    asked for, so THE COMMAND RUNS AGAIN, unless it was declared with retry=False.

    Args:
        kind: what it holds: bytes, str, a packed structure that ends with bytes, a List.
        size: for how many bytes there is room at first. 0 asks for the size first.
        max_size: how many bytes it may grow to; 16 MiB by default.

    Threads: any number may use one at once: it never changes.
    """

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: Variable[_U, _U], kind: type[_U], size: int = 4096, *, max_size: int | None = None
        ) -> None: ...
        @overload
        def __init__(
            self, kind: Kind[_T, _R], size: int = 4096, *, max_size: int | None = None
        ) -> None: ...

    def __init__(self, kind: Any, size: int = 4096, *, max_size: int | None = None) -> None:
        inner = memory_kind(kind)
        if inner is None:
            raise DeclarationError(
                f"Variable() takes what lies in memory, such as bytes, not {kind}"
            )
        if inner.size is not None:
            raise DeclarationError(
                f"{inner} has always {inner.size} bytes: write it without Variable()"
            )
        self.kind: MemoryKind[Any, Any] = inner
        self.size: int = to_count(size, "the size of Variable()")
        self.max_size: int | None = max_size
        if max_size is not None and self.size > to_count(max_size, "max_size of Variable()", 1):
            raise DeclarationError(f"{self} begins with more bytes than max_size={max_size}")

    def __repr__(self) -> str:
        return f"Variable({self.kind}, {self.size})"


def memory_kind(declared: Any) -> MemoryKind[Any, Any] | None:
    """Return the kind that a program's name of it stands for; None if it lies in no memory."""
    if isinstance(declared, MemoryKind):
        return declared
    if declared is bytes:
        return Bytes()
    if declared is str:
        return Text()
    if declared is uuid.UUID:
        found: Any = Uuid
        return found if isinstance(found, MemoryKind) else None
    layout = layout_of(declared)
    if layout is not None:
        return PackedKind(layout)
    if get_origin(declared) is list and len(get_args(declared)) == 1:
        return List(get_args(declared)[0])
    return None
