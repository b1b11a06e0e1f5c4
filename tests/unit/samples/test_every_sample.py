# SPDX-License-Identifier: BSD-2-Clause
"""Every sample of README and docs is run."""

from __future__ import annotations

import ast
from pathlib import Path

from .running import SAMPLES, Sample


def samples_run_here() -> set[str]:
    """Return the names of the samples that tests of this folder run."""
    found = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Name)
                and call.func.id == "run"
                and isinstance(call.args[0], ast.Attribute)
            ):
                found.add(call.args[0].attr)
    return found


def test_every_python_sample_is_run_here() -> None:
    assert sorted(sample.place for sample in Sample) == list(range(len(SAMPLES)))
    assert samples_run_here() == set(Sample.__members__)
