# SPDX-License-Identifier: BSD-2-Clause
"""Processes that have the device: one that imports what tests need, and a child of it for each."""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import traceback
from pathlib import Path
from typing import Any

from ..programs import program
from .device import StandIn
from .library import library

_FILE, _LIBRARY = "PYTEE_STAND_IN", "LD_PRELOAD"
# Such a Python has no choice of where its objects lie.
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
_START = "from tests.support.stand_in.processes import serve; serve()"


def environment(file: Path | None = None) -> dict[str, str]:
    """Return the environment of a process that has the device; file is new, or shared by some.

    Without a file, the process has no device until it attaches to one.
    """
    own = {_LIBRARY: str(library()), "PYTHONFAULTHANDLER": "1"}
    if not FREE_THREADED:
        # So that the library sees the end of all memory, and not only that of whole arenas.
        own["PYTHONMALLOC"] = "malloc"
    return {**os.environ, **own, **({_FILE: str(file)} if file else {})}


class Server:
    """A process whose children run tests: it has imported what they need."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            program(_START),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, module: str, name: str, args: Any, kwargs: Any) -> tuple[int, str]:
        """Run a test in a new process; return its status, and what it printed."""
        assert self._process.stdin
        assert self._process.stdout
        with tempfile.TemporaryDirectory(prefix="tee-") as folder:
            output = Path(folder) / "output"
            order = [module, name, args, kwargs, str(Path(folder) / "tee0"), str(output)]
            print(json.dumps(order), file=self._process.stdin, flush=True)
            try:
                status = self._process.stdout.readline()
            except BaseException:
                # The time limit of the test that waits.
                self.stop()
                raise
            return int(status or -1), output.read_text()

    def stop(self) -> None:
        """End the process, and what it runs."""
        server.cache_clear()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.communicate()


@functools.cache
def server() -> Server:
    """Return the server of this process; it ends with it."""
    return Server()


def serve() -> None:
    """Be a server."""
    os.setpgid(0, 0)
    for line in sys.stdin:
        module, name, args, kwargs, file, output = json.loads(line)
        test = importlib.import_module(module)
        child = os.fork()
        if not child:
            _run_in_child(getattr(test, name), args, kwargs, file, output)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run_in_child(test: Any, args: Any, kwargs: Any, file: str, output: str) -> None:
    status = 1
    try:
        where = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nowhere = os.open(os.devnull, os.O_RDONLY)
        for own, fd in ((nowhere, 0), (where, 1), (where, 2)):
            os.dup2(own, fd)
        os.closerange(3, 1024)
        os.environ[_FILE] = file
        device = StandIn(Path(file), library_of_process())
        inspect.unwrap(test)(device, *args, **kwargs)
        device.assert_nothing_is_left()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def library_of_process() -> Path:
    """Return the library that this process was started with."""
    return Path(os.environ[_LIBRARY])
