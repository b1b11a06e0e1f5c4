# SPDX-License-Identifier: BSD-2-Clause
"""What races in the C library, as ThreadSanitizer sees it."""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from .test_programs import CSRC, HERE, LIMIT

SOURCES = sorted(CSRC.glob("*.c"))
WITH_A_LOCK = [path.name for path in SOURCES if "pthread_mutex_lock(" in path.read_text()]
COMPILE = ("cc", "-std=gnu11", "-O1", "-g", "-fsanitize=thread", "-Wall", "-Wextra", "-Werror")
# In place of a lock.
NO_LOCK = "int no_lock(void *lock);\nint no_lock(void *lock) { return !lock; }\n"


def compiled(source: Path, target: Path, *options: str) -> Path:
    """Compile one file."""
    subprocess.run(
        [*COMPILE, *options, f"-I{CSRC}", "-c", source, "-o", target], timeout=LIMIT, check=True
    )
    return target


@functools.cache
def _home() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="races-")


@functools.cache
def objects() -> dict[str, Path]:
    """Compile the library and the program, once in a process; they go with the process."""
    return {
        source.name: compiled(source, Path(_home().name) / f"{source.stem}.o")
        for source in (*SOURCES, HERE / "races.c")
    }


@functools.cache
def prefix() -> tuple[str, ...]:
    """Return what places a program where ThreadSanitizer can find its memory, if that may be."""
    fixed = ("setarch", "--addr-no-randomize")
    # Where it is forbidden, as in some containers, most kernels randomise little enough.
    may = subprocess.run([*fixed, "true"], capture_output=True, timeout=LIMIT, check=False)
    return () if may.returncode else fixed


def said(program: Path, *parts: Path) -> tuple[str, int]:
    """Link a program, run it, and return what it printed, with its status."""
    subprocess.run(
        ["cc", "-fsanitize=thread", "-pthread", *parts, "-o", program], timeout=LIMIT, check=True
    )
    # The program forks while it has threads.
    options = "die_after_fork=0 halt_on_error=1"
    done = subprocess.run(
        [*prefix(), program, "100"],
        env={**os.environ, "TSAN_OPTIONS": options},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return done.stdout, done.returncode


def test_nothing_in_the_library_races(tmp_path: Path) -> None:
    assert said(tmp_path / "races", *objects().values()) == ("", 0)


@pytest.mark.parametrize("name", WITH_A_LOCK)
def test_a_lock_that_is_missing_shows(tmp_path: Path, name: str) -> None:
    nothing = tmp_path / "no_lock.c"
    nothing.write_text(NO_LOCK)
    without = ("-Dpthread_mutex_lock=no_lock", "-Dpthread_mutex_unlock=no_lock")
    unlocked = compiled(CSRC / name, tmp_path / "unlocked.o", *without)
    parts = {**objects(), name: unlocked, "no_lock.c": compiled(nothing, tmp_path / "no_lock.o")}
    output, status = said(tmp_path / "races", *parts.values())
    assert "data race" in output
    assert f"/{name}:" in output
    assert status
