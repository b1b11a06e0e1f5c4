# SPDX-License-Identifier: BSD-2-Clause
"""The verb devices: the TEE devices of the machine."""

from __future__ import annotations

import argparse
import os
from typing import Any, Final

from ..context import Context
from ..devices import Device, Revision, enumerate_devices, wait_for_device
from ..enums import GenericCapabilities, ImplementationId
from ..errors import TeecError
from ._answer import Answer, Status
from ._errors import InputError
from ._progress import Elapsed
from ._tee import Tee, add_tee, tee_of
from ._types import to_seconds

__all__ = ["ABOUT", "EXAMPLES", "add_arguments", "run"]

ABOUT: Final = (
    "List the TEE devices of the machine: which driver is behind each, what it can do, and\n"
    "whether this user may open it. To tell, a device for clients is opened, and closed. If there\n"
    "is none, the exit status is 3."
)
EXAMPLES: Final = (
    "devices",
    "devices --json",
    "devices --wait 10",
    "devices --tee fake:optee",
)
_DRIVERS: Final = {
    ImplementationId.OPTEE: "OP-TEE",
    ImplementationId.AMDTEE: "AMD-TEE",
    ImplementationId.TSTEE: "Trusted Services",
    ImplementationId.QTEE: "Qualcomm TEE",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        "--wait",
        type=to_seconds,
        metavar="SECONDS",
        help="wait until there is a device that this user may open, but no longer than this",
    )
    add_tee(parser)


def run(arguments: argparse.Namespace) -> Answer:
    """List them."""
    tee = tee_of(arguments)
    failure = None
    if arguments.wait is not None:
        try:
            with Elapsed("waiting for a device"):
                wait_for_device(arguments.wait, device=tee.device, backend=tee.backend)
        except TeecError as error:
            failure = error
    try:
        found = enumerate_devices(tee.backend)
    except OSError as error:
        if isinstance(error, TeecError):
            raise
        raise InputError(f"sysfs can't be read: {error.strerror or error}") from None
    devices = [_data(one, tee) for one in found if tee.device in (None, one.path)]
    if failure is None and not any(one["for"] == "clients" for one in devices):
        failure = _reason(tee, tee.device)
        if failure is not None:
            told = f"{failure.remedy}; " if failure.remedy else ""
            failure.remedy = f"{told}pytee doctor looks for the reason"
    text = "\n".join(_text(one) for one in devices)
    status = Status.OK if failure is None else Status.NO_TEE
    return Answer({"devices": devices}, text, status, failure)


def _reason(tee: Tee, path: str | None) -> TeecError | None:
    """Return why a device can't be opened; None if it can be by now."""
    try:
        Context(path, backend=tee.backend or "linux").close()
    except TeecError as error:
        return error
    return None


def _data(device: Device, tee: Tee) -> dict[str, Any]:
    capabilities = device.capabilities
    reason = None
    may_open: bool | None = capabilities is not None
    if device.is_privileged:
        # Only a look: its supplicant has it, or it waits for one.
        is_linux = tee.backend in (None, "linux")
        may_open = os.access(device.path, os.R_OK | os.W_OK) if is_linux else None
    elif not may_open:
        error = _reason(tee, device.path)
        reason = None if error is None else error.remedy
    routing = device.rpmb_routing_model
    return {
        "path": device.path,
        "driver": _DRIVERS.get(device.implementation_id, f"driver {device.implementation_id}"),  # type: ignore[call-overload]
        "implementation_id": int(device.implementation_id),
        "for": "the supplicant" if device.is_privileged else "clients",
        "may_open": may_open,
        "reason": reason,
        "capabilities": None if capabilities is None else _names(capabilities),
        **_revision(device.revision),
        "rpmb": None if routing is None else routing.value,
    }


def _names(capabilities: GenericCapabilities) -> list[str]:
    """Return the names of capabilities; one that has none is its number."""
    left, names = int(capabilities), []
    for one in GenericCapabilities:
        if left & one:
            names.append(str(one.name))
            left &= ~one
    return [*names, hex(left)] if left else names


def _revision(revision: Revision | None) -> dict[str, str | None]:
    if revision is None:
        return {"revision": None, "build_id": None}
    build_id = f"{revision.build_id:08x}" if revision.build_id else None
    return {"revision": f"{revision.major}.{revision.minor}", "build_id": build_id}


def _text(data: dict[str, Any]) -> str:
    """Return a device as a few lines."""
    may_open = {True: "yes", False: "no", None: "unknown"}[data["may_open"]]
    if data["reason"]:
        may_open += f": {data['reason']}"
    lines = [data["path"], f"  driver        {data['driver']}", f"  for           {data['for']}"]
    if data["revision"] is not None:
        built = f" ({data['build_id']})" if data["build_id"] else ""
        lines.append(f"  revision      {data['revision']}{built}")
    lines.append(f"  may be opened {may_open}")
    if data["capabilities"] is not None:
        lines.append(f"  can           {', '.join(data['capabilities']) or 'nothing special'}")
    if data["rpmb"] is not None:
        served = {"user": "the supplicant", "kernel": "the kernel"}[data["rpmb"]]
        lines.append(f"  RPMB through  {served}")
    return "".join(f"{line}\n" for line in lines)
