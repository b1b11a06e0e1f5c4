# SPDX-License-Identifier: BSD-2-Clause
"""What a driver may answer that no driver should: the library believes none of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client._boundary import ask_version
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.outputs import output_as
from ...support.stand_in import ALWAYS, FCNTL, MMAP, Alive, StandIn, on_stand_in

ANY = UUID(int=1)
ORIGINS = [0, 1, 2, 5, 0xFFFF_FFFF]
HUGE = 2**64 - 1
Road = Callable[[tee.Context, tee.Session], object]


@contextmanager
def opened(device: StandIn) -> Iterator[tuple[tee.Context, tee.Session]]:
    with tee.Context(device.path) as context, context.open_session(ANY) as session:
        yield context, session


def _block(context: tee.Context, session: tee.Session) -> bytes:
    with context.allocate_shared_memory(2) as block:
        session.invoke_command(0, tee.MemrefWhole(block))
        return bytes(block)


def _registered(context: tee.Context, session: tee.Session) -> bytes:
    buffer = bytearray(2)
    with context.register_shared_memory(buffer) as block:
        session.invoke_command(0, tee.MemrefPartialInOut(block))
        return bytes(buffer)


def _changed(context: tee.Context, session: tee.Session) -> bytes:
    buffer = bytearray(2)
    session.invoke_command(0, tee.MemrefTempInOut(buffer), b"and one more")
    return bytes(buffer)


ROADS: dict[str, tuple[Road, object]] = {
    "a value": (
        lambda context, session: session.invoke_command(0, tee.ValueInOut(41, 7)),
        ((42, 7),),
    ),
    "two values": (
        lambda context, session: session.invoke_command(0, tee.ValueInOut(41), tee.ValueOutput()),
        ((42, 0), (1, 0)),
    ),
    "a prepared value": (
        lambda context, session: session.prepare(0, tee.ValueInOut(41))(),
        ((42, 0),),
    ),
    "an opening": (
        lambda context, session: context.open_session(ANY, tee.ValueInOut(41)).outputs,
        ((42, 0),),
    ),
    "an output": (
        lambda context, session: session.invoke_command(0, tee.MemrefTempOutput(3)),
        (b"ZZZ",),
    ),
    "memory that changes": (_changed, b"\xff\xff"),
    "a block": (_block, b"\xff\xff"),
    "registered memory": (_registered, b"\xff\xff"),
}


@pytest.mark.parametrize("origin", ORIGINS)
@on_stand_in
def test_outputs_of_a_success_come_back_whatever_its_origin(device: StandIn, origin: int) -> None:
    with opened(device) as (context, session):
        device.on(uapi.TEE_IOC_INVOKE, {"ret_origin": origin}, times=ALWAYS)
        device.on(uapi.TEE_IOC_OPEN_SESSION, {"ret_origin": origin}, times=ALWAYS)
        for road, (run, outputs) in ROADS.items():
            assert run(context, session) == outputs, road


@pytest.mark.parametrize("origin", [0, 2, 3, 4])
@on_stand_in
def test_the_size_that_an_output_needs_comes_back_whatever_its_origin(
    device: StandIn, origin: int
) -> None:
    short = {"ret": tee.Result.SHORT_BUFFER, "ret_origin": origin, "params[0].b": 64}
    with opened(device) as (_, session):
        device.on(uapi.TEE_IOC_INVOKE, short)
        with pytest.raises(tee.ShortBufferError) as caught:
            session.invoke_command(0, tee.MemrefTempOutput(3))
        assert caught.value.outputs == (tee.RequiredSize(64),)


@pytest.mark.parametrize("origin", [1, 2])
@on_stand_in
def test_what_did_not_reach_the_tee_leaves_the_operation_as_it_was(
    device: StandIn, origin: int
) -> None:
    context, session = c.new_context(), c.new_session()
    assert c.context_initialize(context, None, device.path) == 0
    assert c.open_session(context, session).code == 0
    lost = {"ret": tee.Result.COMMUNICATION, "ret_origin": origin}
    device.on(uapi.TEE_IOC_INVOKE, {**lost, "params[0].a": 5, "params[1].b": 1})
    buffer = c.ffi.new("char[]", b"abc")
    operation = c.operation((c.Kind.VALUE_INOUT, (41, 7)), (c.Kind.TEMP_INOUT, (buffer, 3)))
    assert c.invoke(session, 0, operation) == (tee.Result.COMMUNICATION, origin)
    assert (operation.params[0].value.a, operation.params[1].tmpref.size) == (41, 3)
    assert c.ffi.string(buffer) == b"abc"
    c.lib.TEEC_CloseSession(session)
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.parametrize("attr", [0, 1, 2, 3, 5, 6, 7, 0x107, HUGE])
@on_stand_in
def test_the_types_that_were_sent_say_what_comes_back(device: StandIn, attr: int) -> None:
    kept, buffer = b"constant" * 10, bytearray(b"abc")
    changes = {f"params[{index}].attr": attr for index in range(4)}
    with opened(device) as (_, session):
        # An input that comes back changed, as a driver's block in its place may.
        device.on(uapi.TEE_IOC_INVOKE, {**changes, "params[0].a": 3, "params[0].b": 80})
        outputs = session.invoke_command(
            0, kept, tee.ValueInOut(41, 7), tee.MemrefTempInOut(buffer), tee.MemrefTempOutput(4)
        )
    assert kept == b"constant" * 10
    value, view, made = outputs
    assert (value, bytes(output_as(memoryview, view)), made) == ((42, 7), b"\x9e\x9d\x9c", b"ZZZZ")


@on_stand_in
def test_an_input_is_not_written_though_it_comes_back_as_an_output(device: StandIn) -> None:
    context, session = c.new_context(), c.new_session()
    assert c.context_initialize(context, None, device.path) == 0
    assert c.open_session(context, session).code == 0
    buffer = c.ffi.new("char[]", b"abc")
    operation = c.operation((c.Kind.TEMP_INPUT, (buffer, 3)))
    device.on(uapi.TEE_IOC_INVOKE, {"params[0].attr": 7, "params[0].b": 1})
    assert c.invoke(session, 0, operation).code == 0
    assert operation.params[0].tmpref.size == 3
    c.lib.TEEC_CloseSession(session)
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.parametrize("count", [0, 1, 5, 0xFFFF_FFFF])
@on_stand_in
def test_a_number_of_parameters_that_comes_back_means_nothing(device: StandIn, count: int) -> None:
    with opened(device) as (_, session):
        device.on(uapi.TEE_IOC_INVOKE, {"num_params": count, "cancel_id": 7, "session": 9})
        outputs = session.invoke_command(0, tee.ValueInOut(41), tee.MemrefTempOutput(2))
        assert outputs == ((42, 0), b"ZZ")
        assert session.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)


@pytest.mark.parametrize("size", [4, 2**32 + 1, 2**63, HUGE])
@on_stand_in
def test_a_size_beyond_a_buffer_is_a_number_and_no_more(device: StandIn, size: int) -> None:
    where = {"params[0].b": size, "params[0].a": HUGE, "params[0].c": HUGE - 1}
    buffer = bytearray(3)
    with opened(device) as (context, session):
        device.on(uapi.TEE_IOC_INVOKE, where, times=ALWAYS)
        for parameter in (tee.MemrefTempOutput(3), tee.MemrefTempInOut(buffer)):
            assert session.invoke_command(0, parameter) == (tee.RequiredSize(size),)
        with context.allocate_shared_memory(3) as block:
            assert session.invoke_command(0, block) == (tee.RequiredSize(size),)
            assert session.invoke_command(0, tee.MemrefPartialInOut(block, 1)) == (
                tee.RequiredSize(size),
            )


@on_stand_in
def test_a_result_of_an_ioctl_that_is_no_error_is_a_success(device: StandIn) -> None:
    for request in (uapi.TEE_IOC_VERSION, uapi.TEE_IOC_OPEN_SESSION, uapi.TEE_IOC_INVOKE):
        device.on(request, result=7)
    with opened(device) as (_, session):
        assert session.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)


@pytest.mark.parametrize("error", [errno.ENOTTY, errno.EINVAL, errno.EIO])
@on_stand_in
def test_a_version_is_none_if_the_driver_failed(device: StandIn, error: int) -> None:
    device.on(uapi.TEE_IOC_VERSION, {"impl_id": 4, "gen_caps": 3}, error=error, times=ALWAYS)
    assert ask_version(device.path, None) is None
    with pytest.raises(tee.TeecError) as caught:
        tee.Context(device.path, backend="linux")
    assert not isinstance(caught.value, tee.PrivilegedDeviceError)
    is_other_driver = error in (errno.ENOTTY, errno.EINVAL)
    assert isinstance(caught.value, tee.NotATeeDeviceError) == is_other_driver
    assert caught.value.errno == (errno.ENOTTY if is_other_driver else error)


@pytest.mark.parametrize("capabilities", [uapi.TEE_GEN_CAP_GP, 0xFFFF_FFFD])
@on_stand_in
def test_a_version_may_have_bits_that_nobody_knows(device: StandIn, capabilities: int) -> None:
    device.describe(
        implementation=0xFFFF_FFFF,
        implementation_capabilities=HUGE >> 32,
        capabilities=capabilities,
    )
    with opened(device) as (context, session):
        assert context.version.generic_capabilities == capabilities
        assert session.invoke_command(0, b"abc", tee.MemrefTempOutput(1)) == (b"Z",)


def _allocated(device: StandIn, answer: dict[str, int]) -> int:
    """Allocate 10 000 bytes of the driver's from C; return the result."""
    device.describe(capabilities=uapi.TEE_GEN_CAP_GP)
    context, memory = c.new_context(), c.memory(10_000)
    assert c.context_initialize(context, None, device.path) == 0
    if answer:
        device.on(uapi.TEE_IOC_SHM_ALLOC, answer)
    code: int = c.lib.TEEC_AllocateSharedMemory(context, memory)
    if code == 0:
        assert c.content_of(memory) == bytes(10_000)
        c.lib.TEEC_ReleaseSharedMemory(memory)
    assert device.alive == Alive(devices=1)
    c.lib.TEEC_FinalizeContext(context)
    return code


@pytest.mark.parametrize("size", [0, 1, 9_999])
@on_stand_in
def test_a_block_smaller_than_asked_for_is_no_block(device: StandIn, size: int) -> None:
    assert _allocated(device, {"size": size}) == tee.Result.OUT_OF_MEMORY
    assert not device.calls(MMAP)


@on_stand_in
def test_python_refuses_a_block_smaller_than_asked_for(device: StandIn) -> None:
    device.describe(capabilities=uapi.TEE_GEN_CAP_GP)
    device.on(uapi.TEE_IOC_SHM_ALLOC, {"size": 4096}, times=ALWAYS)
    with opened(device) as (context, session):
        with pytest.raises(tee.OutOfMemoryError):
            context.allocate_shared_memory(10_000)
        with pytest.raises(tee.OutOfMemoryError):
            session.invoke_command(0, bytes(10_000))
        session.invoke_command(0, bytes(4096))


@pytest.mark.parametrize(
    "answer", [{"size": 2**40}, {"size": HUGE}, {"flags": HUGE}, {"size": 10_000}]
)
@on_stand_in
def test_a_block_larger_or_of_other_flags_serves(device: StandIn, answer: dict[str, int]) -> None:
    assert _allocated(device, answer) == 0
    assert [call["length"] for call in device.calls(MMAP)] == [10_000]


@pytest.mark.parametrize("number", [-1, -(2**31)])
@on_stand_in
def test_memory_without_an_id_is_given_back(device: StandIn, number: int) -> None:
    assert _allocated(device, {"id": number}) == tee.Result.GENERIC
    device.describe(capabilities=uapi.TEE_GEN_CAP_GP | uapi.TEE_GEN_CAP_REG_MEM)
    device.on(uapi.TEE_IOC_SHM_REGISTER, {"id": number}, times=ALWAYS)
    device.on(uapi.TEE_IOC_SHM_REGISTER_FD, {"id": number}, times=ALWAYS)
    with opened(device) as (context, session), open(os.devnull) as file:
        for share in (
            lambda: context.allocate_shared_memory(8),
            lambda: context.register_shared_memory(bytearray(8)),
            lambda: context.register_shared_memory_fd(file),
            lambda: session.invoke_command(0, b"abc"),
        ):
            with pytest.raises(tee.TeecError) as caught:
                share()
            assert caught.value.errno == errno.EPROTO
        assert device.alive == Alive(devices=1, sessions=1)


@pytest.mark.parametrize("fault", ["mmap", "fcntl"])
@on_stand_in
def test_a_block_that_cannot_be_had_whole_is_given_back(device: StandIn, fault: str) -> None:
    device.on(MMAP if fault == "mmap" else FCNTL, error=errno.EPERM)
    assert _allocated(device, {}) == tee.Result.GENERIC


@on_stand_in
def test_a_registration_of_less_or_more_than_asked_for(device: StandIn) -> None:
    with opened(device) as (context, session):
        device.on(uapi.TEE_IOC_SHM_REGISTER, {"length": 7})
        with pytest.raises(tee.OutOfMemoryError):
            context.allocate_shared_memory(8)
        assert device.alive == Alive(devices=1, sessions=1)
        device.on(uapi.TEE_IOC_SHM_REGISTER, {"length": HUGE, "addr": 1, "flags": HUGE})
        with context.allocate_shared_memory(8) as block:
            assert len(block) == 8
            (view,) = session.invoke_command(0, tee.MemrefWhole(block))
            assert bytes(output_as(tee.AllocatedSharedMemory | memoryview, view)) == b"\xff" * 8  # type: ignore[arg-type]
            output_as(memoryview, view).release()


@pytest.mark.parametrize("size", [0, 5, HUGE])
@on_stand_in
def test_the_size_behind_a_descriptor_is_what_the_driver_says(device: StandIn, size: int) -> None:
    device.on(uapi.TEE_IOC_SHM_REGISTER_FD, {"size": size})
    with tee.Context(device.path) as context, open(os.devnull) as file:
        with context.register_shared_memory_fd(file) as block:
            assert str(size) in repr(block)
        assert device.alive == Alive(devices=1)


def _retried(device: StandIn, request: int, garbage: dict[str, int], use: Any) -> None:
    with opened(device) as (context, session):
        session.invoke_command(0, b"so that the pool has a block")
        device.on(request, garbage, error=errno.ENOMEM)
        device.forget()
        use(context, session)
    first, second, *_ = device.calls(request)
    assert first.result == -errno.ENOMEM
    assert second.data == first.data


@on_stand_in
def test_a_registration_is_sent_again_as_it_was(device: StandIn) -> None:
    garbage = {"addr": 1, "length": 1, "flags": 9, "id": 5}
    _retried(
        device,
        uapi.TEE_IOC_SHM_REGISTER,
        garbage,
        lambda context, session: context.register_shared_memory(bytearray(8)).close(),
    )


@on_stand_in
def test_an_allocation_is_sent_again_as_it_was(device: StandIn) -> None:
    device.describe(capabilities=uapi.TEE_GEN_CAP_GP)
    _retried(
        device,
        uapi.TEE_IOC_SHM_ALLOC,
        {"size": 1, "flags": 9, "id": 5},
        lambda context, session: session.invoke_command(0, bytes(10_000)),
    )
