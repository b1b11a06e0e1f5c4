# SPDX-License-Identifier: BSD-2-Clause
"""TEEC_InitializeContext."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.conformance import Command
from ...support.observed_kernel import Device, ObservedKernel
from ...support.targets import Target
from ...support.waiting import LIMIT

# No memory is shared here.
pytestmark = pytest.mark.once

OTHER = Device(implementation_id=tee.ImplementationId.AMDTEE)
NO_GP = Device(generic_capabilities=0)
PRIVILEGED = Device(
    generic_capabilities=tee.GenericCapabilities.GP | tee.GenericCapabilities.PRIVILEGED
)
NO_NULL = Device(generic_capabilities=tee.GenericCapabilities.GP)
REG_MEM = Device(generic_capabilities=tee.GenericCapabilities.GP | tee.GenericCapabilities.REG_MEM)
FIRST_DEVICES = [f"/dev/tee{number}" for number in range(16)]


def initialize(kernel: ObservedKernel, name: str | None = None) -> tuple[int, Any]:
    context = c.new_context()
    return c.context_initialize(context, kernel, name), context


def serves(context: Any) -> bool:
    session = c.new_session()
    if c.open_session(context, session).code:
        return False
    outcome = c.invoke(session, Command.NOTHING)
    c.lib.TEEC_CloseSession(session)
    return outcome == (0, tee.Origin.TRUSTED_APP)


@pytest.mark.assertion("IC-01")
def test_no_name_is_the_first_device_that_opens_and_speaks_the_api(target: Target) -> None:
    nodes: dict[str, Device | int] = {
        "/dev/tee1": errno.EBUSY,
        "/dev/tee2": NO_GP,
        "/dev/tee4": OTHER,
        "/dev/tee5": Device(),
    }
    kernel = ObservedKernel(target, nodes)
    code, context = initialize(kernel)
    assert code == 0
    assert kernel.opened == FIRST_DEVICES[:5]
    assert len(kernel.descriptors) == 1
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.assertion("IC-02")
def test_op_tee_can_be_asked_for_by_name(target: Target) -> None:
    not_in_trustzone = Device(implementation_capabilities=0)
    nodes = {"/dev/tee0": OTHER, "/dev/tee1": not_in_trustzone, "/dev/tee2": Device()}
    kernel = ObservedKernel(target, nodes)
    code, context = initialize(kernel, "optee-tz")
    assert code == 0
    assert kernel.opened == FIRST_DEVICES[:3]
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.assertion("IC-02")
def test_a_device_can_be_asked_for_by_path(target: Target) -> None:
    kernel = ObservedKernel(target, {"/dev/tee0": Device(), "/dev/tee1": OTHER})
    code, context = initialize(kernel, "/dev/tee1")
    assert code == 0
    assert kernel.opened == ["/dev/tee1"]
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.assertion("IC-03")
@pytest.mark.parametrize("name", ["x", "", "optee", "tee0", "/dev/tee9"])
def test_an_unknown_name_is_not_found(target: Target, name: str) -> None:
    kernel = ObservedKernel(target, {"/dev/tee0": Device()})
    code, _ = initialize(kernel, name)
    assert code == tee.Result.ITEM_NOT_FOUND
    assert not kernel.descriptors


@pytest.mark.assertion("IC-04", "FC-07")
def test_what_the_structure_holds_beforehand_does_not_matter(target: Target) -> None:
    context = c.new_context()
    for garbage in (b"\0", b"\xff", b"\x01"):
        c.ffi.buffer(context)[:] = garbage * c.ffi.sizeof("TEEC_Context")
        assert c.initialize(context, target) == 0
        assert serves(context)
        c.lib.TEEC_FinalizeContext(context)
    assert c.initialize(context, target) == 0
    assert serves(context)
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.assertion("IC-05")
def test_a_failure_leaves_the_structure_as_it_was(target: Target) -> None:
    context = c.new_context()
    for content in (b"\0", b"\xff"):
        before = content * c.ffi.sizeof("TEEC_Context")
        c.ffi.buffer(context)[:] = before
        assert c.initialize(context, target, "/dev/tee15") != 0
        assert bytes(c.ffi.buffer(context)) == before
        assert not serves(context)
        c.lib.TEEC_FinalizeContext(context)


@pytest.mark.assertion("IC-05")
def test_a_context_serves_every_call(new_context: Callable[[], Any]) -> None:
    context = new_context()
    assert serves(context)
    for make in (c.allocated, c.registered):
        c.lib.TEEC_ReleaseSharedMemory(make(context, b"abc"))


@pytest.mark.assertion("IC-06", "GEN-02")
def test_contexts_can_be_opened_and_used_at_once(target: Target, pool: ThreadPoolExecutor) -> None:
    ready = threading.Barrier(4, timeout=LIMIT)

    def work() -> bool:
        context = c.new_context()
        ready.wait()
        code = c.initialize(context, target)
        served = code == 0 and serves(context)
        ready.wait()
        c.lib.TEEC_FinalizeContext(context)
        return served

    calls = [pool.submit(work) for _ in range(4)]
    assert all(call.result(LIMIT) for call in calls)


@pytest.mark.assertion("IC-07", "GEN-04")
def test_threads_that_initialise_one_structure_leave_a_usable_context(
    target: Target, pool: ThreadPoolExecutor
) -> None:
    kernel = ObservedKernel(target)
    context = c.new_context()
    ready = threading.Barrier(4, timeout=LIMIT)

    def work() -> int:
        ready.wait()
        return c.context_initialize(context, kernel, target.device)

    assert [call.result(LIMIT) for call in [pool.submit(work) for _ in range(4)]] == [0] * 4
    assert serves(context)
    c.lib.TEEC_FinalizeContext(context)
    # Those that lost the race have nobody to close them, as the next test says.
    assert len(kernel.descriptors) == 3
    for fd in list(kernel.descriptors):
        kernel.close(fd)


@pytest.mark.assertion("IC-08")
def test_a_context_initialised_over_loses_its_device_but_its_session_still_works(
    target: Target,
) -> None:
    kernel = ObservedKernel(target)
    context, session = c.new_context(), c.new_session()
    assert c.context_initialize(context, kernel, target.device) == 0
    assert c.open_session(context, session).code == 0
    assert c.context_initialize(context, kernel, target.device) == 0
    assert c.invoke(session, Command.NOTHING).code == 0
    assert serves(context)
    c.lib.TEEC_CloseSession(session)
    c.lib.TEEC_FinalizeContext(context)
    (lost,) = kernel.descriptors
    kernel.close(lost)


@pytest.mark.assertion("IC-09")
def test_no_structure_is_refused(target: Target) -> None:
    for name in (None, target.device):
        code = c.lib.context_initialize(
            c.ffi.NULL, c.ffi.NULL if name is None else name.encode(), c.ffi.NULL, c.ffi.NULL
        )
        assert code == tee.Result.BAD_PARAMETERS
    assert c.lib.TEEC_InitializeContext(c.ffi.NULL, c.ffi.NULL) == tee.Result.BAD_PARAMETERS


CAUSES = {
    errno.ENOENT: tee.Result.ITEM_NOT_FOUND,
    errno.ENXIO: tee.Result.ITEM_NOT_FOUND,
    errno.ENODEV: tee.Result.ITEM_NOT_FOUND,
    errno.EACCES: tee.Result.ACCESS_DENIED,
    errno.EPERM: tee.Result.ACCESS_DENIED,
    errno.EBUSY: tee.Result.BUSY,
    errno.ENOMEM: tee.Result.OUT_OF_MEMORY,
    errno.EMFILE: tee.Result.GENERIC,
}


@pytest.mark.assertion("IC-10")
@pytest.mark.parametrize("name", [None, "/dev/tee0", "optee-tz"])
@pytest.mark.parametrize("cause", CAUSES, ids=errno.errorcode.get)
def test_the_cause_of_a_failure_is_kept(target: Target, name: str | None, cause: int) -> None:
    code, _ = initialize(ObservedKernel(target, {"/dev/tee0": cause}), name)
    assert (code, c.ffi.errno) == (CAUSES[cause], cause)


@pytest.mark.assertion("IC-10")
@pytest.mark.parametrize("name", [None, "/dev/tee0", "optee-tz"])
def test_a_device_that_is_going_away_is_not_found(target: Target, name: str | None) -> None:
    """Linux says EINVAL of it while its driver is being unbound, and then ENXIO."""
    code, _ = initialize(ObservedKernel(target, {"/dev/tee0": errno.EINVAL}), name)
    assert (code, c.ffi.errno) == (tee.Result.ITEM_NOT_FOUND, errno.ENXIO)


@pytest.mark.assertion("IC-10")
def test_a_device_that_opens_is_preferred_to_the_first_that_does_not(target: Target) -> None:
    kernel = ObservedKernel(target, {"/dev/tee0": errno.EACCES, "/dev/tee1": Device()})
    code, context = initialize(kernel)
    assert code == 0
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.assertion("IC-11")
@pytest.mark.parametrize("device", [NO_GP, PRIVILEGED], ids=["no GP", "privileged"])
@pytest.mark.parametrize("name", [None, "optee-tz", "/dev/tee0"])
def test_a_device_that_is_not_for_clients_is_not_chosen(
    target: Target, device: Device, name: str | None
) -> None:
    kernel = ObservedKernel(target, {"/dev/tee0": device, "/dev/teepriv0": Device()})
    code, _ = initialize(kernel, name)
    assert code == tee.Result.NOT_SUPPORTED
    assert "/dev/teepriv0" not in kernel.opened


@pytest.mark.assertion("IC-12")
def test_no_failure_leaks_a_descriptor(target: Target) -> None:
    nodes: dict[str, Device | int] = {
        "/dev/tee0": NO_GP,
        "/dev/tee1": OTHER,
        "/dev/tee2": errno.EACCES,
    }
    kernel = ObservedKernel(target, nodes)
    for name in ("optee-tz", "/dev/tee0", "/dev/tee2", "/dev/tee3", "x"):
        assert initialize(kernel, name)[0] != 0
        assert not kernel.descriptors
    kernel.fail(uapi.TEE_IOC_VERSION, errno.EIO)
    assert initialize(kernel, "/dev/tee1")[0] != 0
    assert not kernel.descriptors


@pytest.mark.assertion("IC-13")
@pytest.mark.optee_only
def test_each_context_goes_by_its_own_devices_capabilities(target: Target) -> None:
    nodes = {"/dev/tee0": Device(), "/dev/tee1": NO_NULL, "/dev/tee2": REG_MEM}
    kernel = ObservedKernel(target, nodes)
    contexts = []
    for name in nodes:
        code, context = initialize(kernel, name)
        assert code == 0
        contexts.append(context)
    null = (c.Kind.TEMP_INPUT, (c.ffi.NULL, 0))
    codes, shares = [], []
    for context in contexts:
        kernel.forget()
        c.lib.TEEC_ReleaseSharedMemory(c.allocated(context, b"abc"))
        shares += [ioctl.request for ioctl in kernel.ioctls]
        session = c.new_session()
        assert c.open_session(context, session).code == 0
        codes.append(c.invoke(session, Command.NOTHING, c.operation(null)).code)
        c.lib.TEEC_CloseSession(session)
        c.lib.TEEC_FinalizeContext(context)
    assert codes == [0, tee.Result.NOT_SUPPORTED, tee.Result.NOT_SUPPORTED]
    assert shares == [*[uapi.TEE_IOC_SHM_ALLOC] * 2, uapi.TEE_IOC_SHM_REGISTER]


@pytest.mark.assertion("IC-01", "IC-02")
@pytest.mark.optee_only
def test_the_system_has_the_device_under_each_of_its_names(target: Target) -> None:
    for name in (None, "optee-tz", target.device):
        context = c.new_context()
        before = set(os.listdir("/proc/self/fd"))
        assert c.context_initialize(context, target.kernel, name) == 0
        assert serves(context)
        c.lib.TEEC_FinalizeContext(context)
        assert set(os.listdir("/proc/self/fd")) == before
