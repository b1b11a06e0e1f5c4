# SPDX-License-Identifier: BSD-2-Clause
"""What events are: they compare, print and travel, and show nothing of what calls carry."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from enum import IntEnum
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import Conformance, HelloWorld
from pytee_client.fake.applications.conformance import Command

from ..support.events import Events, parameter

MINE = UUID("3c0d7a16-5f1b-4a84-9c7e-6f2f0b9f4d11")
EVENT = tee.CallEvent(
    "invoke_command",
    MINE,
    Command.VALUES,
    (parameter("VALUE_INOUT"), parameter("MEMREF_TEMP_OUTPUT", 16, 12)),
    tee.Result.SUCCESS,
    tee.Origin.TRUSTED_APP,
    None,
    "came back",
    1_234_567,
)


def test_an_event_is_read_at_a_glance() -> None:
    assert repr(EVENT) == (
        "<CallEvent invoke_command 1 (VALUES) of 3c0d7a16-5f1b-4a84-9c7e-6f2f0b9f4d11: SUCCESS,"
        " came back, 1.235 ms; VALUE_INOUT; MEMREF_TEMP_OUTPUT of 16 B, 12 B came back>"
    )
    failed = dataclasses.replace(
        EVENT,
        operation="open_session",
        command_id=None,
        application=HelloWorld.uuid,
        parameters=(),
        result=0x80000001,
        origin=tee.Origin.COMMS,
        errno=12,
        retries=2,
    )
    assert repr(failed) == (
        f"<CallEvent open_session of hello_world ({HelloWorld.uuid}): 0x80000001,"
        " implementation-defined error, COMMS, errno 12, came back, 1.235 ms in 3 runs;"
        " no parameters>"
    )


def test_events_compare_and_travel() -> None:
    same = pickle.loads(pickle.dumps(EVENT))
    assert same == EVENT == copy.deepcopy(EVENT)
    assert hash(same) == hash(EVENT)
    assert same.command_id is Command.VALUES
    assert same.result is tee.Result.SUCCESS
    assert dataclasses.replace(EVENT, nanoseconds=1) != EVENT
    with pytest.raises(dataclasses.FrozenInstanceError):
        EVENT.nanoseconds = 5  # type: ignore[misc]


def test_names_of_results_are_those_that_errors_have() -> None:
    class Own(IntEnum):
        OK = 0
        FULL = 7
        BUSY = int(tee.Result.BUSY)

    class Answering(fake.TrustedApplication):
        uuid = MINE

        def invoke_command(
            self, session: fake.ClientSession, command_id: int, parameters: fake.Parameters
        ) -> None:
            raise fake.ResultError(command_id) if command_id else ZeroDivisionError

    events = Events()
    kernel = fake.Kernel()
    kernel.install(Answering)
    with (
        tee.Context(backend=kernel, observer=events.append) as context,
        context.open_session(MINE, results=Own) as session,
    ):
        assert events.take().result_name == "SUCCESS"
        for code, name in ((7, "FULL"), (Own.BUSY, "BUSY"), (0x80000001, "0x80000001")):
            with pytest.raises(tee.TeecError) as failed:
                session.invoke_command(code)
            event = events.take()
            assert (event.result, event.result_name) == (code, name)
            assert getattr(event.result, "name", None) == getattr(failed.value.result, "name", None)
        with pytest.raises(tee.TargetDeadError):
            session.invoke_command(0)
        assert events.take().result is tee.Result.TARGET_DEAD


def test_an_event_has_nothing_of_what_a_call_carried() -> None:
    secret, number = b"correct horse", 0x5EC2E7
    events = Events()
    kernel = fake.Kernel()
    kernel.install(Conformance)
    with (
        tee.Context(backend=kernel, observer=events.append) as context,
        context.open_session(Conformance.uuid) as session,
    ):
        events.clear()
        session.invoke_command(Command.NOTHING, secret, (number, number), bytearray(secret))
        told = repr(dataclasses.astuple(events.take()))
    assert secret.decode() not in told
    assert str(number) not in told


def test_a_program_without_an_observer_does_not_load_what_makes_events() -> None:
    program = (
        "import sys, pytee_client as tee\n"
        "with tee.Context('fake:') as context:\n"
        f"    context.open_session(__import__('uuid').UUID('{HelloWorld.uuid}')).close()\n"
        "print([name for name in sys.modules if 'observ' in name])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    # Kernels in Python are told of calls by the other.
    assert "pytee_client.observing" not in answer.stdout
    assert "pytee_client._calls.obs" not in answer.stdout
