# SPDX-License-Identifier: BSD-2-Clause
"""pytee invoke."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client.traces import TracePlayer

from ...support import sigint
from ...support.command_lines import Ran, ran, tee_descriptors, words_for
from ...support.conformance import Command
from ...support.targets import Target
from ...support.waiting import LIMIT, wait_until

if TYPE_CHECKING:
    from pathlib import Path

# No command line names a device without a capability.
pytestmark = pytest.mark.once

CONFORMANCE = str(Target.CONFORMANCE)
FROZEN, HEEDS = 0, 1
Invoke = Callable[..., Ran]


@pytest.fixture
def invoke(target: Target, capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Run the verb on the target."""

    def run(*words: object) -> Ran:
        return ran(capsys, "invoke", *words_for(target), *map(str, words))

    return run


def test_a_number_goes_both_ways(invoke: Invoke) -> None:
    assert invoke("hello_world", 0, "value-inout:41") == Ran(
        0, "parameter 0: 42, 0 (0x2a, 0x0)\n", ""
    )


def test_values_come_back_for_their_parameters(invoke: Invoke) -> None:
    words = ("value:0x10,1", "value-out", "value-inout:-1", "none")
    data = invoke(CONFORMANCE, Command.VALUES, *words, "--json").data
    assert data["outputs"] == [
        {"parameter": 1, "a": 16, "b": 2},
        {"parameter": 2, "a": 0, "b": 2**32 - 1},
    ]
    assert data["application"] == CONFORMANCE
    assert data["command"] == Command.VALUES
    assert data["times"]["runs"] == 1


def test_memory_goes_in_and_comes_out(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"\1\2")
    data = invoke(
        CONFORMANCE,
        Command.MEMREF_CHECKSUM,
        f"in:{tmp_path / 'in'}",
        "hex:03",
        "str:\4",
        "value-out",
        "--json",
    ).data
    assert data["outputs"] == [{"parameter": 3, "a": 1 + 4 + 9 + 16, "b": 4}]
    ran_too = invoke(CONFORMANCE, Command.MEMREF_XOR, "inout-hex:00ff", f"inout:{tmp_path / 'in'}")
    assert ran_too.output.splitlines() == [
        "parameter 0: 2 bytes",
        f"  00000000  {'a5 5a':<49}  |.Z|",
        "parameter 1: 2 bytes",
        f"  00000000  {'a7 a4':<49}  |..|",
    ]


def test_an_output_is_written_to_its_file(invoke: Invoke, tmp_path: Path) -> None:
    done = invoke(CONFORMANCE, Command.MEMREF_FILL, "none", f"out:300:{tmp_path / 'made'}")
    assert done == Ran(0, f"parameter 1: 300 bytes in {tmp_path / 'made'}\n", "")
    assert (tmp_path / "made").read_bytes() == bytes((16 + place) & 0xFF for place in range(300))


def test_an_output_goes_to_the_standard_output_as_it_is(
    target: Target, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    from pytee_client.cli import main

    words = [CONFORMANCE, str(int(Command.MEMREF_FILL)), "out:4:-", "out:2", "value-out"]
    assert main(["invoke", *words_for(target), *words]) == 0
    assert capsysbinary.readouterr() == (bytes(range(4)), b"")


def test_an_output_that_is_too_small_says_what_it_needs_and_may_grow(invoke: Invoke) -> None:
    words = (CONFORMANCE, Command.IDENTITY, "value-out", "out:3")
    small = invoke(*words)
    assert small.status == 4
    assert "output 1 needs 16 bytes, has 3; give it so much room, or --grow" in small.errors
    assert "parameter 1: needs 16 bytes\n" in small.output
    assert invoke(*words, "--json").data["outputs"][1] == {"parameter": 1, "required": 16}
    assert "parameter 1: 16 bytes\n" in invoke(*words, "--grow").output


def test_a_success_whose_output_did_not_fit_is_an_error_too(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "made"
    words = (CONFORMANCE, Command.SET_SIZE, "value:0,100", f"out:8:{file}")
    small = invoke(*words)
    assert small.status == 4
    assert "SHORT_BUFFER" in small.errors
    assert "output 1 needs 100 bytes" in small.errors
    assert small.output == "parameter 1: needs 100 bytes\n"
    assert not file.exists()


def test_an_error_has_what_came_back_with_it(invoke: Invoke) -> None:
    words = (CONFORMANCE, Command.SET_SIZE, "value:0x80000007,2", "out:8", "value-out")
    failed = invoke(*words)
    assert failed.status == 4
    assert "implementation-defined error (0x80000007, TRUSTED_APP)" in failed.errors
    assert failed.errors.count("\n") == 1
    assert "parameter 1: 2 bytes\n" in failed.output
    data = invoke(*words, "--json").data
    assert data["outputs"][1] == {"parameter": 2, "a": 0x11111111, "b": 0x22222222}
    assert data["error"]["code"] == 0x80000007
    assert data["error"]["origin"] == "TRUSTED_APP"


def test_what_comes_with_an_error_is_printed_and_not_written(
    invoke: Invoke, tmp_path: Path
) -> None:
    file = tmp_path / "kept"
    file.write_bytes(b"from before")
    failed = invoke(CONFORMANCE, Command.SET_SIZE, "value:0x80000007,2", f"out:8:{file}")
    assert failed.status == 4
    assert "parameter 1: 2 bytes\n  00000000" in failed.output
    assert file.read_bytes() == b"from before"


def test_the_opening_takes_parameters_and_returns_them(invoke: Invoke) -> None:
    words = (CONFORMANCE, Command.NOTHING, "--open", "value:0", "--open", "value-out")
    assert invoke(*words).output == "opening, parameter 1: 1330660686, 1 (0x4f50454e, 0x1)\n"
    data = invoke(*words, "--json").data
    assert data["opening"] == [{"parameter": 1, "a": 0x4F50454E, "b": 1}]


def test_an_opening_that_is_refused_says_so_with_its_outputs(invoke: Invoke) -> None:
    words = ("--open", "value:0x80000008", "--open", "value-out", "--json")
    refused = invoke(CONFORMANCE, Command.NOTHING, *words)
    data = refused.data
    assert refused.status == 4
    assert data["error"]["code"] == 0x80000008
    assert data["times"] == {"runs": 0}
    if data["opening"]:
        # Not every driver brings back what comes with an error of an opening.
        assert data["opening"] == [{"parameter": 1, "a": 0x4F50454E, "b": 1}]


def test_an_application_that_is_not_there_is_an_error_of_the_tee(invoke: Invoke) -> None:
    missing = invoke("00000000-0000-4000-8000-000000000001", 0)
    assert missing.status == 4
    assert missing.output == ""
    assert missing.errors.count("\n") == 1


@pytest.mark.optee_only
def test_the_login_reaches_the_application(invoke: Invoke) -> None:
    words = (CONFORMANCE, Command.IDENTITY, "value-out", "out:16", "--json")
    data = invoke(*words, "--login", "user").data
    uuid = tee.client_uuid(tee.Login.USER)
    assert data["outputs"][0]["a"] == tee.Login.USER
    assert data["outputs"][1]["hex"] == uuid.bytes_le.hex()
    data = invoke(*words, "--login", "group", "--gid", "0").data
    assert data["outputs"][1]["hex"] == tee.client_uuid(tee.Login.GROUP, gid=0).bytes_le.hex()


def test_a_repeated_command_says_how_long_it_took(invoke: Invoke) -> None:
    words = (CONFORMANCE, Command.MEMREF_XOR, "inout-hex:00", "--repeat", 5)
    # Each run has what was given: the fifth result is the first's.
    done = invoke(*words)
    assert "|.|" in done.output
    assert " a5 " in done.output
    assert done.output.splitlines()[-1].startswith("5 runs: minimum ")
    times = invoke(*words, "--json").data["times"]
    assert times["runs"] == 5
    assert 0 < times["minimum_ns"] <= times["median_ns"] <= times["maximum_ns"]


@pytest.mark.optee_only
def test_a_time_out_ends_a_command_and_is_its_own_status(invoke: Invoke) -> None:
    wish = f"value:{1000 * LIMIT},{HEEDS}"
    began = time.monotonic()
    late = invoke(CONFORMANCE, Command.WAIT, wish, "--timeout", "0.2", "--json")
    assert late.status == 124
    assert time.monotonic() - began < LIMIT / 2
    assert late.data["error"]["class"] == "DeadlineError"


@pytest.mark.optee_only
@pytest.mark.parametrize("options", [(), ("--timeout", str(LIMIT)), ("--repeat", "3")])
def test_ctrl_c_cancels_the_command(invoke: Invoke, options: tuple[str, ...]) -> None:
    before = tee_descriptors()
    began = time.monotonic()
    with sigint.raising(), sigint.soon():
        ended = invoke(CONFORMANCE, Command.WAIT, f"value:{1000 * LIMIT},{HEEDS}", *options)
    assert ended == Ran(130, "", "")
    # A call with a time-out is left at once, and its device closed at its end.
    wait_until(lambda: tee_descriptors() <= before)
    assert time.monotonic() - began < LIMIT / 2


def test_a_panic_is_an_error_of_the_tee(invoke: Invoke) -> None:
    data = invoke(CONFORMANCE, Command.PANIC, "--json").data
    assert data["error"]["result"] == "TARGET_DEAD"


def test_a_trace_has_the_calls_without_contents(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "trace"
    words = (CONFORMANCE, Command.MEMREF_XOR, "inout-str:a secret", "--trace", file)
    done = invoke(*words)
    assert (done.status, done.errors) == (0, "")
    assert b"a secret".hex() not in file.read_text()
    assert "a secret" not in file.read_text()
    with (
        TracePlayer(file) as player,
        tee.Context(backend=player) as context,
        context.open_session(Target.CONFORMANCE) as session,
    ):
        session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(bytearray(8)))


def test_a_trace_has_contents_if_asked_to_and_that_is_told(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "trace"
    words = (CONFORMANCE, Command.MEMREF_XOR, "inout-str:a secret", "--trace", file, "--payloads")
    done = invoke(*words)
    assert done.status == 0
    assert "warning: the trace will hold the contents of the memory" in done.errors
    assert '"payloads": true' in file.read_text()


def test_null_references_are_none_of_memory(target: Target, invoke: Invoke) -> None:
    done = invoke(CONFORMANCE, Command.MEMREF_LOOK, "null", "hex:", "value-out", "--json")
    if target.implementation == tee.ImplementationId.AMDTEE:
        assert done.status == 4
        assert "MEMREF_NULL" in done.errors
        return
    # Of a null reference only that it is there; an empty one is no null reference.
    (seen,) = done.data["outputs"]
    assert seen["a"] & 0xF == 0b001


@pytest.mark.optee_only
def test_a_null_reference_may_bring_back_the_size_that_is_needed(invoke: Invoke) -> None:
    done = invoke(CONFORMANCE, Command.SET_SIZE, "value:0,100", "null-out")
    assert done == Ran(0, "parameter 1: needs 100 bytes\n", "")


OPEN = ("--client", "tests.support.wallet:Wallet", "--open", "100")


def test_a_declaration_has_names_for_commands_and_fields(invoke: Invoke) -> None:
    done = invoke(*OPEN, "transfer", "reason=bill", "flags=0xff", "amount=7")
    assert done == Ran(0, "number: 1\nleft: 93\n", "")
    data = invoke(*OPEN, "transfer", '{"reason": 1, "flags": 0, "amount": 1}', "--json").data
    assert data["results"] == [{"number": 1, "left": 99}]
    assert (data["name"], data["command"]) == ("transfer", 2)


def test_every_result_of_a_declared_command_is_printed(invoke: Invoke) -> None:
    assert invoke(*OPEN, "count").output == "0\n"
    assert invoke(*OPEN, "add", "0x10").output == "116\n"
    assert invoke(*OPEN, "get", "Zoë", "--json").data["results"] == ["hello Zoë".encode().hex()]
    assert invoke(*OPEN, "freeze", "yes") == Ran(0, "", "")
    assert invoke(*OPEN, "list").output == "result 1: 0 items\nresult 2: 0\n"
    assert invoke(*OPEN, "5", "--json").data["results"] == [[], 0]


def test_a_declared_error_is_told_by_its_name(invoke: Invoke) -> None:
    words = (*OPEN, "transfer", "reason=GIFT", "flags=0", "amount=101")
    failed = invoke(*words)
    assert failed.status == 4
    assert "error: OverdrawnError: invoking command transfer (2) of Wallet" in failed.errors
    data = invoke(*words, "--json").data
    assert data["error"]["class"] == "OverdrawnError"
    assert data["error"]["result"] == "OVERDRAWN"
    assert data["outputs"][0]["parameter"] == 1


@pytest.mark.optee_only
def test_a_client_says_who_it_is(invoke: Invoke) -> None:
    words = ("--client", "tests.support.conformance:Conformance", "identity", "--json")
    group = str(tee.client_uuid(tee.Login.GROUP, gid=0))
    done = invoke(*words, "--login", "group", "--gid", "0")
    assert done.data["results"] == [tee.Login.GROUP, group]
    assert invoke(*words).data["results"][0] == tee.Login.PUBLIC


def test_a_declared_command_is_repeated_with_what_was_given(invoke: Invoke) -> None:
    words = (*OPEN, "transfer", "reason=GIFT", "flags=0", "amount=10", "--repeat", "3")
    assert "left: 70\n3 runs: minimum" in invoke(*words).output
    # The fourth finds the wallet frozen or empty, and what went before is told.
    failed = invoke(*words[:-1], "11", "--json")
    assert failed.status == 4
    assert failed.data["times"]["runs"] == 10
