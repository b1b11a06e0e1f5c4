# SPDX-License-Identifier: BSD-2-Clause
"""The measure of the fake: what came of programs on Linux, and what comes of them on it."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from unittest import mock

from pytee_client.fake import Kernel, LinuxRelease

from ..support.progress import Progress
from . import record
from .columns import SUPPLICANT_ROWS, Column
from .comparison import Difference, Tally
from .generator import programs
from .ground import Ground
from .interpreter import run
from .process import Outcome
from .program import Program
from .vectors import VECTORS

# All for which Linux may differ from the fake.
KNOWN_REASONS = {
    "exhaustion": "OP-TEE had no more memory, which the fake has as much of as Python: the"
    " program was run again in a machine just started",
}


class Measure:
    """Takes records of Linux in, and finds where the fake differs.

    Args:
        seed: which programs they are of.
        release: the release of Linux that the fake is to be.

    Attributes:
        vectors: how many vectors were compared.
        known: how often a boot ended for one of the known reasons.
        tally: the programs that were.
        differences: what differs, by what it is called.
        numbers: those of the programs in it, by whether they are for the supplicant's device.
    """

    def __init__(self, seed: int, release: LinuxRelease) -> None:
        self._seed = seed
        self._release = release
        self._grounds = {
            kind: Ground(Kernel(release=release), teepriv=kind) for kind in (False, True)
        }
        self.vectors = 0
        self.known: Counter[str] = Counter()
        self.tally = Tally()
        self.differences: dict[str, Difference] = {}
        self.numbers: dict[bool, list[int]] = {False: [], True: []}

    def add_vectors(self, records: bytes) -> None:
        """Compare the vectors with what is expected, and with what the fake answers."""
        for found in _shown(records):
            vector = VECTORS[found.number]
            is_met = vector.is_met_by(_last(vector.program, found), self._release)
            self._add_vector(vector.claim, vector.program, found, self._grounds[False], is_met)

    def add_supplicants_vectors(self, records: bytes) -> None:
        """Compare those of the supplicant's device."""
        kernel = Kernel(release=self._release)
        with closing(Ground(kernel, path="/dev/teepriv0", is_bare=True)) as ground:
            for found in _shown(records):
                row = SUPPLICANT_ROWS[found.number]
                last = _last(row.program, found)
                is_met = row.is_met_by(last, Column.SUPPLICANT, self._release)
                self._add_vector(f"teepriv, {row.claim}", row.program, found, ground, is_met)

    def _add_vector(
        self, claim: str, program: Program, found: record.Record, ground: Ground, is_met: bool
    ) -> None:
        _check(found, program)
        with _as_root():
            transcript = run(ground, program)
        self.vectors += 1
        if not is_met or transcript != found.transcript:
            difference = Difference(program, found.transcript, transcript)
            self.differences[f"vector {claim!r}"] = difference

    def add(self, records: bytes, *, teepriv: bool, first: int) -> int:
        """Compare programs from a number on; return the number of the next."""
        for found in _shown(records):
            ((_, program),) = programs(self._seed, 1, teepriv=teepriv, first=found.number)
            _check(found, program)
            with _as_root():
                transcript = run(self._grounds[teepriv], program)
            self.tally.add(program, found.transcript)
            if transcript != found.transcript:
                name = f"seed {self._seed}{', teepriv' * teepriv}, program {found.number}"
                self.differences[name] = Difference(program, found.transcript, transcript)
                self.numbers[teepriv].append(found.number)
            first = found.number + 1
        return first

    def close(self) -> None:
        """Close what was opened."""
        for ground in self._grounds.values():
            ground.close()

    def __str__(self) -> str:
        return (
            f"fidelity: {self.vectors} vectors, {self.tally.programs} programs,"
            f" {self.tally.steps} steps, {len(self.differences)} differences"
        )


def _shown(records: bytes) -> Iterator[record.Record]:
    """Yield the records; tell on a terminal which one it is at."""
    with Progress("comparing with the fake", ticks=False) as progress:
        yield from progress.over(record.read(io.BytesIO(records)), lambda one: str(one.number))


def _last(program: Program, found: record.Record) -> Outcome:
    return found.transcript[list(program)[-1]]


def _check(found: record.Record, program: object) -> None:
    if record.checksum(program) != found.check:
        raise RuntimeError(
            f"number {found.number} is another program here than where it was recorded:"
            " the two have not the same tests/fidelity, or Pythons whose random differs"
        )


@contextmanager
def _as_root() -> Iterator[None]:
    """Be whom the machine knows, as far as the fake's clients are told by it."""
    with (
        mock.patch.object(os, "geteuid", return_value=0),
        mock.patch.object(os, "getegid", return_value=0),
        mock.patch.object(os, "getgroups", return_value=[0]),
    ):
        yield
