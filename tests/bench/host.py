# SPDX-License-Identifier: BSD-2-Clause
"""Measure on the host what needs no TEE: python -m tests.bench.host."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .host_figures import HostFigures

_TOP = Path(__file__).resolve().parents[2]
_IMPORT = "import pytee_client"
_HEAVY = ("asyncio", "argparse", "typing_extensions", "pytee_client.fake")
_LOADED = f"import sys; bare = set(sys.modules); {_IMPORT}; print(*sorted(set(sys.modules) - bare))"
_CALLS, _BATCHES = 200, 30


class HostError(Exception):
    """The library is not to be used here."""


def measure(runs: int) -> HostFigures:
    """Return the figures, of so many starts of an interpreter with the import and without."""
    processor, least, wall = _import_milliseconds(runs)
    loaded = _output(_LOADED).split()
    return HostFigures(
        import_milliseconds=processor,
        import_least_milliseconds=least,
        import_wall_milliseconds=wall,
        heavy_modules=[name for name in _HEAVY if name in loaded],
        modules=[name for name in loaded if not name.startswith("pytee_client")],
        fake_value_microseconds=_fake_microseconds(_value_loop),
        fake_memref_microseconds=_fake_microseconds(_memref_loop),
    )


def _import_milliseconds(runs: int) -> tuple[float, float, float]:
    """What the import adds: median and least processor time, and the median by the clock."""
    # The first start reads files from the disk, and writes byte code.
    _started(_IMPORT)
    programs = ("pass", _IMPORT)
    taken = [[_started(program) for program in programs] for _ in range(runs)]
    bare, importing = zip(*taken, strict=True)
    bare_processor, bare_wall = zip(*bare, strict=True)
    processor, wall = zip(*importing, strict=True)
    return (
        statistics.median(processor) - statistics.median(bare_processor),
        min(processor) - min(bare_processor),
        statistics.median(wall) - statistics.median(bare_wall),
    )


def _started(program: str) -> tuple[float, float]:
    """Milliseconds of processor time, and by the clock, of an interpreter with a program."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", program], cwd=_TOP)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    # Popen must not wait for it again.
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise HostError(f"status {process.returncode} from: {sys.executable} -c '{program}'")
    return (usage.ru_utime + usage.ru_stime) * 1000, wall * 1000


def _output(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=_TOP, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def _fake_microseconds(make: Callable[[], Callable[[], None]]) -> float:
    """The least processor time of a call, of many batches."""
    loop = make()
    loop()
    return min(_processor_nanoseconds(loop) for _ in range(_BATCHES)) / _CALLS / 1000


def _processor_nanoseconds(loop: Callable[[], None]) -> int:
    start = time.process_time_ns()
    loop()
    return time.process_time_ns() - start


def _value_loop() -> Callable[[], None]:
    import pytee_client as tee
    from pytee_client.fake.applications.hello_world import HelloWorld

    session = tee.Context("fake:optee").open_session(HelloWorld.uuid)

    def loop() -> None:
        for _ in range(_CALLS):
            session.invoke_command(0, tee.ValueInOut(41))

    return loop


def _memref_loop() -> Callable[[], None]:
    import pytee_client as tee
    from pytee_client.fake.applications.conformance import Conformance

    session = tee.Context("fake:optee").open_session(Conformance.uuid)
    buffer = bytearray(4096)

    def loop() -> None:
        for _ in range(_CALLS):
            # It does nothing.
            session.invoke_command(0, tee.MemrefTempInOut(buffer))

    return loop


if __name__ == "__main__":
    print("\n".join(measure(30).lines()))
