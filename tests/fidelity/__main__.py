# SPDX-License-Identifier: BSD-2-Clause
"""The command line: random programs of system calls, run on one kernel or compared on two."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

from pytee_client.fake import new_kernel

from ..support.linux_kernel import LinuxKernel
from .comparison import Comparison
from .generator import programs
from .interpreter import Ground, run

_EPILOG = """\
verbs:
  run       run the programs on --target, and write what came of them: JSON, a program a line
  compare   run each on Linux and on the fake; the status is 1 if something differs

A program on which they differ is shown without the steps that play no part. Where a line
begins with a star there follow Linux's outcome, and below it the fake's.

Linux must have OP-TEE, with the Trusted Applications of tests/ta. From the host:
python -m tests.optee_vm run SCRIPT, with the line "python3 -m tests.fidelity compare" in it.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    if parsed.verb == "compare":
        return _compare(parsed)
    kernel = new_kernel() if parsed.target == "fake" else LinuxKernel()
    ground = Ground(kernel, teepriv=parsed.teepriv)
    for program in programs(parsed.seed, parsed.programs, teepriv=parsed.teepriv):
        transcript = run(ground, program)
        steps = {name: str(step) for name, step in program.items()}
        print(json.dumps([[steps.get(n, n), asdict(o)] for n, o in transcript.items()]))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fidelity",
        description="Measures how far the fake kernel is from the real one.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=("run", "compare"))
    parser.add_argument("--seed", type=int, default=1, help="which programs (default: 1)")
    parser.add_argument("--programs", type=int, default=100, help="how many (default: 100)")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="compare: start none after so long"
    )
    parser.add_argument("--target", choices=("fake", "linux"), default="fake", help="of run")
    parser.add_argument(
        "--shown", type=int, default=10, help="compare: how many differences to show (default: 10)"
    )
    parser.add_argument(
        "--teepriv",
        action="store_true",
        help="open the supplicant's device too; no supplicant may run, and only applications"
        " that are part of OP-TEE are used",
    )
    return parser


def _compare(parsed: argparse.Namespace) -> int:
    different = count = 0
    linux, fake = (
        Ground(kernel, teepriv=parsed.teepriv) for kernel in (LinuxKernel(), new_kernel())
    )
    comparison = Comparison(linux, fake)
    start = time.monotonic()
    for program in programs(parsed.seed, parsed.programs, teepriv=parsed.teepriv):
        if time.monotonic() - start > parsed.seconds:
            break
        found = comparison.difference(program)
        if found is not None and found.is_exhaustion:
            print("the TEE is out of memory: start it anew for more programs")
            break
        if found is not None:
            different += 1
            if different <= parsed.shown:
                print(f"seed {parsed.seed}, program {count}:")
                print("\n".join(comparison.shortest(found).lines()), flush=True)
        count += 1
    minutes = (time.monotonic() - start) / 60
    for outcome, times in sorted(comparison.outcomes.items()):
        print(f"{times:8} {outcome}")
    print(
        f"{count} programs, {comparison.steps} steps, {different} programs differ;"
        f" {count / minutes:.0f} programs a minute"
    )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
