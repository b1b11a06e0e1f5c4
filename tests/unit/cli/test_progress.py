# SPDX-License-Identifier: BSD-2-Clause
"""The line that tells on a terminal how far something is."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytee_client.cli import _progress
from pytee_client.cli._progress import Elapsed, Progress

from ...support.terminals import GONE, Terminal
from ...support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    """The time, as a test says."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(_progress, "time", made)
    return made


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm")
    made = Terminal(40)
    yield made
    made.close()


def test_the_line_comes_after_a_second_and_is_gone_at_the_end(
    clock: Clock, terminal: Terminal
) -> None:
    with Progress("measuring", 3, terminal.stream, ticks=False) as progress:
        progress.step("one")
        clock.now += 0.9
        progress.step("two")
        assert terminal.seen() == ""
        clock.now += 0.2
        progress.step("three")
        assert terminal.seen() == f"{GONE}measuring: 3 of 3 three"
    assert terminal.seen() == f"{GONE}measuring: 3 of 3 three{GONE}"


def test_work_of_less_than_a_second_writes_nothing(clock: Clock, terminal: Terminal) -> None:
    with Progress("measuring", None, terminal.stream, ticks=False) as progress:
        for _ in progress.over(range(1000)):
            clock.now += 0.0009
    assert terminal.seen() == ""


def test_it_is_not_written_more_often_than_people_read(clock: Clock, terminal: Terminal) -> None:
    clock.now = 0
    with Progress("counting", None, terminal.stream, ticks=False) as progress:
        for _ in progress.over(range(3000)):
            clock.now += 0.001
        assert 15 <= terminal.seen().count("counting") <= 21


def test_a_line_is_cut_at_the_width_of_the_terminal(clock: Clock, terminal: Terminal) -> None:
    with Progress("reading", None, terminal.stream, ticks=False) as progress:
        clock.now += 2
        progress.step("x" * 100)
        assert terminal.seen() == f"{GONE}reading: 1 ".ljust(39 + len(GONE), "x")


def test_wide_characters_take_two_columns_and_lines_stay_one_line(
    clock: Clock, terminal: Terminal
) -> None:
    with Progress("r", None, terminal.stream, ticks=False) as progress:
        clock.now += 2
        progress.step("a\n\x1b[2Jb" + "鍵" * 100)
        line = terminal.seen().removeprefix(GONE)
    assert line.startswith("r: 1 a??[2Jb鍵")
    assert line.count("鍵") == (39 - len("r: 1 a??[2Jb")) // 2


def test_an_exception_takes_the_line_away(clock: Clock, terminal: Terminal) -> None:
    def work() -> None:
        with Progress("measuring", None, terminal.stream, ticks=False) as progress:
            clock.now += 2
            progress.step()
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert terminal.seen() == f"{GONE}measuring: 1{GONE}"


def test_it_makes_room_for_what_is_printed(clock: Clock, terminal: Terminal) -> None:
    with Progress("measuring", None, terminal.stream, ticks=False) as progress:
        clock.now += 2
        progress.step()
        progress.hide()
        terminal.stream.write("found\n")
        progress.step()
        clock.now += 1
        progress.step()
        terminal.stream.flush()
        assert terminal.seen() == f"{GONE}measuring: 1{GONE}found\r\n{GONE}measuring: 3"


@pytest.mark.parametrize("name", ["dumb", None])
def test_a_terminal_that_can_not_write_a_line_anew_gets_none(
    clock: Clock, terminal: Terminal, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", name) if name else monkeypatch.delenv("TERM")
    with Progress("measuring", None, terminal.stream, ticks=False) as progress:
        clock.now += 2
        progress.step()
    assert terminal.seen() == ""


def test_what_is_no_terminal_gets_no_line(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    with Progress("measuring", None, stream) as progress, Elapsed("running", None, stream):
        clock.now += 2
        progress.step()
        assert not [one for one in threading.enumerate() if one.name == "progress"]
    assert stream.getvalue() == ""


def test_a_process_without_a_standard_error_stream_needs_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with Progress("measuring") as progress, Elapsed("running"):
        progress.step()


def test_a_terminal_that_is_gone_does_not_end_the_work(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal(40)
    with Progress("measuring", None, terminal.stream, ticks=False) as progress:
        clock.now += 2
        os.close(terminal.reader)
        for _ in range(3):
            progress.step()
            clock.now += 1
    with contextlib.suppress(OSError):
        terminal.stream.close()


def test_characters_that_the_terminal_does_not_know_are_question_marks(
    clock: Clock, terminal: Terminal
) -> None:
    assert isinstance(terminal.stream, io.TextIOWrapper)
    terminal.stream.reconfigure(encoding="ascii")
    with Progress("measuring", None, terminal.stream, ticks=False) as progress:
        clock.now += 2
        progress.step("Zoë")
        assert terminal.seen() == f"{GONE}measuring: 1 Zo?"


def test_a_step_that_takes_long_is_shown_with_its_time(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_TICK", "_SILENCE", "_LONG"):
        monkeypatch.setattr(_progress, name, 0.001)
    with Progress("asking", 3, terminal.stream) as progress:
        progress.step("one")
        wait_until(lambda: f"{GONE}asking: 1 of 3 one, 0 s" in terminal.seen())
        progress.step("two")
        wait_until(lambda: f"{GONE}asking: 2 of 3 two, 0 s" in terminal.seen())
    assert terminal.seen().endswith(GONE)
    assert not [one for one in threading.enumerate() if one.name == "progress"]


def test_the_thread_takes_no_signals(terminal: Terminal) -> None:
    with Progress("asking", None, terminal.stream):
        (thread,) = (one for one in threading.enumerate() if one.name == "progress")
        status = Path(f"/proc/self/task/{thread.native_id}/status")

        def blocked() -> int:
            (line,) = (one for one in status.read_text().splitlines() if one.startswith("SigBlk"))
            return int(line.split()[1], 16)

        wait_until(lambda: bool(blocked() >> (signal.SIGINT - 1) & 1))
        assert blocked() >> (signal.SIGTERM - 1) & 1


def test_a_single_step_shows_how_long_it_has_taken(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_progress, "_TICK", 0.001)
    with Elapsed("building", lambda: "5 of 9 MB", terminal.stream) as progress:
        progress.step("firmware")
        wait_until(lambda: "building: 1 s, firmware, 5 of 9 MB" in terminal.seen())
    before, line, _ = terminal.seen().partition(f"{GONE}building: 1 s")
    assert (before, bool(line)) == ("", True)
    assert terminal.seen().endswith(GONE)
    assert not [one for one in threading.enumerate() if one.name == "progress"]


def test_a_look_that_fails_is_no_error(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "_TICK", 0.001)
    monkeypatch.setattr(_progress, "_SILENCE", 0.0)

    def look() -> str:
        raise FileNotFoundError

    with Elapsed("building", look, terminal.stream):
        wait_until(lambda: "building: 0 s" in terminal.seen())
    assert terminal.seen().endswith(GONE)


def test_a_single_step_makes_room_for_what_is_printed(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_progress, "_TICK", 0.001)
    monkeypatch.setattr(_progress, "_SILENCE", 0.05)
    monkeypatch.setattr(_progress, "_AFTER_HIDING", 0.05)
    with Elapsed("building", None, terminal.stream) as progress:
        wait_until(lambda: terminal.seen() != "")
        progress.hide()
        terminal.stream.write("found\n")
        terminal.stream.flush()
        wait_until(lambda: f"{GONE}found\r\n{GONE}building" in terminal.seen())
