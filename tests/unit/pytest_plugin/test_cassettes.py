# SPDX-License-Identifier: BSD-2-Clause
"""What a device answers is recorded once, and replayed without it."""

from __future__ import annotations

import os
import stat

import pytest

from ...support.pytest_projects import SLOW, Project

RECORD = ("--tee", "fake:optee", "--tee-record")

# The applications of a board are not in the fake, so nobody installs them when it replays.
BOARD = """
@pytest.fixture
def tee_applications(request):
    return [FakeCounter] if request.config.getoption("--tee-record") else []
"""
COUNTED = f"""{BOARD}
@pytest.mark.tee_cassette
def test_it(tee_session):
    assert tee_session(Counter).increment() == 1
"""


def cassettes(project: Project) -> list[str]:
    return sorted(
        str(path.relative_to(project.folder)) for path in project.folder.rglob("cassettes/*/*")
    )


def test_a_cassette_is_recorded_once_and_replayed_without_the_tee(project: Project) -> None:
    project.check(COUNTED, *RECORD)
    assert cassettes(project) == ["cassettes/test_it/test_it.trace"]
    assert project.names() == ["test_it[cassette]"]
    project.check(COUNTED)
    project.check(COUNTED, "--tee", "cassette")
    project.check(COUNTED, "--tee", "cassette,fake:amdtee")
    project.check(COUNTED.replace("== 1", "== 2"), failed=1)


def test_a_cassette_is_named_by_the_test(project: Project) -> None:
    test = f"""{BOARD}
pytestmark = pytest.mark.tee_cassette

TEXTS = ["a/b", "a\\\\b", "../c", "é", "x" * 300, "a::b", "a.b", "plain"]

class TestAll:
    @pytest.mark.parametrize("text", TEXTS)
    @pytest.mark.parametrize("number", [1, 2])
    def test_it(self, tee_session, number, text):
        for time in range(number):
            assert tee_session(Counter).increment() == 1
"""
    project.check(test, *RECORD, passed=16)
    made = cassettes(project)
    assert len(made) == 16
    assert "cassettes/test_it/TestAll.test_it[1-plain].trace" in made
    assert all(len(os.path.basename(name)) < 150 and name.isascii() for name in made)
    project.check(test, passed=16)


@pytest.mark.parametrize("order", ["first", "last", "between"])
def test_the_name_of_a_cassette_has_no_tee_wherever_that_is_in_the_test(
    project: Project, order: str
) -> None:
    hook = {
        "first": 'metafunc.parametrize("x", ["x"])',
        "last": "",
        "between": 'metafunc.parametrize("x", ["x"])',
    }[order]
    conftest = (project.folder / "conftest.py").read_text()
    (project.folder / "conftest.py").write_text(
        f"{conftest}\n@pytest.hookimpl(tryfirst={order != 'last'})\n"
        f"def pytest_generate_tests(metafunc):\n    {hook or 'pass'}\n"
    )
    marked = '@pytest.mark.parametrize("y", ["y"])\n' if order == "between" else ""
    arguments = {"first": ", x", "last": "", "between": ", x, y"}[order]
    test = COUNTED.replace("def test_it(tee", f"{marked}def test_it(tee").replace(
        "(tee_session)", f"(tee_session{arguments})"
    )
    project.check(test, *RECORD)
    name = {"first": "test_it[x]", "last": "test_it", "between": "test_it[x-y]"}[order]
    assert cassettes(project) == [f"cassettes/test_it/{name}.trace"]
    project.check(test)


def test_a_missing_cassette_is_a_failure_that_says_how_to_record_it(project: Project) -> None:
    result = project.check(COUNTED, errors=1)
    result.stdout.fnmatch_lines(
        "there is no cassette */cassettes/test_it/test_it.trace: record it on a machine with the"
        " TEE, with pytest --tee linux --tee-record 'test_it.py::test_it'"
    )


def test_a_call_that_is_not_in_the_cassette_fails_the_test(project: Project) -> None:
    project.check(COUNTED, *RECORD)
    more = COUNTED + "    tee_session(Counter)\n"
    project.check(more, failed=1).stdout.fnmatch_lines("*TraceMismatchError*")


def test_a_call_of_the_cassette_that_is_not_made_fails_the_test(project: Project) -> None:
    project.check(COUNTED + "    tee_session(Counter).increment()\n", *RECORD)
    result = project.check(COUNTED, passed=1, errors=1)
    result.stdout.fnmatch_lines("record the cassette again: pytest --tee linux --tee-record *")


def test_only_a_test_that_passes_records_a_cassette(project: Project) -> None:
    project.check(COUNTED.replace("== 1", "== 2"), *RECORD, failed=1)
    project.check(COUNTED + "    pytest.skip()\n", *RECORD, skipped=1)
    leak = "    tee_session.context.open_session(Counter.uuid)\n"
    project.configure("filterwarnings = ignore")
    project.check(COUNTED + leak, *RECORD, passed=1, errors=1)
    late = """
@pytest.fixture
def end():
    yield
    raise ValueError
"""
    late_test = late + COUNTED.replace("(tee_session)", "(tee_session, end)")
    project.check(late_test, *RECORD, passed=1, errors=1)
    early = late_test.replace("(tee_session, end)", "(end, tee_session)")
    project.check(early, *RECORD, passed=1, errors=1)
    assert cassettes(project) == []


def test_a_test_that_fails_without_an_exception_records_no_cassette(project: Project) -> None:
    strict = COUNTED.replace("def test", "@pytest.mark.xfail(strict=True)\ndef test")
    project.check(strict, *RECORD, failed=1)
    # As subtests are reported.
    part = """
    call = pytest.CallInfo.from_call(lambda: 1 / 0, "call")
    request.node.ihook.pytest_runtest_makereport(item=request.node, call=call)
"""
    project.check(COUNTED.replace("(tee_session)", "(tee_session, request)") + part, *RECORD)
    assert cassettes(project) == []


def test_a_test_that_fails_leaves_the_last_cassette_alone(project: Project) -> None:
    project.check(COUNTED, *RECORD)
    (name,) = cassettes(project)
    before = (project.folder / name).read_bytes()
    project.check(COUNTED + "    raise ValueError\n", *RECORD, failed=1)
    assert (project.folder / name).read_bytes() == before
    project.check(COUNTED + "    tee_session(Counter)\n", *RECORD)
    assert (project.folder / name).read_bytes() != before
    assert cassettes(project) == [name]


def test_a_run_that_is_interrupted_leaves_nothing(project: Project) -> None:
    project.write(COUNTED + "    raise KeyboardInterrupt\n")
    assert project.run_apart(*RECORD).ret is pytest.ExitCode.INTERRUPTED
    late = "@pytest.fixture\ndef end():\n    yield\n    raise KeyboardInterrupt\n"
    project.write(late + COUNTED.replace("(tee_session)", "(tee_session, end)"))
    assert project.run_apart(*RECORD).ret is pytest.ExitCode.INTERRUPTED
    assert cassettes(project) == []


def test_a_class_of_unittest_replays_its_cassettes_and_runs_on_no_fake(project: Project) -> None:
    test = f"""{BOARD}
import unittest

@pytest.mark.tee_cassette
@pytest.mark.usefixtures("tee_kernel")
class TestIt(unittest.TestCase):
    def test_it(self):
        with tee.Context() as context, Counter(context) as counter:
            self.assertEqual(counter.increment(), 1)
"""
    project.check(test, errors=1).stdout.fnmatch_lines("there is no cassette *")
    project.check(test, *RECORD)
    assert cassettes(project) == ["cassettes/test_it/TestIt.test_it.trace"]
    project.check(test)
    project.check(test, "--tee", "cassette")
    project.check(test.replace("tee_cassette", "filterwarnings"), "--tee", "cassette", skipped=1)


@pytest.mark.parametrize("path", ["5", "null", '"tee0"', '"fake:"', '"/dev/\\u0000"'])
def test_a_cassette_whose_device_is_no_path_is_told_of_by_its_name(
    project: Project, path: str
) -> None:
    project.check(COUNTED, *RECORD)
    (name,) = cassettes(project)
    cassette = project.folder / name
    cassette.write_text(cassette.read_text().replace('"/dev/tee0"', path))
    result = project.check(COUNTED, errors=1)
    result.stdout.fnmatch_lines("*TraceMismatchError: *test_it.trace, line 2: OPEN differs: *")


MEMORY = f"""{BOARD.replace("[FakeCounter]", "[Echo]")}
class Echo(fake.TrustedApplication):
    uuid = tee.fake.applications.HelloWorld.uuid

    @fake.command(0)
    def fill(self, session, parameters):
        parameters.memref(0).put(b"secret")
        parameters.value(1).a = 77

@pytest.mark.tee_cassette(OPTIONS)
def test_it(tee_session):
    wanted = tee.MemrefTempOutput(6), tee.ValueOutput()
    data, value = tee_session(Echo.uuid).invoke_command(0, *wanted)
    CHECK
"""


@pytest.mark.filterwarnings("ignore::pytee_client.traces.TracePayloadWarning")
@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ("", "(bytes(6), 77)"),
        ("values=False", "(bytes(6), 0)"),
        ("payloads=True", "(b'secret', 77)"),
    ],
)
def test_contents_are_in_a_cassette_only_if_they_are_wanted(
    project: Project, options: str, answer: str
) -> None:
    test = MEMORY.replace("OPTIONS", options)
    told = "assert (bytes(data), value.a) == (b'secret', 77)"
    project.check(test.replace("CHECK", told), *RECORD)
    project.check(test.replace("CHECK", f"assert (bytes(data), value.a) == {answer}"))
    (name,) = cassettes(project)
    path = project.folder / name
    assert ("c2VjcmV0" in path.read_text()) == (options == "payloads=True")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_who_records_contents_is_warned(project: Project) -> None:
    project.write(MEMORY.replace("OPTIONS", "payloads=True").replace("CHECK", "pass"))
    with pytest.warns(match="keep it as safe"):
        project.run("-p", "no:warnings", *RECORD)


@pytest.mark.parametrize("given", ["contents=True", "True", "payloads='no'", "values=None"])
def test_a_wrong_option_of_the_marker_is_an_error(project: Project, given: str) -> None:
    test = COUNTED.replace("tee_cassette", f"tee_cassette({given})")
    result = project.check(test, *RECORD, errors=1)
    result.stdout.fnmatch_lines("*tee_cassette takes payloads=True and values=False*")
    result = project.check(test, errors=1)
    result.stdout.fnmatch_lines("*tee_cassette takes payloads=True and values=False*")


@pytest.mark.parametrize(
    "options", [(), ("--tee=fake:optee,fake:amdtee",), ("--tee=cassette",)], ids=str
)
def test_who_records_names_one_tee(project: Project, options: tuple[str, ...]) -> None:
    project.write(COUNTED)
    result = project.run("--tee-record", *options)
    assert result.ret is pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: --tee-record records one TEE: name it with --tee*")


def test_a_program_that_opens_a_context_is_recorded_and_replayed(project: Project) -> None:
    test = f"""{BOARD}
@pytest.mark.tee_cassette
@pytest.mark.tee_faults(Fault(SystemCall.INVOKE, Answer(tee.Result.BUSY), nth=2))
def test_it(tee_kernel):
    with tee.Context() as context, Counter(context) as counter:
        assert counter.increment() == 1
        with pytest.raises(tee.BusyError):
            counter.increment()
        assert counter.increment() == 2
"""
    project.check(test, *RECORD)
    project.check(test)


@pytest.mark.parametrize("marker", ["tee_no_leak_check", "tee_cassette"])
def test_calls_that_were_given_up_belong_to_the_cassette(project: Project, marker: str) -> None:
    test = f"""{SLOW}
@pytest.mark.tee_cassette
@pytest.mark.{marker}
def test_it(slowly, tee_session):
    give_up(tee_session(Counter))
"""
    project.check(test, *RECORD)
    (name,) = cassettes(project)
    assert '"call": "CLOSE"' in (project.folder / name).read_text()


def test_a_test_without_a_cassette_is_skipped_where_there_are_only_cassettes(
    project: Project,
) -> None:
    test = "def test_it(tee_kernel): raise ValueError\n"
    result = project.check(test, "--tee=cassette", skipped=1)
    result.stdout.fnmatch_lines("SKIPPED*test_it.py*: has no cassette: mark it tee_cassette*")
    project.check(test, "--tee=cassette,fake:optee", failed=1)


def test_a_cassette_is_no_real_tee(project: Project) -> None:
    project.check(COUNTED, *RECORD)
    project.check(COUNTED.replace("@pytest.mark", "@pytest.mark.tee_real\n@pytest.mark"), skipped=1)
    project.check(
        COUNTED.replace("tee_session)", "tee_session, tee_backend)")
        + "    assert not tee_backend.is_real\n"
    )


def test_a_test_with_a_cassette_runs_on_devices_that_are_named(project: Project) -> None:
    project.write(COUNTED)
    assert project.names("--tee=linux,fake:optee") == ["test_it[linux]"]
    assert project.names("--tee=linux,cassette") == ["test_it[linux]", "test_it[cassette]"]
