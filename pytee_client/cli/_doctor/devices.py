# SPDX-License-Identifier: BSD-2-Clause
"""Which TEE devices there are, and what drives them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..._remedies import for_missing_device, for_missing_driver
from ...devices import RpmbRoutingModel
from ...enums import ImplementationId
from ...errors import TeecError
from .containers import how_to_pass
from .finding import Finding, State, sentence
from .kernel_log import revision_in
from .patient import NAMES_OF_DRIVERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...devices import Device
    from .patient import Patient

__all__ = ["check_devices"]

_ROUTINGS: Final = {
    RpmbRoutingModel.KERNEL: "the kernel itself brings its data to the eMMC's RPMB",
    RpmbRoutingModel.USER: "the supplicant brings its data to the eMMC's RPMB, where there is one",
}


def check_devices(patient: Patient) -> Iterator[Finding]:
    """Name the devices, or say how to get one."""
    try:
        _ = patient.all_devices
    except (OSError, TeecError) as error:
        yield Finding(
            "devices",
            State.PROBLEM,
            f"The kernel's list of TEE devices can't be read: {error}",
            "See that sysfs is mounted in /sys.",
        )
    if not patient.devices:
        yield _missing(patient)
    for device in patient.devices:
        yield _present(patient, device)


def _present(patient: Patient, device: Device) -> Finding:
    machine = patient.machine
    if machine is not None and not machine.exists(device.path):
        kind = patient.container
        return Finding(
            "devices",
            State.PROBLEM,
            f"The kernel has {device.path}, but there is no such file here.",
            f"Mount devtmpfs in /dev, or start udev, which makes {device.path}."
            if kind is None
            else how_to_pass(kind, device.path, None),
        )
    number = device.implementation_id
    # What sysfs does not show it is not known by; its own answer may say it.
    name = NAMES_OF_DRIVERS.get(number) or f"of a driver that is not known here ({number})"
    said = [f"{device.path} is {name}"]
    revision = _revision(patient, device)
    if revision is not None:
        said[0] += f" {revision}"
    if device.rpmb_routing_model is not None:
        said.append(_ROUTINGS[device.rpmb_routing_model])
    return Finding("devices", State.OK, f"{'; '.join(said)}.")


def _revision(patient: Patient, device: Device) -> str | None:
    """Return what sysfs says from Linux 7.0 on, or else what the driver has told."""
    revision = device.revision
    if revision is not None:
        build = f" ({revision.build_id:016x})" if revision.build_id else ""
        return f"{revision.major}.{revision.minor}{build}"
    if device.implementation_id != ImplementationId.OPTEE:
        return None
    return revision_in(patient.messages)


def _missing(patient: Patient) -> Finding:
    if patient.path is not None and patient.is_privileged(patient.path):
        return Finding(
            "devices",
            State.PROBLEM,
            f"{patient.path} is the supplicant's device, and not for clients.",
            "Use /dev/tee0, or the like, for programs.",
        )
    if patient.path is not None:
        what = f"There is no {patient.path} for clients."
        try:
            others = [Path(one.path) for one in patient.all_devices if not one.is_privileged]
        except (OSError, TeecError):
            others = []
    else:
        what, others = "There is no TEE device for clients.", []
    expected = patient.expected
    if expected is not None and not others:
        remedy = for_missing_driver(expected.evidence, expected.modules, expected.is_loaded)
    else:
        is_linux = patient.machine is not None
        remedy = for_missing_device(patient.path, others, is_linux=is_linux)
    return Finding("devices", State.PROBLEM, what, sentence(remedy))
