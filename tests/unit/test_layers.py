# SPDX-License-Identifier: BSD-2-Clause
"""Calls go down by one way: who may import and call what."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from ..support.bare_python import BARE_PYTHON, environment

TOP = Path(__file__).parents[2]
PACKAGE = TOP / "pytee_client"
MODULES = sorted(PACKAGE.rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    """Return the absolute names of what a module imports, at any depth of its code."""
    parts = path.relative_to(TOP).with_suffix("").parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(parts[: len(parts) - node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            found.add(module)
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_door_imports_the_compiled_module(path: Path) -> None:
    imports_it = any("pytee_client._native" in name for name in imports_of(path))
    door = path.parent.name == "_boundary" and path.name != "__init__.py"
    assert imports_it == door


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_fake_and_its_one_entrance_import_the_fake(path: Path) -> None:
    if "fake" in path.relative_to(PACKAGE).parts:
        return
    imports_it = any(name.startswith("pytee_client.fake") for name in imports_of(path))
    assert imports_it == (path == PACKAGE / "context.py")


def test_importing_the_package_loads_no_more_than_it_needs() -> None:
    script = (
        "import sys; before = set(sys.modules); import pytee_client;"
        "bad = [m for m in set(sys.modules) - before if m.split('.')[0] in"
        " ('asyncio', 'argparse', 'typing', 'typing_extensions', 'cffi', 'ctypes', 'uuid',"
        " 'hashlib', 'dataclasses', 'inspect', 'pathlib', 're', 'contextlib')"
        " or m.startswith(('pytee_client.fake', 'pytee_client.devices', 'pytee_client.kernels'))];"
        " print(bad)"
    )
    done = subprocess.run(
        [*BARE_PYTHON, script],
        cwd="/",
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"


SYSTEM_CALLS = re.compile(
    r"\b(open|ioctl|mmap|munmap|close|read|write|readlink|stat|fcntl|madvise)\("
)


@pytest.mark.parametrize("path", sorted((TOP / "csrc").glob("*.c")), ids=lambda path: path.name)
def test_only_one_file_makes_system_calls(path: Path) -> None:
    code = re.sub(r"/\*.*?\*/|//[^\n]*|\"[^\"\n]*\"", "", path.read_text(), flags=re.DOTALL)
    calls = {
        match[0] for match in SYSTEM_CALLS.finditer(code) if code[match.start() - 2 :][:2] != "->"
    }
    assert bool(calls) == (path.name == "device_linux.c"), calls


@pytest.mark.parametrize("path", sorted((TOP / "csrc").glob("*.[ch]")), ids=lambda path: path.name)
def test_the_c_library_prints_nothing_and_needs_no_kernel_header(path: Path) -> None:
    code = path.read_text()
    assert not re.search(r"\b(printf|puts|perror|syslog|fprintf|stderr)\b", code)
    assert not re.search(r"#include <(linux|asm)/", code)
    assert len(code.splitlines()) <= 400
