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

from ..support.progress import Progress
from .plain import NOTHING

# As many as a page more or less is nothing, and as OP-TEE has memory for.
_COUNT = 500
# Those before them fill what is left of pages that others began.
_FIRST = 90
_BLOCK_SIZE = 4096


def _resident() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _each(make: Callable[[ExitStack], object]) -> int:
    """Bytes for each of many that are alive together."""
    with ExitStack() as live:
        for _ in range(_FIRST):
            make(live)
        before = _resident()
        for _ in range(_COUNT):
            make(live)
        return (_resident() - before) // _COUNT


def _contexts() -> int:
    return _each(lambda live: live.enter_context(tee.Context()))


def _sessions() -> int:
    with tee.Context() as context:
        return _each(lambda live: live.enter_context(context.open_session(NOTHING)))


def _blocks() -> int:
    with tee.Context() as context:

        def touched(live: ExitStack) -> None:
            block = live.enter_context(context.allocate_shared_memory(_BLOCK_SIZE))
            memoryview(block)[:] = bytes(_BLOCK_SIZE)

        return _each(touched)


def _in_child(work: Callable[[], int]) -> int:
    """What another process finds: it has no memory yet that others left."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, str(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return int(text)


def measure() -> dict[str, int]:
    """Return the bytes of resident memory, by the name of what they are for."""
    kinds = {"context": _contexts, "session": _sessions, "block of 4 KiB": _blocks}
    with Progress("measuring memory", len(kinds), ticks=False) as progress:
        return {what: _in_child(kinds[what]) for what in progress.over(kinds)}


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
