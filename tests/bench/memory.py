# SPDX-License-Identifier: BSD-2-Clause
"""Measure what a process holds in memory for each context, session and block.

python3 -m tests.bench.memory [--out FILE]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytee_client as tee

from .plain import NOTHING

# As many as a page more or less is nothing, and as there are descriptors and memory in OP-TEE.
_CONTEXTS, _SESSIONS, _BLOCKS = 200, 500, 500
_BLOCK_SIZE = 4096


def _resident() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _each(count: int, make: Callable[[ExitStack], object]) -> int:
    """Bytes for each of so many that are alive together."""
    # What the first needs once, and what earlier ones left, is no part of it.
    with ExitStack() as live:
        make(live)
        before = _resident()
        for _ in range(count):
            make(live)
        return (_resident() - before) // count


def measure() -> dict[str, int]:
    """Return the bytes of resident memory, by the name of what they are for."""
    found = {"context": _each(_CONTEXTS, lambda live: live.enter_context(tee.Context()))}
    with tee.Context() as context:
        found["session"] = _each(
            _SESSIONS, lambda live: live.enter_context(context.open_session(NOTHING))
        )

        def touched_block(live: ExitStack) -> None:
            block = live.enter_context(context.allocate_shared_memory(_BLOCK_SIZE))
            memoryview(block)[:] = bytes(_BLOCK_SIZE)

        found["block of 4 KiB"] = _each(_BLOCKS, touched_block)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench.memory")
    parser.add_argument("--out", type=Path)
    parsed = parser.parse_args(arguments)
    text = json.dumps(measure())
    if parsed.out is None:
        print(text)
    else:
        parsed.out.write_text(text)


if __name__ == "__main__":
    main()
