# SPDX-License-Identifier: BSD-2-Clause
"""The verb invoke: its options, and what it says of command lines that are wrong."""

from __future__ import annotations

import errno
import io
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.cli import invoke as verb
from pytee_client.cli import main

from ...support.command_lines import Ran, ran
from ...support.waiting import LIMIT

HELLO = "8aaaf200-2450-11e4-abe2-0002a5d5c51b"
HELLO_CLIENT = ("--client", "pytee_client.ta.optee:HelloWorld")
CONFORMANCE = "7ca72964-d95a-432d-92d3-65b5bad2be67"
OWN = """\
from uuid import UUID
import pytee_client as tee
from pytee_client import fake, ta

print("imported")

class NoMoneyError(Exception):
    pass

class Own(ta.Client, uuid="6f1c7a4e-93f0-4f8b-8d0f-2f61a5f2b7c3", errors={7: NoMoneyError}):
    opening = ta.opening(ta.U8, str, returns=(ta.U8, ta.Variable(str, 8)))
    fail = ta.command(1, ta.U8, returns=ta.U8)
    echo = ta.command(2, bytes, returns=ta.Variable(bytes, 2))

class FakeOwn(fake.TrustedApplication, implements=Own):
    def opening(self, number: int, text: str) -> tuple[int, str]:
        return number + 1, text * 2
    def fail(self, session: fake.ClientSession, number: int) -> int:
        raise fake.ResultError(number)
    def echo(self, content: bytes) -> bytes:
        return content
"""
Invoke = Callable[..., Ran]


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Run the verb on a fake."""

    def run(*words: str) -> Ran:
        return ran(capsys, "invoke", "--tee", "fake:", *words)

    return run


WRONG = {
    "": "give the application and the number of its command, such as hello_world 0",
    "hello_world": "give the application and the number of its command",
    "hello_wrld 0": "'hello_wrld' is neither a UUID nor a well-known name: did you mean",
    "x 0": "'x' is neither a UUID nor a well-known name, such as hello_world",
    "hello_world inc": "the command 'inc' is no number: commands have names with --client",
    "hello_world -- -1": "the command is -1, but has to be from 0 to 2**32 - 1",
    "hello_world 4294967296": "but has to be from 0 to 2**32 - 1",
    "hello_world 0 value:x": "'value:x' is no parameter: write it as value:1,0x2",
    "hello_world 0 none none none none none": "5 parameters, but an operation has at most 4",
    "hello_world 0 --open what": "'what' is no parameter",
    "hello_world 0 out:1:a out:1:a": "two outputs can't be written to one file",
    "hello_world 0 out:1:- --json": "--json prints the outputs: leave out :-",
    "hello_world 0 out:1:a --save 0:b": "parameter 0 has two files: a and b",
    "hello_world 0 out:1:a out:1 --save 1:a": "two outputs can't be written to one file",
    "hello_world 0 value-out --save 0:b": "--save 0:b is for bytes that come back: parameter 0",
    "hello_world 0 hex:00 --save 0:b": "--save 0:b is for bytes that come back: parameter 0",
    "hello_world 0 out:1 --save 1:b": "--save 1:b is for bytes that come back: parameter 1",
    "hello_world 0 out:1 --save b": "argument --save: 'b' is not of the form NUMBER:FILE",
    "hello_world 0 out:1 --save 0:": "argument --save: '0:' is not of the form NUMBER:FILE",
    "hello_world 0 out:1 --save x:b": "'x:b' is not of the form NUMBER:FILE",
    "hello_world 0 out:1 --save 0:- --json": "--json prints the outputs: leave out :-",
    "hello_world 0 --payloads": "--payloads is for a trace: give --trace FILE, too",
    "hello_world 0 --login me": "argument --login: 'me' is no login: use public, user, group,",
    "hello_world 0 --login group": "a group login needs a gid",
    "hello_world 0 --gid 0": "only the group logins take a gid",
    "hello_world 0 --login group --gid nobody-here": "there is no group 'nobody-here'",
    "hello_world 0 --timeout soon": "argument --timeout: 'soon' is no number of seconds",
    "hello_world 0 --timeout -1": "argument --timeout: '-1' is no number of seconds",
    "hello_world 0 --timeout nan": "is no number of seconds",
    "hello_world 0 --repeat 0": "argument --repeat: '0' is no number of times, such as 1000",
    "hello_world 0 --repeat 1e3": "'1e3' is no number of times",
    "hello_world 0 --client x": "'x' is not of the form MODULE:CLASS",
    "--client pytee_client.ta.optee:HelloWorld inc": "it has inc_value",
    "--client pytee_client.ta.optee:HelloWorld 7": "HelloWorld has no command 7",
    "--client pytee_client.ta.optee:HelloWorld inc_value": "inc_value needs more: inc_value U32",
    "--client pytee_client.ta.optee:HelloWorld inc_value -1": "inc_value is -1, but must be from",
    "--client pytee_client.ta.optee:HelloWorld inc_value 1 --grow": "--grow is for parameters",
    "--client pytee_client.ta.optee:HelloWorld inc_value 1 --save 0:f": "has the results 1 to 1",
    "--client pytee_client.ta.optee:HelloWorld inc_value 1 --save 2:f": "has the results 1 to 1",
    "--client pytee_client.ta.optee:Plugins ping --save 1:f": "ping has no result",
    "--client pytee_client.ta.optee:HelloWorld inc_value 1 --open x": "'x' is no parameter",
    "--client pytee_client.ta.optee:HelloWorld inc_value 1 --open out:1:f": "leave the file out",
}


@pytest.mark.parametrize("words", WRONG)
def test_a_command_line_that_is_wrong_is_status_2_and_one_line(invoke: Invoke, words: str) -> None:
    done = invoke(*words.split())
    assert done.status == 2
    assert WRONG[words] in done.errors
    assert done.errors.count("\n") == 1
    if "--json" not in words:
        assert done.output == ""


@pytest.mark.parametrize("example", verb.EXAMPLES)
def test_the_examples_of_the_help_run(
    invoke: Invoke, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = invoke(*shlex.split(example)[1:])
    assert (done.status, done.errors) == (0, "")
    assert done.output


def test_options_may_stand_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--json", HELLO, "--tee", "fake:", "0", "--repeat", "2", "value-inout:1"]
    assert ran(capsys, "invoke", *words).data["outputs"] == [{"parameter": 0, "a": 2, "b": 0}]


def test_what_is_wrong_is_told_before_anything_is_opened(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # There is no such device, which would be status 3.
    words = ["invoke", "--tee", "/dev/nothing", "hello_world", "0"]
    assert ran(capsys, *words, "value:x").status == 2
    assert ran(capsys, *words[:3], *HELLO_CLIENT, "inc_value", "4294967296").status == 2
    assert ran(capsys, *words, "in:/nothing/here").status == 1
    assert ran(capsys, *words).status == 3


def test_a_file_that_can_t_be_written_has_its_output_printed(
    invoke: Invoke, tmp_path: Path
) -> None:
    done = invoke("random", "0", f"out:2:{tmp_path}", "--json")
    assert done.status == 1
    assert done.data["outputs"][0].keys() == {"parameter", "size", "hex"}
    assert done.data["error"]["message"] == f"{tmp_path} can't be written: Is a directory"
    done = invoke("random", "0", f"out:2:{tmp_path / 'no' / 'folder'}")
    assert done.status == 1
    assert "parameter 0: 2 bytes\n  00000000" in done.output


def test_a_file_whose_name_is_no_text_is_written_and_named(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    name = os.fsencode(tmp_path / "made") + b"\xff"
    words = ["invoke", "--tee", "fake:", "random", "0", f"out:2:{os.fsdecode(name)}"]
    assert main(words) == 0
    assert capsysbinary.readouterr().out == b"parameter 0: 2 bytes in " + name + b"\n"
    assert os.path.getsize(name) == 2
    assert main([*words, "--json"]) == 0
    data = json.loads(capsysbinary.readouterr().out)
    assert data["outputs"][0]["file"] == os.fsdecode(name)


def test_a_trace_that_can_t_be_written_is_told(invoke: Invoke, tmp_path: Path) -> None:
    done = invoke("hello_world", "0", "value-inout:1", "--trace", str(tmp_path))
    assert (done.status, done.output) == (1, "")
    assert f"{tmp_path} can't be written: Is a directory" in done.errors


def test_a_trace_that_could_not_be_written_to_its_end_is_told(invoke: Invoke) -> None:
    done = invoke("hello_world", "0", "value-inout:1", "--trace", "/dev/full")
    assert done.status == 1
    assert f"/dev/full can't be written: {os.strerror(errno.ENOSPC)}" in done.errors


def test_a_login_is_a_number_too(invoke: Invoke) -> None:
    done = invoke("hello_world", "0", "value-inout:1", "--login", "0x80000000")
    assert done.status == 4
    assert invoke("hello_world", "0", "value-inout:1", "--login", "0").status == 0


def test_a_declaration_says_its_login(invoke: Invoke, tmp_path: Path) -> None:
    text = OWN.replace("errors=", "login=tee.Login.USER, errors=")
    (tmp_path / "own_login.py").write_text(text)
    own = ["--client", "own_login:Own", "--install", "own_login:FakeOwn"]
    own += ["--open", "1", "--open", "a", "echo", "hex:00"]
    seen: list[int] = []

    def open_session(self: object, session: fake.ClientSession, parameters: object) -> None:
        seen.append(session.identity.login)

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        own_login = __import__("own_login")
        patch.setattr(own_login.FakeOwn, "open_session", open_session)
        invoke(*own)
        invoke(*own, "--login", "public")
    assert seen == [tee.Login.USER, tee.Login.PUBLIC]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    (tmp_path / "own_invoked.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    words = ["--client", "own_invoked:Own", "--install", "own_invoked:FakeOwn"]
    return [*words, "--open", "1", "--open", "text"]


def test_the_results_of_a_declared_opening_are_printed(invoke: Invoke, own: list[str]) -> None:
    done = invoke(*own, "echo", "str:abc")
    assert done.output == "opening 1: 2\nopening 2: texttext\n61 62 63  |abc|\n"
    data = invoke(*own, "echo", "str:abc", "--json").data
    assert (data["opening"], data["results"]) == ([2, "texttext"], ["616263"])


def test_a_declared_command_takes_the_standard_input_on_every_run(
    invoke: Invoke, own: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff")))
    done = invoke(*own, "echo", "@-", "--repeat", "3", "--json")
    assert (done.data["results"], done.data["times"]["runs"]) == (["ff"], 3)


def test_results_are_saved_to_files(invoke: Invoke, own: list[str], tmp_path: Path) -> None:
    file = tmp_path / "made"
    done = invoke(*own, "echo", "hex:00ff", "--save", f"1:{file}", "--json")
    assert done.data["results"] == [{"size": 2, "file": str(file)}]
    assert file.read_bytes() == b"\0\xff"
    done = invoke(*own, "echo", "hex:01", "--save", f"1:{file}")
    assert done.output.splitlines()[-1] == f"1 byte in {file}"
    assert file.read_bytes() == b"\1"
    failed = invoke(*own, "echo", "hex:01", "--save", f"1:{tmp_path}")
    assert (failed.status, failed.output.splitlines()[-1]) == (1, "01  |.|")
    number = invoke(*HELLO_CLIENT, "inc_value", "1", "--save", f"1:{file}", "--json")
    assert number.status == 1
    assert number.data["results"] == [2]
    assert "the result is neither bytes nor text" in number.errors


def test_a_result_goes_to_the_standard_output_as_it_is(
    own: list[str], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["invoke", "--tee", "fake:", *own, "echo", "hex:00ff", "--save", "1:-"]) == 0
    output = capsysbinary.readouterr().out
    assert output.removeprefix(b"imported\n") == b"\0\xff"


def test_what_comes_back_changed_is_saved_to_a_file(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "made"
    done = invoke(CONFORMANCE, "2", "none", "inout-hex:00", "--save", f"1:{file}")
    assert done == Ran(0, f"parameter 1: 1 byte in {file}\n", "")
    assert file.read_bytes() == b"\xa6"


def test_an_error_of_the_program_s_own_is_told_by_its_name(invoke: Invoke, own: list[str]) -> None:
    done = invoke(*own, "fail", "7")
    assert done.status == 4
    assert "error: NoMoneyError: invoking command fail (1) of Own" in done.errors
    data = invoke(*own, "fail", "7", "--json").data
    assert data["error"]["class"] == "NoMoneyError"
    assert (data["error"]["code"], data["error"]["origin"]) == (7, "TRUSTED_APP")
    assert data["outputs"] == [{"parameter": 1, "a": 0, "b": 0}]


def test_the_commands_of_a_declaration_are_listed(invoke: Invoke, own: list[str]) -> None:
    done = invoke(*own[:2])
    assert done.output.splitlines() == [
        "Own (6f1c7a4e-93f0-4f8b-8d0f-2f61a5f2b7c3)",
        "  --open U8 --open TEXT -> U8, TEXT",
        "  fail U8 -> U8",
        "  echo BYTES -> BYTES",
    ]
    data = invoke(*own[:2], "--json").data
    assert data["opening"] == {
        "name": "opening",
        "takes": ["U8", "TEXT"],
        "returns": ["U8", "TEXT"],
    }
    assert [one["name"] for one in data["commands"]] == ["fail", "echo"]


def test_the_standard_input_is_sent_on_every_run() -> None:
    words = [CONFORMANCE, "4", "in:-", "value-out", "--repeat", "3", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "pytee_client", "invoke", "--tee", "fake:", *words],
        input=b"\1\2",
        capture_output=True,
        timeout=LIMIT,
        check=True,
    )
    assert json.loads(done.stdout)["outputs"] == [{"parameter": 1, "a": 5, "b": 2}]


def test_ctrl_c_ends_a_program_that_waits() -> None:
    words = [CONFORMANCE, "6", f"value:{1000 * LIMIT},1", "value-out"]
    # The program says that it is there when the application is called.
    code = (
        "import sys, os, signal, threading\n"
        "from pytee_client.fake.applications import Conformance\n"
        "from pytee_client.fake import ClientSession\n"
        "from pytee_client.cli import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "wait = ClientSession.wait\n"
        "def told(self, *more):\n"
        "    print('waiting', flush=True)\n"
        "    return wait(self, *more)\n"
        "ClientSession.wait = told\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "invoke", "--tee", "fake:", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=LIMIT)
    assert (process.returncode, output, errors) == (130, "", "")
