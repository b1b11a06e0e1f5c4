# SPDX-License-Identifier: BSD-2-Clause
"""Errors of what was read may be kept by whom they belong to."""

from __future__ import annotations

import subprocess

from ...support.bare_python import BARE_PYTHON, environment

# The local name of the error makes a cycle of it, its traceback and all that these frames hold.
SCRIPT = """
import gc
from typing import Annotated
from pytee_client import ta
def keep(read):
    try:
        read(memoryview(bytearray(b"\\xff" * 64)))
    except Exception as error:
        kept = error
        return type(kept).__name__
@ta.packed
class Text:
    text: Annotated[str, 8]
@ta.packed
class Texts:
    number: ta.U32
    texts: list[Text]
print(keep(ta.List(Text).read))
print(keep(lambda content: ta.unpack(Texts, content[:60])))
gc.collect()
print("collected")
"""


def test_the_error_of_an_item_can_be_kept_and_collected() -> None:
    done = subprocess.run(
        [*BARE_PYTHON, SCRIPT],
        cwd="/",
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["ContentError", "ContentError", "collected"]
