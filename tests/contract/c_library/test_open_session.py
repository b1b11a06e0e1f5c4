# SPDX-License-Identifier: BSD-2-Clause
"""TEEC_OpenSession."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.c_library import Kind
from ...support.conformance import Command, filled
from ...support.renaming_kernel import RenamingKernel
from ...support.targets import Target
from ...support.waiting import LIMIT, wait_until
from ...support.window import MissedError, Window, with_window

if TYPE_CHECKING:
    from .conftest import Observed

API, COMMS, TEE, TRUSTED_APP = tee.Origin
BAD_PARAMETERS = tee.Result.BAD_PARAMETERS
OPENED = (0, TRUSTED_APP)
MISSING = UUID("534d1192-6143-234c-4755-5352544f4f59")
OPEN_MARK = 0x4F50454E


def session_bytes(structure: Any) -> bytes:
    return bytes(c.ffi.buffer(structure))


@pytest.fixture
def structure() -> Any:
    return c.new_session()


@pytest.mark.assertion("OS-01", "OS-02", "CS-09")
def test_what_the_structure_holds_beforehand_does_not_matter(
    c_context: Any, structure: Any
) -> None:
    for garbage in (b"\0", b"\xff", b"\x01"):
        c.ffi.buffer(structure)[:] = garbage * c.ffi.sizeof("TEEC_Session")
        assert c.open_session(c_context, structure) == OPENED
        assert c.invoke(structure, Command.NOTHING) == OPENED
        c.lib.TEEC_CloseSession(structure)


@pytest.mark.assertion("OS-03", "OS-18", "OS-20", "OS-22")
@pytest.mark.optee_only
def test_a_failure_leaves_the_structure_as_it_was(c_context: Any, structure: Any) -> None:
    before = b"\xa5" * c.ffi.sizeof("TEEC_Session")
    c.ffi.buffer(structure)[:] = before
    refusals: list[tuple[c.Outcome, tuple[int, int]]] = [
        (c.open_session(c_context, structure, MISSING), (tee.Result.ITEM_NOT_FOUND, TEE)),
        (c.open_session(c_context, structure, login=3), (BAD_PARAMETERS, COMMS)),
        (c.open_session(c.ffi.NULL, structure), (BAD_PARAMETERS, API)),
    ]
    for code in (0x12345678, 0x80000001, tee.Result.BUSY, tee.Result.CANCEL):
        refusing = c.operation((Kind.VALUE_INPUT, (code, 0)))
        outcome = c.open_session(c_context, structure, operation=refusing)
        refusals.append((outcome, (code, TRUSTED_APP)))
    for outcome, expected in refusals:
        assert outcome == expected
        assert session_bytes(structure) == before


@pytest.mark.amdtee_only
def test_a_failure_of_amd_tee_leaves_the_structure_as_it_was(
    c_context: Any, structure: Any
) -> None:
    before = b"\xa5" * c.ffi.sizeof("TEEC_Session")
    c.ffi.buffer(structure)[:] = before
    outcomes = [
        c.open_session(c_context, structure, MISSING),
        c.open_session(c_context, structure, login=tee.Login.USER),
    ]
    assert outcomes == [(tee.Result.OUT_OF_MEMORY, COMMS), (BAD_PARAMETERS, COMMS)]
    assert session_bytes(structure) == before


@pytest.mark.assertion("OS-04", "GEN-11")
def test_the_whole_uuid_is_sent_most_significant_octet_first(observed: Observed) -> None:
    for uuid in (MISSING, UUID(bytes=bytes(range(0xF0, 0x100)))):
        assert c.open_session(observed.context, c.new_session(), uuid).code != 0
        (request,) = observed.kernel.requests(uapi.TEE_IOC_OPEN_SESSION)
        assert request.buffer[:16] == uuid.bytes
        observed.kernel.forget()


def login_sent(observed: Observed) -> tuple[int, bytes]:
    (request,) = observed.kernel.requests(uapi.TEE_IOC_OPEN_SESSION)
    _, client_uuid, login, *_ = uapi.OPEN_SESSION_ARG.unpack_from(request.buffer)
    observed.kernel.forget()
    return login, client_uuid


@pytest.mark.assertion("OS-05", "OS-06", "OS-08", "OS-09", "OS-12", "OS-13")
@pytest.mark.optee_only
@pytest.mark.parametrize(
    ("login", "code", "error"),
    [
        (tee.Login.PUBLIC, 0, 0),
        (tee.Login.USER, 0, 0),
        (tee.Login.APPLICATION, BAD_PARAMETERS, errno.EINVAL),
        (tee.Login.USER_APPLICATION, BAD_PARAMETERS, errno.EINVAL),
        (3, BAD_PARAMETERS, errno.EINVAL),
        (7, BAD_PARAMETERS, errno.EINVAL),
        (0x7FFFFFFF, BAD_PARAMETERS, errno.EINVAL),
        (0x80000000, tee.Result.GENERIC, errno.EPERM),
        (0xBFFFFFFF, tee.Result.GENERIC, errno.EPERM),
        (0xC0000000, BAD_PARAMETERS, errno.EINVAL),
        (0xFFFFFFFF, BAD_PARAMETERS, errno.EINVAL),
    ],
)
def test_a_login_that_is_no_groups_is_passed_on_and_reads_no_data(
    observed: Observed, structure: Any, login: int, code: int, error: int
) -> None:
    # Where nothing may be read, an address that can't be.
    unreadable = c.ffi.cast("void *", 1)
    outcome = c.open_session(observed.context, structure, login=login, data=unreadable)
    assert outcome == (code, COMMS if code else TRUSTED_APP)
    assert c.ffi.errno == error
    assert login_sent(observed) == (login, bytes(16))
    c.lib.TEEC_CloseSession(structure)


@pytest.mark.assertion("OS-07", "OS-10")
@pytest.mark.optee_only
@pytest.mark.parametrize(
    ("login", "code", "error"),
    [
        (tee.Login.GROUP, 0, 0),
        (tee.Login.GROUP_APPLICATION, BAD_PARAMETERS, errno.EINVAL),
    ],
)
def test_a_group_login_passes_the_gid_on(
    observed: Observed, structure: Any, login: int, code: int, error: int
) -> None:
    gid = c.ffi.new("uint32_t *", os.getegid())
    outcome = c.open_session(observed.context, structure, login=login, data=gid)
    assert outcome == (code, COMMS if code else TRUSTED_APP)
    assert c.ffi.errno == error
    assert login_sent(observed) == (login, bytes(c.ffi.buffer(gid)) + bytes(12))
    c.lib.TEEC_CloseSession(structure)


@pytest.mark.assertion("OS-07")
@pytest.mark.optee_only
def test_a_group_that_the_caller_is_not_in_is_refused(c_context: Any, structure: Any) -> None:
    for gid in (max([*os.getgroups(), os.getegid()]) + 1234, 0xFFFFFFFF):
        data = c.ffi.new("uint32_t *", gid)
        outcome = c.open_session(c_context, structure, login=tee.Login.GROUP, data=data)
        assert outcome == (tee.Result.GENERIC, COMMS)
        assert c.ffi.errno == errno.EPERM


@pytest.mark.assertion("OS-11", "OS-31")
@pytest.mark.parametrize("login", [tee.Login.GROUP, tee.Login.GROUP_APPLICATION])
def test_a_group_login_without_data_is_refused(
    observed: Observed, structure: Any, login: int
) -> None:
    assert c.open_session(observed.context, structure, login=login) == (BAD_PARAMETERS, API)
    assert observed.kernel.ioctls == []


@pytest.mark.assertion("OS-14")
def test_without_an_operation_no_parameter_is_sent(observed: Observed, structure: Any) -> None:
    assert c.open_session(observed.context, structure) == OPENED
    (request,) = observed.kernel.requests(uapi.TEE_IOC_OPEN_SESSION)
    assert request.params == []
    _, _, _, cancel_id, *_ = uapi.OPEN_SESSION_ARG.unpack_from(request.buffer)
    assert cancel_id == 0
    c.lib.TEEC_CloseSession(structure)


@pytest.mark.assertion("OS-15", "GEN-07")
@pytest.mark.parametrize("code", [0, 0x80001234])
def test_parameters_are_handled_as_those_of_a_command(
    c_context: Any, structure: Any, code: int
) -> None:
    output, outside = c.ffi.new("char[]", b"\xee" * 99), c.allocated(c_context, b"\xee" * 50)
    operation = c.operation(
        (Kind.VALUE_INPUT, (code, 0)),
        (Kind.VALUE_OUTPUT, (7, 7)),
        (Kind.TEMP_OUTPUT, (output, 99)),
        (Kind.PARTIAL_OUTPUT, (outside, 20, 10)),
    )
    outcome = c.open_session(c_context, structure, operation=operation)
    assert outcome == (code, TRUSTED_APP)
    _, value, temporary, partial = operation.params
    assert (value.value.a, value.value.b) == (OPEN_MARK, 1)
    assert (temporary.tmpref.size, bytes(c.ffi.buffer(output, 99))) == (99, filled(2, 99))
    assert (partial.memref.size, partial.memref.offset) == (20, 10)
    expected = b"\xee" * 10 + filled(3, 20) + b"\xee" * 20
    assert c.content_of(outside) == expected
    c.lib.TEEC_CloseSession(structure)
    c.lib.TEEC_ReleaseSharedMemory(outside)


@pytest.mark.assertion("OS-16", "OS-19", "RC-04", "RC-07")
def test_a_request_before_the_start_ends_the_opening_unsent(
    observed: Observed, structure: Any
) -> None:
    operation = c.operation()
    c.lib.TEEC_RequestCancellation(operation)
    outcome = c.open_session(observed.context, structure, operation=operation)
    assert outcome == (tee.Result.CANCEL, API)
    assert observed.kernel.ioctls == []


@pytest.mark.assertion("OS-16", "RC-05", "RC-07", "RC-17")
@with_window
def test_a_request_during_the_opening_is_passed_on_and_linux_can_not_heed_it(
    observed: Observed, structure: Any, pool: ThreadPoolExecutor, window: Window
) -> None:
    wish = (window.milliseconds, 2)
    operation = c.operation((Kind.VALUE_INPUT, wish), (Kind.VALUE_OUTPUT, (0, 0)))
    opening = partial(c.open_session, observed.context, structure, operation=operation)
    observed.kernel.forget()
    call = window.start(pool, opening)
    wait_until(lambda: bool(observed.kernel.requests(uapi.TEE_IOC_OPEN_SESSION)))
    c.lib.TEEC_RequestCancellation(operation)
    try:
        window.check()
    except MissedError:
        assert call.result(LIMIT) == OPENED
        c.lib.TEEC_CloseSession(structure)
        raise
    assert call.result(LIMIT) == OPENED
    assert operation.params[1].value.a == OPEN_MARK
    (opened,) = observed.kernel.requests(uapi.TEE_IOC_OPEN_SESSION)
    (cancelling,) = observed.kernel.requests(uapi.TEE_IOC_CANCEL)
    _, _, _, cancel_id, *_ = uapi.OPEN_SESSION_ARG.unpack_from(opened.buffer)
    assert uapi.CANCEL_ARG.unpack(cancelling.argument) == (cancel_id, 0)
    assert cancel_id != 0
    # And it was not kept for the session's first command.
    wait = c.operation((Kind.VALUE_INPUT, (1, 1)))
    assert c.invoke(structure, Command.WAIT, wait) == OPENED
    c.lib.TEEC_CloseSession(structure)


@pytest.mark.assertion("OS-17")
def test_the_origin_need_not_be_asked_for(c_context: Any, structure: Any) -> None:
    uuid = c.uuid_struct(Target.CONFORMANCE)
    null = c.ffi.NULL
    for context, code in ((c_context, 0), (null, BAD_PARAMETERS)):
        assert c.lib.TEEC_OpenSession(context, structure, uuid, 0, null, null, null) == code
    assert c.lib.TEEC_OpenSession(c_context, structure, uuid, 3, null, null, null) == BAD_PARAMETERS
    c.lib.TEEC_CloseSession(structure)


@pytest.mark.assertion("OS-21")
@pytest.mark.optee_only
def test_an_application_that_is_not_installed_is_not_found(c_context: Any, structure: Any) -> None:
    for _ in range(2):
        outcome = c.open_session(c_context, structure, MISSING)
        assert outcome == (tee.Result.ITEM_NOT_FOUND, TEE)


@pytest.mark.assertion("OS-23", "GEN-10")
def test_a_panic_during_the_opening_is_target_dead(c_context: Any, structure: Any) -> None:
    panicking = c.operation((Kind.VALUE_INPUT, (0xDEAD, 1)))
    outcome = c.open_session(c_context, structure, operation=panicking)
    assert outcome == (tee.Result.TARGET_DEAD, TEE)
    assert c.open_session(c_context, structure) == OPENED
    c.lib.TEEC_CloseSession(structure)


@pytest.mark.assertion("OS-24")
def test_an_application_for_one_session_is_busy_during_it(c_context: Any, structure: Any) -> None:
    second = c.new_session()
    assert c.open_session(c_context, structure, Target.EXCLUSIVE) == OPENED
    assert c.open_session(c_context, second, Target.EXCLUSIVE) == (tee.Result.BUSY, TEE)
    c.lib.TEEC_CloseSession(structure)
    assert c.open_session(c_context, second, Target.EXCLUSIVE) == OPENED
    c.lib.TEEC_CloseSession(second)


TOO_LARGE = UUID("9e6f1b52-0c4a-4f7d-8b3e-61d2a5c7f890")
APPLICATIONS = Path("/usr/lib/optee_armtz")


@pytest.mark.real_only
@pytest.mark.once
@pytest.mark.assertion("OS-25")
def test_an_application_larger_than_the_tee_is_out_of_memory(
    c_context: Any, structure: Any
) -> None:
    outcome = c.open_session(c_context, structure, TOO_LARGE)
    assert outcome == (tee.Result.OUT_OF_MEMORY, TEE)


@pytest.mark.real_only
@pytest.mark.once
@pytest.mark.assertion("OS-25")
def test_an_image_that_is_not_signed_is_refused(c_context: Any, structure: Any) -> None:
    image = bytearray((APPLICATIONS / f"{Target.CONFORMANCE}.ta").read_bytes())
    image[len(image) // 2] ^= 1
    forged = uuid4()
    path = APPLICATIONS / f"{forged}.ta"
    path.write_bytes(image)
    try:
        assert c.open_session(c_context, structure, forged) == (tee.Result.SECURITY, TEE)
    finally:
        path.unlink()


@pytest.mark.assertion("OS-13")
@pytest.mark.parametrize("login", [0x80000000, 0xBFFFFFFF])
def test_a_login_of_the_kernels_own_is_refused_in_the_same_words_by_every_kernel(
    target: Target, structure: Any, login: int
) -> None:
    """Linux before 5.8 says EINVAL."""
    renamed = {uapi.TEE_IOC_OPEN_SESSION: {errno.EPERM: errno.EINVAL}}
    context = c.new_context()
    kernel = RenamingKernel(target.kernel, renamed)
    assert c.context_initialize(context, kernel, target.device) == 0
    assert c.open_session(context, structure, login=login) == (tee.Result.GENERIC, COMMS)
    assert c.ffi.errno == errno.EPERM
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.assertion("OS-26")
@pytest.mark.parametrize(
    ("code", "login", "error"),
    [(0, 0, 0), (5, 0, 0), (0, 3, 0), (0, 0, errno.EIO), (0, 0, errno.ENOMEM)],
)
def test_temporary_memory_is_unregistered_on_every_way_out(
    observed: Observed, structure: Any, code: int, login: int, error: int
) -> None:
    before = set(observed.kernel.descriptors)
    observed.kernel.fail(uapi.TEE_IOC_OPEN_SESSION, error)
    buffer = c.ffi.new("char[100]")
    operation = c.operation(
        (Kind.VALUE_INPUT, (code, 0)),
        (Kind.TEMP_INPUT, (buffer, 100)),
        (Kind.TEMP_OUTPUT, (buffer, 100)),
    )
    outcome = c.open_session(observed.context, structure, login=login, operation=operation)
    assert bool(outcome.code) == bool(code or login or error)
    c.lib.tee_context_trim(observed.context)
    assert observed.kernel.descriptors == before
    c.lib.TEEC_CloseSession(structure)


@pytest.mark.assertion("OS-27", "OS-31", "OS-18")
def test_null_structures_are_refused(observed: Observed, structure: Any) -> None:
    null, uuid = c.ffi.NULL, c.uuid_struct(Target.CONFORMANCE)
    for arguments in (
        (null, structure, uuid),
        (observed.context, null, uuid),
        (observed.context, structure, null),
    ):
        origin = c.ffi.new("uint32_t *")
        assert c.lib.TEEC_OpenSession(*arguments, 0, null, null, origin) == BAD_PARAMETERS
        assert origin[0] == API
    assert observed.kernel.ioctls == []


@pytest.mark.assertion("OS-28", "OS-31")
def test_memory_of_another_context_is_refused(
    observed: Observed, structure: Any, new_context: Callable[[], Any]
) -> None:
    foreign = c.allocated(new_context(), b"abc")
    for kind in (Kind.WHOLE, Kind.PARTIAL_INPUT):
        operation = c.operation((kind, (foreign, 1, 0)))
        outcome = c.open_session(observed.context, structure, operation=operation)
        assert outcome == (BAD_PARAMETERS, API)
    assert observed.kernel.requests(uapi.TEE_IOC_OPEN_SESSION) == []
    c.lib.TEEC_ReleaseSharedMemory(foreign)


@pytest.mark.assertion("OS-29", "RC-09")
@with_window
def test_an_operation_that_is_under_way_is_refused(
    c_context: Any, c_session: Any, structure: Any, pool: ThreadPoolExecutor, window: Window
) -> None:
    operation = c.operation((Kind.VALUE_INPUT, (window.milliseconds, 0)))
    call = window.start(pool, c.invoke, c_session, Command.WAIT, operation)
    outcome = c.open_session(c_context, structure, operation=operation)
    c.lib.TEEC_CloseSession(structure)
    window.check()
    assert outcome == (tee.Result.BAD_STATE, API)
    assert call.result(LIMIT) == OPENED


@pytest.mark.assertion("OS-30")
def test_opening_over_an_open_session_loses_it_until_its_context_ends(
    new_context: Callable[[], Any], structure: Any
) -> None:
    context, other = new_context(), new_context()
    assert c.open_session(context, structure, Target.EXCLUSIVE) == OPENED
    assert c.open_session(context, structure) == OPENED
    c.lib.TEEC_CloseSession(structure)
    # The application has its first session still.
    assert c.open_session(other, structure, Target.EXCLUSIVE) == (tee.Result.BUSY, TEE)
    c.lib.TEEC_FinalizeContext(context)
    assert c.open_session(other, structure, Target.EXCLUSIVE) == OPENED
    c.lib.TEEC_CloseSession(structure)


@pytest.mark.assertion("OS-32")
@pytest.mark.optee_only
def test_a_session_is_its_contexts_own(
    target: Target, observed: Observed, new_context: Callable[[], Any], structure: Any
) -> None:
    other, copy = new_context(), c.new_session()
    assert c.open_session(other, structure) == OPENED
    # The number of the other context's session, in this one.
    copy[0] = observed.session[0]
    number_at = c.ffi.sizeof("uintptr_t")
    c.ffi.buffer(copy)[number_at:] = session_bytes(structure)[number_at:]
    assert c.invoke(copy, Command.NOTHING) == (BAD_PARAMETERS, COMMS)
    assert c.ffi.errno == errno.EINVAL
    c.lib.TEEC_CloseSession(copy)
    assert c.invoke(structure, Command.NOTHING) == OPENED
    c.lib.TEEC_CloseSession(structure)
