# SPDX-License-Identifier: BSD-2-Clause
"""Remedies for sessions: for those that can't be opened, and for commands that fail."""

from __future__ import annotations

import errno

from ._failed_system_calls import for_errno
from ._firmware import amdtee_firmware
from ._remedies import for_refused_login
from .enums import ImplementationId, Origin, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final
    from uuid import UUID

    from ._teec_error import TeecError
    from .version import Version

__all__ = ["for_invoking", "for_opening"]

# With one Trusted Application, in one context.
_SESSIONS_OF_AMDTEE: Final = 32


def for_opening(
    error: TeecError, version: Version, destination: UUID, login: int, sessions: int
) -> str | None:
    """Return what may help if a session can't be opened.

    Args:
        error: why. There is no remedy for errors of the Trusted Application itself.
        version: which TEE it is.
        destination: the Trusted Application.
        login: who the client said it is.
        sessions: how many sessions the context has with this Trusted Application.
    """
    if error.origin == Origin.TRUSTED_APP:
        return None
    return _for_opening(error, version, destination, login, sessions) or for_errno(
        error.errno, running="the opening"
    )


def for_invoking(error: TeecError, implementation: int, is_fake: bool) -> str | None:
    """Return what may help if a command fails before or behind the Trusted Application.

    Args:
        error: why. There is no remedy for errors of the Trusted Application itself.
        implementation: the driver.
        is_fake: whether it is that of a kernel in Python.
    """
    if error.origin == Origin.TRUSTED_APP:
        return None
    if error.origin != Origin.TEE:
        return for_errno(error.errno, running="the command")
    if error.code == Result.OUT_OF_MEMORY:
        return (
            "the TEE has no room for what the command needs: send less at a time, close sessions,"
            " or give the TEE more secure memory"
        )
    if implementation == ImplementationId.OPTEE and error.code in _OF_OPTEE_RUNNING:
        return _OF_OPTEE_RUNNING[error.code](is_fake)
    return None


def _for_opening(
    error: TeecError, version: Version, destination: UUID, login: int, sessions: int
) -> str | None:
    if error.errno in (errno.EPERM, errno.EINVAL):
        return for_refused_login(login, error.errno, version.implementation_id)
    is_fake = version.backend != "linux"
    if version.implementation_id == ImplementationId.AMDTEE:
        remedy = _for_opening_of_amdtee(error, is_fake, destination, sessions)
        if remedy is not None:
            return remedy
    if error.origin != Origin.TEE:
        return None
    if version.implementation_id == ImplementationId.OPTEE:
        if error.code in _OF_OPTEE:
            return _OF_OPTEE[error.code](is_fake, destination)
        if error.code in _OF_OPTEE_RUNNING:
            return _OF_OPTEE_RUNNING[error.code](is_fake)
    if error.code == Result.ITEM_NOT_FOUND:
        return _how_to_install(is_fake)
    return _OF_ANY.get(error.code)


def _how_to_install(is_fake: bool) -> str:
    if is_fake:
        return "install it in the fake kernel: kernel.install(YourTrustedApplication)"
    return "check that the Trusted Application is installed for this device"


def _how_to_install_for_optee(is_fake: bool, destination: UUID) -> str:
    if is_fake:
        return _how_to_install(is_fake)
    return (
        f"install it: {destination}.ta must lie in /lib/optee_armtz (or where tee-supplicant"
        " looks) and be signed for this device"
    )


def _how_to_serve(is_fake: bool) -> str:
    if is_fake:
        return (
            "if it needs a supplicant, have a supplicant.Supplicant(kernel, ...) while it is used"
        )
    return (
        "OP-TEE may have had no answer from its supplicant: check that tee-supplicant runs, and"
        " keeps running"
    )


def _how_to_fit(is_fake: bool, destination: UUID) -> str:
    # OP-TEE gets the memory for requests to its supplicant from the supplicant.
    if is_fake:
        served = "that there is a supplicant.Supplicant(kernel, ...) as long as it is used"
    else:
        served = "that tee-supplicant runs, and keeps running"
    return (
        "the Trusted Application does not fit into the secure memory that is free: make its"
        " TA_DATA_SIZE (heap) or TA_STACK_SIZE smaller, close sessions with others, or give"
        f" OP-TEE more secure memory; if it does fit, check that {destination}.ta is not empty,"
        f" and {served}"
    )


def _how_to_sign(is_fake: bool, destination: UUID) -> str:
    if is_fake:
        return (
            f"{destination}.ta is damaged, or no image of this Trusted Application: write what"
            " fake.secure_world.application_image() returns in this process"
        )
    return (
        f"{destination}.ta is not signed with a key that this OP-TEE trusts, as if it were for"
        " another TEE, or is damaged, or is another application's: sign it with the key of this"
        " OP-TEE's build (TA_SIGN_KEY), and install it anew; with a subkey, also check that its"
        " version is not older than one that was used before (OP-TEE allows no rollback)"
    )


def _how_to_update(is_fake: bool, destination: UUID) -> str:
    return (
        f"OP-TEE may have loaded a newer version of {destination}.ta before, and loads none that"
        " is older (no rollback): install that version, or a newer one"
    )


def _how_to_build(is_fake: bool, destination: UUID) -> str:
    return (
        f"{destination}.ta is signed, but is no Trusted Application for this OP-TEE: build it"
        " with the kit (TA_DEV_KIT_DIR) of this OP-TEE, for its architecture"
    )


def _how_to_find_out(is_fake: bool, destination: UUID) -> str:
    if is_fake:
        return "the supplicant may have failed: look at what its file system raises"
    return (
        "OP-TEE may know no more than that its supplicant failed: check that tee-supplicant can"
        " read and write all in its folder (/var/lib/tee); the secure world's log says more"
    )


def _how_to_reach_the_storage(is_fake: bool) -> str:
    if is_fake:
        return "give the supplicant a storage: supplicant.Supplicant(kernel, storage=folder)"
    return (
        "OP-TEE can't reach its secure storage: check that tee-supplicant runs and can write to"
        " its folder (/var/lib/tee), or, if it is in an RPMB, that its key is written"
    )


def _how_to_repair_the_storage(is_fake: bool) -> str:
    place = "the storage of the Supplicant" if is_fake else "tee-supplicant's /var/lib/tee"
    return (
        f"OP-TEE's secure storage is damaged, or another device's: restore {place}, or remove"
        " what is there, which loses all that Trusted Applications keep in it"
    )


# What the TEE can say as well while it runs a command.
_OF_OPTEE_RUNNING: Final[dict[int, Callable[[bool], str]]] = {
    Result.COMMUNICATION: _how_to_serve,
    Result.STORAGE_NOT_AVAILABLE: _how_to_reach_the_storage,
    Result.STORAGE_NOT_AVAILABLE_2: _how_to_reach_the_storage,
    Result.CORRUPT_OBJECT: _how_to_repair_the_storage,
    Result.CORRUPT_OBJECT_2: _how_to_repair_the_storage,
}
_OF_OPTEE: Final[dict[int, Callable[[bool, UUID], str]]] = {
    Result.ITEM_NOT_FOUND: _how_to_install_for_optee,
    Result.OUT_OF_MEMORY: _how_to_fit,
    Result.SECURITY: _how_to_sign,
    Result.ACCESS_CONFLICT: _how_to_update,
    Result.BAD_FORMAT: _how_to_build,
    Result.GENERIC: _how_to_find_out,
}
# Of a TEE that is not known.
_OF_ANY: Final[dict[int, str]] = {
    Result.OUT_OF_MEMORY: (
        "the Trusted Application does not fit into the memory that the TEE has left: make it"
        " smaller, or close sessions with others"
    ),
    Result.SECURITY: (
        "the TEE does not trust the Trusted Application: check that it is signed for this device,"
        " and not older than what was installed before"
    ),
}


def _for_opening_of_amdtee(
    error: TeecError, is_fake: bool, destination: UUID, sessions: int
) -> str | None:
    """Return what helps on AMD-TEE, whose driver leaves the origin of a refused file unset."""
    if error.errno == errno.ENOMEM and sessions >= _SESSIONS_OF_AMDTEE:
        return (
            f"the context has {sessions} sessions with it, and AMD-TEE takes {_SESSIONS_OF_AMDTEE}:"
            " close one, or open another context"
        )
    name = amdtee_firmware(destination)
    place = f"/lib/firmware/{name}"
    if is_fake:
        place = f"{name} of the fake's folder for firmware, if it has one, and installed"
    if error.errno == errno.ENOMEM:
        return (
            f"AMD-TEE says so if there is no such Trusted Application, which must be {place};"
            " or if the context has 32 sessions with it, as many as it takes"
        )
    if error.code == Result.SECURITY:
        return (
            "AMD-TEE refuses the file of the Trusted Application, which must be signed for"
            f" this processor, and be {place}"
        )
    return None
