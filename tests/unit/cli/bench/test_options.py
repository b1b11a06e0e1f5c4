# SPDX-License-Identifier: BSD-2-Clause
"""What the command line of the bench takes."""

from __future__ import annotations

import argparse
import contextlib
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytee_client.cli import bench
from pytee_client.cli._answer import Status

from ....support.command_lines import ran
from ....support.waiting import LIMIT

FAKE = ("bench", "--tee", "fake:optee", "--quick", "--seconds", "0.01")
WRONG = {
    "--seconds 0": "--seconds 0 leaves no time",
    "--seconds soon": "'soon' is no number of seconds",
    "--parameters none": "--parameters are those of a command: give --command",
    "--open none": "--open is of an application: give --application",
    "--command 0": "--command is of an application: give --application",
    "--application hello_world --command increment": "'increment' is no number of a command",
    "--application hello_world --command -1": "'-1' is no number of a command",
    "--application hello_world --command 4294967296": "is no number of a command",
    "--application nothing_like_this": "is neither a UUID nor a well-known name",
    "--application hello_world --command 0 --parameters value": "is no parameter",
    "--application hello_world --command 0 --parameters out:4:/tmp/x": "leave the file out",
    "--compare a": "expected 2 arguments",
}


@pytest.mark.parametrize("words", WRONG)
def test_a_command_line_that_is_wrong_is_told_before_anything_is_measured(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = ran(capsys, *FAKE, *words.split())
    assert (done.status, done.output) == (Status.WRONG_COMMAND_LINE, "")
    assert WRONG[words] in done.errors
    assert done.errors.count("\n") == 1


def test_a_name_of_no_case_is_told_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = ran(capsys, *FAKE, "--only", "nothing like this")
    assert done.status == Status.WRONG_INPUT
    assert "no case has nothing like this in its name; there are open a context," in done.errors


def test_the_time_for_each_case_is_what_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words, seconds in (((), 0.01), (("--seconds", "0.02"), 0.02)):
        done = ran(capsys, *FAKE, *words, "--only", "value, typed", "--json")
        assert done.data["seconds"] == seconds


def test_the_examples_of_the_help_are_taken() -> None:
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    parser.add_argument("--json", action="store_true")
    for example in bench.EXAMPLES:
        verb, *words = example.partition(" >")[0].split()
        assert verb == "bench"
        parser.parse_args(words)


@contextlib.contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    reader, writer = pty.openpty()
    try:
        yield reader, writer
    finally:
        os.close(reader)


def test_a_terminal_is_told_how_far_it_is_and_a_pipe_is_not(tmp_path: Path) -> None:
    # One of threads takes all the time that it may, which is a third of that in each pass.
    words = [*FAKE[:-2], "--only", "1 thread,", "--seconds", "2.4"]
    with terminal() as (reader, writer), open(tmp_path / "output", "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytee_client", *words],
            stdout=output,
            stderr=writer,
            env={**os.environ, "TERM": "xterm"},
        )
        os.close(writer)
        seen = b""
        # EIO says that nobody has the other end any more.
        with contextlib.suppress(OSError):
            while data := os.read(reader, 4096):
                seen += data
        assert process.wait(LIMIT) == 0
    assert b"measuring: 3 of 3 1 thread, 1 session, pass 3" in seen
    assert seen.endswith(b"\r\x1b[K")
    text = (tmp_path / "output").read_bytes()
    assert b"1 thread, 1 session" in text
    assert b"\x1b" not in text
