# SPDX-License-Identifier: BSD-2-Clause
"""The contexts that tests share, whose idle memory is no leak of the test that used them."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pytee_client as tee

SHARED: Final[weakref.WeakSet[tee.Context]] = weakref.WeakSet()


def trim_shared_contexts() -> None:
    for context in SHARED:
        if not context.closed:
            context.trim()
