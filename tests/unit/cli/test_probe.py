# SPDX-License-Identifier: BSD-2-Clause
"""The verb probe: what an error says of an application, and the exit status."""

from __future__ import annotations

import errno
import shlex
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.cli import probe as verb
from pytee_client.cli._probing import Verdict, ask
from pytee_client.ta.optee import NAMES

from ...support.command_lines import Ran, ran
from ...support.waiting import wait_until

OPTEE, AMDTEE = tee.ImplementationId.OPTEE, tee.ImplementationId.AMDTEE
ABSENT = "00000000-0000-4000-8000-000000000001"
Probe = Callable[..., Ran]


@pytest.fixture
def probe(capsys: pytest.CaptureFixture[str]) -> Probe:
    """Run the verb on a fake."""

    def run(*words: str) -> Ran:
        return ran(capsys, "probe", "--tee", "fake:", *words)

    return run


class Answering(fake.TrustedApplication):
    """Answers an opening with what a test wants."""

    uuid = UUID("d1bd5a2e-3f0b-4c58-9a5e-0f61f8b4c0a2")
    answer: Callable[[fake.ClientSession], object]

    def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        type(self).answer(session)


@pytest.fixture
def answering() -> Iterator[type[Answering]]:
    kernel = fake.default_kernel()
    before = kernel.resources()
    with kernel.installed(Answering):
        yield Answering
        # A call that was given up holds its device until its end.
        wait_until(lambda: kernel.resources() == before)


def refuse(code: int) -> Callable[[fake.ClientSession], object]:
    def answer(session: fake.ClientSession) -> object:
        raise fake.ResultError(code)

    return answer


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (tee.Result.BAD_PARAMETERS, "it wants other parameters at its opening: BAD_PARAMETERS"),
        (tee.Result.ACCESS_DENIED, "it serves other clients, such as those with another --login:"),
        (tee.Result.ITEM_NOT_FOUND, "it has its own reason: ITEM_NOT_FOUND (0xffff0008, TRUSTED"),
        (tee.Result.SECURITY, "it has its own reason: SECURITY (0xffff000f, TRUSTED_APP)"),
        (0x80000001, "it has its own reason: implementation-defined error (0x80000001, TRUSTED"),
    ],
)
def test_an_error_of_the_application_s_own_says_that_it_is_there(
    probe: Probe, answering: type[Answering], code: int, said: str
) -> None:
    answering.answer = staticmethod(refuse(code))
    done = probe(str(answering.uuid))
    assert done.status == 0
    assert f"{answering.uuid}: there, but opens no session\n  {said}" in done.output
    (found,) = probe(str(answering.uuid), "--json").data["applications"]
    assert (found["is_there"], found["verdict"]) == (True, "refuses")
    assert found["error"]["code"] == code


def test_a_panic_at_the_opening_is_a_fault(probe: Probe, answering: type[Answering]) -> None:
    answering.answer = staticmethod(lambda session: session.panic(5))
    done = probe(str(answering.uuid))
    assert done.status == 5
    assert "there, but it panicked at the opening\n  TARGET_DEAD" in done.output


def test_no_answer_in_time_is_its_own_status(probe: Probe, answering: type[Answering]) -> None:
    answering.answer = staticmethod(lambda session: session.wait(300))
    done = probe(str(answering.uuid), "--timeout", "0.01")
    assert done.status == 124
    assert f"{answering.uuid}: no answer\n" in done.output


@pytest.mark.parametrize(
    ("code", "origin", "number", "implementation", "verdict"),
    [
        (tee.Result.ITEM_NOT_FOUND, tee.Origin.TEE, 0, OPTEE, Verdict.ABSENT),
        (tee.Result.BUSY, tee.Origin.TEE, 0, OPTEE, Verdict.REFUSES),
        (tee.Result.ACCESS_DENIED, tee.Origin.TEE, 0, OPTEE, Verdict.REFUSES),
        (tee.Result.SECURITY, tee.Origin.TEE, 0, OPTEE, Verdict.UNLOADABLE),
        (tee.Result.BAD_FORMAT, tee.Origin.TEE, 0, OPTEE, Verdict.UNLOADABLE),
        (tee.Result.ACCESS_CONFLICT, tee.Origin.TEE, 0, OPTEE, Verdict.UNLOADABLE),
        (tee.Result.OUT_OF_MEMORY, tee.Origin.TEE, 0, OPTEE, Verdict.UNLOADABLE),
        (tee.Result.COMMUNICATION, tee.Origin.TEE, 0, OPTEE, Verdict.UNLOADABLE),
        (tee.Result.GENERIC, tee.Origin.TEE, 0, OPTEE, Verdict.UNLOADABLE),
        (tee.Result.TARGET_DEAD, tee.Origin.TEE, 0, OPTEE, Verdict.DEAD),
        (tee.Result.OUT_OF_MEMORY, tee.Origin.COMMS, errno.ENOMEM, OPTEE, Verdict.UNKNOWN),
        (tee.Result.ITEM_NOT_FOUND, tee.Origin.COMMS, errno.ENOENT, OPTEE, Verdict.UNKNOWN),
        (tee.Result.OUT_OF_MEMORY, tee.Origin.COMMS, errno.ENOMEM, AMDTEE, Verdict.ABSENT),
        (tee.Result.SECURITY, 0, 0, AMDTEE, Verdict.UNLOADABLE),
    ],
)
def test_what_an_error_says_of_an_application(
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    origin: int,
    number: int,
    implementation: tee.ImplementationId,
    verdict: Verdict,
) -> None:
    def open_session(*_: object, **__: object) -> object:
        raise tee.TeecError("opening", code=code, origin=origin, errno=number or None)

    profile = "fake:optee" if implementation is OPTEE else "fake:amdtee"
    with tee.Context(profile) as context:
        monkeypatch.setattr(context, "open_session", open_session)
        found = ask(context, UUID(ABSENT), login=tee.Login.PUBLIC, gid=None)
    assert found.verdict is verdict
    assert found.data()["verdict"] == verdict.value


def test_the_status_is_that_of_what_could_not_be_asked_first(
    probe: Probe, answering: type[Answering]
) -> None:
    answering.answer = staticmethod(lambda session: session.wait(300))
    assert probe("hello_world", ABSENT).status == 5
    assert probe(ABSENT, str(answering.uuid), "--timeout", "0.01").status == 124


def test_each_application_is_asked_once(probe: Probe) -> None:
    words = ("hello_world", "8AAAF200-2450-11e4-abe2-0002a5d5c51b", "{8aaaf20024501"
             "1e4abe20002a5d5c51b}", "--json")  # fmt: skip
    assert len(probe(*words).data["applications"]) == 1


def test_all_lists_what_is_there_and_the_data_has_the_rest(probe: Probe) -> None:
    done = probe("--all")
    assert done.status == 0
    assert "PKCS#11" not in done.output
    found = probe("--all", "--json").data["applications"]
    assert {one["application"] for one in found} == {str(uuid) for uuid in NAMES}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "give applications, such as hello_world, or --all"),
        ("hello_world --all", "give applications, such as hello_world, or --all"),
        ("hello", "argument APPLICATION: 'hello' is neither a UUID nor a well-known name: did you"),
        ("hello_world --login group", "a group login needs a gid"),
        ("hello_world --gid 0", "only the group logins take a gid"),
        ("hello_world --timeout x", "'x' is no number of seconds, such as 0.5"),
    ],
)
def test_a_command_line_that_is_wrong_is_status_2_and_one_line(
    probe: Probe, words: str, said: str
) -> None:
    done = probe(*words.split())
    assert (done.status, done.output) == (2, "")
    assert said in done.errors
    assert done.errors.count("\n") == 1


@pytest.mark.parametrize("example", verb.EXAMPLES)
def test_the_examples_of_the_help_run(probe: Probe, example: str) -> None:
    done = probe(*shlex.split(example)[1:])
    assert done.status == (5 if "pkcs11" in example else 0)
