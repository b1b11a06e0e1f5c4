# SPDX-License-Identifier: BSD-2-Clause
"""What list[int] and its like are in declarations: no classes, though Python 3.10 says they are."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import pytest

from pytee_client import ta
from pytee_client._checks import is_class


@pytest.mark.parametrize("alias", [list[int], tuple[int, ...], dict[str, int]], ids=str)
def test_a_generic_alias_is_refused_where_a_class_is_due(alias: Any) -> None:
    assert is_class(list)
    assert not is_class(alias)

    def declare(**arguments: Any) -> None:
        class One(ta.Client, uuid=UUID(int=1), **arguments):
            pass

    for arguments in ({"errors": {1: alias}}, {"results": alias}):
        with pytest.raises(ta.DeclarationError):
            declare(**arguments)
    for kind in (alias, ta.InOut[alias]):
        with pytest.raises(ta.DeclarationError):

            class Two(ta.Client, uuid=UUID(int=1)):
                run = ta.command(0, kind)


def test_arrays_and_lists_may_be_fields_and_kinds() -> None:
    @ta.packed
    class Codes:
        fixed: Annotated[tuple[ta.U16, ...], 2]
        rest: list[ta.U8]

    assert ta.pack(Codes((1, 2), [3, 4])) == b"\1\0\2\0\3\4"

    class One(ta.Client, uuid=UUID(int=1)):
        run = ta.command(0, list[Codes2], returns=ta.Variable(list[Codes2]))

    assert One.uuid == UUID(int=1)


@ta.packed
class Codes2:
    number: ta.U8
