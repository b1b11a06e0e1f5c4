# SPDX-License-Identifier: BSD-2-Clause
"""What the C library leaves to others: system calls to one file, the console to programs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSRC = Path(__file__).parents[3] / "csrc"
SYSTEM_CALLS = re.compile(
    r"\b(open|ioctl|mmap|munmap|close|read|write|readlink|stat|fcntl|madvise)\("
)


@pytest.mark.parametrize("path", sorted(CSRC.glob("*.c")), ids=lambda path: path.name)
def test_only_one_file_makes_system_calls(path: Path) -> None:
    code = re.sub(r"/\*.*?\*/|//[^\n]*|\"[^\"\n]*\"", "", path.read_text(), flags=re.DOTALL)
    calls = {
        match[0] for match in SYSTEM_CALLS.finditer(code) if code[match.start() - 2 :][:2] != "->"
    }
    assert bool(calls) == (path.name == "device_linux.c"), calls


@pytest.mark.parametrize("path", sorted(CSRC.glob("*.[ch]")), ids=lambda path: path.name)
def test_only_the_trace_functions_print_and_no_file_needs_a_kernel_header(path: Path) -> None:
    code = path.read_text()
    prints = re.search(r"\b(v?f?printf|f?puts|perror|v?syslog|stdout|stderr)\b", code)
    assert bool(prints) == (path.name == "trace.c")
    # A program with more rights than its user must not do what the user's environment says.
    assert not re.search(r"\bgetenv\b", code)
    assert not re.search(r"#include <(linux|asm)/", code)
    assert len(code.splitlines()) <= 400
