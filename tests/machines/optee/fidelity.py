# SPDX-License-Identifier: BSD-2-Clause
"""Programs of system calls, run in the machine and compared here with what the fake makes of them.

The fake is fast here and slow on an emulated processor; so the machine only says what came of
each. What differs is run there once more, beside the fake, to find the steps that matter.

The first boot asks Linux for the properties of its release, and the fake is set to them.
"""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import closing

from ...fidelity.__main__ import OUT_OF_MEMORY, release_of
from ...fidelity.measure import KNOWN_REASONS, Measure
from ...fidelity.properties import Findings
from ...fidelity.properties import adopt as adopt_findings
from ..job import Job
from ..process import say
from .machine import Outcome

Run = Callable[[Job], Outcome]

_PER_BOOT = 1000
_SHOWN = 10
# Of so many programs one is for the supplicant's device.
_TEEPRIV_SHARE = 5
_PROPERTIES = "tmp/properties"
_VECTORS, _SUPPLICANTS_VECTORS = "tmp/vectors", "tmp/supplicants-vectors"
_PLACES = {False: "tmp/programs", True: "tmp/teepriv"}
_STOP_SUPPLICANT = (
    "busybox killall tee-supplicant",
    "while busybox pidof tee-supplicant >/dev/null; do sleep 0.1; done",
)
# What a shell says of a process that its alarm ended.
STUCK = 128 + signal.SIGALRM


def measure(run: Run, seed: int, programs: int) -> int:
    """Compare the vectors and so many programs; say what differs, and return a status for it."""
    start = time.monotonic()
    counts = {True: programs // _TEEPRIV_SHARE}
    counts[False] = programs - counts[True]
    first = run(_recording(seed, {False: 0, True: 0}, counts, vectors=True))
    if _PROPERTIES not in first.files:
        say(f"status {first.status}: {first.explanation()}")
        return first.status or 1
    release = release_of(Findings.from_json(first.files[_PROPERTIES]))
    if release is None:
        return 1
    with closing(Measure(seed, release)) as found:
        status, stuck = _take_in(found, run, seed, counts, first)
        if found.differences:
            _show(found, run, seed)
        for line in stuck:
            print(line)
        for reason, times in found.known.items():
            say(f"{times} times {reason}: {KNOWN_REASONS[reason]}")
        minutes = (time.monotonic() - start) / 60
        say(f"{found.tally.programs / minutes:.0f} programs a minute")
        for line in found.tally.lines():
            say(line)
        print(f"{found}, {len(stuck)} without an end" if stuck else found, flush=True)
        return status or int(bool(found.differences or stuck))


def properties(run: Run, *, adopt: bool) -> int:
    """Print what release of Linux runs there, as the fake sees it; adopt: make it a known one."""
    found = run(_job([_python("properties", "--out", f"/{_PROPERTIES}")], (_PROPERTIES,)))
    if _PROPERTIES not in found.files:
        say(f"status {found.status}: {found.explanation()}")
        return found.status or 1
    findings = Findings.from_json(found.files[_PROPERTIES])
    if adopt:
        print(adopt_findings(found.files[_PROPERTIES]))
    release = release_of(findings)
    print("\n".join(f"{name}: {value}" for name, value in findings.values().items()))
    return 1 if release is None else 0


def _take_in(
    found: Measure, run: Run, seed: int, counts: dict[bool, int], first: Outcome
) -> tuple[int, list[str]]:
    """Boot as often as it takes; return the status of a machine that failed, and who had no end.

    The first boot is over.
    """
    programs = sum(counts.values())
    done = {False: 0, True: 0}
    stuck: list[str] = []
    found.add_vectors(first.files.get(_VECTORS, b""))
    found.add_supplicants_vectors(first.files.get(_SUPPLICANTS_VECTORS, b""))
    outcome: Outcome | None = first
    while outcome is not None or done != counts:
        before = sum(done.values())
        outcome = outcome or run(_recording(seed, done, counts, vectors=False))
        if outcome.status == OUT_OF_MEMORY:
            found.known["exhaustion"] += 1
        for kind, place in _PLACES.items():
            records = outcome.files.get(place, b"")
            done[kind] = found.add(records, teepriv=kind, first=done[kind])
        if outcome.status == STUCK:
            kind = done[False] == counts[False]
            stuck.append(f"seed {seed}{', teepriv' * kind}, program {done[kind]}: it has no end")
            done[kind] += 1
        elif outcome.status not in (0, OUT_OF_MEMORY) or before == sum(done.values()) < programs:
            say(f"status {outcome.status}: {outcome.explanation()}")
            return outcome.status or 1, stuck
        outcome = None
    return 0, stuck


def _recording(seed: int, done: dict[bool, int], counts: dict[bool, int], *, vectors: bool) -> Job:
    lines = []
    if vectors:
        lines.append(_python("properties", "--out", f"/{_PROPERTIES}"))
        lines.append(_python("record", "--vectors", "--out", f"/{_VECTORS}"))
    room = _PER_BOOT
    for kind, place in _PLACES.items():
        number = min(room, counts[kind] - done[kind])
        room -= number
        if kind and (number or vectors):
            lines += _STOP_SUPPLICANT
        if kind and vectors:
            lines.append(
                _python("record", "--vectors", "--teepriv", "--out", f"/{_SUPPLICANTS_VECTORS}")
            )
        if not number:
            continue
        words = ["--seed", seed, "--first", done[kind], "--programs", number, "--out", f"/{place}"]
        if kind:
            words.append("--teepriv")
        lines.append(_python("record", *words))
    return _job(lines, (_PROPERTIES, _VECTORS, _SUPPLICANTS_VECTORS, *_PLACES.values()))


def _show(found: Measure, run: Run, seed: int) -> None:
    """Print the shortest programs that differ; or whole ones, if they differ no more."""
    lines = []
    for kind, numbers in found.numbers.items():
        if numbers:
            words = ["--seed", seed, "--only", *numbers[:_SHOWN]]
            compare = _python("compare", *(["--teepriv"] if kind else []), *words)
            lines += [*(_STOP_SUPPLICANT if kind else ()), f"{compare} || status=$?"]
    console = run(_job(["status=0", *lines, "exit $status"], ())).console if lines else ""
    shown = 0
    for name, difference in found.differences.items():
        if f"{name}:" not in console and shown < _SHOWN:
            shown += 1
            print(f"{name}, as it was recorded:")
            print("\n".join(difference.lines()))


def _python(*words: object) -> str:
    return shlex.join(["python3", "-m", "tests.fidelity", *map(str, words)])


def _job(lines: Sequence[str], wanted: Sequence[str]) -> Job:
    guarded = [line if "||" in line or ";" in line else f"{line} || exit $?" for line in lines]
    return Job("\n".join(guarded) + "\n", wanted=wanted)
