# SPDX-License-Identifier: BSD-2-Clause
"""Every system call of what programs do fails once in each way, and nothing leaks."""

from __future__ import annotations

import errno

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.faults import (
    Action,
    Answer,
    Do,
    Fail,
    Oversize,
    ShortRegistration,
    Unplug,
)
from pytee_client.kernels import uapi

from ...support.applications import TWINS
from ...support.scenarios import SCENARIOS, Scenario, strike_each_call

ERRORS = [errno.ENOMEM, errno.EINVAL, errno.EIO, errno.EINTR, uapi.ENOTSUPP]


def interrupt() -> None:
    raise KeyboardInterrupt


ACTIONS: list[Action] = [
    *(Fail(error) for error in ERRORS),
    *(
        Answer(result, origin, run)
        for result, origin in (
            (tee.Result.OUT_OF_MEMORY, tee.Origin.TEE),
            (tee.Result.SHORT_BUFFER, tee.Origin.TRUSTED_APP),
            (tee.Result.COMMUNICATION, tee.Origin.COMMS),
        )
        for run in (False, True)
    ),
    Do(interrupt),
    Oversize(),
    Oversize(2**64),
    ShortRegistration(),
    Unplug(),
    Unplug(serve_open=True),
]

# The least that each program makes, so that a program that stops early is no proof.
CALLS = 3


@pytest.mark.parametrize("profile", ["optee", "optee-no-reg-mem", "amdtee", "optee@7.2"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_however_a_call_fails_nothing_leaks(profile: str, scenario: Scenario) -> None:
    kernel = fake.Kernel(profile)
    kernel.install(*TWINS)
    struck = [strike_each_call(kernel, "/dev/tee0", scenario, action) for action in ACTIONS]
    assert max(struck) >= CALLS
