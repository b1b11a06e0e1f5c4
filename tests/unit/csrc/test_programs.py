# SPDX-License-Identifier: BSD-2-Clause
"""Programs in C that have the library in themselves, and say what is wrong with it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
CSRC = HERE.parents[2] / "csrc"
LIMIT = 60


def check(folder: Path, name: str, *options: str, without: Sequence[str] = ()) -> None:
    """Compile a program with the sources of the library, and run it: it must print nothing."""
    sources = [path for path in sorted(CSRC.glob("*.c")) if path.name not in without]
    warnings = ["-Wall", "-Wextra", "-Werror"]
    # A write beyond what was allocated, or to what was freed, ends the program.
    sanitizers = "-fsanitize=address,undefined"
    command = ["cc", "-std=gnu11", *warnings, f"-I{CSRC}", *options, sanitizers, "-pthread"]
    program = folder / name
    subprocess.run(
        [*command, *sources, HERE / f"{name}.c", "-o", program], timeout=LIMIT, check=True
    )
    done = subprocess.run(
        [program],
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_a_number_is_never_that_of_another_operation_that_runs(tmp_path: Path) -> None:
    # The program has the file in itself.
    check(tmp_path, "cancel_ids", without=["cancellation.c"])


def test_whatever_fails_nothing_is_left(tmp_path: Path) -> None:
    wrapped = ("calloc", "realloc", "free", "mmap", "munmap", "fopen", "fclose")
    check(tmp_path, "failures", *(f"-Wl,--wrap={name}" for name in wrapped))


def test_a_call_in_which_its_thread_forked_ends_in_both_processes(tmp_path: Path) -> None:
    check(tmp_path, "forks_in_calls")


def test_memory_that_ends_while_its_context_does_ends_it_once(tmp_path: Path) -> None:
    check(tmp_path, "ends", *(f"-Wl,--wrap={name}" for name in ("calloc", "realloc", "free")))
