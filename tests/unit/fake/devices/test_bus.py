# SPDX-License-Identifier: BSD-2-Clause
"""The fake kernel's devices, how they come and go, and the drivers that use them."""

from __future__ import annotations

import errno
import threading
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import PSEUDO_APPLICATIONS, Conformance
from pytee_client.fake.applications.conformance import Command
from pytee_client.fake.applications.pseudo_applications import DeviceEnumeration, InvokeTests
from pytee_client.fake.bus import (
    LOGIN_REE_KERNEL,
    ClientDevice,
    ClientDriver,
    UeventAction,
    UeventMonitor,
)
from pytee_client.fake.devices.bus import EPROBE_DEFER
from pytee_client.fake.tstee import TsTee

from ....support.waiting import LIMIT, begin, start_in_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import ThreadPoolExecutor

Action = UeventAction


class Random(fake.TrustedApplication):
    uuid = UUID("ab7a617c-b8e7-4d8f-8301-d09b61036b64")
    device_enum = True

    def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        session.data = session.identity

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        value, memref = parameters[:2]
        if isinstance(value, fake.ValueParameter):
            value.a, value.b = session.data.login, session.data.uuid.int
        if isinstance(memref, fake.MemrefParameter) and memref.buffer is not None:
            memref.buffer[:] = bytes(memref.buffer)[::-1]
            memref.size -= 1


class Ftpm(fake.TrustedApplication):
    uuid = UUID("bc50d971-d4c9-42c4-82cb-343fb7f37896")
    device_enum_supp = True


class Storing(fake.TrustedApplication):
    uuid = UUID("11111111-0000-0000-0000-000000000000")
    device_enum_tee_storage_private = True


class Recorder(ClientDriver):
    """Takes all that it is offered, and notes it."""

    name = "recorder"
    id_table = (Random.uuid, Ftpm.uuid)

    def __init__(self, name: str = "recorder", refusal: Exception | None = None) -> None:
        self.name = name  # type: ignore[misc]
        self.refusal = refusal
        self.calls: list[tuple[str, UUID]] = []

    def probe(self, device: ClientDevice) -> None:
        self.calls.append(("probe", device.uuid))
        if self.refusal is not None:
            raise self.refusal

    def remove(self, device: ClientDevice) -> None:
        self.calls.append(("remove", device.uuid))


@pytest.fixture
def kernel() -> fake.Kernel:
    made = fake.Kernel()
    made.install(*PSEUDO_APPLICATIONS, Random, Ftpm, Storing, Conformance)
    return made


@pytest.fixture
def events(kernel: fake.Kernel) -> Iterator[UeventMonitor]:
    with kernel.uevents.subscribe() as monitor:
        yield monitor


def heard(monitor: UeventMonitor) -> list[tuple[Action, str]]:
    """Return what has been heard by now, and of which device."""
    found: list[tuple[Action, str]] = []
    while True:
        try:
            event = monitor.get(0)
        except TimeoutError:
            return found
        found.append((event.action, event.devpath.rpartition("/")[2]))


def bus_uuids(kernel: fake.Kernel) -> set[UUID]:
    return {device.uuid for device in tee.enumerate_bus_devices(kernel)}


def ta(application: type[fake.TrustedApplication]) -> str:
    return f"optee-ta-{application.uuid}"


def test_applications_are_devices_if_they_say_so(kernel: fake.Kernel) -> None:
    assert bus_uuids(kernel) == {InvokeTests.uuid, Random.uuid}


def test_the_first_supplicant_brings_more_devices(
    kernel: fake.Kernel, events: UeventMonitor
) -> None:
    for _ in range(2):
        kernel.close(kernel.open("/dev/teepriv0"))
        assert kernel.join_bus_scans(LIMIT)
    assert bus_uuids(kernel) == {InvokeTests.uuid, Random.uuid, Ftpm.uuid, Storing.uuid}
    needing = {d.uuid for d in tee.enumerate_bus_devices(kernel) if d.needs_supplicant}
    assert needing == {Ftpm.uuid, Storing.uuid}
    assert heard(events) == [(Action.ADD, ta(Ftpm)), (Action.ADD, ta(Storing))]
    assert kernel.sysfs.read(f"bus/tee/devices/{ta(Ftpm)}/need_supplicant") == b""


def test_opening_the_supplicants_device_does_not_wait_for_drivers(
    kernel: fake.Kernel, events: UeventMonitor
) -> None:
    release = threading.Event()

    class Waiting(ClientDriver):
        name = "waiting"
        id_table = (Ftpm.uuid,)

        def probe(self, device: ClientDevice) -> None:
            assert release.wait(LIMIT)

    kernel.bus.register(Waiting())
    fd = kernel.open("/dev/teepriv0")
    try:
        assert events.get(LIMIT).action is Action.ADD
        assert Ftpm.uuid in bus_uuids(kernel)
    finally:
        release.set()
        kernel.close(fd)
    assert kernel.join_bus_scans(LIMIT)
    assert [d.driver for d in tee.enumerate_bus_devices(kernel) if d.uuid == Ftpm.uuid] == [
        "waiting"
    ]


def test_the_search_of_another_thread_is_waited_for() -> None:
    begun, release = threading.Event(), threading.Event()

    class Slow(DeviceEnumeration):
        def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            begun.set()
            assert release.wait(LIMIT)

    kernel = fake.Kernel(applications=[Slow], bound=False)
    binding = begin(kernel.bind)
    try:
        assert begun.wait(LIMIT)
        assert not kernel.join_bus_scans(0)
    finally:
        release.set()
    assert kernel.join_bus_scans(LIMIT)
    binding.result(LIMIT)
    kernel.assert_no_leaks()


def test_without_the_application_that_lists_them_there_are_no_devices() -> None:
    kernel = fake.Kernel(applications=[Random], bundled=False)
    assert bus_uuids(kernel) == set()


@pytest.mark.parametrize("routes_rpmb", [False, True])
def test_a_kernel_with_the_memory_asks_what_can_store_there(routes_rpmb: bool) -> None:
    class Enumeration(DeviceEnumeration):
        def _is_listed(self, application: type[fake.TrustedApplication], command_id: int) -> bool:
            return command_id == self.Command.DEVICES_WITH_RPMB and application is Storing

    driver = fake.Optee(routes_rpmb=routes_rpmb, applications=[Enumeration, Storing])
    assert bus_uuids(fake.Kernel(driver)) == ({Storing.uuid} if routes_rpmb else set())


def test_the_kernel_asks_the_application_of_the_tee(kernel: fake.Kernel) -> None:
    class Refusing(DeviceEnumeration):
        def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            raise fake.ResultError(tee.Result.ACCESS_DENIED)

    class Failing(DeviceEnumeration):
        def invoke_command(
            self,
            session: fake.ClientSession,
            command_id: int,
            parameters: fake.Parameters,
        ) -> None:
            session.panic(1)

    for application in (Refusing, Failing):
        kernel.install(application)
        kernel.unbind()
        kernel.bind()
        assert bus_uuids(kernel) == set()


def test_other_drivers_have_no_devices_on_the_bus() -> None:
    kernel = fake.Kernel(fake.AmdTee())
    kernel.install(*PSEUDO_APPLICATIONS, Random)
    assert bus_uuids(kernel) == set()


def test_a_driver_gets_the_devices_of_its_table(kernel: fake.Kernel, events: UeventMonitor) -> None:
    driver = Recorder()
    kernel.bus.register(driver)
    assert driver.calls == [("probe", Random.uuid)]
    device = next(d for d in tee.enumerate_bus_devices(kernel) if d.uuid == Random.uuid)
    assert device.driver == "recorder"
    link = f"../../../../devices/{ta(Random)}"
    assert kernel.sysfs.readlink(f"bus/tee/drivers/recorder/{ta(Random)}") == link
    uevent = f"DRIVER=recorder\nMODALIAS=tee:{Random.uuid}\n".encode()
    assert kernel.sysfs.read(f"bus/tee/devices/{ta(Random)}/uevent") == uevent
    assert kernel.sysfs.read(f"bus/tee/devices/{ta(Random)}/driver/{ta(Random)}/uevent") == uevent

    kernel.bus.unregister(driver)
    assert driver.calls[1:] == [("remove", Random.uuid)]
    assert {d.driver for d in tee.enumerate_bus_devices(kernel)} == {None}
    assert heard(events) == [(Action.BIND, ta(Random)), (Action.UNBIND, ta(Random))]


def test_a_driver_that_is_there_before_gets_what_comes(kernel: fake.Kernel) -> None:
    driver = Recorder()
    kernel.bus.register(driver)
    kernel.close(kernel.open("/dev/teepriv0"))
    assert kernel.join_bus_scans(LIMIT)
    assert driver.calls == [("probe", Random.uuid), ("probe", Ftpm.uuid)]


@pytest.mark.parametrize("error", [OSError(errno.ENODEV, "no"), ValueError("a fault")])
def test_a_driver_that_refuses_leaves_the_device_to_the_next(
    kernel: fake.Kernel, events: UeventMonitor, error: Exception
) -> None:
    refusing = Recorder("refusing", error)
    kernel.bus.register(refusing)
    (failure,) = kernel.bus.failures
    assert (failure.driver, failure.device.uuid, failure.error) == (refusing, Random.uuid, error)
    assert {d.driver for d in tee.enumerate_bus_devices(kernel)} == {None}
    assert heard(events) == []
    kernel.bus.register(Recorder("taking"))
    kernel.bus.register(Recorder("late"))
    assert [d.driver.name for d in kernel.bus.devices if d.driver] == ["taking"]
    kernel.bus.unregister(refusing)
    assert refusing.calls == [("probe", Random.uuid)]


def test_a_deferred_device_is_offered_again_after_another_has_its_driver(
    kernel: fake.Kernel,
) -> None:
    deferring = Recorder("deferring", OSError(EPROBE_DEFER, "later"))
    kernel.bus.register(deferring)
    deferring.refusal = None

    class Other(ClientDriver):
        name = "other"
        id_table = (InvokeTests.uuid,)

    kernel.bus.register(Other())
    assert deferring.calls == [("probe", Random.uuid)] * 2
    assert {d.driver for d in tee.enumerate_bus_devices(kernel)} == {"deferring", "other"}


def test_names_of_drivers_are_unique(kernel: fake.Kernel) -> None:
    driver = Recorder()
    kernel.bus.register(driver)
    for again in (driver, Recorder()):
        with pytest.raises(OSError, match="already") as caught:
            kernel.bus.register(again)
        assert caught.value.errno == errno.EBUSY
    kernel.bus.unregister(driver)
    with pytest.raises(ValueError, match="not registered"):
        kernel.bus.unregister(driver)


def test_a_device_can_be_taken_from_its_driver_and_given_back(kernel: fake.Kernel) -> None:
    driver = Recorder()
    kernel.bus.register(driver)
    device = next(d for d in kernel.bus.devices if d.uuid == Random.uuid)
    other = next(d for d in kernel.bus.devices if d.uuid == InvokeTests.uuid)
    with pytest.raises(OSError, match="has a driver") as caught:
        kernel.bus.bind(device, driver)
    assert caught.value.errno == errno.EBUSY
    kernel.bus.unbind(device)
    with pytest.raises(OSError, match="no driver") as caught:
        kernel.bus.unbind(device)
    assert caught.value.errno == errno.ENODEV
    with pytest.raises(OSError, match="no device for") as caught:
        kernel.bus.bind(other, driver)
    assert caught.value.errno == errno.ENODEV
    kernel.bus.bind(device, driver)
    assert device.driver is driver
    kernel.bus.unbind(device)
    driver.refusal = OSError(errno.EIO, "broken")
    with pytest.raises(OSError, match="broken"):
        kernel.bus.bind(device, driver)
    assert device.driver is None


def test_a_driver_uses_the_application_as_the_kernel(kernel: fake.Kernel) -> None:
    class User(ClientDriver):
        name = "user"
        id_table = (Random.uuid,)

        def probe(self, device: ClientDevice) -> None:
            device.data = client = device.open_context()
            reply = client.open_session(device.uuid, login=LOGIN_REE_KERNEL)
            assert reply.result == tee.Result.SUCCESS
            assert reply.session is not None
            value = fake.ValueParameter(fake.ParamType.VALUE_OUTPUT)
            data = bytearray(b"abc")
            memref = fake.MemrefParameter(fake.ParamType.MEMREF_INOUT, memoryview(data), 3)
            reply = client.invoke_func(reply.session, 0, value, memref)
            assert (reply.result, reply.origin) == (0, tee.Origin.TRUSTED_APP)
            assert (value.a, value.b) == (LOGIN_REE_KERNEL, 0)
            assert (bytes(data), memref.size) == (b"cba", 2)

        def remove(self, device: ClientDevice) -> None:
            device.data.close()
            device.data.close()

    kernel.bus.register(User())
    assert not kernel.bus.failures
    # The driver closes its context, and nothing keeps the device.
    assert kernel.unbind()
    assert not kernel.bus.failures


def test_the_kernel_waits_for_no_supplicant() -> None:
    kernel = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.WAIT))
    kernel.install(*PSEUDO_APPLICATIONS, Random)
    (device,) = (d for d in kernel.bus.devices if d.uuid == Random.uuid)
    with device.open_context() as client:
        # It is not installed: a program's opening would wait for who loads it.
        assert client.open_session(Ftpm.uuid).result == tee.Result.COMMUNICATION


def test_an_application_refuses_the_kernel_by_its_result(kernel: fake.Kernel) -> None:
    (device,) = (d for d in kernel.bus.devices if d.uuid == Random.uuid)
    with device.open_context() as client:
        assert client.open_session(UUID(int=5)).result == tee.Result.ITEM_NOT_FOUND
        with pytest.raises(OSError, match="no such session"):
            client.invoke_func(77, 0)
        with pytest.raises(OSError, match="no such login"):
            client.open_session(Random.uuid, login=3)
    assert kernel.unbind()
    with pytest.raises(OSError, match="not bound") as caught:
        device.open_context()
    assert caught.value.errno == errno.ENOENT


def test_devices_go_with_their_driver_and_come_again(
    kernel: fake.Kernel, events: UeventMonitor
) -> None:
    driver = Recorder()
    kernel.bus.register(driver)
    heard(events)
    assert kernel.unbind()
    assert tee.enumerate_devices(kernel) == ()
    assert tee.enumerate_bus_devices(kernel) == ()
    with pytest.raises(OSError, match="No such file") as caught:
        kernel.open("/dev/tee0")
    assert caught.value.errno == errno.ENOENT
    assert heard(events) == [
        (Action.REMOVE, ta(InvokeTests)),
        (Action.UNBIND, ta(Random)),
        (Action.REMOVE, ta(Random)),
        (Action.REMOVE, "teepriv0"),
        (Action.REMOVE, "tee0"),
    ]
    kernel.bind()
    assert heard(events) == [
        (Action.ADD, "tee0"),
        (Action.ADD, "teepriv0"),
        (Action.ADD, ta(InvokeTests)),
        (Action.ADD, ta(Random)),
        (Action.BIND, ta(Random)),
    ]
    assert driver.calls == [(call, Random.uuid) for call in ("probe", "remove", "probe")]


def test_an_open_device_serves_on_until_it_is_closed(
    kernel: fake.Kernel, pool: ThreadPoolExecutor
) -> None:
    with tee.Context(backend=kernel) as context:
        session = context.open_session(Conformance.uuid)
        assert not kernel.unbind()
        with pytest.raises(tee.DeviceNotFoundError, match=r"bind\(\)"):
            tee.Context(backend=kernel)
        with pytest.raises(OSError, match="open contexts") as caught:
            kernel.bind()
        assert caught.value.errno == errno.EBUSY
        assert tuple(session.invoke_command(Command.VALUES, (1, 2), tee.ValueOutput())[0]) == (2, 3)
        context.open_session(Conformance.uuid).close()
        unbind = partial(kernel.unbind, *kernel.drivers, timeout=LIMIT)
        waiting, _, _ = start_in_kernel(pool, unbind)
    assert waiting.result(LIMIT)
    kernel.bind()
    tee.Context(backend=kernel).close()


def test_memory_keeps_a_device_that_goes(kernel: fake.Kernel) -> None:
    context = tee.Context(backend=kernel)
    fd = kernel.open("/dev/tee0")
    block = context.allocate_shared_memory(4096)
    kernel.close(fd)
    assert not kernel.unbind()
    block.close()
    assert not kernel.unbind(*kernel.drivers)
    context.close()
    assert kernel.unbind()


def test_a_device_goes_after_the_one_that_came_after_it(kernel: fake.Kernel) -> None:
    supplicant = kernel.open("/dev/teepriv0")
    assert kernel.join_bus_scans(LIMIT)
    assert not kernel.unbind()
    assert [device.name for device in tee.enumerate_devices(kernel)] == ["tee0"]
    tee.Context(backend=kernel).close()
    kernel.close(supplicant)
    assert tee.enumerate_devices(kernel) == ()
    assert kernel.unbind()


def test_what_is_bound_can_not_be_bound(kernel: fake.Kernel) -> None:
    (driver,) = kernel.drivers
    kernel.bind()
    with pytest.raises(OSError, match="is bound") as caught:
        kernel.bind(driver)
    assert caught.value.errno == errno.EBUSY
    assert kernel.unbind()
    assert kernel.unbind()
    with pytest.raises(OSError, match="is not bound") as caught:
        kernel.unbind(driver)
    assert caught.value.errno == errno.ENODEV
    for change in (kernel.bind, kernel.unbind):
        with pytest.raises(ValueError, match="not a driver of this kernel"):
            change(fake.Optee())


def test_one_driver_of_several_goes_alone() -> None:
    amd, optee = fake.AmdTee(), fake.Optee()
    kernel = fake.Kernel(amd, optee, TsTee())
    assert kernel.unbind(amd)
    assert [d.name for d in tee.enumerate_devices(kernel)] == ["tee1", "teepriv0"]
    assert kernel.unbind(optee)
    kernel.bind()
    # A free number is taken again, the lowest first.
    assert [d.implementation_id for d in tee.enumerate_devices(kernel)] == [2, 1, 1]
    assert kernel.unbind()


def test_what_needs_a_supplicant_comes_again_with_the_next(kernel: fake.Kernel) -> None:
    for _ in range(2):
        assert Ftpm.uuid not in bus_uuids(kernel)
        kernel.close(kernel.open("/dev/teepriv0"))
        assert kernel.join_bus_scans(LIMIT)
        assert Ftpm.uuid in bus_uuids(kernel)
        assert kernel.unbind()
        kernel.bind()


def test_a_driver_that_fails_to_let_go_does_not_stop_the_unbinding(kernel: fake.Kernel) -> None:
    class Failing(Recorder):
        def remove(self, device: ClientDevice) -> None:
            raise ValueError("a fault")

    kernel.bus.register(Failing())
    assert kernel.unbind()
    assert [str(failure.error) for failure in kernel.bus.failures] == ["a fault"]
