# SPDX-License-Identifier: BSD-2-Clause
"""Every system call of what programs do fails once, and nothing is lost."""

from __future__ import annotations

import errno

import pytest

import pytee_client as tee
from pytee_client.faults import Action, Answer, Do, Fail, Plan, SystemCall, Unplug

from ..support.scenarios import SCENARIOS, Scenario, kernels_for, run, strike_each_call
from ..support.targets import Target


def interrupt() -> None:
    raise KeyboardInterrupt


ACTIONS: list[Action] = [
    Fail(errno.ENOMEM),
    Answer(tee.Result.COMMUNICATION, tee.Origin.COMMS, run=True),
    Do(interrupt),
    Unplug(),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_whatever_call_fails_nothing_is_lost(target: Target, scenario: Scenario) -> None:
    # A program is run for each of its calls, and the real TEE takes long to open sessions.
    for action in ACTIONS[:1] if target.is_real else ACTIONS:
        strike_each_call(target.kernel, target.device, scenario, action)


def test_every_kind_of_call_was_struck(target: Target) -> None:
    kinds = set()
    for scenario in SCENARIOS:
        kernel, gate = kernels_for(target.kernel, Plan())
        run(scenario, target.device, kernel, gate)
        kinds |= {call.call for call in kernel.calls}
    expected = {
        SystemCall.OPEN,
        SystemCall.VERSION,
        SystemCall.OPEN_SESSION,
        SystemCall.INVOKE,
        SystemCall.CANCEL,
        SystemCall.CLOSE_SESSION,
        SystemCall.CLOSE,
    }
    if target.reg_mem:
        expected |= {SystemCall.SHM_REGISTER}
    else:
        expected |= {SystemCall.SHM_ALLOC, SystemCall.MMAP, SystemCall.MUNMAP}
    assert kinds == expected
