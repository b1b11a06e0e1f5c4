# SPDX-License-Identifier: BSD-2-Clause
"""The C library in a child of a process that forks."""

from __future__ import annotations

import subprocess
from pathlib import Path

TOP = Path(__file__).parents[2]
LIMIT = 60


def test_a_child_never_waits_for_a_lock_of_its_parents_threads(tmp_path: Path) -> None:
    program = tmp_path / "forks"
    sources = [*sorted((TOP / "csrc").glob("*.c")), TOP / "tests/support/forks.c"]
    options = [f"-I{TOP / 'csrc'}", "-Wl,--wrap=pthread_mutex_lock", "-pthread"]
    subprocess.run(["cc", *options, *sources, "-o", program], timeout=LIMIT, check=True)
    done = subprocess.run([program], capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.stdout, done.returncode) == ("", 0)
