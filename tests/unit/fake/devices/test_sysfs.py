# SPDX-License-Identifier: BSD-2-Clause
"""The fake kernel's sysfs and its messages on devices, beside what real ones say."""

from __future__ import annotations

import errno
import stat
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications.pseudo_applications import InvokeTests
from pytee_client.fake.bus import ClientDriver, UeventAction

from ....fidelity.properties import find
from ....support.waiting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

DEVICE = "devices/optee-ta-d96a5b40-c3e5-21e3-8794-1002a5d5c61b"

# Heard on Linux 6.12 with OP-TEE 4.5, when its driver was unbound and bound again.
MESSAGES = [
    b"remove@/devices/optee-ta-d96a5b40-c3e5-21e3-8794-1002a5d5c61b\0ACTION=remove\0"
    b"DEVPATH=/devices/optee-ta-d96a5b40-c3e5-21e3-8794-1002a5d5c61b\0SUBSYSTEM=tee\0"
    b"MODALIAS=tee:d96a5b40-c3e5-21e3-8794-1002a5d5c61b\0",
    b"remove@/devices/virtual/tee/teepriv0\0ACTION=remove\0"
    b"DEVPATH=/devices/virtual/tee/teepriv0\0SUBSYSTEM=tee\0MAJOR=238\0MINOR=16\0"
    b"DEVNAME=teepriv0\0",
    b"remove@/devices/virtual/tee/tee0\0ACTION=remove\0DEVPATH=/devices/virtual/tee/tee0\0"
    b"SUBSYSTEM=tee\0MAJOR=238\0MINOR=0\0DEVNAME=tee0\0",
    b"add@/devices/virtual/tee/tee0\0ACTION=add\0DEVPATH=/devices/virtual/tee/tee0\0"
    b"SUBSYSTEM=tee\0MAJOR=238\0MINOR=0\0DEVNAME=tee0\0",
    b"add@/devices/virtual/tee/teepriv0\0ACTION=add\0DEVPATH=/devices/virtual/tee/teepriv0\0"
    b"SUBSYSTEM=tee\0MAJOR=238\0MINOR=16\0DEVNAME=teepriv0\0",
    b"add@/devices/optee-ta-d96a5b40-c3e5-21e3-8794-1002a5d5c61b\0ACTION=add\0"
    b"DEVPATH=/devices/optee-ta-d96a5b40-c3e5-21e3-8794-1002a5d5c61b\0SUBSYSTEM=tee\0"
    b"MODALIAS=tee:d96a5b40-c3e5-21e3-8794-1002a5d5c61b\0",
]


def test_messages_are_those_that_linux_sends() -> None:
    kernel = fake.Kernel()
    with kernel.uevents.subscribe() as monitor:
        kernel.unbind()
        kernel.bind()
        events = [monitor.get(LIMIT) for _ in MESSAGES]
        with pytest.raises(TimeoutError):
            monitor.get(0)
    numbers = [event.sequence_number for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(MESSAGES)))
    assert [bytes(event) for event in events] == [
        message + b"SEQNUM=%d\0" % number for message, number in zip(MESSAGES, numbers, strict=True)
    ]
    assert events[0].modalias == f"tee:{InvokeTests.uuid}"
    assert events[1].modalias is None


def test_a_monitor_hears_what_comes_after_it_only(pool: ThreadPoolExecutor) -> None:
    kernel = fake.Kernel()
    with kernel.uevents.subscribe() as monitor:
        call = pool.submit(monitor.get, LIMIT)
        kernel.unbind()
        assert call.result(LIMIT).action is UeventAction.REMOVE
        assert monitor.wait(0)
        assert not monitor.wait(0)
    kernel.bind()
    assert not monitor.wait(0)
    monitor.close()


def test_the_revision_came_later() -> None:
    old, new = (fake.Kernel(f"optee@{release}").sysfs for release in ("6.12", "7.2"))
    assert "revision" not in old.names("class/tee/tee0")
    assert new.read("class/tee/tee0/revision") == b"4.5\n"
    assert new.read("class/tee/teepriv0/revision") == b"4.5\n"
    for sysfs in (old, new):
        assert sysfs.readlink("class/tee/tee0") == "../../devices/virtual/tee/tee0"


class RandomDriver(ClientDriver):
    """As the kernel's module for random numbers."""

    name = "optee-rng"
    id_table = (InvokeTests.uuid,)


def test_the_module_of_a_driver_came_later() -> None:
    shown = {}
    for release in ("6.12", "7.2"):
        kernel = fake.Kernel(f"optee@{release}")
        kernel.bus.register(RandomDriver())
        shown[release] = kernel.sysfs.names("bus/tee/drivers/optee-rng")
    assert shown["7.2"] == sorted([*shown["6.12"], "module"])
    link = kernel.sysfs.readlink("bus/tee/drivers/optee-rng/module")
    assert link == "../../../../module/optee_rng"
    assert find(kernel).answers["has_driver_modules"] == "shown"


@pytest.mark.parametrize("release", fake.LinuxRelease.known(), ids=lambda r: r.version)
def test_only_op_tee_tells_more_than_its_implementation(release: fake.LinuxRelease) -> None:
    kernel = fake.Kernel(fake.AmdTee(), release=release)
    attributes = ["dev", "implementation_id", "power", "subsystem", "uevent"]
    assert kernel.sysfs.names("class/tee/tee0") == attributes
    assert kernel.sysfs.readlink("class/tee/tee0") == "../../devices/virtual/tee/tee0"
    assert kernel.sysfs.read("class/tee/tee0/implementation_id") == b"2\n"


def test_an_op_tee_can_be_of_another_version() -> None:
    driver = fake.Optee(revision="4.10 (00000000deadbeef)", routes_rpmb=True)
    kernel = fake.Kernel(driver, release="7.2")
    device, _ = tee.enumerate_devices(kernel)
    assert device.revision == tee.Revision(4, 10, 0xDEADBEEF)
    assert device.rpmb_routing_model is tee.RpmbRoutingModel.KERNEL


def test_numbers_of_nodes_begin_with_16_for_supplicants() -> None:
    sysfs = fake.Kernel(fake.AmdTee(), fake.Optee()).sysfs
    numbers = [sysfs.read(f"class/tee/{name}/dev") for name in ("tee0", "tee1", "teepriv0")]
    assert numbers == [b"238:0\n", b"238:1\n", b"238:16\n"]


def test_links_are_followed_and_shown() -> None:
    sysfs = fake.Kernel().sysfs
    assert sysfs.names("class/tee/tee0/subsystem/") == ["tee0", "teepriv0"]
    assert sysfs.names("class/tee/tee0/../../../../bus") == ["tee"]
    assert sysfs.read(f"bus/tee/{DEVICE}/subsystem/{DEVICE}/uevent") == sysfs.read(
        f"{DEVICE}/uevent"
    )
    assert stat.S_ISLNK(sysfs.mode("class/tee/tee0"))
    assert stat.S_ISDIR(sysfs.mode("class/tee/tee0/power"))
    assert stat.S_IMODE(sysfs.mode("class/tee/tee0/uevent")) == 0o644
    assert stat.S_IMODE(sysfs.mode("class/tee/tee0/dev")) == 0o444
    assert stat.S_IMODE(sysfs.mode("bus/tee/drivers_probe")) == 0o200


@pytest.mark.parametrize(
    ("call", "path", "error"),
    [
        ("names", "class/tea", errno.ENOENT),
        ("names", "class/tee/tee0/dev", errno.ENOTDIR),
        ("read", "class/tee/tee9/dev", errno.ENOENT),
        ("read", "class/tee/tee0/dev/more", errno.ENOENT),
        ("read", "class/tee/tee0", errno.EISDIR),
        ("read", "bus/tee/uevent", errno.EACCES),
        ("read", "class/tee/tee0/power/autosuspend_delay_ms", errno.EIO),
        ("readlink", "class/tee", errno.EINVAL),
        ("mode", "class/tee/tee9", errno.ENOENT),
    ],
)
def test_what_can_not_be_read_fails_as_a_file_does(call: str, path: str, error: int) -> None:
    sysfs = fake.Kernel().sysfs
    look: Callable[[str], object] = getattr(sysfs, call)
    with pytest.raises(OSError, match=path) as caught:
        look(path)
    assert caught.value.errno == error
