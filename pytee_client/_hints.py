# SPDX-License-Identifier: BSD-2-Clause
"""Types for hints, imported when somebody evaluates a hint: see docs/design.md."""

from __future__ import annotations

from ._process import importing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._hint_types import *  # noqa: F403
else:

    def __getattr__(name):
        with importing:
            from . import _hint_types

        try:
            return getattr(_hint_types, name)
        except AttributeError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
