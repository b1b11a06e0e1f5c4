# SPDX-License-Identifier: BSD-2-Clause
"""Null memory references: arguments can be such, and results that are no arguments can not."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from pytee_client import ta

NULLABLE: list[Any] = [
    ta.Nullable(ta.Bytes(4)),
    ta.Variable(ta.Nullable(bytes)),
    ta.Nullable(ta.Memory(ta.U64)),
]


@pytest.mark.parametrize("kind", NULLABLE, ids=str)
def test_a_result_is_never_null(kind: Any) -> None:
    with pytest.raises(ta.DeclarationError, match=r"One\.get can't be Nullable.*client's choice"):

        class One(ta.Client, uuid=UUID(int=1)):
            get = ta.command(0, returns=kind)


@pytest.mark.parametrize("kind", [ta.InOut[NULLABLE[0]], ta.Out[ta.Nullable(ta.BUFFER)]], ids=str)
def test_an_argument_that_comes_back_may_be_null(kind: Any) -> None:
    class One(ta.Client, uuid=UUID(int=1)):
        get = ta.command(0, kind)

    assert One.uuid == UUID(int=1)
