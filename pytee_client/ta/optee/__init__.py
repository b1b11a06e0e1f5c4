# SPDX-License-Identifier: BSD-2-Clause
"""Typed clients of the applications that OP-TEE has, and the names of well-known UUIDs.

Each client is imported when a program asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..._process import importing

if TYPE_CHECKING:
    from .hello_world import HelloWorld

__all__ = [
    "HelloWorld",
]

# Which module has which names.
_MODULES: Final = {
    "hello_world": ("HelloWorld",),
}
_PLACES: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what has a name."""
    module = _PLACES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with importing:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
