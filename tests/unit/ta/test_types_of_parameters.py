# SPDX-License-Identifier: BSD-2-Clause
"""To type checkers, a parameter that is declared by its class comes back as its output."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from ...support.samples import TOP

if TYPE_CHECKING:
    from pathlib import Path

MYPY = (sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-version=3.10")
TEXT = """\
import pytee_client as tee
from pytee_client import ta

class App(ta.Client, uuid="5e1f0f1d-8a4e-4c7e-9d7e-8f1a2b3c4d5e"):
    value = ta.command(1, ta.InOut[tee.ValueInOut], returns=ta.U8)
    made = ta.command(2, ta.Out[tee.MemrefTempOutput[bytes]])
    part = ta.command(3, ta.InOut[tee.MemrefPartialInOut[memoryview]])
    block = ta.command(4, ta.InOut[tee.SharedMemory[memoryview]])
    whole = ta.command(5, ta.InOut[tee.MemrefWhole[memoryview]])

def use(app: App, block: tee.AllocatedSharedMemory) -> None:
    value: tuple[tee.Value, int] = app.value(tee.ValueInOut(1))
    made: bytes = app.made(tee.MemrefTempOutput(3, grow=True))
    part: memoryview | tee.RequiredSize = app.part(tee.MemrefPartialInOut(block))
    shared: memoryview | tee.RequiredSize | None = app.block(block)
    whole: memoryview | tee.RequiredSize | None = app.whole(tee.MemrefWhole(block))
    app.made(3)  # wrong
    wrong: tee.ValueInOut = app.value(tee.ValueInOut(1))  # wrong
    other: tee.MemrefPartialInOut[memoryview] = app.part(tee.MemrefPartialInOut(block))  # wrong
"""


def test_an_output_has_its_own_type_and_not_that_of_the_parameter(tmp_path: Path) -> None:
    checked = tmp_path / "checked.py"
    checked.write_text(TEXT)
    done = subprocess.run(
        [*MYPY, f"--cache-dir={tmp_path / 'cache'}", str(checked)],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    wrong = [number for number, line in enumerate(TEXT.splitlines(), 1) if "# wrong" in line]
    found = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert [int(line.split(":")[1]) for line in found] == wrong, done.stdout
