# SPDX-License-Identifier: BSD-2-Clause
"""What formats of buffers say that memory holds."""

from __future__ import annotations

import ctypes

import pytest

from pytee_client._buffer_formats import Content, content_of


@pytest.mark.parametrize(
    "buffer_format",
    [
        *"?bBhHiIlLqQnNefdgFDGcspuwtx",
        "",
        "3s",
        "<i",
        "@ i =h !q",
        "Zf",
        "Zd",
        "<Zg",
        "5x",
        "(2,3)d",
        "T{i:a:d:b:}",
        "T{<i:O:>H:P:^B:&:}",
        "T{B:a:xxxxxxxL:X{}:}",
        "2T{(2)T{<d:x:(3,4)f:Z:}:inner:3x}",
        memoryview(ctypes.c_longdouble()).format,
    ],
)
def test_numbers_text_and_padding_are_data(buffer_format: str) -> None:
    assert content_of(buffer_format) is Content.DATA


@pytest.mark.parametrize(
    "buffer_format",
    [
        *"PzZO",
        "<P",
        "3O",
        "(2)O",
        "&<i",
        "&&<i",
        "X{}",
        "X{<i}",
        "T{i:a:O:b:}",
        "T{i:a:(2)T{d:x:O:y:}:n:}",
        "T{<i:a:<Z:w:<d:b:}",
        "T{<Z:a:Zd:b:&<i:c:}",
        # Whatever else is in it.
        "T{?:a:~:b:P:c:}",
        ":P",
        "T{:P:O}",
    ],
)
def test_addresses_at_any_depth_are_references(buffer_format: str) -> None:
    assert content_of(buffer_format) is Content.REFERENCES


@pytest.mark.parametrize("buffer_format", ["~", "T{i:a:$:b:}", "(2", ":a", "T", "é", "\0"])
def test_what_no_format_says_is_unknown(buffer_format: str) -> None:
    assert content_of(buffer_format) is Content.UNKNOWN
