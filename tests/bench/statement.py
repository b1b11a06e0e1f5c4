# SPDX-License-Identifier: BSD-2-Clause
"""A statement of Python, measured alone: what remains of a call with a part cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytee_client as tee

from .cases import KIB, Case, Kind
from .plain import NOTHING

if TYPE_CHECKING:
    from .guest import Loop

NAMES = "tee, context, session, buffer (a bytearray of 4 KiB), block (of 4 KiB)"
_SIZE = 4 * KIB


def case_for(statement: str) -> Case:
    """Return a case for it, named like it."""
    return Case(statement, Kind.NULL, calls=20, batches=50)


@contextmanager
def loop_of(statement: str) -> Iterator[Loop]:
    """Have it repeated, with the NAMES as local variables."""
    source = (
        "def make(tee, context, session, buffer, block):\n"
        " def loop(calls):\n"
        "  for _ in range(calls):\n"
        f"   {statement}\n"
        " return loop\n"
    )
    made: dict[str, Callable[..., Loop]] = {}
    exec(source, made)
    with (
        tee.Context() as context,
        context.open_session(NOTHING) as session,
        context.allocate_shared_memory(_SIZE) as block,
    ):
        yield made["make"](tee, context, session, bytearray(_SIZE), block)
