# SPDX-License-Identifier: BSD-2-Clause
"""What each device can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._remedies import for_other_driver
from ...enums import GenericCapabilities
from .finding import Finding, State, remedy_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...devices import Device
    from ...errors import TeecError
    from .patient import Patient

__all__ = ["check_capabilities"]

_HAS: Final = {
    GenericCapabilities.REG_MEM: "shares the program's own memory (REG_MEM)",
    GenericCapabilities.MEMREF_NULL: "takes null memory references (MEMREF_NULL)",
}
_LACKS: Final = {
    GenericCapabilities.REG_MEM: "copies memory through a pool of its driver, which gives at most"
    " 4 MiB at once (no REG_MEM)",
    GenericCapabilities.MEMREF_NULL: "takes no null memory references (no MEMREF_NULL)",
}


def check_capabilities(patient: Patient) -> Iterator[Finding]:
    """Say what each device can do, in words, after opening it."""
    usable = any(_is_for_programs(device) for device in patient.devices)
    for device in patient.devices:
        if not patient.can_open(device):
            continue
        error = patient.opening_error(device)
        # A device that is no use to clients is refused, but has said what it is.
        if device.capabilities is None:
            yield _not_asked(device, error)
        elif not _is_for_programs(device):
            remedy = for_other_driver(device.implementation_id)
            yield Finding(
                "capabilities",
                State.INFO if usable else State.PROBLEM,
                f"{device.path} does not take the GlobalPlatform TEE Client API: {remedy}.",
                None if usable else "Use the interface of that TEE, or another device.",
            )
        else:
            yield Finding("capabilities", State.OK, f"{device.path} {_words(device)}.")


def _not_asked(device: Device, error: TeecError | None) -> Finding:
    if error is None:
        what = f"{device.path} was not asked what it can do."
        return Finding("capabilities", State.UNKNOWN, what)
    what = f"{device.path} can't be opened: {text_of(error)}."
    return Finding("capabilities", State.PROBLEM, what, remedy_of(error))


def _is_for_programs(device: Device) -> bool:
    return device.capabilities is not None and GenericCapabilities.GP in device.capabilities


def _words(device: Device) -> str:
    assert device.capabilities is not None
    said = ["takes the GlobalPlatform TEE Client API (GP)"]
    for one in _HAS:
        said.append(_HAS[one] if one in device.capabilities else _LACKS[one])
    return f"{', '.join(said[:-1])} and {said[-1]}"
