# SPDX-License-Identifier: BSD-2-Clause
"""What texts call what is declared: as a program writes it."""

from __future__ import annotations

import pytest

import pytee_client as tee
from pytee_client import ta


@ta.packed
class Request:
    number: ta.U32


@ta.packed
class Reply:
    number: ta.U64


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        (ta.InOut[Request], "InOut[Request]"),
        (ta.InOut[Request, Reply], "InOut[Request, Reply]"),
        (ta.InOut[ta.U64], "InOut[U64]"),
        (ta.Out[ta.BUFFER], "Out[BUFFER]"),
        (ta.InOut[tee.MemrefWhole], "InOut[MemrefWhole]"),
    ],
)
def test_an_argument_that_comes_back_names_its_kinds(declared: object, text: str) -> None:
    assert repr(declared) == text


def test_the_error_of_a_wrong_one_names_them_too() -> None:
    with pytest.raises(ta.DeclarationError, match=r"can't be InOut\[ValueInput\]"):

        class Wrong(ta.Client, uuid="9d2f8a53-0c3e-4b60-8a53-6f0f4f8d9a11"):
            it = ta.command(0, ta.InOut[tee.ValueInput])
