# SPDX-License-Identifier: BSD-2-Clause
"""What a test does not give back fails it."""

from __future__ import annotations

import pytest

from ...support.pytest_projects import SLOW, Project

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


CLEARED = """
@pytest.fixture(autouse=True)
def end():
    yield
    KEPT.clear()
"""
test_of.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("leak", LEAKS)
def test_what_is_forgotten_fails_the_test_with_its_name(project: Project, leak: str) -> None:
    project.configure("filterwarnings = ignore:unclosed:ResourceWarning")
    result = project.check(test_of(leak) + CLEARED, passed=1, errors=1)
    result.stdout.fnmatch_lines(LEAKS[leak][2])
    result.stdout.fnmatch_lines("close it, or use it as a context manager; *tee_no_leak_check*")


def test_a_forgotten_object_is_an_error_of_python_too_if_warnings_are(project: Project) -> None:
    project.configure("filterwarnings = error")
    result = project.check(test_of("a context that nobody knows"), failed=1)
    result.stdout.fnmatch_lines("*ResourceWarning: unclosed <Context on /dev/tee0 of fake, open>*")


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("leak", LEAKS)
def test_a_test_or_a_project_can_do_without_the_check(project: Project, leak: str) -> None:
    ignored = "filterwarnings = ignore:unclosed:ResourceWarning"
    project.configure(ignored)
    test = test_of(leak) + CLEARED
    project.check(test.replace("def test_it", "@pytest.mark.tee_no_leak_check\ndef test_it"))
    project.configure(ignored, "tee_leak_check = false")
    project.check(test)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_test_that_fails_is_not_told_of_its_leaks(project: Project) -> None:
    test = test_of("a context that is kept") + "    raise ValueError\n"
    project.check(test + CLEARED, failed=1)


def test_a_call_that_was_given_up_closes_what_it_ran_in_when_it_is_back(project: Project) -> None:
    project.check(f"{SLOW}\ndef test_it(slowly, tee_session):\n    give_up(tee_session(Counter))\n")


def test_what_a_test_closes_is_no_leak(project: Project) -> None:
    test = """
@pytest.fixture
def client(tee_context):
    with Counter(tee_context) as client:
        yield client

def test_it(tee_kernel, client, tee_session, tee_context):
    with tee.Context() as context, context.open_session(Counter.uuid):
        tee_session(Counter)
    with tee_context.allocate_shared_memory(5000), tee_context.session_pool(Counter.uuid) as pool:
        pool.invoke_command(0, tee.ValueOutput())
    kept = tee_context.open_session(Counter.uuid)
    kept.close()
    client.session.invoke_command(0, tee.ValueOutput())
"""
    project.check(test)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_what_another_kernel_of_the_test_has_is_its_own_affair(project: Project) -> None:
    project.configure("filterwarnings = ignore:unclosed:ResourceWarning")
    project.check("def test_it(tee_kernel):\n    tee.Context(backend=fake.Kernel())\n")


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_supplicant_that_is_forgotten_is_told_of(project: Project) -> None:
    project.configure("filterwarnings =", "  error", "  ignore:unclosed:ResourceWarning")
    test = """
from pytee_client.supplicant import Supplicant

@pytest.fixture
def tee_fake():
    return fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.WAIT))

def test_it(tee_kernel):
    Supplicant(tee_kernel)
"""
    result = project.check(test, passed=1, errors=1)
    result.stdout.fnmatch_lines("<Supplicant of /dev/teepriv0, open> was forgotten")


def test_what_an_earlier_test_has_left_on_the_same_kernel_is_no_leak_of_another(
    project: Project,
) -> None:
    project.configure("filterwarnings = ignore:unclosed:ResourceWarning")
    test = """
KEPT = []

@pytest.fixture(scope="module")
def tee_fake():
    return fake.Kernel()

def test_that_fails(tee_kernel):
    context = tee.Context()
    raise ValueError

def test_after_it(tee_kernel):
    # pytest has forgotten the frames of the other now.
    gc.collect()

@pytest.mark.tee_no_leak_check
def test_that_may_leak(tee_kernel):
    KEPT.append(tee.Context())

def test_after_that(tee_kernel):
    KEPT.clear()
"""
    # In processes of their own, where nobody keeps the frames of a test that failed.
    project.write(test)
    project.run_apart("-p", "no:asyncio").assert_outcomes(passed=3, failed=1)
    leaking = "def test_that_leaks(tee_kernel):\n    KEPT.append(tee.Context())\n"
    project.write(test.replace("def test_after_it", f"{leaking}\ndef test_after_it"))
    result = project.run_apart("-p", "no:asyncio")
    result.assert_outcomes(passed=4, failed=1, errors=1)
    result.stdout.fnmatch_lines("*ERROR at teardown of test_that_leaks*")


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_faults_hide_no_leak(project: Project) -> None:
    project.configure("filterwarnings = ignore:unclosed:ResourceWarning")
    test = test_of("a session that nobody knows")
    project.check(test.replace("(tee_context)", "(tee_context, tee_faults)"), passed=1, errors=1)
