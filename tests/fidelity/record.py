# SPDX-License-Identifier: BSD-2-Clause
"""What came of programs on one kernel, in a form that another can be compared with elsewhere."""

from __future__ import annotations

import pickle
import signal
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pytee_client.enums import Origin, Result

from .interpreter import Ground, Transcript, run
from .program import Program

_SECONDS = 60
# OP-TEE's heap can run out, and what the fake has does not.
_EXHAUSTED = (Result.OUT_OF_MEMORY, Origin.TEE)


@dataclass(frozen=True)
class Record:
    """A program that was run.

    Attributes:
        number: which one.
        check: a checksum of its steps: whoever makes it anew must get the same.
        transcript: what came of it.
    """

    number: int
    check: int
    transcript: Transcript

    @property
    def is_exhaustion(self) -> bool:
        """Whether the TEE had no more memory, and may differ from there on."""
        return any(outcome.answer == _EXHAUSTED for outcome in self.transcript.values())


def checksum(program: object) -> int:
    """Return a checksum of a program."""
    return zlib.crc32(repr(program).encode())


def write(out: BinaryIO, ground: Ground, programs: Iterable[tuple[int, Program]]) -> bool:
    """Run programs, and write a record of each; return False if the TEE ran out of memory.

    One that takes too long ends the process: what it waits for will not come.
    """
    for number, program in programs:
        signal.alarm(_SECONDS)
        record = Record(number, checksum(program), run(ground, program))
        if record.is_exhaustion:
            return False
        pickle.dump(record, out)
        out.flush()
    signal.alarm(0)
    return True


def read(source: BinaryIO) -> Iterator[Record]:
    """Yield records, up to where the writer stopped."""
    while True:
        try:
            yield pickle.load(source)
        except (EOFError, pickle.UnpicklingError):
            return
