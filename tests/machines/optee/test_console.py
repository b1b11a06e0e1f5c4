# SPDX-License-Identifier: BSD-2-Clause
"""The console of the machine: what is the job's output, and what the machine itself says."""

from __future__ import annotations

import base64
import gzip
import io
import sys
import tarfile
from pathlib import Path

import pytest

from .machine import MACHINE_FAILED, TIMED_OUT, Said, converse

NONCE = "machine-0123456789abcdef"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "console.log"


def said(console: bytes, log: Path, *, timeout: float = 30, then: str = "") -> tuple[Said, str]:
    """Run a program in QEMU's place that prints what a console would show."""
    script = f"import sys; sys.stdout.buffer.write({console!r}); sys.stdout.flush(); {then}"
    shown: list[str] = []
    result = converse([sys.executable, "-c", script], NONCE, timeout, log, shown.append)
    assert "".join(shown) == log.read_text()
    return result, log.read_text()


def archive(files: dict[str, bytes]) -> bytes:
    """Return lines that carry files, as the machine's init makes them."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return base64.encodebytes(gzip.compress(packed.getvalue())).replace(b"\n", b"\r\n")


def between_markers(lines: bytes, status: int = 0) -> bytes:
    return b"%s files\r\n%s%s %d\r\n" % (NONCE.encode(), lines, NONCE.encode(), status)


def test_the_status_of_the_job_comes_after_a_marker(log: Path) -> None:
    console = f"a line\r\n{NONCE} 3\r\nafter the end\r\n".encode()
    assert said(console, log) == (Said(3, ""), "a line\n")


def test_output_without_an_end_of_line_is_shown_whole(log: Path) -> None:
    assert said(f"42{NONCE} 0\r\n".encode(), log) == (Said(0, ""), "42\n")


def test_files_come_back_whatever_the_status_and_are_not_output(log: Path) -> None:
    files = {"tmp/empty": b"", "tmp/record.json": bytes(range(256)) * 1600}
    console = b"before\r\nno end of line" + between_markers(archive(files), status=1)
    assert said(console, log) == (Said(1, "", files), "before\nno end of line\n")


def test_what_a_job_prints_is_never_taken_for_a_file(log: Path) -> None:
    forged = b"machine-0000 files\r\n" + archive({"tmp/record.json": b"forged"})
    console = forged + between_markers(archive({"tmp/record.json": b"true"}))
    result, output = said(console, log)
    assert result.files == {"tmp/record.json": b"true"}
    assert output == forged.replace(b"\r", b"").decode()


@pytest.mark.parametrize("position", [0, 40, -10])
def test_a_damaged_file_is_a_failure_of_the_machine(log: Path, position: int) -> None:
    lines = bytearray(archive({"tmp/record.json": b"content"}))
    for damaged in (b"A" if lines[position] != ord("A") else b"B", b"?"):
        lines[position] = damaged[0]
        result, _ = said(between_markers(bytes(lines)), log)
        assert (result.status, result.files) == (MACHINE_FAILED, {})
        assert "damaged" in result.problem


def test_a_machine_that_stops_while_it_sends_has_failed(log: Path) -> None:
    lines = between_markers(archive({"tmp/record.json": b"content"}))
    result, output = said(lines[: len(lines) // 2], log)
    assert (result.status, result.files, output) == (MACHINE_FAILED, {}, "")
    assert "stopped before the job ended" in result.problem


def test_a_machine_that_says_nothing_more_is_ended(log: Path) -> None:
    for timeout in (1, 4, 16, 64):
        stay = "import time; time.sleep(1000)"
        result, output = said(b"a prompt", log, timeout=timeout, then=stay)
        assert result.status == TIMED_OUT
        # Else it was ended before it could say anything.
        if output:
            break
    assert output == "a prompt\n"
