# SPDX-License-Identifier: BSD-2-Clause
"""The numbers by which the kernel knows operations."""

from __future__ import annotations

import subprocess
from pathlib import Path

HERE = Path(__file__).parent
CSRC = HERE.parents[2] / "csrc"
LIMIT = 60


def test_a_number_is_never_that_of_another_operation_that_runs(tmp_path: Path) -> None:
    program = tmp_path / "cancel_ids"
    # The program has the file in itself.
    sources = [path for path in sorted(CSRC.glob("*.c")) if path.name != "cancellation.c"]
    options = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", f"-I{CSRC}", "-pthread"]
    sources.append(HERE / "cancel_ids.c")
    subprocess.run(["cc", *options, *sources, "-o", program], timeout=LIMIT, check=True)
    done = subprocess.run([program], capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.stdout, done.returncode) == ("", 0)
