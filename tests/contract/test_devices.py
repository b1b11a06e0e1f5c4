# SPDX-License-Identifier: BSD-2-Clause
"""Which devices there are: what sysfs shows, beside what the devices themselves say."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._expected_tee import find_expected_tee
from pytee_client.fake.applications import PSEUDO_APPLICATIONS
from pytee_client.fake.applications.pseudo_applications import InvokeTests
from pytee_client.fake.bus import ClientDriver
from pytee_client.kernels.monitor import LinuxMonitor
from pytee_client.kernels.sysfs import Folder
from pytee_client.ta import optee

from ..support.programs import program
from ..support.targets import Target
from ..support.waiting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytee_client.kernels.sysfs import Tree

# The variant of a real device is a kernel of the tests' own, without a sysfs.
pytestmark = pytest.mark.once


def test_the_device_is_listed_as_it_says_it_is(target: Target, context: tee.Context) -> None:
    devices = {device.path: device for device in tee.enumerate_devices(target.backend)}
    device = devices[target.device]
    assert device.name == Path(target.device).name
    assert device.implementation_id is target.implementation
    assert device.capabilities == context.version.generic_capabilities
    assert not device.is_privileged
    assert tee.wait_for_device(LIMIT, backend=target.backend) in devices.values()
    assert tee.wait_for_device(0, device=target.device, backend=target.backend) == device


@pytest.mark.optee_only
def test_the_supplicants_device_is_listed_and_not_opened(target: Target) -> None:
    devices = {device.path: device for device in tee.enumerate_devices(target.backend)}
    device = devices[target.supplicant_device]
    assert device.is_privileged
    assert device.capabilities is None
    assert device.rpmb_routing_model is devices[target.device].rpmb_routing_model is not None


@pytest.mark.amdtee_only
def test_amd_tee_has_one_device_and_none_on_the_bus(target: Target) -> None:
    (device,) = tee.enumerate_devices(target.backend)
    assert device.rpmb_routing_model is None
    assert tee.enumerate_bus_devices(target.backend) == ()


@pytest.mark.optee_only
def test_the_bus_has_what_op_tee_lists(target: Target, context: tee.Context) -> None:
    with optee.DeviceEnumeration(context) as client:
        at_once, with_supplicant = {*client.get_devices()}, {*client.get_devices_supp()}
        assert client.get_devices_rpmb() == []
    devices = tee.enumerate_bus_devices(target.backend)
    assert {device.uuid for device in devices if not device.needs_supplicant} == at_once
    assert {device.uuid for device in devices if device.needs_supplicant} == with_supplicant
    assert InvokeTests.uuid in at_once
    for device in devices:
        assert device.name == f"optee-ta-{device.uuid}"
        assert device.modalias == f"tee:{device.uuid}"


class RandomDriver(ClientDriver):
    """As the kernel's module for random numbers, which finds no application on this OP-TEE."""

    name = "optee-rng"
    id_table = (UUID("ab7a617c-b8e7-4d8f-8301-d09b61036b64"),)


def content(tree: Tree, path: str) -> str:
    try:
        data = tree.read(path)
    except OSError as error:
        return f"errno {error.errno}"
    # The number of the driver's nodes is any that is free.
    return re.sub(r"(MAJOR=)?\d+(:|\n(?=MINOR))", r"\1\2", data.decode())


def shown(tree: Tree, mode: Callable[[str], int], path: str) -> Iterator[tuple[str, int, str]]:
    """Yield what there is below a directory, with its permissions and its content."""
    for name in tree.names(path):
        below = f"{path}/{name}"
        kind = mode(below)
        if stat.S_ISLNK(kind):
            yield below, kind, tree.readlink(below)
        elif stat.S_ISDIR(kind):
            yield below, kind, ""
            yield from shown(tree, mode, below)
        else:
            # Root may open what can only be written, and is told something else then.
            yield below, kind, content(tree, below) if kind & stat.S_IRUSR else ""


@pytest.mark.real_only
def test_the_fakes_sysfs_is_that_of_linux(target: Target) -> None:
    has_revision = target.release.has_revision_attribute
    revision = Path("/sys/class/tee/tee0/revision").read_text().strip() if has_revision else ""
    kernel = fake.Kernel(fake.Optee(revision=revision), release=target.release)
    kernel.install(*PSEUDO_APPLICATIONS)
    kernel.bus.register(RandomDriver())
    linux = Folder()
    places = ["class/tee", "bus/tee"]
    for links in ("class/tee", "bus/tee/devices"):
        places += [f"{links}/{name}" for name in linux.names(links)]

    def mode(path: str) -> int:
        return Path("/sys", path).lstat().st_mode

    for place in places:
        real = list(shown(linux, mode, place))
        assert list(shown(kernel.sysfs, kernel.sysfs.mode, place)) == real
        assert real


@pytest.mark.real_only
@pytest.mark.optee_only
def test_the_machines_device_tree_says_that_it_has_optee(target: Target) -> None:
    """So Context() is an error without the driver, and never the fake."""
    found = find_expected_tee(Folder())
    assert found is not None
    assert found.modules == ("optee",)
    assert found.is_loaded


@pytest.mark.real_only
def test_linux_tells_of_devices(target: Target) -> None:
    monitor = LinuxMonitor()
    try:
        (Path("/sys/class/tee") / Path(target.device).name / "uevent").write_text("change")
        assert monitor.wait(LIMIT)
    finally:
        monitor.close()


WAIT_AS_NOBODY = """
import os, sys
import pytee_client as tee
os.setgroups([]); os.setgid(1000); os.setuid(1000)
try:
    tee.wait_for_device(0)
except tee.DeviceTimeoutError as error:
    assert isinstance(error.__cause__, tee.DeviceAccessError)
    print(error, flush=True)
print(tee.wait_for_device(60).path)
"""


@pytest.mark.real_only
def test_waiting_is_for_the_permission_too(target: Target) -> None:
    node = Path(target.device)
    mode = stat.S_IMODE(node.stat().st_mode)
    waiting = subprocess.Popen(program(WAIT_AS_NOBODY), stdout=subprocess.PIPE, text=True)
    try:
        assert waiting.stdout is not None
        assert "udev rule" in waiting.stdout.readline()
        node.chmod(0o666)
        output, _ = waiting.communicate(timeout=LIMIT)
        assert output.strip() == target.device
    finally:
        node.chmod(mode)
        waiting.kill()
        waiting.communicate()
