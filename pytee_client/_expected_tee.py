# SPDX-License-Identifier: BSD-2-Clause
"""Which TEE a machine should have by its device tree and its buses, though it has no device."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .kernels.sysfs import Tree

__all__ = ["ExpectedTee", "find_expected_tee"]

_DEVICE_TREE: Final = "firmware/devicetree/base"
_PCI: Final = "bus/pci/devices"
_PLATFORM: Final = "bus/platform/devices"
_FFA: Final = "bus/arm_ffa/devices"

_AMD: Final = 0x1022
# The AMD Secure Processors for which Linux's driver ccp knows the registers of a TEE.
_SECURE_PROCESSORS: Final = frozenset(
    {0x1134, 0x14CA, 0x156E, 0x15C7, 0x15DF, 0x1649, 0x17D8, 0x17E0}
)
# OP-TEE, and the Trusted Services of TS-TEE, as partitions of Arm's Firmware Framework.
_PARTITIONS: Final = {
    "486178e0-e7f8-11e3-bc5e-0002a5d5c51b": "optee",
    "bdcd76d7-825e-4751-963b-86d4f84943ac": "arm-tstee",
}
_COMPATIBLE: Final = re.compile(r"(?:(linaro,optee-tz)|(qcom,scm(?:-.*)?))")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class ExpectedTee:
    """A TEE that a machine should have.

    Attributes:
        evidence: what says so.
        modules: the modules of Linux that make its device, in order.
        is_loaded: whether the last of them is there.
    """

    evidence: str
    modules: tuple[str, ...]
    is_loaded: bool


def find_expected_tee(tree: Tree) -> ExpectedTee | None:
    """Return the TEE that a machine should have by its sysfs; None if nothing says so."""
    for search in (_in_device_tree, _on_platform_bus, _among_partitions, _on_pci):
        for evidence, modules in search(tree):
            driver = modules[-1]
            is_loaded = driver.replace("-", "_") in _names(tree, "module") or (
                driver in _names(tree, "bus/platform/drivers")
            )
            return ExpectedTee(evidence, modules, is_loaded)
    return None


def _in_device_tree(tree: Tree) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Look where Linux makes devices of nodes: below the root, and in /firmware."""
    for folder in ("/firmware", ""):
        for name in _names(tree, _DEVICE_TREE + folder):
            node = f"{folder}/{name}"
            modules = _of_compatible(_strings(tree, f"{_DEVICE_TREE}{node}/compatible"))
            if modules and _strings(tree, f"{_DEVICE_TREE}{node}/status") in ([], ["okay"], ["ok"]):
                yield f"the device tree has {node}", modules


def _on_platform_bus(tree: Tree) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Look for the devices that Linux made of such nodes. A container may hide the nodes."""
    for name in _names(tree, _PLATFORM):
        if name.partition(".")[0] == "qcomtee":
            yield f"Linux found Qualcomm's TEE ({name})", ("qcomtee",)
        elif name.startswith("firmware:"):
            lines = _read(tree, f"{_PLATFORM}/{name}/uevent").splitlines()
            pairs = (line.partition("=") for line in lines)
            found = [text for key, _, text in pairs if key.startswith("OF_COMPATIBLE_")]
            modules = _of_compatible(found)
            if modules:
                yield f"Linux has the platform device {name}", modules


def _among_partitions(tree: Tree) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in _names(tree, _FFA):
        folder = f"{_FFA}/{name}"
        text = _read(tree, f"{folder}/uuid") or _read(tree, f"{folder}/modalias")
        match = _UUID.search(text.lower())
        module = _PARTITIONS.get(match[0]) if match else None
        if module is not None:
            yield f"the secure world has a partition for it ({name})", (module,)


def _on_pci(tree: Tree) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in _names(tree, _PCI):
        if _number(tree, f"{_PCI}/{name}/vendor") != _AMD:
            continue
        if _number(tree, f"{_PCI}/{name}/device") in _SECURE_PROCESSORS:
            evidence = f"the machine has an AMD Secure Processor (PCI {name})"
            yield evidence, ("ccp", "amdtee")


def _of_compatible(names: list[str]) -> tuple[str, ...] | None:
    for name in names:
        match = _COMPATIBLE.fullmatch(name)
        if match:
            return ("optee",) if match[1] else ("qcomtee",)
    return None


def _names(tree: Tree, path: str) -> list[str]:
    try:
        return tree.names(path)
    except OSError:
        return []


def _read(tree: Tree, path: str) -> str:
    try:
        return tree.read(path).decode("ascii", "replace")
    except OSError:
        return ""


def _strings(tree: Tree, path: str) -> list[str]:
    """Return the strings of a property of a device tree; each ends with a zero."""
    return [text for text in _read(tree, path).rstrip("\n").split("\0") if text]


def _number(tree: Tree, path: str) -> int:
    try:
        return int(_read(tree, path), 16)
    except ValueError:
        return 0
