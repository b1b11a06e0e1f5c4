# SPDX-License-Identifier: BSD-2-Clause
"""The samples of README and docs pass a strict type checker; CI shows them to another one, too."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from ..support.samples import TOP, samples, write_modules

if TYPE_CHECKING:
    from pathlib import Path

MYPY = (sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-version=3.10")


def check(files: list[Path], cache: Path) -> subprocess.CompletedProcess[str]:
    command = [*MYPY, f"--cache-dir={cache}", *map(str, files)]
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)


def test_every_sample_passes_mypy_strict_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    files = write_modules(tmp_path / "samples")
    assert len(files) == len(samples()) > 10
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        (tmp_path / "samples" / "testing_0.py").read_text().replace(".memref(0).", "[0].")
    )
    checked = check([*files, wrong], tmp_path / "cache")
    complaints = [line for line in checked.stdout.splitlines() if ": error:" in line]
    assert all(str(wrong) in line and "union-attr" in line for line in complaints), checked.stdout
    assert len(complaints) == 4, checked.stdout + checked.stderr
