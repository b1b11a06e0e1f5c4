# SPDX-License-Identifier: BSD-2-Clause
"""Whether the machine's device tree, or a bus, speaks of a TEE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .finding import Finding, State, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .machine import Machine
    from .patient import Patient

__all__ = ["TreeNode", "check_firmware", "nodes_of"]

_TREES: Final = ("/sys/firmware/devicetree/base", "/proc/device-tree")
_COMPATIBLE: Final = "linaro,optee-tz"
_METHODS: Final = ("smc", "hvc")


class TreeNode(NamedTuple):
    """A node of the device tree that is OP-TEE's.

    Attributes:
        path: where it is.
        status: "okay", also where it has none.
        method: how Linux calls OP-TEE, "smc" or "hvc".
    """

    path: str
    status: str
    method: str | None


def _tree_of(machine: Machine) -> str | None:
    return next((tree for tree in _TREES if machine.names(tree)), None)


def nodes_of(machine: Machine) -> list[TreeNode]:
    """Return the nodes of OP-TEE, also one that is disabled."""
    tree = _tree_of(machine)
    found = []
    for folder in ("/firmware", "") if tree is not None else ():
        for name in machine.names(f"{tree}{folder}"):
            path = f"{folder}/{name}"
            compatible = machine.text(f"{tree}{path}/compatible") or ""
            if _COMPATIBLE in compatible.split("\0"):
                status = machine.text(f"{tree}{path}/status") or "okay"
                found.append(TreeNode(path, status, machine.text(f"{tree}{path}/method")))
    return found


def check_firmware(patient: Patient) -> Iterator[Finding]:
    """Say what speaks of a TEE."""
    machine = patient.machine
    if machine is None:
        return
    nodes = nodes_of(machine)
    for node in nodes:
        yield _of_node(patient, node)
    expected = patient.expected
    if expected is not None and not nodes:
        yield Finding("firmware", State.OK, sentence(expected.evidence))
    elif not nodes and patient.devices:
        yield Finding(
            "firmware",
            State.INFO,
            "Neither the device tree nor a bus speaks of a TEE, but there is a device.",
        )
    elif not nodes:
        yield Finding(
            "firmware",
            State.INFO,
            "The device tree has no node of a TEE, and no bus has one."
            if _tree_of(machine)
            else "This machine has no device tree, and no bus has a TEE.",
            "If its firmware has OP-TEE, have that add its node to the device tree"
            " (CFG_DT), or add /firmware/optee yourself; an AMD Secure Processor shows on the PCI"
            " bus.",
        )


def _of_node(patient: Patient, node: TreeNode) -> Finding:
    if node.status not in ("okay", "ok"):
        return Finding(
            "firmware",
            State.WARNING if patient.devices else State.PROBLEM,
            f"The device tree has {node.path}, but with the status {node.status!r}: Linux leaves"
            " it alone.",
            'Set its status to "okay", in the device tree of the board or by an overlay.',
        )
    if node.method not in _METHODS:
        said = "no method" if node.method is None else f"the method {node.method!r}"
        return Finding(
            "firmware",
            State.WARNING if patient.devices else State.PROBLEM,
            f"The device tree has {node.path}, but with {said}: Linux can't call OP-TEE.",
            'Give it the property method = "smc", or "hvc" under a hypervisor.',
        )
    return Finding(
        "firmware",
        State.OK,
        f"The device tree has {node.path}, with the status {node.status!r} and the method"
        f" {node.method!r}.",
    )
