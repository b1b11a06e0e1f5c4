# SPDX-License-Identifier: BSD-2-Clause
"""The part of sysfs that shows TEEs: /sys/class/tee, /sys/bus/tee and their targets."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, TypeAlias, final

from ..structures import TeeDevice
from .bus import Bus
from .client_driver import ClientDevice, ClientDriver
from .device_table import MAJOR, devpath_of, minor_of

__all__ = ["Sysfs"]


@dataclass(frozen=True, slots=True)
class _File:
    """An attribute.

    Attributes:
        text: its content; None if it can only be written.
        mode: its permissions.
        error: the errno when it is read, or 0.
    """

    text: str | None
    mode: int = 0o444
    error: int = 0


@dataclass(frozen=True, slots=True)
class _Link:
    target: str


_Node: TypeAlias = "_File | _Link | dict[str, _Node]"

_WRITE_ONLY: Final = _File(None, 0o200)
_MOST_LINKS: Final = 40
# The attributes of a device without power management.
_POWER: Final[dict[str, _File]] = {
    "async": _File("disabled\n", 0o644),
    "autosuspend_delay_ms": _File(None, 0o644, errno.EIO),
    "control": _File("auto\n", 0o644),
    "runtime_active_kids": _File("0\n"),
    "runtime_active_time": _File("0\n"),
    "runtime_enabled": _File("disabled\n"),
    "runtime_status": _File("unsupported\n"),
    "runtime_suspended_time": _File("0\n"),
    "runtime_usage": _File("0\n"),
}


@final
class Sysfs:
    """Show the devices of a kernel as files, always in their current state.

    Paths are relative to /sys, such as "class/tee/tee0/dev"; links are followed. Nothing can
    be written. Use Bus.bind(), Bus.unbind(), Kernel.bind() and Kernel.unbind() in place of the
    attributes of these names.

    Args:
        devices: returns the devices.
        bus: the bus.
        has_revision: whether devices have the attribute revision.
        has_modules: whether drivers of the bus link to their module, which has their name.

    Threads: may be used from any.
    """

    def __init__(
        self,
        devices: Callable[[], Iterable[TeeDevice]],
        bus: Bus,
        *,
        has_revision: bool,
        has_modules: bool,
    ) -> None:
        self._devices = devices
        self._bus = bus
        self._has_revision = has_revision
        self._has_modules = has_modules

    def names(self, path: str) -> list[str]:
        """Return the names in a directory, sorted (readdir).

        Raises:
            OSError: ENOENT, ENOTDIR.
        """
        node = self._find(path)
        if not isinstance(node, dict):
            raise _error(errno.ENOTDIR, path)
        return sorted(node)

    def read(self, path: str) -> bytes:
        """Return the content of an attribute.

        Raises:
            OSError: ENOENT, EISDIR; EACCES for an attribute that can only be written; EIO for
                one without a value.
        """
        node = self._find(path)
        if not isinstance(node, _File):
            raise _error(errno.EISDIR, path)
        if node.error:
            raise _error(node.error, path)
        if node.text is None:
            raise _error(errno.EACCES, path)
        return node.text.encode()

    def readlink(self, path: str) -> str:
        """Return the target of a link, relative to the directory of the link.

        Raises:
            OSError: ENOENT; EINVAL for what is not a link.
        """
        node = self._find(path, follow=False)
        if not isinstance(node, _Link):
            raise _error(errno.EINVAL, path)
        return node.target

    def mode(self, path: str) -> int:
        """Return the type and the permissions of a file (st_mode of lstat).

        Raises:
            OSError: ENOENT.
        """
        node = self._find(path, follow=False)
        if isinstance(node, _Link):
            return stat.S_IFLNK | 0o777
        return stat.S_IFREG | node.mode if isinstance(node, _File) else stat.S_IFDIR | 0o755

    def _find(self, path: str, *, follow: bool = True) -> _Node:
        root = self._tree()
        parts = [part for part in path.split("/") if part]
        here: list[str] = []
        for _ in range(_MOST_LINKS):
            node, link, rest = _walk(root, here, parts, follow)
            if node is None:
                raise _error(errno.ENOENT, path)
            if link is None:
                return node
            # The target is relative to the directory of the link.
            here, parts = link, [*_target(node), *rest]
        raise _error(errno.ELOOP, path)

    def _tree(self) -> dict[str, _Node]:
        root: dict[str, _Node] = {}
        classes = _directory(root, "class/tee")
        for device in self._devices():
            devpath = devpath_of(device)
            name = PurePath(devpath).name
            classes[name] = _Link(f"../..{devpath}")
            _directory(root, devpath).update(self._device(device, devpath))
        devices = self._bus.devices
        bus = _directory(root, "bus/tee")
        bus["drivers_autoprobe"] = _File("1\n", 0o644)
        bus["drivers_probe"] = bus["uevent"] = _WRITE_ONLY
        _directory(root, "bus/tee/devices").update(
            {device.name: _Link(f"../../..{device.devpath}") for device in devices}
        )
        drivers = _directory(root, "bus/tee/drivers")
        for driver in self._bus.drivers:
            nodes = drivers[driver.name] = _driver(driver, devices)
            if self._has_modules:
                # Linux has no hyphens in the names of modules.
                nodes["module"] = _Link(f"../../../../module/{driver.name.replace('-', '_')}")
        for client in devices:
            _directory(root, client.devpath).update(_client_device(client))
        return root

    def _device(self, device: TeeDevice, devpath: str) -> dict[str, _Node]:
        minor, name = minor_of(device), PurePath(devpath).name
        implementation, _, _ = device.driver.version(device)
        nodes: dict[str, _Node] = {
            "dev": _File(f"{MAJOR}:{minor}\n"),
            "implementation_id": _File(f"{implementation}\n"),
            "power": dict(_POWER),
            "subsystem": _Link("../" * devpath.count("/") + "class/tee"),
            "uevent": _File(f"MAJOR={MAJOR}\nMINOR={minor}\nDEVNAME={name}\n", 0o644),
        }
        for attribute, text in device.driver.attributes().items():
            if attribute != "revision" or self._has_revision:
                nodes[attribute] = _File(f"{text}\n")
        return nodes


def _client_device(device: ClientDevice) -> dict[str, _Node]:
    uevent = f"MODALIAS={device.modalias}\n"
    nodes: dict[str, _Node] = {"power": dict(_POWER), "subsystem": _Link("../../bus/tee")}
    # Read it once: the driver may go meanwhile.
    driver = device.driver
    if driver is not None:
        nodes["driver"] = _Link(f"../../bus/tee/drivers/{driver.name}")
        uevent = f"DRIVER={driver.name}\n{uevent}"
    if device.needs_supplicant:
        nodes["need_supplicant"] = _File("")
    nodes["uevent"] = _File(uevent, 0o644)
    return nodes


def _driver(driver: ClientDriver, devices: Collection[ClientDevice]) -> dict[str, _Node]:
    nodes: dict[str, _Node] = dict.fromkeys(("bind", "uevent", "unbind"), _WRITE_ONLY)
    for device in devices:
        if device.driver is driver:
            nodes[device.name] = _Link(f"../../../..{device.devpath}")
    return nodes


def _directory(root: dict[str, _Node], path: str) -> dict[str, _Node]:
    """Return a directory; make it if it is missing."""
    for name in path.strip("/").split("/"):
        node = root.setdefault(name, {})
        assert isinstance(node, dict)
        root = node
    return root


def _walk(
    root: dict[str, _Node], here: list[str], parts: list[str], follow: bool
) -> tuple[_Node | None, list[str] | None, list[str]]:
    """Follow a path to its end, or to a link that must be followed.

    Returns:
        The node, or None if there is none; the directory of the link, or None if it is no
        link to follow; and the rest of the path.
    """
    trail: list[tuple[str, _Node]] = []
    node: _Node = root
    for index, name in enumerate([*here, *parts]):
        if name == "..":
            if trail:
                trail.pop()
            node = trail[-1][1] if trail else root
            continue
        if not isinstance(node, dict) or name not in node:
            return None, None, []
        node = node[name]
        rest = [*here, *parts][index + 1 :]
        if isinstance(node, _Link) and (rest or follow):
            return node, [entry for entry, _ in trail], rest
        trail.append((name, node))
    return node, None, []


def _target(link: _Node) -> list[str]:
    assert isinstance(link, _Link)
    return link.target.split("/")


def _error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), f"/sys/{path}")
