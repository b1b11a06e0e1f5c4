# SPDX-License-Identifier: BSD-2-Clause
"""Installing Trusted Applications in the TEEs of a kernel, for good or for a while."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from ..._logging import log_debug
from ..drivers.application_driver import ApplicationDriver
from ..secure_world.trusted_application import TrustedApplication
from ..structures import Driver

__all__ = ["applications_of", "install", "install_missing", "put_back"]

_Applications: TypeAlias = tuple[type[TrustedApplication], ...]


def _takers_among(drivers: Iterable[Driver]) -> list[ApplicationDriver]:
    """Return the drivers whose TEEs run Trusted Applications; TypeError if there are none."""
    takers = [driver for driver in drivers if isinstance(driver, ApplicationDriver)]
    if not takers:
        raise TypeError(
            "this kernel has no Trusted Applications: make it with an OP-TEE or AMD-TEE, such"
            ' as fake.Kernel("optee")'
        )
    return takers


def install(
    drivers: Iterable[Driver], applications: Iterable[type[TrustedApplication]]
) -> list[ApplicationDriver]:
    """Install applications in each TEE that runs some, and return the drivers of these.

    Raises:
        TypeError: no TEE runs Trusted Applications; or what is given is none.
    """
    takers = _takers_among(drivers)
    for driver in takers:
        for application in applications:
            driver.install(application)
            log_debug("fake", "installed %s", application.uuid)
    return takers


def install_missing(driver: Driver, applications: Iterable[type[TrustedApplication]]) -> None:
    """Install applications, but for those that the driver has been given."""
    if isinstance(driver, ApplicationDriver):
        for application in applications:
            if not driver.world.is_installed(application.uuid):
                driver.install(application)


def applications_of(drivers: Iterable[Driver]) -> Mapping[ApplicationDriver, _Applications]:
    """Return what is installed, by driver; TypeError if no TEE runs Trusted Applications."""
    return {driver: driver.world.applications() for driver in _takers_among(drivers)}


def put_back(
    before: Mapping[ApplicationDriver, _Applications],
    applications: Iterable[type[TrustedApplication]],
) -> None:
    """Remove applications that were installed meanwhile, and install what they replaced."""
    for driver, its in before.items():
        for application in applications:
            driver.uninstall(application)
            for replaced in its:
                if replaced.uuid == application.uuid:
                    driver.install(replaced)
