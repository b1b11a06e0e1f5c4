# SPDX-License-Identifier: BSD-2-Clause
"""Projects test their programs on devices as on fakes, with the plugin for pytest."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client.faults import Answer, Fail, Fault, Hold, Plan, SystemCall
from pytee_client.ta import optee

from ..support.pytest_projects import Project
from ..support.targets import Target
from ..support.waiting import LIMIT

if TYPE_CHECKING:
    from pytee_client.faults import Gate
    from pytee_client.pytest_plugin import TeeBackend, TeeFaults, TeeSession
    from pytee_client.typing import Backend, Kernel

BUSY = Fault(SystemCall.INVOKE, Answer(tee.Result.BUSY))


def test_a_context_is_open_on_the_tee(tee_context: tee.Context, tee_backend: TeeBackend) -> None:
    assert tee_context.version.backend == ("linux" if tee_backend.is_real else "fake")
    assert os.path.exists(tee_backend.device) or not tee_backend.is_real
    with optee.HelloWorld(tee_context) as hello:
        assert hello.inc_value(1) == 2


def test_sessions_and_clients_are_opened_on_the_tee(tee_session: TeeSession) -> None:
    session = tee_session(Target.HELLO_WORLD, login=tee.Login.PUBLIC)
    assert session.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)
    assert tee_session(optee.HelloWorld, timeout=LIMIT).inc_value(1) == 2


@pytest.mark.parametrize("backend", [None, "linux"])
def test_a_program_that_opens_a_context_meets_the_tee(
    tee_backend: TeeBackend, tee_kernel: Kernel, backend: Backend | None
) -> None:
    assert (tee_backend.kernel or tee_kernel) is tee_kernel
    for device in (None, tee_backend.device):
        with tee.Context(device, backend=backend) as context, optee.HelloWorld(context) as hello:
            assert context.version.backend == ("linux" if tee_backend.is_real else "fake")
            assert hello.inc_value(1) == 2
    assert tee_backend.device in [device.path for device in tee.enumerate_devices()]
    assert tee.wait_for_device(LIMIT, device=tee_backend.device).path == tee_backend.device


@pytest.mark.tee_faults(BUSY, Fault(SystemCall.OPEN_SESSION, Fail(errno.ENOMEM), nth=2))
def test_faults_strike_on_the_tee(tee_session: TeeSession, tee_faults: TeeFaults) -> None:
    hello = tee_session(optee.HelloWorld)
    with pytest.raises(tee.BusyError):
        hello.inc_value(1)
    with pytest.raises(tee.OutOfMemoryError), tee.Context() as context:
        optee.HelloWorld(context)
    tee_faults.arm(Plan([BUSY]))
    with pytest.raises(tee.BusyError):
        hello.inc_value(1)
    assert hello.inc_value(1) == 2


def test_a_gate_holds_a_call_to_the_tee(
    tee_session: TeeSession, tee_faults: TeeFaults, tee_gate: Gate
) -> None:
    hello = tee_session(optee.HelloWorld)
    tee_faults.arm(Plan([Fault(SystemCall.INVOKE, Hold(tee_gate))]))
    answer = hello.inc_value.submit(1)
    tee_gate.wait_until_reached()
    assert not answer.done()
    tee_gate.release()
    assert answer.result(LIMIT) == 2


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    made = Project(pytester)
    made.configure("filterwarnings =", "  ignore:unclosed:ResourceWarning")
    return made


RECORDED = """
from uuid import UUID

from pytee_client.ta import optee

@pytest.mark.tee_cassette
@pytest.mark.parametrize("number", [1, 2])
def test_it(tee_session, number):
    assert tee_session(optee.HelloWorld).inc_value(number) == number + 1
    with tee.Context() as context, optee.HelloWorld(context) as hello:
        assert hello.dec_value(number) == number - 1
        # AMD-TEE's driver has another error for this than OP-TEE's.
        with pytest.raises((tee.ItemNotFoundError, tee.OutOfMemoryError)):
            context.open_session(UUID(int=1))
"""


@pytest.mark.once
def test_what_a_device_answers_is_replayed_without_it(target: Target, project: Project) -> None:
    project.check(RECORDED, "--tee", target.name, "--tee-record", "--tee-require", passed=2)
    # Where the applications of the project are not installed, whatever the TEE was.
    (project.folder / "conftest.py").unlink()
    files = sorted(path.name for path in (project.folder / "cassettes/test_it").iterdir())
    assert files == ["test_it[1].trace", "test_it[2].trace"]
    project.check(RECORDED, passed=2)
    project.check(RECORDED.replace("[1, 2]", "[2]").replace("== number + 1", "== 4"), failed=1)


FORGOTTEN = """
KEPT = []

def test_a_context(tee_kernel):
    KEPT.append(tee.Context())

def test_no_context(tee_kernel):
    tee.Context()

def test_a_session(tee_context):
    KEPT.append(tee_context.open_session(tee.fake.applications.HelloWorld.uuid))

def test_nothing(tee_context):
    while KEPT:
        KEPT.pop().close()
"""


@pytest.mark.once
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_what_is_forgotten_on_a_device_fails_the_test(target: Target, project: Project) -> None:
    result = project.check(FORGOTTEN, "--tee", target.name, "--tee-require", passed=4, errors=3)
    result.stdout.fnmatch_lines("/dev/tee0 is open" if target.is_real else "*: /dev/tee0")
    result.stdout.fnmatch_lines(f"<Context on {target.device} of *, open> was forgotten")
    result.stdout.fnmatch_lines("<Session with hello_world *, open> was not closed")


@pytest.mark.once
def test_tests_of_real_tees_run_on_devices_alone(target: Target, project: Project) -> None:
    test = """
@pytest.mark.tee_real
def test_it(tee_backend, tee_kernel):
    assert tee_backend.is_real
    with tee.Context(backend=tee_kernel) as context:
        assert context.version.backend == "linux"
"""
    outcome = {"passed": 1} if target.is_real else {"skipped": 1}
    project.check(test, "--tee", target.name, **outcome)
    project.check(test, "--tee", "linux", **outcome)


@pytest.mark.once
def test_a_kernel_of_the_projects_own_is_for_fakes_alone(target: Target, project: Project) -> None:
    test = """
@pytest.fixture
def tee_fake(tee_name):
    return fake.Kernel(tee_name.removeprefix("fake:") if "fake" in tee_name else "optee")

def test_it(tee_backend, tee_fake):
    assert tee_backend.kernel is (None if tee_backend.is_real else tee_fake)
    with tee.Context() as context:
        assert context.version.backend == ("linux" if tee_backend.is_real else "fake")
        assert tee_fake.resources().contexts == (not tee_backend.is_real)
    with tee.Context("fake:") as context:
        assert context.version.backend == "fake"
"""
    project.check(test, "--tee", target.name)
