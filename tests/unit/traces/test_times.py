# SPDX-License-Identifier: BSD-2-Clause
"""When calls came and how long they took, and what a file must be to be a trace."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import HelloWorld
from pytee_client.faults import Delay, Fault, FaultyKernel, Plan, SystemCall
from pytee_client.traces import TraceFormatError, TracePlayer, TraceRecorder
from pytee_client.traces.record import read_whole

DELAY = 0.02


def program(kernel: Any) -> object:
    with tee.Context(backend=kernel) as context, context.open_session(HelloWorld.uuid) as session:
        return session.invoke_command(0, tee.ValueInOut(1))


def recorded(**options: Any) -> str:
    file = io.StringIO()
    below = FaultyKernel(fake.Kernel(), Plan([Fault(SystemCall.INVOKE, Delay(DELAY))]))
    with TraceRecorder(below, file, **options) as recorder:
        program(recorder)
    return file.getvalue()


def test_a_trace_with_times_says_when_each_call_came_and_how_long_it_took() -> None:
    before = int(time.time())
    start = time.monotonic_ns()
    text = recorded(times=True)
    span = (time.monotonic_ns() - start) // 1000 + 1
    header, records = read_whole(io.StringIO(text), "it")
    assert header.recorded is not None
    assert before <= header.recorded <= time.time()
    ends = [(record.at or 0) + (record.took or 0) for record in records]
    begins = [record.at for record in records if record.at is not None]
    assert len(begins) == len(records) == 6
    assert begins == sorted(begins)
    assert ends == sorted(ends)
    assert ends[-1] <= span
    (invoke,) = (record for record in records if record.call is SystemCall.INVOKE)
    assert invoke.took is not None
    assert DELAY * 1_000_000 <= invoke.took <= span


def test_a_trace_without_times_is_the_same_each_time() -> None:
    assert recorded() == recorded()
    assert not {"at", "took", "recorded"} & set(json.loads(recorded().splitlines()[-1]))


def test_both_are_replayed() -> None:
    for options in ({}, {"times": True}):
        with TracePlayer(io.StringIO(recorded(**options))) as player:
            assert program(player) == ((2, 0),)


LINE = {"call": "OPEN", "thread": 0, "began": 0, "ended": 1, "in": {"path": "/dev/tee0"}}
WRONG = (
    {"at": -1},
    {"at": "soon"},
    {"took": [1]},
    {"took": float("inf")},
    {"took": float("nan")},
    {"at": 10**300},
    {"began": float("inf")},
    {"began": -1},
    {"ended": 10**30},
    {"thread": float("nan")},
    {"late": float("inf")},
    {"late": float("nan")},
    {"late": -1},
    {"late": 1e300},
    {"errno": "errorcode"},
    {"errno": "__name__"},
    {"errno": "ENOTHING"},
)


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_call_with_numbers_that_make_no_sense_is_refused(wrong: dict[str, object]) -> None:
    header = recorded().splitlines()[0]
    text = f"{header}\n{json.dumps(LINE | wrong)}\n"
    with pytest.raises(TraceFormatError, match="line 2: not a call"):
        TracePlayer(io.StringIO(text))


@pytest.mark.parametrize("wrong", [{"recorded": -1}, {"recorded": []}, {"process": "x"}], ids=str)
def test_a_header_with_numbers_that_make_no_sense_is_refused(wrong: dict[str, object]) -> None:
    header = json.loads(recorded().splitlines()[0]) | wrong
    with pytest.raises(TraceFormatError, match="line 1: not the header"):
        TracePlayer(io.StringIO(json.dumps(header)))


def test_what_is_nested_too_deeply_is_refused() -> None:
    header = recorded().splitlines()[0]
    with pytest.raises(TraceFormatError, match="line 2: not a line of a trace: nested"):
        TracePlayer(io.StringIO(f"{header}\n{'[' * 200_000}\n"))
