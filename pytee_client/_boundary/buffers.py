# SPDX-License-Identifier: BSD-2-Clause
"""Buffers that callers give: checks that they are plain data, and where they lie."""

from __future__ import annotations

from .._buffer_formats import Content, content_of
from .._checks import said
from .._native import ffi
from ..errors import BadParametersError, ParameterTypeError, ReadOnlyBufferError, TeecError
from .references import OF_BYTES, holds_references

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from typing_extensions import TypeIs

    from .._stand_ins import Buffer


ENCODE: Final = "encode it, for example with .encode()"

# The address of an empty buffer, which may have none of its own: without one it
# would be a null memory reference.
EMPTY: Final = ffi.new("char[1]")

_BYTES: Final = ffi.typeof("char[]")
_ADDRESS: Final = ffi.typeof("uintptr_t")
_from_buffer: Final = ffi.from_buffer


def plain_data(buffer: Buffer, what: str | int, writable: bool) -> Buffer:
    """Return contiguous plain data: the buffer itself if that is plain to see, or a memoryview.

    what says whose it is, or which parameter's. Keeping the memoryview keeps the memory that was
    checked, even if the object would export another the next time.

    Raises:
        ParameterTypeError: not bytes-like, or it holds references.
        ReadOnlyBufferError: it can't be written, but has to be.
        BadParametersError: it is not contiguous, or is closed.
    """
    kind = type(buffer)
    if kind is bytearray or (kind is bytes and not writable):
        return buffer
    if type(buffer) is memoryview and _is_view_of_bytes(buffer, writable):
        return buffer
    what = f"parameter {what}" if isinstance(what, int) else what
    _refuse_scalar(buffer, what)
    view = _view_of(buffer, what)
    try:
        _check(view, what, kind.__name__, writable)
    except BaseException:
        # The frames of the error would keep it.
        view.release()
        raise
    return view


def pin(buffer: Buffer, what: str | int, writable: bool) -> Any:
    """Return the memory of a buffer as a cdata that keeps it where it is; see plain_data()."""
    return _from_buffer(_BYTES, plain_data(buffer, what, writable), writable)


def bytes_of(buffer: Buffer, what: str) -> bytes:
    """Copy plain data; see plain_data()."""
    return buffer if type(buffer) is bytes else bytes(plain_data(buffer, what, False))


def view_of_bytes(buffer: Buffer, what: str) -> memoryview:
    """Return a memoryview of plain data as bytes; see plain_data()."""
    view = memoryview(plain_data(buffer, what, False))
    if view.nbytes:
        return view.cast("B")
    # An empty array of several dimensions can't be cast.
    return memoryview(b"" if view.readonly else bytearray())


def is_size(buffer: object) -> TypeIs[int]:
    """Return whether what an output is given by is a number: not a buffer, nor anything else."""
    if isinstance(buffer, int):
        return True
    if not hasattr(type(buffer), "__index__"):
        return False
    if _is_number(buffer):
        return True
    try:
        # An array has __index__() too.
        memoryview(buffer).release()  # type: ignore[arg-type]
    except (TypeError, ValueError, BufferError) as error:
        return isinstance(error, TypeError)
    return False


def address_of_memory(memory: Any) -> int:
    """Return where pinned memory lies."""
    return int(ffi.cast(_ADDRESS, memory))


def _is_number(value: object) -> bool:
    """Return whether a value is a number; those of numpy have a buffer, too."""
    kind = type(value)
    return hasattr(kind, "__float__") and not hasattr(kind, "__len__")


def _refuse_scalar(value: object, what: str) -> None:
    """Refuse numbers and text that have a buffer, as numpy's do: they are no memory to share."""
    is_number = _is_number(value)
    if is_number or isinstance(value, str):
        hint = "use a pair of ints or a ValueInput" if is_number else ENCODE
        raise ParameterTypeError(f"{what} must be bytes-like, not {said(value)}: {hint}")


def _is_view_of_bytes(view: memoryview, writable: bool) -> bool:
    """Return whether a memoryview needs no closer look."""
    try:
        return (
            view.format == "B"
            and isinstance(view.obj, OF_BYTES)
            and view.c_contiguous
            and not (writable and view.readonly)
        )
    except ValueError:
        # It is released.
        return False


def _view_of(buffer: Buffer, what: str) -> memoryview:
    try:
        return memoryview(buffer)
    except TeecError:
        # A block is closed.
        raise
    except (TypeError, BufferError, ValueError) as error:
        name = type(buffer).__name__
        if isinstance(error, TypeError):
            hint = ": use ffi.buffer() of it" if isinstance(buffer, ffi.CData) else ""
            raise ParameterTypeError(
                f"{what} must be bytes-like, not {said(buffer)}{hint}"
            ) from None
        dtype = getattr(buffer, "dtype", None)
        if dtype is None:
            raise BadParametersError(f"{what} can't be used: {error}") from error
        if getattr(dtype, "hasobject", False):
            raise _refused_references(what, name) from None
        # NumPy has data that it does not describe to others: times, and fields that overlap.
        remedy = '"i8"' if getattr(dtype, "kind", "") in ("M", "m") else "numpy.uint8"
        raise ParameterTypeError(
            f"{what} is of the type {dtype}, which no buffer can describe: use array.view({remedy})"
        ) from error


def _check(view: memoryview, what: str, name: str, writable: bool) -> None:
    content = content_of(view.format)
    if content is Content.REFERENCES or holds_references(view.obj):
        raise _refused_references(what, name)
    if content is Content.UNKNOWN:
        raise ParameterTypeError(
            f"{what} has the unknown format {view.format!r}: use a view of it as bytes, for"
            ' example with memoryview.cast("B")'
        )
    if writable and view.readonly:
        raise ReadOnlyBufferError(
            f"{what} is an output and needs a writable buffer such as a bytearray, not {name}"
        )
    if not view.c_contiguous:
        raise BadParametersError(
            f"{what} must be contiguous memory: copy it first, for example with bytes() or"
            " numpy.ascontiguousarray()"
        )


def _refused_references(what: str, name: str) -> ParameterTypeError:
    return ParameterTypeError(
        f"{what} holds references, not data: copy what this {name} refers to into bytes or an"
        " array of numbers"
    )
