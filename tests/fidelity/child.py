# SPDX-License-Identifier: BSD-2-Clause
"""A child of the process, which makes the steps that it is sent."""

from __future__ import annotations

import os
import sys
from multiprocessing import Pipe
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from .process import Outcome, Process
    from .program import Step


class ForkedChild:
    """A process forked from one that runs a program; to be ended.

    Attributes:
        values: what its steps and its parent's yielded, by name.
        sessions: see Process.
    """

    def __init__(self, process: Process) -> None:
        self.values = process.values
        self.sessions = process.sessions
        self._connection, other = Pipe()
        self._pid = os.fork()
        if not self._pid:
            try:
                self._connection.close()
                _serve(process, other)
            except BaseException as error:
                print(f"the child ended: {error!r}", file=sys.stderr, flush=True)
            finally:
                os._exit(0)
        other.close()

    def step(self, name: str, step: Step) -> Outcome:
        """Have it make a step."""
        self._connection.send((name, step))
        outcome: Outcome
        outcome, self.values, self.sessions = self._connection.recv()
        return outcome

    def end(self) -> None:
        """Have it exit, and wait until it has."""
        self._connection.close()
        os.waitpid(self._pid, 0)


def _serve(process: Process, parent: Connection) -> None:
    child = process.child(lambda fd: fd)
    child.take_mappings()
    while True:
        try:
            name, step = parent.recv()
        except EOFError:
            return
        parent.send((child.step(name, step), child.values, child.sessions))
