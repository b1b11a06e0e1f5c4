# SPDX-License-Identifier: BSD-2-Clause
"""AMD-TEE, where it does not do what OP-TEE does."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client.faults import Answer, Fault, FaultyKernel, Plan, SystemCall

from ..support import c_library as c
from ..support.conformance import Command
from ..support.targets import Target
from ..support.waiting import LIMIT
from ..support.window import Window, with_window

pytestmark = pytest.mark.amdtee_only

MISSING = UUID("534d1192-6143-234c-4755-5352544f4f59")
SESSIONS = 32


def test_the_version_is_that_of_amd_tee(context: tee.Context) -> None:
    version = context.version
    assert version.implementation_id is tee.ImplementationId.AMDTEE
    assert version.implementation_capabilities == 0
    assert version.generic_capabilities == tee.GenericCapabilities.GP


def test_it_is_the_first_device_but_no_op_tee(target: Target) -> None:
    with tee.Context(backend=target.backend) as context:
        assert context.version.implementation_id is tee.ImplementationId.AMDTEE
    code = c.context_initialize(c.new_context(), target.kernel, "optee-tz")
    assert code == tee.Result.ITEM_NOT_FOUND


def test_there_is_no_device_for_a_supplicant(target: Target) -> None:
    with pytest.raises(tee.DeviceNotFoundError):
        target.open_context(target.supplicant_device)


def test_a_missing_application_looks_like_missing_memory(context: tee.Context) -> None:
    with pytest.raises(tee.OutOfMemoryError, match=str(MISSING)) as caught:
        context.open_session(MISSING)
    assert caught.value.errno == errno.ENOMEM
    assert caught.value.origin == tee.Origin.COMMS
    assert caught.value.remedy
    assert "amdtee/92114d53-4361-4c23-47555352544f4f59.bin" in caught.value.remedy


@pytest.mark.parametrize(
    ("login", "gid"),
    [
        (tee.Login.USER, None),
        (tee.Login.GROUP, os.getegid()),
        (tee.Login.GROUP, 0xFFFFFFFF),
        (tee.Login.APPLICATION, None),
        (tee.Login.GROUP_APPLICATION, 0),
        (3, None),
        (0xC0000000, None),
    ],
)
def test_no_login_but_public_is_known(context: tee.Context, login: int, gid: int | None) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        context.open_session(Target.CONFORMANCE, login=login, gid=gid)
    assert caught.value.errno == errno.EINVAL
    assert caught.value.origin == tee.Origin.COMMS
    assert caught.value.remedy == "the driver of AMD-TEE has no login but PUBLIC"


def test_what_an_application_refuses_is_not_blamed_on_the_login(context: tee.Context) -> None:
    for code in (tee.Result.ACCESS_DENIED, tee.Result.BAD_PARAMETERS):
        with pytest.raises(tee.TeecError) as caught:
            context.open_session(Target.CONFORMANCE, (code, 0))
        assert caught.value.code == code
        assert caught.value.remedy is None


@pytest.mark.parametrize("origin", [0, tee.Origin.COMMS, tee.Origin.TEE, tee.Origin.TRUSTED_APP])
def test_a_file_that_the_tee_refuses_is_to_be_signed(target: Target, origin: int) -> None:
    """The driver leaves the origin to the processor, which may say none."""
    plan = Plan([Fault(SystemCall.OPEN_SESSION, Answer(tee.Result.SECURITY, origin))])
    kernel = FaultyKernel(target.kernel or "linux", plan)
    with (
        tee.Context(target.device, backend=kernel) as context,
        pytest.raises(tee.SecurityError) as caught,
    ):
        context.open_session(MISSING)
    assert caught.value.origin == origin
    if origin == tee.Origin.TRUSTED_APP:
        assert caught.value.remedy is None
    else:
        assert caught.value.remedy
        assert "signed for this processor" in caught.value.remedy
        assert "amdtee/92114d53-4361-4c23-47555352544f4f59.bin" in caught.value.remedy


def test_null_memrefs_are_not_supported(session: tee.Session) -> None:
    for memref in (tee.MemrefTempInput(None), tee.MemrefTempOutput(None)):
        with pytest.raises(tee.NotSupportedError) as caught:
            session.invoke_command(Command.NOTHING, memref)
        assert caught.value.origin == tee.Origin.API
    assert session.invoke_command(Command.NOTHING, tee.MemrefTempOutput(0)) == (b"",)


def test_a_larger_size_is_what_is_required_and_spoils_no_buffer(session: tee.Session) -> None:
    buffer = bytearray(b"\xee" * 32)
    outputs = session.invoke_command(
        Command.SET_SIZE, (0, 33), tee.MemrefTempOutput(32), tee.MemrefTempOutput(buffer)
    )
    assert outputs == (tee.RequiredSize(33),) * 2
    assert buffer == b"\xee" * 32


@with_window
def test_a_request_during_a_command_does_not_reach_the_application(
    session: tee.Session, pool: ThreadPoolExecutor, window: Window
) -> None:
    operation = tee.Operation()
    heeding = (window.milliseconds, 1)

    def invoke() -> tuple[tee.Value]:
        return session.invoke_command(Command.WAIT, heeding, tee.ValueOutput(), operation=operation)

    call = window.start(pool, invoke)
    operation.request_cancellation()
    window.check()
    assert call.result(LIMIT) == ((0, 0),)
    assert operation.state is tee.OperationState.DONE
    assert session.invoke_command(Command.WAIT, (1, 1), tee.ValueOutput()) == ((0, 0),)


def test_a_context_has_32_sessions_with_an_application(target: Target) -> None:
    with target.open_context() as context:
        sessions = [context.open_session(Target.CONFORMANCE) for _ in range(SESSIONS)]
        with pytest.raises(tee.OutOfMemoryError):
            context.open_session(Target.CONFORMANCE)
        context.open_session(Target.HELLO_WORLD).close()
        sessions.pop(7).close()
        sessions.append(context.open_session(Target.CONFORMANCE))
        for seed, session in enumerate(sessions):
            outputs = session.invoke_command(Command.VALUES, (seed, 0), tee.ValueOutput())
            assert outputs == ((seed + 1, 1),)


def test_contexts_number_their_sessions_alike_and_keep_them_apart(target: Target) -> None:
    with target.open_context() as one, target.open_context() as two:
        first = one.open_session(Target.CONFORMANCE)
        second = two.open_session(Target.CONFORMANCE)
        first.close()
        assert second.invoke_command(Command.VALUES, (5, 6), tee.ValueOutput()) == ((6, 7),)
        with pytest.raises(tee.ClosedSessionError):
            first.invoke_command(Command.NOTHING)
