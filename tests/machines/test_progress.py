# SPDX-License-Identifier: BSD-2-Clause
"""What the tools of the tests say on a terminal while they work, and what they leave alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from ..support import progress
from ..support.progress import grown, hide, working
from ..support.terminals import GONE, Terminal
from ..support.waiting import wait_until
from .optee import packages
from .process import run, say
from .suites import STABLE

MODULES = "tests.machines.optee.__main__ tests.machines.free_threaded.__main__"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal, on which lines come at once."""
    made = Terminal(80)
    monkeypatch.setenv("TERM", "xterm")
    # The module is loaded by its path, and is in no list.
    for name, seconds in (("_SILENCE", 0.0), ("_TICK", 0.001), ("_AFTER_HIDING", 0.0)):
        monkeypatch.setitem(progress.Progress.__init__.__globals__, name, seconds)
    yield made
    made.close()


@pytest.fixture
def until_shown(
    terminal: Terminal, tmp_path: Path, pool: ThreadPoolExecutor
) -> Callable[[str], list[str]]:
    """Makes the words of a tool that runs until a line is shown."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    def end(line: str) -> None:
        wait_until(lambda: f"{GONE}{line}" in terminal.seen())
        fifo.write_bytes(b"")

    def words(line: str) -> list[str]:
        pool.submit(end, line)
        return ["cat", str(fifo)]

    return words


def test_a_tool_of_the_host_is_shown_while_it_runs(
    terminal: Terminal, until_shown: Callable[[str], list[str]]
) -> None:
    with redirect_stderr(terminal.stream), working("building firmware"):
        assert run(until_shown("building firmware: 0 s, cat")) == ""
    assert terminal.seen().endswith(GONE)


def test_a_tool_alone_has_a_line_too(
    terminal: Terminal, until_shown: Callable[[str], list[str]]
) -> None:
    with redirect_stderr(terminal.stream):
        run(until_shown("cat: 0 s"))
    assert terminal.seen().endswith(GONE)


def test_what_is_said_takes_the_place_of_the_line(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redirect_stderr(terminal.stream), working("building"):
        wait_until(lambda: "building" in terminal.seen())
        # It does not come back before this test is over.
        monkeypatch.setitem(progress.Progress.__init__.__globals__, "_AFTER_HIDING", 1000.0)
        say("built")
        assert f"{GONE}machines: built\r\n" in terminal.seen()
        hide()


def test_bytes_of_a_download_are_told_with_their_total(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "other.deb").write_bytes(bytes(1_000_000))
    look = grown(tmp_path, 9_000_000)
    assert look() == "0 of 9 MB"
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial/one.deb").write_bytes(bytes(4_000_000))
    with (
        redirect_stderr(terminal.stream),
        working("building packages"),
        working("downloading", look),
    ):
        wait_until(lambda: "building packages: 0 s, downloading, 4 of 9 MB" in terminal.seen())


def test_apt_is_asked_for_sizes_where_somebody_sees_them(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(command: list[str], cwd: Path | None = None) -> str:
        asked.append(command)
        if "--print-uris" in command:
            return "'http://archive/a.deb' a.deb 2000000 SHA256:00\n'http://b' b.deb 1000000 \n"
        if progress.shows_progress():
            wait_until(lambda: "downloading: 0 s, 0 of 3 MB" in terminal.seen())
        return ""

    monkeypatch.setattr(packages, "run", answer)
    with redirect_stderr(terminal.stream):
        packages.download(STABLE, ["apt-get"], "download", "a", folder=tmp_path)
        monkeypatch.setenv("TERM", "dumb")
        packages.download(STABLE, ["apt-get"], "download", "a", folder=tmp_path)
    download = ["apt-get", "download", "a"]
    assert asked == [["apt-get", "--print-uris", "download", "a"], download, download]


def test_without_a_terminal_nothing_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with working("building"):
        run(["sleep", "0.01"])
    say("built")
    assert capfd.readouterr() == ("", "machines: built\n")


def test_the_tools_that_build_the_package_do_not_need_it() -> None:
    code = (
        f"import sys, {MODULES.replace(' ', ', ')}\n"
        "assert not [one for one in sys.modules if one.startswith('pytee_client')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
