# SPDX-License-Identifier: BSD-2-Clause
"""Traces with many calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytee_client.cli._trace.data import data_of
from pytee_client.cli._trace.files import read
from pytee_client.cli._trace.lines import text_of
from pytee_client.cli._trace.names import Names
from pytee_client.cli._trace.page import page_of
from pytee_client.cli._trace.timeline import Call, Timeline, timeline

from ....support.command_lines import ran


class Looked(list[Call]):
    """Calls that count how often somebody looks at all of them."""

    looks = 0

    def __iter__(self) -> Iterator[Call]:
        self.looks += 1
        return super().__iter__()


def shown(capsys: pytest.CaptureFixture[str], folder: Path, repeat: int) -> Timeline:
    file = str(folder / f"{repeat}.trace")
    words = ("invoke", "hello_world", "0", "value-inout:41", "--tee", "fake:optee")
    assert ran(capsys, *words, "--trace", file, "--repeat", str(repeat)).status == 0
    made = timeline(read(file), Names([]))
    return Timeline(made.trace, Looked(made.calls), made.sessions, made.names)


@pytest.mark.parametrize("form", [text_of, data_of, page_of])
def test_a_longer_trace_is_not_looked_through_more_often(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, form: object
) -> None:
    looks = set()
    for repeat in (1, 30):
        found = shown(capsys, tmp_path, repeat)
        assert isinstance(found.calls, Looked)
        assert callable(form)
        form(found, found.calls, contents=False)
        looks.add(found.calls.looks)
    assert len(looks) == 1
