# SPDX-License-Identifier: BSD-2-Clause
"""The command line: programs of system calls, recorded on Linux or compared with the fake."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from pytee_client.fake import Kernel, LinuxRelease

from ..support.linux_kernel import LinuxKernel
from ..support.progress import Progress
from . import record
from .columns import SUPPLICANT_ROWS, Row
from .comparison import Comparison
from .generator import programs
from .ground import Ground
from .program import Program
from .properties import Findings, UnknownAnswerError, find
from .vectors import VECTORS, Vector

OUT_OF_MEMORY = 3
_EPILOG = f"""\
verbs:
  record    run programs on Linux, and write what came of them to --out; the status is
            {OUT_OF_MEMORY} if the TEE had no more memory for one
  compare   run each on Linux and on the fake; the status is 1 if something differs
  properties
            ask Linux for the properties of its release (fake.LinuxRelease), and write the
            answers to --out

A program on which they differ is shown without the steps that play no part. Where a line
begins with a star there follow Linux's outcome, and below it the fake's.

Linux must have OP-TEE, with the Trusted Applications of tests/ta. From the host, and
compared there, which is faster: python -m tests.machines.optee fidelity
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    if parsed.verb == "properties":
        return _properties(parsed.out)
    if parsed.verb == "compare":
        return _compare(parsed)
    with (
        open(parsed.out, "wb") as out,
        closing(_ground(parsed)) as linux,
        Progress("running programs", _count(parsed), ticks=False) as progress,
    ):
        written = record.write(out, linux, progress.over(_programs(parsed), _name))
    return 0 if written else OUT_OF_MEMORY


def _ground(parsed: argparse.Namespace) -> Ground:
    if parsed.vectors and parsed.teepriv:
        return Ground(LinuxKernel(), path="/dev/teepriv0", is_bare=True)
    return Ground(LinuxKernel(), teepriv=parsed.teepriv)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fidelity",
        description="Measures how far the fake kernel is from the real one.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=("record", "compare", "properties"))
    parser.add_argument("--seed", type=int, default=1, help="which programs (default: 1)")
    parser.add_argument("--programs", type=int, default=100, help="how many (default: 100)")
    parser.add_argument("--first", type=int, default=0, help="number of the first (default: 0)")
    parser.add_argument(
        "--only", type=int, nargs="+", metavar="NUMBER", help="those of these numbers alone"
    )
    parser.add_argument("--vectors", action="store_true", help="record: the vectors instead")
    parser.add_argument("--out", type=Path, help="record, properties: where to")
    parser.add_argument(
        "--teepriv",
        action="store_true",
        help="open the supplicant's device too; no supplicant may run, and only applications"
        " that are part of OP-TEE are used",
    )
    return parser


def _programs(parsed: argparse.Namespace) -> Iterator[tuple[int, Program]]:
    if parsed.vectors:
        vectors: Sequence[Vector | Row] = SUPPLICANT_ROWS if parsed.teepriv else VECTORS
        yield from enumerate(vector.program for vector in vectors)
    elif parsed.only is None:
        yield from programs(
            parsed.seed, parsed.programs, teepriv=parsed.teepriv, first=parsed.first
        )
    for number in parsed.only or ():
        yield from programs(parsed.seed, 1, teepriv=parsed.teepriv, first=number)


def _count(parsed: argparse.Namespace) -> int | None:
    """Return how many programs there will be; None of vectors."""
    if parsed.vectors:
        return None
    return parsed.programs if parsed.only is None else len(parsed.only)


def _name(numbered: tuple[int, Program]) -> str:
    return f"(number {numbered[0]})"


def _properties(out: Path | None) -> int:
    found = find(LinuxKernel())
    for name, answer in found.answers.items():
        print(f"{name}: {answer}")
    if out is not None:
        out.write_text(found.to_json())
    return 0


def release_of(found: Findings) -> LinuxRelease | None:
    """Return the release that a machine has, and print what is new; none if it is unknown."""
    try:
        release = found.release()
    except UnknownAnswerError as error:
        print(f"error: {error}", flush=True)
        return None
    for line in found.surprises():
        print(line, flush=True)
    return release


def _compare(parsed: argparse.Namespace) -> int:
    release = release_of(find(LinuxKernel()))
    if release is None:
        return 1
    different = 0
    with (
        closing(Ground(LinuxKernel(), teepriv=parsed.teepriv)) as linux,
        closing(Ground(Kernel(release=release), teepriv=parsed.teepriv)) as fake,
        Progress("comparing", _count(parsed), ticks=False) as progress,
    ):
        comparison = Comparison(linux, fake)
        for number, program in progress.over(_programs(parsed), _name):
            found = comparison.difference(program)
            if found is not None:
                progress.hide()
                different += 1
                print(f"seed {parsed.seed}{', teepriv' * parsed.teepriv}, program {number}:")
                print("\n".join(comparison.shortest(found).lines()), flush=True)
    tally = comparison.tally
    if parsed.only is None:
        print("\n".join(tally.lines()))
    print(f"{tally.programs} programs, {tally.steps} steps, {different} programs differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
