# SPDX-License-Identifier: BSD-2-Clause
"""What --help says."""

from __future__ import annotations

from importlib import import_module, metadata

import pytest

from pytee_client.cli._main import _VERBS

from ...support.command_lines import ran

COLUMNS = 80
HELPS = [
    (),
    *((verb,) for verb in _VERBS),
    *(("trace", one) for one in ("record", "show", "replay")),
]


@pytest.mark.parametrize("words", HELPS, ids=" ".join)
def test_help_fits_on_a_terminal(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setattr("sys.argv", ["pytee"])
    done = ran(capsys, *words, "--help")
    assert done.status == 0
    assert [line for line in done.output.splitlines() if len(line) > COLUMNS] == []
    assert done.errors == ""


@pytest.mark.parametrize("verb", _VERBS)
def test_help_has_the_examples_of_each_verb(
    verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["pytee"])
    output = ran(capsys, verb, "--help").output
    for line in import_module(f"pytee_client.cli.{verb}").EXAMPLES:
        assert f"\n  pytee {line}\n" in output


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "--version").output == f"pytee_client {metadata.version('pytee_client')}\n"
