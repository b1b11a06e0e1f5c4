# SPDX-License-Identifier: BSD-2-Clause
"""Enumerating devices: what is read from a sysfs, and waiting for one to come."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import _opening, fake
from pytee_client._opening import client_nodes, expected_tee
from pytee_client.fake.bus import UeventMonitor
from pytee_client.fake.tstee import SecurePartition, TsTee
from pytee_client.kernels.sysfs import Folder

from ...support.linux_kernel import LinuxKernel
from ...support.waiting import LIMIT

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

APPLICATION = UUID("d96a5b40-c3e5-21e3-8794-1002a5d5c61b")
without_a_tee = pytest.mark.skipif(
    bool(client_nodes()) or expected_tee() is not None, reason="this machine has a TEE"
)


def make(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def make_device(root: Path, name: str, **attributes: str) -> None:
    given = {"implementation_id": "1\n", **attributes}
    make(root, {f"class/tee/{name}/{attribute}": text for attribute, text in given.items()})


def make_bus_device(root: Path, uevent: str | None = None) -> Path:
    device = root / f"bus/tee/devices/optee-ta-{APPLICATION}"
    uevent = f"MODALIAS=tee:{APPLICATION}\n" if uevent is None else uevent
    make(root, {str(device.relative_to(root) / "uevent"): uevent})
    return device


def test_without_a_sysfs_there_is_no_device(tmp_path: Path) -> None:
    assert tee.enumerate_devices(sysfs=tmp_path / "missing") == ()
    assert tee.enumerate_bus_devices(sysfs=tmp_path) == ()


def test_devices_for_clients_come_first_by_their_numbers(tmp_path: Path) -> None:
    for name in ("teepriv0", "tee10", "tee2", "tee0", "teepot", "other0"):
        make_device(tmp_path, name)
    devices = tee.enumerate_devices(sysfs=tmp_path)
    assert [device.name for device in devices] == ["tee0", "tee2", "tee10", "teepriv0"]
    assert [device.is_privileged for device in devices] == [False, False, False, True]
    assert devices[2].path == "/dev/tee10"


def test_a_device_says_what_it_is(tmp_path: Path) -> None:
    make_device(
        tmp_path, "tee0", revision="4.10 (00000000deadbeef)\n", rpmb_routing_model="kernel\n"
    )
    make_device(tmp_path, "tee1", implementation_id="9\n", revision="4.5\n")
    first, second = tee.enumerate_devices(sysfs=tmp_path)
    assert first.implementation_id is tee.ImplementationId.OPTEE
    assert first.revision == tee.Revision(4, 10, 0xDEADBEEF)
    assert first.rpmb_routing_model is tee.RpmbRoutingModel.KERNEL
    assert second.implementation_id == 9
    assert second.revision == tee.Revision(4, 5)
    assert second.revision < first.revision
    assert second.rpmb_routing_model is None


def test_a_device_of_another_sysfs_is_not_asked(tmp_path: Path) -> None:
    make_device(tmp_path, "tee0")
    (device,) = tee.enumerate_devices(fake.Kernel(), sysfs=tmp_path)
    assert device.capabilities is None


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ("implementation_id", ""),
        ("implementation_id", "one\n"),
        ("implementation_id", "1\n2\n"),
        ("implementation_id", "-1\n"),
        ("implementation_id", "\xff\n"),
        ("revision", "4\n"),
        ("revision", "4.5 (xyz)\n"),
        ("rpmb_routing_model", "nobody\n"),
    ],
)
def test_a_garbled_attribute_is_named(tmp_path: Path, attribute: str, text: str) -> None:
    make_device(tmp_path, "tee0", **{attribute: text})
    with pytest.raises(tee.BadFormatError, match=f"/sys/class/tee/tee0/{attribute}") as caught:
        tee.enumerate_devices(sysfs=tmp_path)
    assert isinstance(caught.value, ValueError)
    assert caught.value.remedy


def test_a_device_without_its_driver_is_garbled(tmp_path: Path) -> None:
    (tmp_path / "class/tee/tee0").mkdir(parents=True)
    with pytest.raises(tee.BadFormatError, match="is missing"):
        tee.enumerate_devices(sysfs=tmp_path)


def test_a_device_of_the_bus_is_an_application(tmp_path: Path) -> None:
    device = make_bus_device(tmp_path)
    (found,) = tee.enumerate_bus_devices(sysfs=tmp_path)
    assert found == tee.BusDevice(
        f"optee-ta-{APPLICATION}", APPLICATION, f"tee:{APPLICATION}", False, None
    )
    (device / "need_supplicant").touch()
    driver = tmp_path / "bus/tee/drivers/optee-rng"
    driver.mkdir(parents=True)
    (device / "driver").symlink_to(driver)
    (found,) = tee.enumerate_bus_devices(sysfs=tmp_path)
    assert found.needs_supplicant
    assert found.driver == "optee-rng"


@pytest.mark.parametrize("uevent", ["", "MODALIAS=\n", "MODALIAS=tee:1-2\n", "MODALIAS=of:x\n"])
def test_a_device_of_the_bus_without_its_uuid_is_garbled(tmp_path: Path, uevent: str) -> None:
    make_bus_device(tmp_path, uevent)
    with pytest.raises(tee.BadFormatError, match="uevent"):
        tee.enumerate_bus_devices(sysfs=tmp_path)


class GoingTree:
    """A sysfs whose devices go after they were listed once."""

    def __init__(self) -> None:
        self.listed: set[str] = set()

    def names(self, path: str) -> list[str]:
        if path in self.listed:
            return []
        self.listed.add(path)
        return {"class/tee": ["tee0"], "bus/tee/devices": ["optee-ta-x"]}.get(path, [])

    def read(self, path: str) -> bytes:
        raise FileNotFoundError

    def readlink(self, path: str) -> str:
        raise FileNotFoundError


def test_a_device_that_goes_meanwhile_is_none() -> None:
    class Kernel(fake.Kernel):
        sysfs = GoingTree()  # type: ignore[assignment]

        def __setattr__(self, name: str, value: object) -> None:
            if name != "sysfs":
                super().__setattr__(name, value)

    kernel = Kernel()
    assert tee.enumerate_devices(kernel) == ()
    assert tee.enumerate_bus_devices(kernel) == ()


def test_a_kernel_without_a_sysfs_is_refused() -> None:
    for enumerate_some in (tee.enumerate_devices, tee.enumerate_bus_devices):
        with pytest.raises(tee.ParameterTypeError, match="LinuxKernel has no sysfs"):
            enumerate_some(LinuxKernel())
    with pytest.raises(ValueError, match="not one of"):
        tee.enumerate_devices("windows")  # type: ignore[arg-type]


def test_the_environment_chooses_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    assert [device.name for device in tee.enumerate_devices()] == ["tee0", "teepriv0"]
    assert tee.wait_for_device(0).path == "/dev/tee0"


def test_what_may_not_be_opened_has_no_capabilities() -> None:
    kernel = fake.Kernel()
    kernel.forbid("/dev/tee0")
    assert [device.capabilities for device in tee.enumerate_devices(kernel)] == [None, None]


def test_devices_of_any_driver_are_asked() -> None:
    kernel = fake.Kernel(TsTee(SecurePartition(7, ())), fake.AmdTee())
    services, amd = tee.enumerate_devices(kernel)
    assert services.implementation_id is tee.ImplementationId.TSTEE
    assert services.capabilities == tee.GenericCapabilities(0)
    assert amd.capabilities == tee.GenericCapabilities.GP


def test_waiting_ends_when_the_device_comes(pool: ThreadPoolExecutor) -> None:
    kernel = fake.Kernel(bound=False)
    with pytest.raises(tee.DeviceNotFoundError, match="wait_for_device"):
        tee.Context(backend=kernel)
    waiting = threading.Event()
    listen = kernel.monitor_devices

    def monitor_devices() -> UeventMonitor:
        monitor = listen()
        waiting.set()
        return monitor

    kernel.monitor_devices = monitor_devices  # type: ignore[method-assign]
    call = pool.submit(tee.wait_for_device, LIMIT, backend=kernel)
    assert waiting.wait(LIMIT)
    assert not call.done()
    kernel.bind()
    device = call.result(LIMIT)
    with tee.Context(device.path, backend=kernel) as context:
        assert context.version.generic_capabilities == device.capabilities


def test_waiting_on_the_fake_is_not_looking_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = fake.Kernel(bound=False)
    looks: list[str] = []
    names = kernel.sysfs.names

    def counted(path: str) -> list[str]:
        looks.append(path)
        return names(path)

    monkeypatch.setattr(kernel.sysfs, "names", counted)
    with pytest.raises(tee.DeviceTimeoutError):
        tee.wait_for_device(0.3, backend=kernel)
    assert len(looks) < 10


def test_waiting_is_for_the_device_that_is_wanted() -> None:
    kernel = fake.Kernel(TsTee(SecurePartition(7, ())), fake.AmdTee())
    assert tee.wait_for_device(0, backend=kernel).path == "/dev/tee1"
    assert tee.wait_for_device(0, device="/dev/tee0", backend=kernel).path == "/dev/tee0"
    with pytest.raises(tee.DeviceTimeoutError, match=r"waiting for /dev/tee5.*/dev/tee0") as caught:
        tee.wait_for_device(0, device=Path("/dev/tee5"), backend=kernel)
    assert isinstance(caught.value, TimeoutError)
    assert tee.wait_for_device(0, device="fake:amdtee").path == "/dev/tee0"
    with pytest.raises(ValueError, match="absolute path"):
        tee.wait_for_device(0, device="tee0", backend=kernel)


def test_waiting_in_vain_says_what_is_in_the_way() -> None:
    kernel = fake.Kernel()
    kernel.forbid("/dev/tee0")
    with pytest.raises(tee.DeviceTimeoutError) as caught:
        tee.wait_for_device(0, backend=kernel)
    assert isinstance(caught.value.__cause__, tee.DeviceAccessError)
    assert caught.value.remedy == caught.value.__cause__.remedy


@without_a_tee
@pytest.mark.parametrize("timeout", [0, 0.2])
def test_waiting_on_linux_comes_to_its_end(timeout: float) -> None:
    with pytest.raises(tee.DeviceTimeoutError, match="no TEE device"):
        tee.wait_for_device(timeout, backend="linux")


@without_a_tee
def test_a_device_without_a_node_is_no_reason_for_the_fake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_device(tmp_path, "tee0")
    monkeypatch.setattr(_opening, "Folder", lambda: Folder(tmp_path))
    for device in (None, "/dev/tee0"):
        with pytest.raises(tee.DeviceNotFoundError, match="--device /dev/tee0"):
            tee.Context(device)
    with pytest.raises(tee.DeviceNotFoundError, match="this machine has /dev/tee0"):
        tee.Context("/dev/tee1")
