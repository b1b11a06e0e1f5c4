# SPDX-License-Identifier: BSD-2-Clause
"""What cffi makes when it is used first, made before there are threads."""

from __future__ import annotations

from .._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def make_all() -> None:
    """Have cffi make the fields of all structures, and all functions.

    It makes them at their first use, and two threads that come first at the same moment without
    the GIL end the process: the lock that cffi takes may be let go on the way.
    """
    for names in ffi.list_types():
        for name in names:
            kind = _type_called(name)
            if kind is not None and kind.kind in ("struct", "union"):
                _ = kind.fields
    for name in dir(lib):
        getattr(lib, name)


def _type_called(name: str) -> Any:
    for words in (name, f"struct {name}", f"union {name}"):
        try:
            return ffi.typeof(words)
        except ffi.error:
            continue
    return None
