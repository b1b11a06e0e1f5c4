# SPDX-License-Identifier: BSD-2-Clause
"""What fixtures give to a test."""

from __future__ import annotations

import pytest

from ...support.pytest_projects import Project

BOTH = ("--tee", "fake:optee,fake:amdtee")


def test_each_test_has_a_fresh_kernel_with_the_applications_of_the_project(
    project: Project,
) -> None:
    test = """
@pytest.mark.parametrize("time", [1, 2])
def test_it(tee_kernel, tee_name, time):
    assert isinstance(tee_kernel, fake.Kernel)
    assert type(tee_kernel.drivers[0]).__name__.lower() == tee_name.removeprefix("fake:")
    with tee.Context(backend=tee_kernel) as context, Counter(context) as counter:
        assert counter.increment() == 1
"""
    project.check(test, *BOTH, passed=4)


def test_a_module_can_have_applications_of_its_own(project: Project) -> None:
    test = """
class Doubler(FakeCounter):
    def increment(self):
        return 2 * super().increment()

@pytest.fixture
def tee_applications(tee_applications):
    return [*tee_applications, Doubler]

def test_it(tee_session):
    assert tee_session(Counter).increment() == 2
"""
    result = project.check(test, errors=1)
    project.check(test.replace("*tee_applications, ", ""))
    result.stdout.fnmatch_lines("*ValueError*")


def test_a_context_is_of_the_tee_and_closed_at_the_end(project: Project) -> None:
    test = """
seen = []

def test_first(tee_context, tee_backend):
    seen.append(tee_context)
    assert tee_context.version.backend == "fake"
    assert not tee_context.closed

def test_then():
    assert [context.closed for context in seen] == [True]
"""
    project.check(test, passed=2)


def test_sessions_and_clients_are_opened_as_often_as_wanted_and_closed_at_the_end(
    project: Project,
) -> None:
    test = """
seen = []

def test_first(tee_session):
    session = tee_session(Counter.uuid, login=tee.Login.USER, timeout=5)
    assert isinstance(session, tee.Session)
    seen.append(session)
    seen.append(tee_session(Counter, timeout=3))
    assert isinstance(seen[1], Counter)
    assert seen[1].session.timeout == 3
    assert seen[0].context is seen[1].session.context is tee_session.context

def test_then():
    assert [one.closed for one in seen] == [True, True]

def test_fakes_are_no_declarations(tee_session):
    with pytest.raises(tee.ParameterTypeError, match="a UUID, .*, or a class of ta.Client, not"):
        tee_session(FakeCounter)
"""
    project.check(test, passed=3)


def test_the_backend_says_what_the_test_runs_on(project: Project) -> None:
    test = """
def test_it(tee_backend, tee_kernel):
    assert str(tee_backend) == tee_backend.name == "fake:amdtee"
    assert (tee_backend.device, tee_backend.is_real) == ("/dev/tee0", False)
    assert tee_backend.backend is tee_backend.kernel is tee_kernel
    with tee_backend.open_context(timeout=3) as context:
        assert context.timeout == 3
"""
    project.check(test, "--tee=fake:amdtee")


OWN_KERNEL = """
@pytest.fixture{scope}
def tee_fake({given}):
    return {made}

def test_it(tee_kernel):
    assert len(tee_kernel.drivers) == 2
    with tee.Context("/dev/tee1") as context:
        assert context.version.implementation_id == tee.ImplementationId.AMDTEE
"""


def test_a_project_can_make_the_kernel_itself(project: Project) -> None:
    made = 'fake.Kernel(fake.Optee(storage=tmp_path), "amdtee", applications=tee_applications)'
    project.check(OWN_KERNEL.format(scope="", given="tmp_path, tee_applications", made=made))
    result = project.check(OWN_KERNEL.format(scope="", given="", made="None"), errors=1)
    result.stdout.fnmatch_lines("*what tee_fake returns on a fake*")


def test_tests_can_share_a_kernel_and_what_is_open_there(project: Project) -> None:
    test = """
@pytest.fixture(scope="module")
def tee_fake(tee_name):
    return fake.Kernel(tee_name.removeprefix("fake:"), applications=[FakeCounter])

@pytest.fixture(scope="module")
def counter(tee_fake):
    with tee.Context(backend=tee_fake) as context, Counter(context) as counter:
        yield counter

@pytest.mark.parametrize("time", [1, 2])
def test_it(counter, tee_context, time):
    assert counter.increment() == time
"""
    project.check(test, *BOTH, passed=4)


PROGRAM = """
def program(*given, **named):
    with tee.Context(*given, **named) as context, Counter(context) as counter:
        return counter.increment()
"""


@pytest.mark.parametrize(
    "given",
    [
        "",
        "'/dev/tee0'",
        "'fake:'",
        "'fake:optee'",
        "'fake:optee@6.12'",
        "backend='fake'",
        "backend='linux'",
        "'/dev/tee0', backend='fake'",
    ],
)
def test_a_program_that_opens_a_context_meets_the_kernel_of_the_test(
    project: Project, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "linux")
    test = f"""{PROGRAM}
def test_it(tee_kernel):
    assert program({given}) == 1
    assert tee.enumerate_devices()[0].path == "/dev/tee0"
    assert tee.wait_for_device(0, device="/dev/tee0").path == "/dev/tee0"
    assert fake.default_kernel() is tee_kernel

def test_then(monkeypatch):
    with pytest.raises(ValueError, match="backend='linux'"):
        tee.Context("fake:")
    monkeypatch.delenv("PYTEE_CLIENT_BACKEND")
    assert fake.default_kernel() is fake.default_kernel()
    with pytest.raises(tee.DeviceNotFoundError):
        tee.Context("/dev/tee4095")
    with tee.Context("fake:") as context, pytest.raises(tee.ItemNotFoundError):
        Counter(context)
"""
    project.check(test, passed=2)


def test_a_program_meets_the_kernel_of_another_profile_too(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    test = f"""{PROGRAM}
def test_it(tee_context):
    for given in ("", "fake:", "fake:amdtee", "/dev/tee0"):
        assert program(*filter(None, [given])) == 1
    with pytest.raises(tee.ItemNotFoundError):
        program("fake:optee")
"""
    project.check(test, "--tee=fake:amdtee")


def test_a_program_with_a_kernel_of_its_own_keeps_it(project: Project) -> None:
    test = f"""{PROGRAM}
def test_it(tee_kernel):
    with pytest.raises(tee.ItemNotFoundError):
        program(backend=fake.Kernel())
"""
    project.check(test)


def test_threads_and_loops_of_a_program_meet_the_kernel(project: Project) -> None:
    test = f"""{PROGRAM}
import asyncio

async def awaited():
    async with aio.Context() as context:
        client = await context.client(Counter)
        return await client.increment(), await client.close()

def test_it(tee_backend):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(program()))
    thread.start()
    thread.join(60)
    assert answers == [1]
    assert asyncio.run(awaited()) == (1, None)
"""
    project.check(test)


def test_a_context_on_a_loop_is_open_for_a_test_that_runs_one(project: Project) -> None:
    test = """
import asyncio
seen = []

def test_it(tee_aio_context):
    seen.append(tee_aio_context)
    async def main():
        client = await tee_aio_context.client(Counter)
        answer = await client.increment()
        await client.close()
        return answer
    assert asyncio.run(main()) == 1
    assert asyncio.run(main()) == 1

def test_then():
    assert seen[0].closed

def test_it_can_be_closed_before(tee_aio_context):
    async def main():
        async with tee_aio_context as context:
            assert context.version.backend == "fake"
    asyncio.run(main())
"""
    project.check(test, passed=3)


def test_classes_of_unittest_use_the_only_tee(project: Project) -> None:
    test = f"""{PROGRAM}
import unittest

@pytest.mark.usefixtures("tee_kernel")
class TestIt(unittest.TestCase):
    def test_it(self):
        self.assertEqual(program(), 1)
"""
    project.check(test)
    result = project.check(test, *BOTH, errors=1)
    result.stdout.fnmatch_lines("there are several TEEs, fake:optee, fake:amdtee: *")


def test_a_fixture_can_ask_for_a_tee_later(project: Project) -> None:
    test = """
def test_it(request):
    assert request.getfixturevalue("tee_session")(Counter).increment() == 1
"""
    project.check(test)
