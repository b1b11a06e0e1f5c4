# SPDX-License-Identifier: BSD-2-Clause
"""TEEC_InvokeCommand."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.c_library import NONE, Kind
from ...support.conformance import Command, checksum, filled, xored
from ...support.waiting import LIMIT
from ...support.window import Window, with_window

if TYPE_CHECKING:
    from .conftest import Observed

API, COMMS, TEE, TRUSTED_APP = tee.Origin
BAD_PARAMETERS = tee.Result.BAD_PARAMETERS
DONE = (0, TRUSTED_APP)
# GPD_SPE_007 4.4.2 with its errata: what can come from elsewhere than an application.
API_CODES = {code for code in tee.Result if 0xFFFF0000 <= code <= 0xFFFF0011 or code == 0xFFFF3024}


@pytest.mark.assertion("IV-01")
def test_a_session_that_is_not_open_is_refused(observed: Observed) -> None:
    for session in (c.ffi.NULL, c.new_session()):
        assert c.invoke(session, Command.NOTHING) == (BAD_PARAMETERS, API)
        assert c.invoke(session, Command.NOTHING, c.operation()) == (BAD_PARAMETERS, API)
    assert observed.kernel.ioctls == []


@pytest.mark.assertion("IV-02")
@pytest.mark.parametrize("command", [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_any_command_id_is_delivered(observed: Observed, command: int) -> None:
    outcome = c.invoke(observed.session, command)
    assert outcome == (tee.Result.NOT_SUPPORTED if command > 1 else 0, TRUSTED_APP)
    (request,) = observed.kernel.requests(uapi.TEE_IOC_INVOKE)
    assert uapi.INVOKE_ARG.unpack_from(request.buffer)[0] == command


@pytest.mark.assertion("IV-03", "IV-28", "PT-02")
def test_without_an_operation_only_the_command_is_sent(observed: Observed) -> None:
    assert c.invoke(observed.session, Command.NOTHING) == DONE
    (request,) = observed.kernel.ioctls
    assert request.params == []
    assert uapi.INVOKE_ARG.unpack_from(request.buffer)[2] == 0


@pytest.mark.assertion("IV-04", "PT-02")
def test_an_operation_without_parameters_is_sent_as_none(observed: Observed) -> None:
    assert c.invoke(observed.session, Command.NOTHING, c.operation()) == DONE
    (request,) = observed.kernel.ioctls
    assert request.params == []


@pytest.mark.assertion("IV-28", "PT-09")
@pytest.mark.parametrize("used", range(5))
def test_the_kernel_is_given_a_header_and_the_parameters_up_to_the_last_used(
    observed: Observed, used: int
) -> None:
    session = c.new_session()
    slots = [c.NONE] * (used - 1) + [(Kind.VALUE_INPUT, (0, 0))] * bool(used)
    assert c.open_session(observed.context, session, operation=c.operation(*slots)) == DONE
    assert c.invoke(session, Command.NOTHING, c.operation(*slots)) == DONE
    c.lib.TEEC_CloseSession(session)
    (opening,) = observed.kernel.requests(uapi.TEE_IOC_OPEN_SESSION)
    (invoking,) = observed.kernel.requests(uapi.TEE_IOC_INVOKE)
    assert len(opening.buffer) == 56 + used * 32
    assert len(invoking.buffer) == 24 + used * 32
    assert uapi.OPEN_SESSION_ARG.unpack_from(opening.buffer)[-1] == used
    assert uapi.INVOKE_ARG.unpack_from(invoking.buffer)[-1] == used


@pytest.mark.assertion("IV-05", "IV-07", "IV-08", "IV-09", "IV-26", "GEN-01")
def test_inputs_are_taken_before_and_outputs_given_after(c_session: Any) -> None:
    data = c.ffi.new("char[]", b"before")
    operation = c.operation(
        (Kind.VALUE_INPUT, (0x80000001, 0xFFFFFFFE)),
        (Kind.VALUE_INOUT, (1, 2)),
        (Kind.VALUE_OUTPUT, (7, 7)),
    )
    assert c.invoke(c_session, Command.VALUES, operation) == DONE
    values = [(slot.value.a, slot.value.b) for slot in operation.params]
    assert values[0] == (0x80000001, 0xFFFFFFFE)
    assert values[1] == (1 ^ 0xFFFFFFFF, 2 ^ 0xFFFFFFFF)
    assert values[2] == (0x80000004, 2)
    operation = c.operation((Kind.TEMP_INOUT, (data, 6)))
    assert c.invoke(c_session, Command.MEMREF_XOR, operation) == DONE
    assert bytes(c.ffi.buffer(data, 6)) == xored(0, b"before")


@pytest.mark.assertion("IV-06")
@pytest.mark.parametrize(
    ("error", "code"), [(errno.ENOMEM, tee.Result.OUT_OF_MEMORY), (errno.EIO, tee.Result.GENERIC)]
)
def test_temporary_memory_that_can_not_be_shared_fails_the_call_unsent(
    observed: Observed, error: int, code: int
) -> None:
    for request in (uapi.TEE_IOC_SHM_REGISTER, uapi.TEE_IOC_SHM_ALLOC):
        observed.kernel.fail(request, error)
    operation = c.operation((Kind.TEMP_INPUT, (c.ffi.new("char[4]"), 4)))
    assert c.invoke(observed.session, Command.NOTHING, operation) == (code, API)
    assert c.ffi.errno == error
    assert observed.kernel.requests(uapi.TEE_IOC_INVOKE) == []


@pytest.mark.assertion("IV-08", "IV-24", "MR-05", "MR-08")
@pytest.mark.parametrize("code", [0, tee.Result.GENERIC, tee.Result.SHORT_BUFFER, 0x80000001])
def test_outputs_are_updated_whatever_the_code(c_session: Any, code: int) -> None:
    data = c.ffi.new("char[]", b"abcdef")
    operation = c.operation(
        (Kind.VALUE_INPUT, (code, 3)),
        (Kind.VALUE_OUTPUT, (7, 7)),
        (Kind.VALUE_INOUT, (1, 2)),
        (Kind.TEMP_INOUT, (data, 6)),
    )
    assert c.invoke(c_session, Command.SET_SIZE, operation) == (code, TRUSTED_APP)
    _, output, inverted, memref = operation.params
    assert (output.value.a, output.value.b) == (0x11111111, 0x22222222)
    assert (inverted.value.a, inverted.value.b) == (1 ^ 0xFFFFFFFF, 2 ^ 0xFFFFFFFF)
    assert (memref.tmpref.size, memref.tmpref.buffer) == (3, data)


@pytest.mark.assertion("IV-10")
def test_what_an_output_value_holds_is_not_sent(observed: Observed) -> None:
    operation = c.operation((Kind.VALUE_OUTPUT, (0x1234, 0x5678)), (Kind.VALUE_INOUT, (1, 2)))
    assert c.invoke(observed.session, Command.NOTHING, operation) == DONE
    (request,) = observed.kernel.ioctls
    assert request.params[:2] == [(2, 0, 0, 0), (3, 1, 2, 0)]
    assert (operation.params[0].value.a, operation.params[0].value.b) == (0, 0)


@pytest.mark.assertion("IV-11", "IV-22")
def test_what_is_no_output_stays_as_it_was(c_context: Any, c_session: Any) -> None:
    block, data = c.allocated(c_context, b"abcdef"), c.ffi.new("char[]", b"abcdef")
    session = bytes(c.ffi.buffer(c_session))
    operation = c.operation(
        (Kind.PARTIAL_INOUT, (block, 2, 3)),
        (Kind.WHOLE, (block, 9, 9)),
        (Kind.TEMP_INPUT, (data, 6)),
        (Kind.VALUE_INPUT, (5, 6)),
    )
    types = operation.paramTypes
    assert c.invoke(c_session, Command.NOTHING, operation) == DONE
    partial, whole, temporary, value = operation.params
    assert operation.paramTypes == types
    assert (partial.memref.parent, partial.memref.offset) == (block, 3)
    assert (whole.memref.parent, whole.memref.offset) == (block, 9)
    assert (temporary.tmpref.buffer, temporary.tmpref.size) == (data, 6)
    assert (value.value.a, value.value.b) == (5, 6)
    assert (block.size, block.flags) == (6, 3)
    assert bytes(c.ffi.buffer(c_session)) == session
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("IV-12", "OS-20")
@pytest.mark.parametrize("code", [1, 0x7FFFFFFF, 0x80000000, 0xABCDEF01, 0xFFFF9999, 0xFFFFFFFF])
def test_a_code_of_the_application_comes_through(c_session: Any, code: int) -> None:
    operation = c.operation((Kind.VALUE_INPUT, (code, 0)))
    assert c.invoke(c_session, Command.SET_SIZE, operation) == (code, TRUSTED_APP)


@pytest.mark.assertion("IV-13")
def test_the_origin_need_not_be_asked_for(c_session: Any) -> None:
    null = c.ffi.NULL
    assert c.lib.TEEC_InvokeCommand(c_session, Command.NOTHING, null, null) == 0
    assert c.lib.TEEC_InvokeCommand(c_session, 99, null, null) == tee.Result.NOT_SUPPORTED
    assert c.lib.TEEC_InvokeCommand(null, 0, null, null) == BAD_PARAMETERS


ERRORS = sorted(
    {
        *(errno.EPERM, errno.ENOENT, errno.EINTR, errno.EIO, errno.ENXIO, errno.E2BIG),
        *(errno.ECHILD, errno.ENOMEM, errno.EACCES, errno.EFAULT, errno.EBUSY, errno.ENODEV),
        *(errno.EINVAL, errno.ENOTTY, errno.EOPNOTSUPP, 524),
    }
)


@pytest.mark.assertion("IV-14", "IV-23", "IV-27", "GEN-06")
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: errno.errorcode.get(error, str(error)))
def test_a_failed_request_gives_a_code_keeps_errno_and_changes_no_output(
    observed: Observed, error: int
) -> None:
    observed.kernel.fail(uapi.TEE_IOC_INVOKE, error)
    data = c.ffi.new("char[]", b"abc")
    operation = c.operation(
        (Kind.VALUE_OUTPUT, (7, 8)), (Kind.VALUE_INOUT, (1, 2)), (Kind.TEMP_INOUT, (data, 3))
    )
    outcome = c.invoke(observed.session, Command.MEMREF_XOR, operation)
    kept = c.ffi.errno
    codes = {errno.ENOMEM: tee.Result.OUT_OF_MEMORY, errno.EINVAL: BAD_PARAMETERS}
    assert outcome.code in API_CODES
    assert outcome == (codes.get(error, tee.Result.GENERIC), COMMS)
    assert kept == error
    values = [(slot.value.a, slot.value.b) for slot in operation.params[0:2]]
    assert values == [(7, 8), (1, 2)]
    assert operation.params[2].tmpref.size == 3
    assert c.ffi.string(data) == b"abc"
    # The request was made once: nobody knows whether the application ran.
    assert len(observed.kernel.requests(uapi.TEE_IOC_INVOKE)) == 1


@pytest.mark.assertion("IV-14", "GEN-06")
def test_what_is_refused_here_or_by_the_tee_has_a_code_of_the_api(
    observed: Observed, new_context: Callable[[], Any]
) -> None:
    context, session = new_context(), c.new_session()
    assert c.open_session(context, session) == DONE
    outcomes = [
        c.invoke(session, Command.NOTHING, c.operation((Kind.TEMP_INPUT, (c.ffi.NULL, 1)))),
        c.invoke(session, Command.PANIC),
        c.invoke(session, Command.NOTHING),
        c.open_session(context, c.new_session(), login=3),
    ]
    assert [outcome.origin for outcome in outcomes] == [API, TEE, TEE, COMMS]
    assert {outcome.code for outcome in outcomes} <= API_CODES
    c.lib.TEEC_CloseSession(session)


@pytest.mark.assertion("IV-15", "RC-10", "OS-19")
def test_a_cancel_of_the_applications_own_has_its_origin(observed: Observed) -> None:
    cancelling = c.operation((Kind.VALUE_INPUT, (tee.Result.CANCEL, 0)))
    outcome = c.invoke(observed.session, Command.SET_SIZE, cancelling)
    assert outcome == (tee.Result.CANCEL, TRUSTED_APP)
    assert len(observed.kernel.ioctls) == 1
    never_sent = c.operation()
    c.lib.TEEC_RequestCancellation(never_sent)
    outcome = c.invoke(observed.session, Command.NOTHING, never_sent)
    assert outcome == (tee.Result.CANCEL, API)
    assert len(observed.kernel.ioctls) == 1


@pytest.mark.assertion("IV-16", "GEN-10", "GEN-05")
def test_after_a_panic_the_session_is_dead_and_no_other(c_context: Any, c_session: Any) -> None:
    session = c.new_session()
    assert c.open_session(c_context, session) == DONE
    for command in (Command.PANIC, Command.NOTHING, Command.VALUES):
        assert c.invoke(session, command) == (tee.Result.TARGET_DEAD, TEE)
    c.lib.TEEC_CloseSession(session)
    assert c.invoke(c_session, Command.NOTHING) == DONE


@pytest.mark.assertion("IV-17", "PT-04")
@pytest.mark.parametrize("types", [4, 8, 9, 10, 11, 0x4000, 0xB000, 0x10000, 0x80000000])
def test_reserved_parameter_types_are_refused(observed: Observed, types: int) -> None:
    operation = c.ffi.new("TEEC_Operation *", {"paramTypes": types})
    assert c.invoke(observed.session, Command.NOTHING, operation) == (BAD_PARAMETERS, API)
    assert observed.kernel.ioctls == []


@pytest.mark.assertion("IV-18", "MR-15")
@pytest.mark.parametrize("make", [c.allocated, c.registered])
@pytest.mark.parametrize("flags", [1, 2])
def test_a_direction_that_the_block_has_not_is_refused(
    c_context: Any, c_session: Any, make: Callable[[Any, bytes, int], Any], flags: int
) -> None:
    block = make(c_context, b"abc", flags)
    for kind in (Kind.PARTIAL_INPUT, Kind.PARTIAL_OUTPUT, Kind.PARTIAL_INOUT):
        outcome = c.invoke(c_session, Command.NOTHING, c.operation((kind, (block, 3, 0))))
        assert outcome == ((BAD_PARAMETERS, API) if kind & 3 & ~flags else DONE)
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("IV-19")
@pytest.mark.parametrize("make", [c.allocated, c.registered])
def test_memory_of_another_context_is_refused(
    c_context: Any,
    c_session: Any,
    new_context: Callable[[], Any],
    make: Callable[[Any, bytes], Any],
) -> None:
    # Of the same number in its own context, so that mistaking them would go unnoticed.
    own, foreign = make(c_context, b"own"), make(new_context(), b"abc")
    for kind in (Kind.WHOLE, Kind.PARTIAL_INPUT):
        operation = c.operation((kind, (foreign, 3, 0)))
        assert c.invoke(c_session, Command.NOTHING, operation) == (BAD_PARAMETERS, API)
    for block in (own, foreign):
        c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("IV-20", "RC-09")
@with_window
def test_an_operation_that_is_under_way_is_refused(
    c_session: Any, pool: ThreadPoolExecutor, window: Window
) -> None:
    operation = c.operation((Kind.VALUE_INPUT, (window.milliseconds, 0)))
    call = window.start(pool, c.invoke, c_session, Command.WAIT, operation)
    outcome = c.invoke(c_session, Command.NOTHING, operation)
    window.check()
    assert outcome == (tee.Result.BAD_STATE, API)
    assert call.result(LIMIT) == DONE
    assert c.invoke(c_session, Command.NOTHING, operation) == DONE


@pytest.mark.assertion("IV-21", "GEN-03")
def test_commands_of_several_threads_on_one_session_all_end(
    c_session: Any, pool: ThreadPoolExecutor
) -> None:
    ready = threading.Barrier(4, timeout=LIMIT)

    def work(seed: int) -> None:
        ready.wait()
        for n in range(8):
            value, data = seed * 100 + n, c.ffi.new("char[]", bytes([seed, n]) * 500)
            operation = c.operation((Kind.VALUE_INPUT, (value, 0)), (Kind.VALUE_OUTPUT, (0, 0)))
            assert c.invoke(c_session, Command.VALUES, operation) == DONE
            assert operation.params[1].value.a == value + 1
            operation = c.operation(NONE, (Kind.TEMP_INOUT, (data, 1000)))
            assert c.invoke(c_session, Command.MEMREF_XOR, operation) == DONE
            assert bytes(c.ffi.buffer(data, 1000)) == xored(1, bytes([seed, n]) * 500)

    for call in [pool.submit(work, seed) for seed in range(4)]:
        call.result(LIMIT)


@pytest.mark.assertion("IV-25", "GEN-02")
@pytest.mark.parametrize("size", [1, 4096, 5000])
def test_copies_and_shared_memory_give_the_same_result(
    c_context: Any, c_session: Any, size: int
) -> None:
    data = bytes(i * 7 % 251 for i in range(size))
    blocks = [c.allocated(c_context, data), c.registered(c_context, data)]
    copied = c.memory(size, 3, c.ffi.new("char[]", data))
    assert c.lib.tee_memory_register(c_context, copied, False) == 0
    blocks.append(copied)
    for block in blocks:
        operation = c.operation((Kind.WHOLE, (block, 0, 0)), (Kind.VALUE_OUTPUT, (0, 0)))
        assert c.invoke(c_session, Command.MEMREF_CHECKSUM, operation) == DONE
        value = operation.params[1].value
        assert (value.a, value.b) == checksum(data)
        assert c.invoke(c_session, Command.MEMREF_FILL, operation) == DONE
        assert c.content_of(block) == filled(0, size)
        c.lib.TEEC_ReleaseSharedMemory(block)
