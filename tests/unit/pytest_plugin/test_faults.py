# SPDX-License-Identifier: BSD-2-Clause
"""Faults and gates of tests."""

from __future__ import annotations

from ...support.pytest_projects import Project


def test_faults_of_a_marker_strike_the_calls_of_a_test(project: Project) -> None:
    test = """
pytestmark = pytest.mark.tee_faults(Fault(SystemCall.INVOKE, Answer(tee.Result.BUSY)))

@pytest.mark.tee_faults(Fault(SystemCall.OPEN_SESSION, Fail(errno.ENOMEM), nth=2))
def test_it(tee_session):
    counter = tee_session(Counter)
    with pytest.raises(tee.BusyError):
        counter.increment()
    assert counter.increment() == 1
    with pytest.raises(tee.OutOfMemoryError):
        tee_session(Counter)
"""
    project.check(test)


def test_faults_strike_a_program_that_opens_a_context_itself(project: Project) -> None:
    test = """
@pytest.mark.parametrize("device", [None, "fake:", "fake:optee", "/dev/tee0"])
@pytest.mark.tee_faults(Fault(SystemCall.INVOKE, Answer(tee.Result.BUSY)))
def test_it(tee_kernel, device):
    assert isinstance(tee_kernel, fake.Kernel)
    assert fake.default_kernel() is tee_kernel
    assert tee.enumerate_devices()[0].path == "/dev/tee0"
    assert tee.wait_for_device(0, device=device).path == "/dev/tee0"
    with tee.Context(device) as context, Counter(context) as counter:
        with pytest.raises(tee.BusyError):
            counter.increment()
"""
    project.check(test, passed=4)


def test_a_test_arms_faults_itself(project: Project) -> None:
    test = """
def test_it(tee_session, tee_faults, tee_backend):
    assert tee_backend.backend is tee_faults
    counter = tee_session(Counter)
    for result, error in ((tee.Result.BUSY, tee.BusyError), (tee.Result.NO_DATA, tee.NoDataError)):
        tee_faults.arm(Plan([Fault(SystemCall.INVOKE, Answer(result))]))
        with pytest.raises(error):
            counter.increment()
    tee_faults.disarm()
    assert counter.increment() == 1
"""
    project.check(test)


def test_a_fault_that_strikes_nothing_fails_the_test(project: Project) -> None:
    test = """
NEVER = Fault(SystemCall.SHM_REGISTER, Fail(errno.EIO))

@pytest.mark.tee_faults(NEVER)
def test_marked(tee_session):
    tee_session(Counter)

def test_armed(tee_session, tee_faults):
    tee_faults.arm(Plan([NEVER]))

def test_armed_again(tee_session, tee_faults):
    tee_faults.arm(Plan([NEVER]))
    tee_faults.arm(Plan([Fault(SystemCall.INVOKE, Answer(tee.Result.BUSY))]))
    with pytest.raises(tee.BusyError):
        tee_session(Counter).increment()
"""
    result = project.check(test, passed=3, errors=3)
    result.stdout.fnmatch_lines("*faults that struck no call:*")
    result.stdout.fnmatch_lines("*SHM_REGISTER no. 1*")


def test_a_test_that_fails_is_not_told_of_its_faults(project: Project) -> None:
    test = """
@pytest.mark.tee_faults(Fault(SystemCall.SHM_REGISTER, Fail(errno.EIO)))
def test_it(tee_session):
    assert 1 == 2
"""
    project.check(test, failed=1)


def test_what_is_no_fault_is_an_error_that_says_so(project: Project) -> None:
    told = {
        "": "*tee_faults takes faults*",
        "errno.EIO": "*each of faults must be a Fault, not 5*",
    }
    for given, text in told.items():
        test = f"@pytest.mark.tee_faults({given})\ndef test_it(tee_kernel): pass\n"
        project.check(test, errors=1).stdout.fnmatch_lines(text)


def test_faults_that_are_asked_for_too_late_are_refused(project: Project) -> None:
    test = """
def test_it(tee_kernel, request):
    request.getfixturevalue("tee_faults")
"""
    result = project.check(test, failed=1)
    result.stdout.fnmatch_lines("*have the test itself take it*")


def test_a_gate_holds_a_call_until_the_test_lets_it_go(project: Project) -> None:
    test = """
def test_it(tee_session, tee_faults, tee_gate):
    counter = tee_session(Counter)
    tee_faults.arm(Plan([Fault(SystemCall.INVOKE, Hold(tee_gate))]))
    answer = counter.increment.submit()
    tee_gate.wait_until_reached()
    assert not answer.done()
    tee_gate.release()
    assert answer.result(60) == 1
"""
    project.check(test)


def test_a_call_that_a_test_leaves_at_a_gate_does_not_hang(project: Project) -> None:
    test = """
def hold(session, faults, gate):
    counter = session(Counter)
    faults.arm(Plan([Fault(SystemCall.INVOKE, Hold(gate))]))
    thread = threading.Thread(target=counter.increment)
    thread.start()
    gate.wait_until_reached()
    return thread

# Fixtures end in the other order than they begin, so the gate is the last here.
def test_first(tee_gate, tee_faults, tee_session):
    hold(tee_session, tee_faults, tee_gate)

def test_last(tee_session, tee_faults, tee_gate):
    hold(tee_session, tee_faults, tee_gate)

def test_failing(tee_gate, tee_session, tee_faults):
    hold(tee_session, tee_faults, tee_gate)
    assert 1 == 2
"""
    project.check(test, passed=2, failed=1)
