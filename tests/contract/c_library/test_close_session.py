# SPDX-License-Identifier: BSD-2-Clause
"""TEEC_CloseSession."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.c_library import Kind
from ...support.conformance import Command
from ...support.waiting import LIMIT, start_blocked

if TYPE_CHECKING:
    from .conftest import Observed

# No memory is shared here.
pytestmark = pytest.mark.once

TRUSTED_APP = tee.Origin.TRUSTED_APP
DONE = (0, TRUSTED_APP)
NOT_OPEN = (tee.Result.BAD_PARAMETERS, tee.Origin.API)


@pytest.fixture
def own(observed: Observed) -> Any:
    opened = c.new_session()
    assert c.open_session(observed.context, opened) == DONE
    observed.kernel.forget()
    return opened


@pytest.mark.assertion("CS-01")
def test_null_is_ignored(observed: Observed) -> None:
    c.lib.TEEC_CloseSession(c.ffi.NULL)
    assert observed.kernel.ioctls == []


@pytest.mark.assertion("CS-02")
@pytest.mark.parametrize("error", [errno.EINVAL, errno.EIO])
def test_what_the_kernel_says_is_not_passed_on(observed: Observed, own: Any, error: int) -> None:
    # Closed first by somebody who guessed its number, so that nothing leaks here.
    copy = c.new_session()
    copy[0] = own[0]
    c.lib.TEEC_CloseSession(copy)
    observed.kernel.fail(uapi.TEE_IOC_CLOSE_SESSION, error)
    c.ffi.errno = 4321
    c.lib.TEEC_CloseSession(own)
    assert c.ffi.errno == 4321
    assert c.invoke(own, Command.NOTHING) == NOT_OPEN


@pytest.mark.assertion("CS-03")
def test_a_command_under_way_ends_as_it_would_have(
    observed: Observed, own: Any, pool: ThreadPoolExecutor
) -> None:
    operation = c.operation((Kind.VALUE_INPUT, (300, 0)), (Kind.VALUE_OUTPUT, (7, 7)))
    call = start_blocked(pool, c.invoke, own, Command.WAIT, operation)
    c.lib.TEEC_CloseSession(own)
    assert call.result(LIMIT) == DONE
    assert operation.params[1].value.a == 0
    assert c.invoke(own, Command.NOTHING) == NOT_OPEN


@pytest.mark.assertion("CS-04", "GEN-05")
def test_a_second_time_closes_nobody_elses_session(observed: Observed, own: Any) -> None:
    c.lib.TEEC_CloseSession(own)
    other = c.new_session()
    assert c.open_session(observed.context, other) == DONE
    observed.kernel.forget()
    c.lib.TEEC_CloseSession(own)
    assert observed.kernel.ioctls == []
    assert c.invoke(other, Command.NOTHING) == DONE
    c.lib.TEEC_CloseSession(other)


@pytest.mark.assertion("CS-05")
def test_threads_close_a_session_once(
    observed: Observed, own: Any, pool: ThreadPoolExecutor
) -> None:
    for call in [pool.submit(c.lib.TEEC_CloseSession, own) for _ in range(8)]:
        call.result(LIMIT)
    assert len(observed.kernel.requests(uapi.TEE_IOC_CLOSE_SESSION)) == 1


@pytest.mark.assertion("CS-06")
def test_a_session_whose_application_panicked_is_closed(observed: Observed, own: Any) -> None:
    assert c.invoke(own, Command.PANIC).code == tee.Result.TARGET_DEAD
    c.lib.TEEC_CloseSession(own)
    assert len(observed.kernel.requests(uapi.TEE_IOC_CLOSE_SESSION)) == 1
    assert c.open_session(observed.context, own) == DONE
    c.lib.TEEC_CloseSession(own)


@pytest.mark.assertion("CS-07", "IV-01")
def test_a_command_on_a_closed_session_is_refused(observed: Observed, own: Any) -> None:
    copy = c.new_session()
    copy[0] = own[0]
    c.lib.TEEC_CloseSession(own)
    assert c.invoke(own, Command.NOTHING) == NOT_OPEN
    # The library can't know that a copy of the structure is closed; the kernel does.
    assert c.invoke(copy, Command.NOTHING) == (tee.Result.BAD_PARAMETERS, tee.Origin.COMMS)
    assert c.ffi.errno == errno.EINVAL
