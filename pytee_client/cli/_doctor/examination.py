# SPDX-License-Identifier: BSD-2-Clause
"""All checks, one after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ...errors import TeecError
from .._printable import printable
from .applications import check_applications
from .call import check_call
from .capabilities import check_capabilities
from .configuration import check_configuration
from .container import check_container
from .devices import check_devices
from .finding import Finding, State
from .firmware import check_firmware
from .messages import check_messages
from .modules import check_modules
from .package import check_package
from .permissions import check_permissions
from .security import check_security
from .supplicant import check_supplicant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .patient import Patient

__all__ = ["CHECKS", "examine"]

CHECKS: Final[dict[str, Callable[[Patient], Iterator[Finding]]]] = {
    "package": check_package,
    "devices": check_devices,
    "permissions": check_permissions,
    "capabilities": check_capabilities,
    "supplicant": check_supplicant,
    "applications": check_applications,
    "firmware": check_firmware,
    "modules": check_modules,
    "configuration": check_configuration,
    "messages": check_messages,
    "container": check_container,
    "security": check_security,
    "call": check_call,
}
"""By what they look at, in the order in which they are told."""

_OF_MACHINES: Final = frozenset(
    {
        "permissions",
        "applications",
        "firmware",
        "modules",
        "configuration",
        "messages",
        "container",
        "security",
    }
)


def examine(patient: Patient, begin: Callable[[str], object] = str) -> list[Finding]:
    """Make all checks, and return what they found.

    Args:
        patient: what is examined.
        begin: called with the name of each check before it is made.
    """
    found: list[Finding] = []
    for name, check in CHECKS.items():
        begin(name)
        if patient.machine is None and name in _OF_MACHINES:
            what = "This does not apply to a kernel in Python."
            found.append(Finding(name, State.INFO, what))
            continue
        try:
            found.extend(check(patient))
        except (OSError, TeecError) as error:
            what = f"This could not be looked at: {' '.join(str(error).split())}"
            found.append(Finding(name, State.UNKNOWN, what))
    return [_printable(one) for one in found]


def _printable(finding: Finding) -> Finding:
    remedy = None if finding.remedy is None else printable(finding.remedy)
    return replace(finding, what=printable(finding.what), remedy=remedy)
