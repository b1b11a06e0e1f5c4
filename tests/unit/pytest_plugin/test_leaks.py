# SPDX-License-Identifier: BSD-2-Clause
"""What a test does not give back fails it."""

from __future__ import annotations

import pytest

from ...support.pytest_projects import Project

LEAKS = {
    "a context that is kept": (
        "tee_kernel",
        "KEPT.append(tee.Context())",
        "*descriptor *: /dev/tee0*",
    ),
    "a context that nobody knows": (
        "tee_kernel",
        "tee.Context()",
        "<Context on /dev/tee0 of fake, open> was forgotten",
    ),
    "a context in a cycle": (
        "tee_kernel",
        "gc.disable(); cycle = [tee.Context()]; cycle.append(cycle)",
        "<Context on /dev/tee0 of fake, open> was forgotten",
    ),
    "a context on the kernel that the test names": (
        "tee_kernel",
        "tee.Context(backend=tee_kernel)",
        "<Context *> was forgotten",
    ),
    "a session that is kept": (
        "tee_context",
        "KEPT.append(tee_context.open_session(Counter.uuid))",
        "<Session with Counter (0f2a4a52-*), open> was not closed",
    ),
    "a session that nobody knows": (
        "tee_context",
        "tee_context.open_session(Counter.uuid)",
        "<Session with Counter *> was forgotten",
    ),
    "a client": (
        "tee_context",
        "KEPT.append(Counter(tee_context))",
        "<Session with Counter *> was not closed",
    ),
    "memory that is kept": (
        "tee_context",
        "KEPT.append(tee_context.allocate_shared_memory(10))",
        "<AllocatedSharedMemory *> was not closed",
    ),
    "memory that nobody knows": (
        "tee_context",
        "tee_context.register_shared_memory(bytearray(10))",
        "<RegisteredSharedMemory *> was forgotten",
    ),
    "a pool": (
        "tee_context",
        "KEPT.append(tee_context.session_pool(Counter.uuid)); KEPT[0].invoke_command(0,"
        " tee.ValueOutput())",
        "<Session with Counter *> was not closed",
    ),
    "a session on a loop": (
        "tee_aio_context",
        "import asyncio; KEPT.append(asyncio.run(tee_aio_context.open_session(Counter.uuid)))",
        "<Session with Counter *> was not closed",
    ),
}


def test_of(leak: str) -> str:
    fixture, what, _ = LEAKS[leak]
    return f"""
KEPT = []

def test_it({fixture}):
    {what}
"""


test_of.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("leak", LEAKS)
def test_what_is_forgotten_fails_the_test_with_its_name(project: Project, leak: str) -> None:
    project.configure("filterwarnings = ignore:unclosed:ResourceWarning")
    result = project.check(test_of(leak), passed=1, errors=1)
    result.stdout.fnmatch_lines(LEAKS[leak][2])
    result.stdout.fnmatch_lines("close it, or use it as a context manager; *tee_no_leak_check*")
