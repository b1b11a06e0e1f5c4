# SPDX-License-Identifier: BSD-2-Clause
"""The plugin beside others, and where nobody uses it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ...support.pytest_projects import Project
from ...support.waiting import LIMIT

if TYPE_CHECKING:
    from pathlib import Path

# What pytest-asyncio asks each project to say.
SCOPE = "asyncio_default_fixture_loop_scope = function"
AWAITED = """
MARK
async def test_it(tee_aio_context, tee_backend):
    client = await tee_aio_context.client(Counter)
    assert await client.increment() == 1
    await client.close()
    async with aio.Context() as context:
        client = await context.client(Counter)
        assert await client.increment() == 1
        await client.close()

MARK
async def test_forgotten(tee_aio_context):
    KEPT.append(await tee_aio_context.open_session(Counter.uuid))

KEPT = []
"""
OWN_FIXTURE = """
import pytest_asyncio

@pytest_asyncio.fixture
async def counter(tee_aio_context):
    client = await tee_aio_context.client(Counter)
    yield client
    await client.close()

MARK
async def test_it(counter):
    assert await counter.increment() == 1
"""


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_tests_of_pytest_asyncio_use_a_context_on_their_loop(project: Project, mode: str) -> None:
    mark = "@pytest.mark.asyncio" if mode == "strict" else ""
    project.configure(f"asyncio_mode = {mode}", SCOPE, "filterwarnings = error")
    project.write(AWAITED.replace("MARK", mark))
    project.write(OWN_FIXTURE.replace("MARK", mark), "test_own")
    result = project.run_apart("--tee", "fake:optee,fake:amdtee")
    result.assert_outcomes(passed=6, errors=2)
    result.stdout.fnmatch_lines("<Session with Counter *, open> was not closed")


def test_no_test_needs_pytest_asyncio(project: Project) -> None:
    test = """
import asyncio, sys

def test_it(tee_aio_context):
    assert "pytest_asyncio" not in sys.modules
    asyncio.run(tee_aio_context.trim())
"""
    project.write(test)
    project.run_apart("-p", "no:asyncio").assert_outcomes(passed=1)


SPREAD = """
@pytest.mark.parametrize("number", range(4))
def test_it(tee_session, number):
    assert tee_session(Counter).increment() == 1

class TestOther:
    def test_it(self, tee_kernel):
        with tee.Context() as context, Counter(context) as counter:
            assert counter.increment() == 1

@pytest.mark.tee_faults(Fault(SystemCall.INVOKE, Answer(tee.Result.BUSY)))
def test_faults(tee_session):
    with pytest.raises(tee.BusyError):
        tee_session(Counter).increment()

@pytest.mark.tee_cassette
def test_cassette(tee_session):
    assert tee_session(Counter).increment() == 1
"""


@pytest.mark.parametrize("dist", ["load", "loadscope"])
def test_tests_are_spread_by_xdist(project: Project, dist: str) -> None:
    project.configure(SCOPE)
    spread = ("-n", "2", "--dist", dist)
    project.write(SPREAD)
    project.write(SPREAD, "test_second")
    recorded = project.run_apart(*spread, "--tee", "fake:optee", "--tee-record")
    recorded.assert_outcomes(passed=14)
    result = project.run_apart(*spread, "--tee", "fake:optee,fake:amdtee")
    result.assert_outcomes(passed=26)
    assert len([*project.folder.rglob("*.trace")]) == 2


def modules_after(folder: Path, *options: str) -> list[str]:
    """Return the modules of the package that a run of pytest has loaded."""
    script = (
        "import sys, pytest\n"
        "status = pytest.main(sys.argv[1:])\n"
        "print(status)\n"
        "print(*sorted(name for name in sys.modules if name.startswith('pytee_client')))\n"
    )
    command = [sys.executable, "-c", script, "-p", "pytee_client_pytest", *options]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=True
    )
    return done.stdout.splitlines()[-1].split()


@pytest.mark.parametrize(
    "options", [(), ("--collect-only",), ("--tee=fake:amdtee,linux",), ("--help",)], ids=str
)
def test_a_project_without_a_tee_imports_nothing_but_the_plugin(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    assert modules_after(tmp_path, *options) == ["pytee_client_pytest"]


def test_the_first_fixture_imports_the_package(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(tee_kernel): pass\n")
    assert modules_after(tmp_path, "--collect-only") == ["pytee_client_pytest"]
    assert "pytee_client.fake" in modules_after(tmp_path)


def test_the_plugin_imports_nothing_that_pytest_has_not_loaded() -> None:
    script = (
        "import sys, pytest; before = {*sys.modules}; import pytee_client_pytest;"
        " print(*sorted({*sys.modules} - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=LIMIT, check=True
    )
    assert done.stdout.split() == ["pytee_client_pytest"]
