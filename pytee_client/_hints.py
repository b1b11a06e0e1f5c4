# SPDX-License-Identifier: BSD-2-Clause
"""Types for hints, imported when somebody evaluates a hint: see docs/design.md."""

from __future__ import annotations

from ._process import importing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._hint_types import *  # noqa: F403
    from .context import Context as Context
    from .observing import Observer as Observer
    from .session_pool import SessionPool as SessionPool
    from .ta import AsyncClient as AsyncClient
    from .ta import ClientOpening as ClientOpening
else:
    # Classes of modules that import this one; they are there when a hint is evaluated.
    _LATE = {
        "AsyncClient": "ta",
        "ClientOpening": "ta",
        "Context": "context",
        "Observer": "observing",
        "SessionPool": "session_pool",
    }

    def __getattr__(name):
        with importing:
            from importlib import import_module

            from . import _hint_types

        try:
            if name in _LATE:
                with importing:
                    return getattr(import_module(f"{__package__}.{_LATE[name]}"), name)
            return getattr(_hint_types, name)
        except AttributeError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
