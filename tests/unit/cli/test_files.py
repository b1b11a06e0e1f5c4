# SPDX-License-Identifier: BSD-2-Clause
"""Files that command lines name: those without an end, without a name, and those of use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ...support.command_lines import ran

FAKE = ("--tee", "fake:optee")
WORKS = ("invoke", "hello_world", "0", "value-inout:41", *FAKE)
HEADER = "#define A_UUID { 1, 2, 3, { 1, 2, 3, 4, 5, 6, 7, 8 } }\n#define A_CMD_B 1\n"


@pytest.fixture
def trace(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Path:
    made = tmp_path / "made.trace"
    assert ran(capsys, *WORKS, "--trace", str(made)).status == 0
    return made


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom", "/dev/full"])
@pytest.mark.parametrize(
    "words",
    [
        ("invoke", "hello_world", "0", "in:{}"),
        ("invoke", "hello_world", "0", "inout:{}"),
        ("invoke", "hello_world", "0", "--open", "in:{}"),
        ("generate", "{}"),
        ("bench", "--compare", "{}", "{}"),
        ("trace", "show", "{}"),
        ("trace", "replay", "{}"),
    ],
)
def test_a_device_without_an_end_is_not_read(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], device: str
) -> None:
    done = ran(capsys, *(word.format(device) for word in words), "--json")
    assert done.data["status"] == 1
    assert done.errors.endswith(
        f"{device} has no end: take a part of it, such as with head -c 16\n"
    )


def test_a_device_with_an_end_is_an_input(capsys: pytest.CaptureFixture[str]) -> None:
    done = ran(capsys, "invoke", "hello_world", "0", "in:/dev/null", *FAKE)
    assert "input of 0 bytes" in done.errors


@pytest.mark.parametrize(
    "words",
    [
        (*WORKS, "--trace", ""),
        ("applications", "--folder", ""),
        ("bench", "--compare", "", "a.json"),
        ("generate", "a.h", "-o", ""),
        ("header", "a:B", "--output", ""),
        ("supplicant", "--applications", ""),
        ("supplicant", "--device", ""),
        ("supplicant", "--storage", ""),
        ("trace", "record", "-o", "", "--", "true"),
        ("trace", "show", ""),
        ("trace", "show", "a.trace", "--html", ""),
        ("trace", "replay", ""),
    ],
)
def test_an_empty_path_is_wrong_on_a_command_line(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    done = ran(capsys, *words)
    assert done.status == 2
    assert "a path is empty" in done.errors


def test_a_trace_of_invoke_replaces_a_trace_and_no_other_file(
    capsys: pytest.CaptureFixture[str], trace: Path, tmp_path: Path
) -> None:
    other = tmp_path / "key.bin"
    other.write_bytes(b"secret")
    done = ran(capsys, *WORKS, "--trace", str(other), "--json")
    assert done.data["status"] == 1
    assert f"{other} is no trace, and is not overwritten: name another" in done.errors
    assert other.read_bytes() == b"secret"
    trace.with_name("empty").touch()
    for name in (str(trace), str(trace.with_name("empty")), "/dev/null"):
        assert ran(capsys, *WORKS, "--trace", name).status == 0


def test_a_page_does_not_replace_its_trace(capsys: pytest.CaptureFixture[str], trace: Path) -> None:
    content = trace.read_bytes()
    link = trace.with_name("link")
    link.symlink_to(trace)
    for name in (trace, link):
        done = ran(capsys, "trace", "show", str(trace), "--html", str(name))
        assert done.status == 1
        assert done.errors.endswith(f"{trace} would be lost: name another file for the output\n")
    assert trace.read_bytes() == content


def test_a_skeleton_does_not_replace_a_header_that_it_is_made_of(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    first, second = tmp_path / "a.h", tmp_path / "b.h"
    first.write_text("#define A_CMD_C 2\n")
    second.write_text(HEADER)
    for name in (first, second):
        done = ran(capsys, "generate", str(first), str(second), "-o", str(name))
        assert done.status == 1
        assert "would be lost" in done.errors
    assert second.read_text() == HEADER


def test_memory_that_is_lacking_is_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> object:
        raise MemoryError

    monkeypatch.setattr("pytee_client.cli.invoke.invoke_plain", no_memory)
    done = ran(capsys, *WORKS, "--json")
    assert done.data["status"] == 1
    assert done.errors.endswith("error: this machine has not enough memory for it\n")
    assert json.loads(done.output)["error"]["class"] == "InputError"
