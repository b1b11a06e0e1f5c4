# SPDX-License-Identifier: BSD-2-Clause
"""The command lines of docs/command-line.md whose output is shown there."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator

import pytest

from pytee_client.cli import main

from ...support import wallet
from ...support.samples import FENCED, TOP

PAGE = TOP / "docs" / "command-line.md"
FAKE = ["--tee", "fake:optee"]
INSTALLED = ["--install", "tests.support.applications:FakeWallet"]


def shown() -> Iterator[tuple[str, str]]:
    """Yield each line that begins with $, and what is shown below it."""
    for _, _, block in FENCED.findall(PAGE.read_text()):
        yield from re.findall(r"^\$ pytee (.*)\n((?:(?!\$ ).*\n)*)", block, re.M)


SHOWN = list(shown())


@pytest.mark.parametrize(("line", "output"), SHOWN, ids=[line for line, _ in SHOWN])
def test_a_command_line_prints_what_the_page_shows(
    line: str,
    output: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "wallet", wallet)
    monkeypatch.setattr(sys, "argv", ["pytee"])
    verb, *words = shlex.split(line)
    installed = INSTALLED if "wallet:Wallet" in words else []
    status = main([verb, *FAKE, *installed, *words])
    captured = capsys.readouterr()
    assert captured.err + captured.out == output
    assert (status != 0) == ("error:" in output or "not there" in output)


def test_the_page_shows_some() -> None:
    assert {line.split()[0] for line, _ in SHOWN} >= {"devices", "invoke", "probe"}
