# SPDX-License-Identifier: BSD-2-Clause
"""The TEEs that have a name, such as "optee@7.2", and what is bundled with a TEE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .._checks import to_instance
from .._process import importing
from .drivers.amdtee import AmdTee
from .drivers.application_driver import ApplicationDriver
from .drivers.optee.driver import Optee
from .drivers.optee.supplicant_use import SupplicantUse
from .kernel.release import LinuxRelease
from .secure_world.trusted_application import TrustedApplication
from .structures import Driver

__all__ = ["DEFAULT_PROFILE", "bundled_with", "parse_profile", "tees_of"]

DEFAULT_PROFILE: Final = "optee"


def _new_qtee() -> Driver:
    with importing:
        from .applications.qtee_services import QTEE_SERVICES
        from .drivers.qtee.driver import Qtee

    return Qtee(QTEE_SERVICES)


def _new_tstee() -> Driver:
    with importing:
        from .applications.trusted_services import ECHO_PARTITION
        from .drivers.tstee import TsTee

    return TsTee(ECHO_PARTITION)


_PROFILES: Final[dict[str, Callable[[], Driver]]] = {
    DEFAULT_PROFILE: Optee,
    "optee-no-reg-mem": lambda: Optee(reg_mem=False),
    "amdtee": AmdTee,
    "tstee": _new_tstee,
    "qtee": _new_qtee,
    "optee-4.10": lambda: Optee(revision="4.10"),
}


def parse_profile(profile: str) -> tuple[str, LinuxRelease | None]:
    """Return the TEE that a profile names, and the release of Linux if it names one.

    Raises:
        ValueError: no such TEE or release is known.
    """
    to_instance(profile, str, "the profile", 'such as "optee"')
    name, _, version = profile.partition("@")
    if name not in _PROFILES:
        raise ValueError(
            f"there is no fake TEE {profile!r}; there are {', '.join(_PROFILES)}, each with"
            " @ and a release of Linux, such as @7.2, if you want another than the newest known"
            f" {LinuxRelease.default().series}"
        )
    return name, LinuxRelease.named(version) if version else None


def tees_of(
    tees: tuple[str | Driver, ...], release: LinuxRelease | str | None
) -> tuple[tuple[Driver, ...], LinuxRelease]:
    """Return the drivers that the arguments of a Kernel stand for, and the release of Linux.

    Raises:
        TypeError: an argument is neither a name nor a driver.
        ValueError: a name or a release is unknown, or two different releases are named.
    """
    drivers: list[Driver] = []
    named: dict[str, LinuxRelease] = {}
    for tee in tees or (DEFAULT_PROFILE,):
        if isinstance(tee, str):
            name, its_release = parse_profile(tee)
            drivers.append(_PROFILES[name]())
            if its_release is not None:
                named[f"the TEE {tee!r}"] = its_release
        elif isinstance(tee, Driver):
            drivers.append(tee)
        else:
            raise _no_tee(tee)
    if release is not None:
        if not isinstance(release, LinuxRelease):
            release = LinuxRelease.named(release)
        named["the argument release"] = release
    if len(set(named.values())) > 1:
        raise ValueError(
            "a kernel is of one release of Linux: "
            + ", ".join(f"{who} names {one.version}" for who, one in named.items())
        )
    return tuple(drivers), next(iter(named.values()), LinuxRelease.default())


def _no_tee(given: Any) -> TypeError:
    known = f"one of {', '.join(map(repr, _PROFILES))}, or a driver such as fake.Optee()"
    if isinstance(given, type) and issubclass(given, TrustedApplication):
        known += f"; give applications as applications=[{given.__name__}]"
    elif isinstance(given, type) and issubclass(given, Driver):
        known += f"; give an object, {given.__name__}(), and not the class"
    return TypeError(f"a TEE is {known}; not {given!r}")


def bundled_with(driver: Driver) -> tuple[type[TrustedApplication], ...]:
    """Return the applications that a TEE has from the start.

    The pseudo applications are part of OP-TEE. The examples are those of its release; they are
    files that a supplicant loads, if it has one.
    """
    with importing:
        from .applications import BUNDLED, Conformance, examples_of, pseudo_applications_of

    if not isinstance(driver, Optee):
        return BUNDLED if isinstance(driver, ApplicationDriver) else ()
    own = pseudo_applications_of(driver.revision)
    if driver.supplicant is not SupplicantUse.NONE:
        return own
    return (*examples_of(driver.revision), Conformance, *own)
