# SPDX-License-Identifier: BSD-2-Clause
"""Measure on the host what needs no TEE: python -m tests.bench.host."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable

from ..support.bare_python import BARE_PYTHON, environment
from ..support.progress import Progress
from .host_figures import HostFigures

# Every interpreter that people start loads it.
_BARE = "import site"
_IMPORT = "import site, pytee_client"
_HEAVY = (
    "argparse",
    "asyncio",
    "pathlib",
    "re",
    "typing",
    "typing_extensions",
    "pytee_client.fake",
)
_LOADED = (
    f"import sys; {_BARE}; bare = set(sys.modules); {_IMPORT};"
    " print(*sorted(set(sys.modules) - bare))"
)
_CALLS, _BATCHES = 200, 30
_CHANGES = 10
_CHANGED_SIZE = 10 << 20
# Each pattern is one of bytes that are not 0 where an application changes memory.
_PATTERNS: dict[str, Callable[[int], bytes]] = {
    "no byte": bytes,
    "every second byte": lambda size: b"\1\0" * (size // 2),
    "a byte in 64": lambda size: (b"\1" + bytes(63)) * (size // 64),
    "random bytes": os.urandom,
    "half of the bytes, at random": lambda size: os.urandom(size).translate(bytes([0, 1]) * 128),
}


class HostError(Exception):
    """The library is not to be used here."""


def measure(runs: int) -> HostFigures:
    """Return the figures, of so many starts of an interpreter with the import and without."""
    # For each start, and for each pattern of changes.
    with Progress("measuring this host", runs + len(_PATTERNS), ticks=False) as progress:
        return _measure(runs, progress)


def _measure(runs: int, progress: Progress) -> HostFigures:
    least, median = _import_milliseconds(progress.over(range(runs), lambda _: "import"))
    loaded = _output(_LOADED).split()
    return HostFigures(
        import_milliseconds=least,
        import_median_milliseconds=median,
        heavy_modules=[name for name in _HEAVY if name in loaded],
        modules=[name for name in loaded if not name.startswith("pytee_client")],
        fake_value_microseconds=_fake_microseconds(_value_loop),
        fake_memref_microseconds=_fake_microseconds(_memref_loop),
        fake_change_milliseconds={
            pattern: _change_milliseconds(make(_CHANGED_SIZE))
            for pattern, make in progress.over(_PATTERNS.items(), lambda pair: pair[0])
        },
    )


def _import_milliseconds(runs: Iterable[object]) -> tuple[float, float]:
    """What the import adds to processor time: in the quickest start of each, and in the median."""
    programs = (_BARE, _IMPORT)
    with tempfile.TemporaryDirectory() as byte_code:
        # Where the library is installed its byte code is there, whatever is set here.
        variables = {**environment(), "PYTHONPYCACHEPREFIX": byte_code}
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        # The first start reads files from the disk, and writes byte code.
        _started(_IMPORT, variables)
        taken = [[_started(program, variables) for program in programs] for _ in runs]
    bare, importing = zip(*taken, strict=True)
    return (
        min(importing) - min(bare),
        statistics.median(importing) - statistics.median(bare),
    )


def _started(program: str, variables: dict[str, str]) -> float:
    """Milliseconds of processor time of an interpreter with a program."""
    process = subprocess.Popen([*BARE_PYTHON, program], cwd="/", env=variables)
    _, status, usage = os.wait4(process.pid, 0)
    # Popen must not wait for it again.
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise HostError(f"status {process.returncode} from: {' '.join(BARE_PYTHON)} '{program}'")
    return (usage.ru_utime + usage.ru_stime) * 1000


def _output(program: str) -> str:
    return subprocess.run(
        [*BARE_PYTHON, program],
        cwd="/",
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
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


def _change_milliseconds(changed: bytes) -> float:
    """The least processor time of a call whose application changes these bytes of a block."""
    from uuid import UUID

    import pytee_client as tee
    from pytee_client import fake

    class Changing(fake.TrustedApplication):
        uuid = UUID(int=1)

        @fake.command(0)
        def change(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            parameters.memref(0).put(changed)

    kernel = fake.Kernel(applications=[Changing])
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(Changing.uuid) as session,
        context.allocate_shared_memory(len(changed)) as block,
    ):

        def call() -> None:
            session.invoke_command(0, block)

        taken = []
        for _ in range(_CHANGES):
            memoryview(block)[:] = bytes(len(changed))
            taken.append(_processor_nanoseconds(call))
    return min(taken) / 1e6


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tests.bench.host", description=__doc__).parse_args()
    print("\n".join(measure(30).lines()))
