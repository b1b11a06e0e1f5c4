# SPDX-License-Identifier: BSD-2-Clause
"""What may help against errors, by their code and origin."""

from __future__ import annotations

import errno

from ._firmware import amdtee_firmware
from .enums import ImplementationId, Origin, Result
from .identity import remedy_for_login

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final
    from uuid import UUID

    from ._teec_error import TeecError
    from .context import Version

__all__ = ["for_descriptor", "for_memory", "for_opening"]


def for_opening(error: TeecError, version: Version, destination: UUID, login: int) -> str | None:
    """Say what may help against a session that can't be opened.

    Args:
        error: why. Nothing is said of what the Trusted Application says itself.
        version: which TEE it is.
        destination: the Trusted Application.
        login: who the client said it is.
    """
    if error.origin == Origin.TRUSTED_APP:
        return None
    if error.errno in (errno.EPERM, errno.EINVAL):
        return remedy_for_login(login, error.errno, version.implementation_id)
    is_fake = version.backend != "linux"
    if version.implementation_id == ImplementationId.AMDTEE:
        remedy = _for_opening_of_amdtee(error, is_fake, destination)
        if remedy is not None:
            return remedy
    if error.origin != Origin.TEE:
        return None
    if version.implementation_id == ImplementationId.OPTEE and error.code in _OF_OPTEE:
        return _OF_OPTEE[error.code](is_fake, destination)
    if error.code == Result.ITEM_NOT_FOUND:
        return _how_to_install(is_fake)
    return None


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


def _how_to_serve(is_fake: bool, destination: UUID) -> str:
    if is_fake:
        return (
            "if it needs a supplicant, have a supplicant.Supplicant(kernel, ...) while it is used"
        )
    return (
        "OP-TEE may have had no answer from its supplicant: check that tee-supplicant runs, and"
        " goes on running"
    )


def _how_to_fit(is_fake: bool, destination: UUID) -> str:
    # OP-TEE's memory for what it asks of its supplicant is the supplicant's.
    if is_fake:
        served = "that there is a supplicant.Supplicant(kernel, ...) as long as it is used"
    else:
        served = "that tee-supplicant runs, and goes on running"
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
        f"{destination}.ta is not signed with a key that this OP-TEE trusts, or is damaged, or is"
        " another application's: sign it with the key of this OP-TEE's build (TA_SIGN_KEY), and"
        " install it anew; with a subkey, also check that its version is not older than one that"
        " was used before"
    )


def _how_to_update(is_fake: bool, destination: UUID) -> str:
    return (
        f"OP-TEE may have loaded a newer version of {destination}.ta before, and loads none that"
        " is older: install that version, or a newer one"
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


def _how_to_reach_the_storage(is_fake: bool, destination: UUID) -> str:
    if is_fake:
        return "give the supplicant a storage: supplicant.Supplicant(kernel, storage=folder)"
    return (
        "OP-TEE can't reach its secure storage: check that tee-supplicant runs and can write to"
        " its folder (/var/lib/tee), or, if it is in an RPMB, that its key is written"
    )


def _how_to_repair_the_storage(is_fake: bool, destination: UUID) -> str:
    place = "the storage of the Supplicant" if is_fake else "tee-supplicant's /var/lib/tee"
    return (
        f"OP-TEE's secure storage is damaged, or another device's: restore {place}, or remove"
        " what is there, which loses all that Trusted Applications keep in it"
    )


_OF_OPTEE: Final[dict[int, Callable[[bool, UUID], str]]] = {
    Result.ITEM_NOT_FOUND: _how_to_install_for_optee,
    Result.COMMUNICATION: _how_to_serve,
    Result.OUT_OF_MEMORY: _how_to_fit,
    Result.SECURITY: _how_to_sign,
    Result.ACCESS_CONFLICT: _how_to_update,
    Result.BAD_FORMAT: _how_to_build,
    Result.GENERIC: _how_to_find_out,
    Result.STORAGE_NOT_AVAILABLE: _how_to_reach_the_storage,
    Result.STORAGE_NOT_AVAILABLE_2: _how_to_reach_the_storage,
    Result.CORRUPT_OBJECT: _how_to_repair_the_storage,
    Result.CORRUPT_OBJECT_2: _how_to_repair_the_storage,
}


def _for_opening_of_amdtee(error: TeecError, is_fake: bool, destination: UUID) -> str | None:
    """Say what helps on AMD-TEE, whose driver leaves the origin of a refused file unset."""
    name = amdtee_firmware(destination)
    place = f"/lib/firmware/{name}"
    if is_fake:
        place = f"{name} of the fake's folder for firmware, if it has one, and installed"
    if error.errno == errno.ENOMEM:
        return (
            f"AMD-TEE says so if there is no such Trusted Application, which must be {place};"
            " or if the context has 32 sessions with it"
        )
    if error.code == Result.SECURITY:
        return (
            "AMD-TEE refuses the file of the Trusted Application, which must be signed for"
            f" this processor, and be {place}"
        )
    return None


def for_descriptor(code: int, error: int, registers: bool) -> str | None:
    """Say what may help against a descriptor whose memory can't be shared; see for_memory()."""
    if code == Result.NOT_SUPPORTED:
        return (
            "this kernel shares no memory by descriptor; mainline Linux does from 6.18 on,"
            " for dma-bufs of the TEE's own heaps"
        )
    if error in (0, errno.EINVAL):
        return (
            "it must be a dma-buf of the TEE's own heaps, such as"
            " /dev/dma_heap/protected,secure-video"
        )
    return for_memory(code, error, registers)


def for_memory(code: int, error: int, registers: bool) -> str | None:
    """Say what may help against memory that can't be shared.

    Args:
        code: the result.
        error: the errno, or 0.
        registers: whether the device shares the program's own memory (REG_MEM).
    """
    if error == errno.EFAULT:
        return "all of the memory must be mapped, and an output's must be writable"
    if code != Result.OUT_OF_MEMORY:
        return None
    if registers:
        return (
            "the kernel or the TEE has no room for it: share less at a time, and close blocks"
            " that are no longer used"
        )
    return (
        "this device lacks the capability REG_MEM: all that is shared comes from its driver,"
        " which has little, and gives at most 4 MiB at once with pages of 4 KiB; share less at a"
        " time, and close blocks that are no longer used"
    )
