# SPDX-License-Identifier: BSD-2-Clause
"""A fork while another thread imports what the package loads on demand."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytee_client

from ..support.programs import program
from ..support.waiting import LIMIT

# A thread is in the middle of an import when the main thread forks. The import goes on a while
# after the fork began; a fork that does not wait for it has its child hang.
SCRIPT = """
import os, signal, threading, warnings
warnings.simplefilter("ignore")
import pytee_client as tee
MODULE = sys.argv[1]
begun, goes_on = threading.Event(), threading.Event()
class Slow:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == MODULE and threading.current_thread() is not threading.main_thread():
            begun.set()
            assert goes_on.wait(60)
sys.meta_path.insert(0, Slow)
def use():
    try:
        tee.Context("/dev/null" if MODULE.endswith("_opening") else "fake:").close()
    except tee.TeecError:
        pass
    tee.enumerate_devices("fake")
# Called before the hooks that were there before it.
os.register_at_fork(before=lambda: threading.Timer(0.3, goes_on.set).start())
thread = threading.Thread(target=use)
thread.start()
assert begun.wait(60)
child = os.fork()
if not child:
    signal.alarm(30)
    use()
    os._exit(0)
status = os.waitpid(child, 0)[1]
goes_on.set()
thread.join()
sys.exit(status != 0)
"""
PACKAGE = Path(pytee_client.__file__).parent
MODULES = ["fake.kernel.kernel", "_opening", "devices.enumeration"]


@pytest.mark.parametrize("module", MODULES)
def test_a_fork_waits_for_an_import_so_that_a_child_can_import_the_same(module: str) -> None:
    command = program(SCRIPT, f"pytee_client.{module}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_import_can_fork() -> None:
    script = """
import os, warnings
import pytee_client as tee
class Forks:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "pytee_client.fake.kernel.kernel":
            child = os.fork()
            if not child:
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
sys.meta_path.insert(0, Forks)
tee.Context("fake:").close()
"""
    subprocess.run(program(script), timeout=LIMIT, check=True)


def unguarded(node: ast.AST, in_function: bool = False) -> Iterator[int]:
    """Yield the lines of the imports in functions that no fork waits for."""
    if isinstance(node, ast.Import | ast.ImportFrom) and in_function:
        yield node.lineno
    if isinstance(node, ast.With) and "importing" in map(
        ast.unparse, (item.context_expr for item in node.items)
    ):
        return
    in_function = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in ast.iter_child_nodes(node):
        yield from unguarded(child, in_function)


def test_every_import_on_demand_is_one_that_forks_wait_for() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        for line in unguarded(ast.parse(path.read_text()))
    ]
    assert not found
