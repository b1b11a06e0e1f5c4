# SPDX-License-Identifier: BSD-2-Clause
"""Running the tools of the host, with errors that say what failed and what it said."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..support.progress import hide, working

_SHOWN_LINES = 25


class VmError(Exception):
    """The machine can't be built or started; the text says why and what to do."""


def say(text: str) -> None:
    hide()
    print(f"machines: {text}", file=sys.stderr, flush=True)


def last_lines(text: str, count: int = _SHOWN_LINES) -> str:
    return "\n".join("    " + line for line in text.rstrip().splitlines()[-count:])


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 900,
) -> str:
    """Runs a tool to its end and returns what it printed; VmError when it fails."""
    words = [str(word) for word in argv]
    try:
        with working(Path(words[0]).name):
            done = subprocess.run(
                words,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
                timeout=timeout,
            )
    except FileNotFoundError as error:
        raise VmError(f"{words[0]} is not installed on this host") from error
    except subprocess.TimeoutExpired as error:
        raise VmError(f"no end after {timeout:.0f} s: {' '.join(words)}") from error
    if done.returncode != 0:
        raise VmError(
            f"status {done.returncode} from: {' '.join(words)}\n{last_lines(done.stdout)}"
        )
    return done.stdout
