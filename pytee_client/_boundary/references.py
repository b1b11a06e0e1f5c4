# SPDX-License-Identifier: BSD-2-Clause
"""Whether memory holds references: what its owner knows, and its format does not say."""

from __future__ import annotations

import gc
import mmap
import sys

from .._buffer_formats import Content, content_of
from .._native import ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

# Their memory is bytes.
OF_BYTES: Final = (bytes, bytearray, mmap.mmap)

# The codes of ctypes' simple types that are addresses: void, strings, objects.
_CTYPES_REFERENCES: Final = frozenset("PzZOX")


def holds_references(owner: Any) -> bool:
    """Return whether the memory that an object exports holds addresses.

    A view of memory as bytes keeps the owner of the memory: what was cast is found.
    """
    if isinstance(owner, OF_BYTES):
        return False
    if isinstance(owner, memoryview):
        return content_of(owner.format) is Content.REFERENCES or holds_references(owner.obj)
    # Who made an object of their classes has loaded these modules.
    ctypes = sys.modules.get("_ctypes")
    if ctypes is not None and isinstance(owner, ctypes.Array.__base__):
        return _type_of_ctypes_refers(ctypes, type(owner)) or _any_view_refers(owner._objects)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(owner, numpy.ndarray):
        return _array_refers(numpy, owner)
    if isinstance(owner, ffi.buffer):
        return any(map(_cdata_refers, gc.get_referents(owner)))
    if type(owner).__name__ == "_buffer_wrapper":
        # What Python puts around the memoryview that a method __buffer__() returns.
        return any(
            holds_references(part)
            for part in gc.get_referents(owner)
            if isinstance(part, memoryview)
        )
    try:
        with memoryview(owner) as view:
            return content_of(view.format) is Content.REFERENCES
    except (TypeError, ValueError, BufferError):
        # The base of an array need not be a buffer.
        return False


def _type_of_ctypes_refers(ctypes: Any, kind: Any) -> bool:
    # Unions and packed structures have the format B, whatever is in them, and a structure
    # lacks the fields of its base in its format.
    if issubclass(kind, ctypes._Pointer | ctypes.CFuncPtr):
        return True
    if issubclass(kind, ctypes._SimpleCData):
        return kind._type_ in _CTYPES_REFERENCES
    if issubclass(kind, ctypes.Array):
        return _type_of_ctypes_refers(ctypes, kind._type_)
    return any(
        _type_of_ctypes_refers(ctypes, field[1])
        for base in kind.__mro__
        for field in vars(base).get("_fields_", ())
    )


def _any_view_refers(kept: object) -> bool:
    """Look at what from_buffer() took memory from."""
    if not isinstance(kept, dict):
        return False
    return any(isinstance(view, memoryview) and holds_references(view) for view in kept.values())


def _array_refers(numpy: Any, array: Any) -> bool:
    if array.dtype.hasobject:
        return True
    while isinstance(base := array.base, numpy.ndarray):
        if base.dtype.hasobject:
            # A field of it: NumPy makes no other view of objects.
            return False
        array = base
    return base is not None and holds_references(base)


def _cdata_refers(owner: object) -> bool:
    """Look at the type of the cdata that an ffi.buffer() is of."""
    if not isinstance(owner, ffi.CData):
        return False
    kind = ffi.typeof(owner)
    return kind.kind in ("pointer", "array") and _type_of_cffi_refers(kind.item)


def _type_of_cffi_refers(kind: Any) -> bool:
    if kind.kind == "array":
        return _type_of_cffi_refers(kind.item)
    if kind.kind in ("struct", "union"):
        # None for a structure of which nothing is known.
        return any(_type_of_cffi_refers(field.type) for _, field in kind.fields or ())
    return kind.kind in ("pointer", "function")
