# SPDX-License-Identifier: BSD-2-Clause
"""What is no argument is refused by name wherever a program can pass it, and before it is used."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import enum
import io
import math
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pytee_client as tee
from pytee_client import aio, fake, faults, kernels, supplicant, traces
from pytee_client import typing as hints
from pytee_client.fake.applications import Conformance
from pytee_client.fake.tstee import SecurePartition, TsTee

from ..support.conformance import Command

Use = Callable[[Any], object]
KERNEL = fake.Kernel()
FAIL = faults.Fail(12)
HEADER = '{"format": "pytee_client trace", "version": 1, "payloads": false, "values": true}\n'


def with_context(use: Callable[[tee.Context, Any], object]) -> Use:
    def run(value: Any) -> object:
        with tee.Context(backend=KERNEL) as context:
            return use(context, value)

    return run


def with_session(use: Callable[[tee.Session, Any], object]) -> Use:
    def run(value: Any) -> object:
        with (
            tee.Context(backend=KERNEL) as context,
            context.open_session(Conformance.uuid) as session,
        ):
            return use(session, value)

    return run


def opened(context: tee.Context, **named: Any) -> None:
    context.open_session(Conformance.uuid, **named).close()


def in_pool(use: Callable[[tee.SessionPool, Any], object]) -> Use:
    def run(value: Any) -> object:
        with tee.Context(backend=KERNEL) as context, context.session_pool(Conformance.uuid) as pool:
            return use(pool, value)

    return run


def on_loop(use: Callable[[aio.Session, Any], Awaitable[object]]) -> Use:
    async def main(value: Any) -> object:
        async with (
            aio.Context(backend=KERNEL) as context,
            await context.open_session(Conformance.uuid) as session,
        ):
            return await use(session, value)

    return lambda value: asyncio.run(main(value))


async def in_async_pool(session: aio.Session, value: Any, name: str) -> None:
    async with session.context.session_pool(Conformance.uuid, **{name: value}):
        pass


def some(value: Any) -> Any:
    """Return the value, for arguments that may be None."""
    return "None" if value is None else value


class Kind(enum.IntEnum):
    ONE = 1


class Lying:
    def __fspath__(self) -> Any:
        return 7


class Octets:
    def __fspath__(self) -> bytes:
        return b"/dev/tee0"


class EarlyBool:
    """A bool of NumPy as its early releases have it, which stand for an int."""

    def __index__(self) -> int:
        return 1


EarlyBool.__module__, EarlyBool.__name__ = "numpy", "bool_"
EARLY_BOOL: Any = EarlyBool()

NO_NUMBERS: list[Any] = [
    *(True, False, 1.0, math.nan, 1j, "1", b"1", None, [1], (1,), {}, object(), int, Kind),
    *(decimal.Decimal(1), np.float32(1), np.bool_(True), np.array([1, 2]), EARLY_BOOL),
]
NO_TIMES: list[Any] = [
    *(math.nan, -1, -0.5, -math.inf, True, "1", b"1", 1j, [1], object(), float),
    *(np.bool_(True), EARLY_BOOL, np.float64("nan"), np.complex64(1), datetime.timedelta(1)),
]
NO_CHOICES: list[Any] = [0, 1, None, "no", "", [], np.bool_(True), bool]
NO_PATHS: list[Any] = [
    *(7, 1.5, b"/dev/tee0", ["/dev/tee0"], object(), Path, str, Lying(), Octets()),
    *("", "/dev/\0", "/dev/tee\ud800"),
]
NO_KERNELS: list[Any] = [True, 7, b"linux", [], object(), fake.Kernel, io.StringIO(), print]
OTHER_MEMBERS: list[Any] = [tee.GenericCapabilities.GP, tee.Result.BUSY, Kind.ONE]

NUMBERS: dict[str, Use] = {
    "the command id": with_session(lambda s, v: s.invoke_command(v)),
    "the command id of a value": with_session(lambda s, v: s.invoke_command(v, tee.ValueInOut(1))),
    "the command id of a prepared command": with_session(lambda s, v: s.prepare(v)),
    "the login": with_context(lambda c, v: opened(c, login=v)),
    "the login of a pool": with_context(
        lambda c, v: c.session_pool(Conformance.uuid, login=v).close()
    ),
    "the size of the pool": with_context(
        lambda c, v: c.session_pool(Conformance.uuid, size=v).close()
    ),
    "the size of a pool on a loop": on_loop(lambda s, v: in_async_pool(s, v, "size")),
    "the login of a pool on a loop": on_loop(lambda s, v: in_async_pool(s, v, "login")),
    "the size": with_context(lambda c, v: c.allocate_shared_memory(v)),
    "flags": with_context(lambda c, v: c.allocate_shared_memory(4, v)),
    "flags of a buffer": with_context(lambda c, v: c.register_shared_memory(bytearray(4), v)),
    "flags of a descriptor": with_context(lambda c, v: c.register_shared_memory_fd(0, v)),
    "fd": with_context(lambda c, v: c.register_shared_memory_fd(v)),
    "the login of a UUID": tee.client_uuid,
    "size": lambda v: tee.MemrefTempOutput(some(v), grow=True),
    "max_size": lambda v: tee.MemrefTempOutput(1, grow=True, max_size=some(v)),
    "errno": faults.Fail,
    "result": faults.Answer,
    "origin": lambda v: faults.Answer(1, v),
    "excess": faults.Oversize,
    "index": lambda v: faults.Oversize(1, some(v)),
    "missing": faults.ShortRegistration,
    "nth": lambda v: faults.Fault(None, FAIL, nth=v),
    "every": lambda v: faults.Fault(None, FAIL, every=v),
    "times": lambda v: faults.Fault(None, FAIL, times=some(v)),
    "seed": faults.Plan.random,
    "among": lambda v: faults.Plan.random(1, among=v),
    "calls": lambda v: faults.Gate(0).wait_until_reached(v),
    "threads": lambda v: fake.Optee(threads=some(v)),
    "endpoint_id": lambda v: SecurePartition(v, ()),
}
TIMES: dict[str, Use] = {
    "timeout of a pool": with_context(lambda c, v: c.session_pool(Conformance.uuid, timeout=v)),
    "grace of a pool": with_context(lambda c, v: c.session_pool(Conformance.uuid, grace=v)),
    "timeout of a session of a pool": in_pool(lambda p, v: p.session(timeout=v).__enter__()),
    "timeout of a command in a pool": in_pool(lambda p, v: p.invoke_command(0, timeout=v)),
    "grace of a command in a pool": in_pool(lambda p, v: p.invoke_command(0, timeout=9, grace=v)),
    "timeout of draining": in_pool(lambda p, v: p.drain(timeout=v)),
    "timeout of closing a pool": in_pool(lambda p, v: p.close(timeout=v)),
    "timeout of an awaited command": on_loop(lambda s, v: s.invoke_command(0, timeout=v)),
    "timeout of an awaited end": on_loop(lambda s, v: s.close(timeout=v)),
    "timeout of a pool on a loop": on_loop(lambda s, v: in_async_pool(s, v, "timeout")),
    "grace of a pool on a loop": on_loop(lambda s, v: in_async_pool(s, v, "grace")),
    "the timeout": lambda v: tee.wait_for_device(v, backend=KERNEL),
    "the timeout of unbinding": lambda v: fake.Kernel(bound=False).unbind(timeout=v),
    "the timeout of scans": KERNEL.join_bus_scans,
    "the timeout of events": lambda v: KERNEL.monitor_devices().get(v),
    "the timeout of a monitor": lambda v: KERNEL.monitor_devices().wait(v),
    "seconds": faults.Delay,
    "the limit": faults.Gate,
    "patience": lambda v: traces.TracePlayer(io.StringIO(HEADER), patience=v),
}
CHOICES: dict[str, Use] = {
    "grow": lambda v: tee.MemrefTempOutput(1, grow=v),
    "run": lambda v: faults.Answer(1, run=v),
    "after": lambda v: faults.Delay(1, v),
    "serve_open": faults.Unplug,
    "serve_open of a kernel": lambda v: faults.FaultyKernel(KERNEL).unplug(serve_open=v),
    "payloads": lambda v: traces.TraceRecorder(KERNEL, io.StringIO(), payloads=v),
    "values": lambda v: traces.TraceRecorder(KERNEL, io.StringIO(), values=v),
    "check_payloads": lambda v: traces.TracePlayer(io.StringIO(HEADER), check_payloads=v),
    "bound": lambda v: fake.Kernel(bound=v),
    "bundled": lambda v: fake.Kernel(bundled=v),
    "reg_mem": lambda v: fake.Optee(reg_mem=v),
    "memref_null": lambda v: fake.Optee(memref_null=v),
    "routes_rpmb": lambda v: fake.Optee(routes_rpmb=v),
}
PATHS: dict[str, Use] = {
    "the device": lambda v: tee.Context(v, backend=KERNEL),
    "the device that is waited for": lambda v: tee.wait_for_device(0, device=v, backend=KERNEL),
    "sysfs": lambda v: tee.enumerate_devices(sysfs=v),
    "sysfs of the bus": lambda v: tee.enumerate_bus_devices(sysfs=v),
    "the path": KERNEL.forbid,
    "the path of unplugged devices": faults.FaultyKernel(KERNEL).unplug,
    "the path of another": faults.FaultyKernel(KERNEL).plug_in,
    "the file": lambda v: traces.TraceRecorder(KERNEL, v),
    "the file of a player": traces.TracePlayer,
    "the folder": lambda v: fake.Optee(storage=v),
    "firmware": lambda v: fake.AmdTee(firmware=v),
    "a folder": lambda v: supplicant.Supplicant(KERNEL, applications=[v]),
    "the folder of a supplicant": lambda v: supplicant.Supplicant(KERNEL, storage=v),
    "the device of a supplicant": lambda v: supplicant.Supplicant(KERNEL, device=v),
}
KERNELS: dict[str, Use] = {
    "the backend": lambda v: tee.Context(backend=v),
    "the kernel": kernels.ProxyKernel,
    "the kernel with faults": faults.FaultyKernel,
    "the kernel of a recorder": lambda v: traces.TraceRecorder(v, io.StringIO()),
    "the kernel of a supplicant": supplicant.Supplicant,
}


def check(name: str, use: Use, value: Any) -> None:
    """Check that a value is refused by the name of the argument, and nothing is left of it."""
    before = KERNEL.resources()
    with pytest.raises(tee.BadParametersError) as caught:
        use(value)
    assert isinstance(caught.value, ValueError)
    called = name.partition(" of ")[0].partition(" that ")[0].partition(" with ")[0]
    assert called in str(caught.value)
    KERNEL.assert_no_leaks(before)


@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_number_is_refused(name: str) -> None:
    for value in NO_NUMBERS:
        check(name, NUMBERS[name], value)


@pytest.mark.parametrize("name", TIMES)
def test_what_is_no_time_is_refused(name: str) -> None:
    for value in NO_TIMES:
        check(name, TIMES[name], value)


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_neither_true_nor_false_is_refused(name: str) -> None:
    for value in NO_CHOICES:
        check(name, CHOICES[name], value)


@pytest.mark.parametrize("name", PATHS)
def test_what_is_no_path_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for value in NO_PATHS:
        check(name, PATHS[name], value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", KERNELS)
def test_what_is_no_kernel_is_refused(name: str) -> None:
    for value in NO_KERNELS:
        check(name, KERNELS[name], value)


@pytest.mark.parametrize("value", OTHER_MEMBERS)
def test_a_member_of_another_enumeration_is_no_login_and_no_direction(value: Any) -> None:
    for name in ("the login", "flags", "flags of a buffer", "the login of a UUID"):
        with pytest.raises(tee.ParameterTypeError, match=r"must be a (Login|MemoryFlags), not <"):
            NUMBERS[name](value)


@pytest.mark.parametrize("value", [5, False, "x", tee.Operation, object()])
def test_only_an_operation_is_one(value: Any) -> None:
    match = r"the operation must be an Operation, not .*: make one with Operation\(\)"
    with pytest.raises(tee.ParameterTypeError, match=match):
        with_session(lambda s, v: s.invoke_command(Command.NOTHING, operation=v))(value)
    with pytest.raises(tee.ParameterTypeError, match=match):
        with_context(lambda c, v: opened(c, operation=v))(value)


@pytest.mark.parametrize(
    "value", [5, "x", {}, tee.Result.BUSY, enum.IntFlag, enum.IntEnum, tee.MemoryFlags, Command(1)]
)
def test_only_a_class_of_numbers_with_names_names_results(value: Any) -> None:
    with pytest.raises(tee.ParameterTypeError, match="results must be an IntEnum class"):
        with_context(lambda c, v: opened(c, results=v))(value)


MADE_BY_OTHERS: dict[str, Callable[[], object]] = {
    "Context.open_session()": lambda: tee.Session(*[None] * 5),  # type: ignore[arg-type]
    "Context.allocate_shared_memory()": lambda: tee.AllocatedSharedMemory(None, None),  # type: ignore[arg-type]
    "Context.register_shared_memory()": lambda: tee.RegisteredSharedMemory(None, None, b""),  # type: ignore[arg-type]
    "Context.register_shared_memory_fd()": lambda: tee.DescriptorSharedMemory(None, None),  # type: ignore[arg-type]
    "Session.prepare()": lambda: hints.PreparedCommand(print),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("maker", MADE_BY_OTHERS)
def test_what_another_object_makes_can_not_be_made_by_its_class(maker: str) -> None:
    with pytest.raises(tee.ParameterTypeError) as caught:
        MADE_BY_OTHERS[maker]()
    assert f"call {maker}" in str(caught.value)


def test_the_base_of_all_blocks_makes_none() -> None:
    with pytest.raises(tee.ParameterTypeError, match="call Context"):
        tee.SharedMemory()


WRONG_OBJECTS: dict[str, Callable[[], object]] = {
    "action": lambda: faults.Fault(None, faults.Fail),  # type: ignore[arg-type]
    "call": lambda: faults.Fault("invoke", FAIL),  # type: ignore[arg-type]
    "where": lambda: faults.Fault(None, FAIL, where=5),  # type: ignore[arg-type]
    "gate": lambda: faults.Hold(faults.Gate),  # type: ignore[arg-type]
    "function": lambda: faults.Do(5),  # type: ignore[arg-type]
    "faults": lambda: faults.Plan(faults.Fault(None, FAIL)),  # type: ignore[arg-type]
    "each of faults": lambda: faults.Plan([FAIL]),  # type: ignore[list-item]
    "actions": lambda: faults.Plan.random(1, actions=[]),
    "each of actions": lambda: faults.Plan.random(1, actions=[faults.Fail]),  # type: ignore[list-item]
    "the plan": lambda: faults.FaultyKernel(KERNEL, faults.Plan),  # type: ignore[arg-type]
    "supplicant": lambda: fake.Optee(supplicant=True),  # type: ignore[arg-type]
    "revision": lambda: fake.Optee(revision=4.5),  # type: ignore[arg-type]
    "before": lambda: KERNEL.assert_no_leaks(5),  # type: ignore[arg-type]
    "the release": lambda: fake.LinuxRelease.named(6.12),  # type: ignore[arg-type]
    "the version": lambda: fake.LinuxRelease.nearest(6.12),  # type: ignore[arg-type]
    "partition": lambda: TsTee(SecurePartition),  # type: ignore[arg-type]
    "services": lambda: SecurePartition(1, []),  # type: ignore[arg-type]
    "applications": lambda: supplicant.Supplicant(KERNEL, applications="/lib"),
    "open for text": lambda: traces.TracePlayer(io.BytesIO()),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", WRONG_OBJECTS)
def test_objects_of_another_kind_are_refused(name: str) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        WRONG_OBJECTS[name]()
    assert name in str(caught.value)


@pytest.mark.parametrize("seconds", [0, 0.0, np.float32(0), np.int64(0), decimal.Decimal(0)])
def test_a_time_is_any_real_number(seconds: Any) -> None:
    assert tee.wait_for_device(seconds, backend=KERNEL).path == "/dev/tee0"
    assert faults.Delay(seconds).seconds == 0


@pytest.mark.parametrize("endless", [None, math.inf, 1e300, 2**80])
def test_no_time_out_is_as_long_as_another(endless: Any) -> None:
    assert tee.wait_for_device(endless, backend=KERNEL).path == "/dev/tee0"
    assert KERNEL.join_bus_scans(endless)
    traces.TracePlayer(io.StringIO(HEADER), patience=endless).assert_finished()


def test_what_stands_for_a_number_is_kept_as_one() -> None:
    fault = faults.Fault(None, faults.Oversize(np.int64(2)), nth=np.int8(3))
    assert type(fault.nth) is int
    assert str(fault) == "any call no. 3: return outputs 2 bytes larger than given"


def test_a_path_of_octets_that_are_no_text_is_the_systems(tmp_path: Path) -> None:
    name = os.fsdecode(b"/dev/tee\xff")
    with pytest.raises(tee.DeviceNotFoundError):
        tee.Context(name, backend=KERNEL)
    with pytest.raises(tee.DeviceNotFoundError):
        tee.Context(name, backend="linux")
    with pytest.raises(tee.DeviceNotFoundError):
        tee.Context(Path(name), backend=KERNEL)
    trace = tmp_path / os.fsdecode(b"trace\xff")
    traces.TraceRecorder(KERNEL, trace).close_trace()
    assert os.listdir(os.fsencode(tmp_path)) == [b"trace\xff"]


def test_the_remedy_is_the_enumeration_where_there_is_one() -> None:
    with pytest.raises(tee.ParameterTypeError, match=r"the login must be an int, not True: use a"):
        NUMBERS["the login"](True)
    for flags in (1.0, True, "INPUT"):
        with pytest.raises(tee.ParameterTypeError, match=r"such as MemoryFlags\.INPUT"):
            NUMBERS["flags"](flags)
    with pytest.raises(tee.ParameterTypeError, match=r"call Context\.open_session\(\)"):
        tee.Session(None, None, None, None)  # type: ignore[arg-type]
