# SPDX-License-Identifier: BSD-2-Clause
"""Which TEE devices there are, and which devices their Trusted Applications are.

They are read from sysfs: /sys/class/tee and /sys/bus/tee, of Linux or of the fake kernel.
"""

from __future__ import annotations

import errno
import os
import re
import time
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, cast

from .. import _hints as t
from .._backend import open_native, resolve, resolve_backend, with_sysfs
from .._boundary import ask_version
from .._checks import to_path_text, to_timeout
from .._logging import log_debug, modules
from .._process import importing
from .._results import TranslatedFilesShortage
from ..enums import GenericCapabilities, Origin
from ..errors import DeviceTimeoutError, ParameterTypeError, TeecError
from ..kernels.monitor import LinuxMonitor
from ..kernels.sysfs import Folder
from ..version import known_implementation
from .attributes import Attributes

if TYPE_CHECKING:
    from ..kernels.kernel import Kernel
    from ..kernels.monitor import Monitor
    from ..kernels.sysfs import KernelWithDevices, Tree

__all__ = [
    "BusDevice",
    "Device",
    "Revision",
    "RpmbRoutingModel",
    "enumerate_bus_devices",
    "enumerate_devices",
    "wait_for_device",
]

_NODE: Final = re.compile(r"(tee|teepriv)(\d+)")
_MODALIAS: Final = re.compile(r"tee:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_REVISION: Final = re.compile(r"(\d+)\.(\d+)(?: \(([0-9a-f]+)\))?")
_FOREVER: Final = 3600.0
_LOGGER: Final = "devices"


class RpmbRoutingModel(Enum):
    """Who brings OP-TEE's frames to the replay protected memory (RPMB) of an eMMC."""

    KERNEL = "kernel"
    """The kernel, from Linux 6.12 on, where it has the driver for it."""
    USER = "user"
    """The supplicant."""


@dataclass(frozen=True, slots=True, order=True)
class Revision:
    """Which TEE is behind a device.

    Attributes:
        major, minor: its version, as 4 and 5 of OP-TEE 4.5.
        build_id: what it was built from, 0 if it does not say.
    """

    major: int
    minor: int
    build_id: int = 0


@dataclass(frozen=True, slots=True)
class Device:
    """A TEE device, as sysfs shows it (/sys/class/tee).

    Attributes:
        name: the kernel's name for it, such as "tee0".
        path: where its node should stand, for Context(): "/dev/tee0". In a container
            it may not.
        implementation_id: the driver, an ImplementationId where it is known.
        is_privileged: whether it is a supplicant's, and not for clients.
        capabilities: what it can do; None if it was not asked: because it is a
            supplicant's, the user may not open it, or sysfs= was given.
        revision: the TEE, where the kernel tells (Linux 7.0, OP-TEE); else None.
        rpmb_routing_model: where the kernel tells (Linux 6.12, OP-TEE); else None, and it
            is the supplicant's task.
    """

    name: str
    path: str
    implementation_id: int
    is_privileged: bool
    capabilities: GenericCapabilities | None
    revision: Revision | None
    rpmb_routing_model: RpmbRoutingModel | None


@dataclass(frozen=True, slots=True)
class BusDevice:
    """A Trusted Application that is a device of the kernel (/sys/bus/tee/devices).

    OP-TEE's pseudo Trusted Application DeviceEnumeration lists them.

    Attributes:
        name: the kernel's name for it, such as "optee-ta-" and the UUID.
        uuid: the UUID of the Trusted Application.
        modalias: "tee:" and the UUID; the kernel finds the module of a driver by it.
        needs_supplicant: whether it was found only when there was a supplicant.
        driver: the name of the kernel's driver that uses it, or None.
    """

    name: str
    uuid: t.UUID
    modalias: str
    needs_supplicant: bool
    driver: str | None


def enumerate_devices(
    backend: t.Backend | None = None, *, sysfs: str | os.PathLike[str] | None = None
) -> tuple[Device, ...]:
    """List the TEE devices, those for clients first, and those of a kind by their numbers.

    If the user may open a device for clients, it is opened, asked for its capabilities, and
    closed.

    Source: the kernel's Documentation/ABI/testing/sysfs-class-tee.

    Args:
        backend: the kernel, as of Context(); Linux by default.
        sysfs: the folder of a sysfs that is mounted elsewhere than in /sys.

    Returns:
        The devices; none where there is no sysfs, or no TEE subsystem in it.

    Raises:
        BadFormatError: a ValueError; an attribute is not what it should be.
        OSError: sysfs can't be read.
        TooManyFilesError: an OSError; the process or the system has as many open files as it may.
        ParameterTypeError: the backend is a kernel in Python that has no sysfs.

    Threads: may be called from any.
    """
    with TranslatedFilesShortage("listing TEE devices"):
        return _enumerate_devices(resolve_backend(backend), sysfs)


def _enumerate_devices(
    kernel: Kernel | None, sysfs: str | os.PathLike[str] | None
) -> tuple[Device, ...]:
    tree = _tree(kernel, sysfs)
    found = [_NODE.fullmatch(name) for name in _names(tree, "class/tee")]
    nodes = sorted((match[1], int(match[2]), match[0]) for match in found if match)
    asked = sysfs is None
    devices = (
        _read_device(tree, kernel, name, kind == "teepriv", asked) for kind, _, name in nodes
    )
    present = tuple(device for device in devices if device is not None)
    if "logging" in modules:
        log_debug(_LOGGER, "found %s", ", ".join(one.path for one in present) or "no TEE device")
    return present


def enumerate_bus_devices(
    backend: t.Backend | None = None, *, sysfs: str | os.PathLike[str] | None = None
) -> tuple[BusDevice, ...]:
    """List the Trusted Applications that are devices of the kernel, by name.

    Source: the kernel's Documentation/ABI/testing/sysfs-bus-optee-devices.

    For the arguments, what is returned and raised, and for threads see enumerate_devices().
    """
    with TranslatedFilesShortage("listing the devices of the TEE bus"):
        tree = _tree(resolve_backend(backend), sysfs)
        devices = [_read_bus_device(tree, name) for name in _names(tree, "bus/tee/devices")]
    return tuple(device for device in devices if device is not None)


def wait_for_device(
    timeout: float | None = None,
    *,
    device: str | os.PathLike[str] | None = None,
    backend: t.Backend | None = None,
) -> Device:
    """Wait until a TEE device is there for Context() to open.

    Devices can arrive late: with the module of their driver, or, where Linux loads OP-TEE
    itself (CONFIG_OPTEE_INSECURE_LOAD_IMAGE), with its image; and it takes a while until
    their nodes have the permissions that udev's rules say. On Linux this hears the
    messages of the kernel and of udev, and also looks twice a second.

    Args:
        timeout: in seconds; 0 only looks, None waits for ever.
        device: the path of the device, or "fake:" and a profile, as of Context(); None for
            any with the GlobalPlatform capability.
        backend: the kernel, as of Context(); Linux by default.

    Returns:
        The device.

    Raises:
        DeviceTimeoutError: a builtins.TimeoutError; it is not there, or the user may not
            open it. The remedy and the cause say which.
        ValueError: the device is no absolute path.
        ParameterTypeError, ParameterRangeError: the time-out is no number, or negative.
        For the others see enumerate_devices().

    Threads: may be called from any; others run meanwhile.
    """
    limit = to_timeout(timeout, "the timeout")
    with TranslatedFilesShortage(f"waiting for {device or 'a TEE device'}"):
        return _wait_for_device(limit, device, backend)


def _wait_for_device(
    limit: float | None, device: str | os.PathLike[str] | None, backend: t.Backend | None
) -> Device:
    path, kernel = (None, resolve_backend(backend)) if device is None else resolve(device, backend)
    end = None if limit is None else time.monotonic() + limit
    with closing(_monitor(kernel)) as monitor:
        while True:
            for found in _enumerate_devices(kernel, None):
                if _is_wanted(found, path):
                    return found
            log_debug(_LOGGER, "waiting for %s", path or "the first TEE device")
            left = _FOREVER if end is None else end - time.monotonic()
            if left <= 0:
                raise _timeout_error(kernel, path)
            monitor.wait(left)


def _is_wanted(device: Device, path: str | None) -> bool:
    if device.capabilities is None:
        return False
    if path is None:
        return GenericCapabilities.GP in device.capabilities
    return path == device.path


def _timeout_error(kernel: Kernel | None, path: str | None) -> TeecError:
    doing = f"waiting for {path or 'a TEE device'}"
    late = DeviceTimeoutError(doing, origin=Origin.API, errno=errno.ETIMEDOUT)
    try:
        open_native(path, kernel).finalize()
    except TeecError as error:
        late.remedy, late.__cause__ = error.remedy, error
    return late


def _tree(kernel: Kernel | None, sysfs: str | os.PathLike[str] | None) -> Tree:
    if sysfs is not None:
        return Folder(to_path_text(sysfs, "sysfs"))
    kernel = with_sysfs(kernel)
    return Folder() if kernel is None else _require_devices(kernel).sysfs


def _monitor(kernel: Kernel | None) -> Monitor:
    kernel = with_sysfs(kernel)
    if kernel is None:
        return LinuxMonitor()
    return _require_devices(kernel).monitor_devices()


def _require_devices(kernel: Kernel) -> KernelWithDevices:
    if not hasattr(kernel, "sysfs") or not hasattr(kernel, "monitor_devices"):
        raise ParameterTypeError(
            f"{type(kernel).__name__} has no sysfs: give it the attributes sysfs and"
            " monitor_devices, as pytee_client.fake.Kernel has"
        )
    return cast("KernelWithDevices", kernel)


def _names(tree: Tree, path: str) -> list[str]:
    try:
        return tree.names(path)
    except FileNotFoundError:
        return []


def _exists(tree: Tree, path: str) -> bool:
    parent, _, name = path.rpartition("/")
    return name in _names(tree, parent)


def _read_device(
    tree: Tree, kernel: Kernel | None, name: str, privileged: bool, asked: bool
) -> Device | None:
    """Read a device, or None if it is gone meanwhile."""
    folder = f"class/tee/{name}"
    attributes = Attributes(tree, folder)
    number = attributes.get("implementation_id")
    revision = attributes.get("revision")
    routing = attributes.get("rpmb_routing_model")
    if not _exists(tree, folder):
        return None
    path = f"/dev/{name}"
    capabilities = None
    if asked and not privileged:
        version = ask_version(path, kernel)
        capabilities = None if version is None else GenericCapabilities(version[2])
    return Device(
        name,
        path,
        known_implementation(_number(attributes, "implementation_id", number)),
        privileged,
        capabilities,
        None if revision is None else _revision(attributes, revision),
        None if routing is None else _routing(attributes, routing),
    )


def _read_bus_device(tree: Tree, name: str) -> BusDevice | None:
    """Read a device of the bus, or None if it is gone meanwhile."""
    with importing:
        from uuid import UUID

    folder = f"bus/tee/devices/{name}"
    attributes = Attributes(tree, folder)
    uevent = attributes.get("uevent") or ""
    # The file itself is empty: that it is there says it.
    needs_supplicant = _exists(tree, f"{folder}/need_supplicant")
    driver = attributes.link("driver")
    if not _exists(tree, folder):
        return None
    parts = [line.partition("=") for line in uevent.splitlines()]
    lines = {key: value for key, _, value in parts}
    modalias = lines.get("MODALIAS", "")
    match = _MODALIAS.fullmatch(modalias)
    if not match:
        raise attributes.error("uevent", "a line MODALIAS=tee: with a UUID", uevent)
    return BusDevice(name, UUID(match[1]), modalias, needs_supplicant, driver)


def _number(attributes: Attributes, name: str, text: str | None) -> int:
    if text is None or not re.fullmatch(r"\d{1,10}", text):
        raise attributes.error(name, "a number", text)
    return int(text)


def _revision(attributes: Attributes, text: str) -> Revision:
    match = _REVISION.fullmatch(text)
    if not match:
        raise attributes.error("revision", "a version such as 4.5", text)
    return Revision(int(match[1]), int(match[2]), int(match[3] or "0", 16))


def _routing(attributes: Attributes, text: str) -> RpmbRoutingModel:
    try:
        return RpmbRoutingModel(text)
    except ValueError:
        raise attributes.error("rpmb_routing_model", "kernel or user", text) from None
