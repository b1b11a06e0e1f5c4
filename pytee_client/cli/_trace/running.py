# SPDX-License-Identifier: BSD-2-Clause
"""Running the program that is recorded or replayed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from typing import Final

from .._errors import InputError
from .._output import flush_output

__all__ = ["run_program"]

# As shells have it.
_NOT_RUNNABLE: Final = 126
_NOT_FOUND: Final = 127
_SIGNALLED: Final = 128
_ERROR_OUTPUT: Final = 2
# What is for the program, too. A terminal sends SIGINT and SIGQUIT to both of us.
_PASSED_ON: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_OF_TERMINALS: Final = (signal.SIGINT, signal.SIGQUIT)


def run_program(command: list[str], variables: Mapping[str, str], *, as_json: bool) -> int:
    """Run a program to its end.

    Args:
        command: its name and its arguments.
        variables: what its environment has beside that of this process.
        as_json: whether the output is for an object of JSON; the program's goes to the error
            output then.

    Returns:
        its exit status; 128 and the number of the signal that ended it.

    Raises:
        InputError: it can't be run; with the status that shells have for it.
    """
    flush_output()
    try:
        program = subprocess.Popen(
            command, env={**os.environ, **variables}, stdout=_ERROR_OUTPUT if as_json else None
        )
    except FileNotFoundError:
        raise InputError(f"there is no program {command[0]}", _NOT_FOUND) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        remedy = f": run it with python {command[0]}" if command[0].endswith(".py") else ""
        raise InputError(f"{command[0]} can't be run: {reason}{remedy}", _NOT_RUNNABLE) from None
    with _signals_for(program):
        status = program.wait()
    return status if status >= 0 else _SIGNALLED - status


@contextlib.contextmanager
def _signals_for(program: subprocess.Popen[bytes]) -> Iterator[None]:
    """Wait for the program whatever signals come, and pass those on that it does not get."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {}
    for number in _PASSED_ON:
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, lambda number, _: program.send_signal(number))
    for number in _OF_TERMINALS:
        before[number] = signal.signal(number, lambda number, _: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
