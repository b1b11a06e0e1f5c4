# SPDX-License-Identifier: BSD-2-Clause
"""What an opening that fails says may help."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest

import pytee_client as tee
from pytee_client.faults import Answer, Fault, FaultyKernel, Plan, SystemCall

from ..support.targets import Target

pytestmark = pytest.mark.optee_only

APPLICATIONS = Path("/usr/lib/optee_armtz")
TOO_LARGE = UUID("9e6f1b52-0c4a-4f7d-8b3e-61d2a5c7f890")
REMEDIES = {
    tee.Result.SECURITY: (tee.SecurityError, "is damaged, or"),
    tee.Result.ACCESS_CONFLICT: (tee.AccessConflictError, "install that version, or a newer one"),
    tee.Result.BAD_FORMAT: (tee.BadFormatError, "TA_DEV_KIT_DIR"),
    tee.Result.GENERIC: (tee.GenericError, "supplicant"),
    tee.Result.OUT_OF_MEMORY: (tee.OutOfMemoryError, "TA_DATA_SIZE"),
    tee.Result.STORAGE_NOT_AVAILABLE: (tee.StorageNotAvailableError, "storage"),
    tee.Result.STORAGE_NOT_AVAILABLE_2: (tee.StorageNotAvailable2Error, "storage"),
    tee.Result.CORRUPT_OBJECT: (tee.CorruptObjectError, "storage is damaged"),
    tee.Result.CORRUPT_OBJECT_2: (tee.CorruptObject2Error, "storage is damaged"),
    tee.Result.COMMUNICATION: (tee.CommunicationError, "supplicant"),
    tee.Result.ITEM_NOT_FOUND: (tee.TrustedApplicationNotFoundError, "install"),
}


def failure(target: Target, code: int, origin: tee.Origin) -> tee.TeecError:
    """Return the error of an opening that is answered so."""
    plan = Plan([Fault(SystemCall.OPEN_SESSION, Answer(code, origin))])
    kernel = FaultyKernel(target.kernel or "linux", plan)
    with (
        tee.Context(target.device, backend=kernel) as context,
        pytest.raises(tee.TeecError) as caught,
    ):
        context.open_session(Target.CONFORMANCE)
    assert caught.value.code == code
    assert caught.value.origin == origin
    return caught.value


@pytest.mark.parametrize("code", REMEDIES, ids=lambda code: code.name)
def test_an_opening_that_the_tee_fails_says_what_may_help(target: Target, code: tee.Result) -> None:
    cls, remedy = REMEDIES[code]
    error = failure(target, code, tee.Origin.TEE)
    assert type(error) is cls
    assert error.remedy
    assert remedy in error.remedy
    assert error.remedy in str(error)


def test_an_application_that_does_not_fit_is_the_first_thing_to_look_at(target: Target) -> None:
    remedy = failure(target, tee.Result.OUT_OF_MEMORY, tee.Origin.TEE).remedy
    assert remedy
    places = [remedy.index(word) for word in ("does not fit", "TA_STACK_SIZE", "upplicant")]
    assert places == sorted(places)


@pytest.mark.parametrize("origin", [tee.Origin.TRUSTED_APP, tee.Origin.COMMS])
@pytest.mark.parametrize("code", REMEDIES, ids=lambda code: code.name)
def test_what_does_not_come_from_the_tee_has_none_of_its_remedies(
    target: Target, code: tee.Result, origin: tee.Origin
) -> None:
    assert failure(target, code, origin).remedy is None


@pytest.mark.parametrize("code", REMEDIES, ids=lambda code: code.name)
def test_what_an_application_says_at_its_opening_has_none_of_the_tees_remedies(
    context: tee.Context, code: tee.Result
) -> None:
    with pytest.raises(tee.TeecError) as caught:
        context.open_session(Target.CONFORMANCE, (code, 0))
    assert caught.value.origin == tee.Origin.TRUSTED_APP
    assert caught.value.remedy is None


def invoking(target: Target, code: int, origin: tee.Origin, *, prepared: bool) -> tee.TeecError:
    """Return the error of a command that is answered so."""
    kernel = FaultyKernel(target.kernel or "linux")
    with (
        tee.Context(target.device, backend=kernel) as context,
        context.open_session(Target.CONFORMANCE) as session,
    ):
        kernel.arm(Plan([Fault(SystemCall.INVOKE, Answer(code, origin))]))
        command = session.prepare(0) if prepared else partial(session.invoke_command, 0)
        with pytest.raises(tee.TeecError) as caught:
            command()
    return caught.value


RUNNING = {
    tee.Result.OUT_OF_MEMORY: "send less at a time",
    tee.Result.COMMUNICATION: "supplicant",
    tee.Result.STORAGE_NOT_AVAILABLE: "storage",
    tee.Result.STORAGE_NOT_AVAILABLE_2: "storage",
    tee.Result.CORRUPT_OBJECT: "storage is damaged",
    tee.Result.CORRUPT_OBJECT_2: "storage is damaged",
    tee.Result.TARGET_DEAD: "panicked",
    tee.Result.BUSY: "try again later",
}


@pytest.mark.parametrize("prepared", [False, True], ids=["plain", "prepared"])
@pytest.mark.parametrize("code", RUNNING, ids=lambda code: code.name)
def test_a_command_that_the_tee_fails_says_what_may_help(
    target: Target, code: tee.Result, prepared: bool
) -> None:
    error = invoking(target, code, tee.Origin.TEE, prepared=prepared)
    assert error.remedy
    assert RUNNING[code] in error.remedy


@pytest.mark.parametrize("code", {*REMEDIES} - {tee.Result.BUSY}, ids=lambda code: code.name)
def test_what_an_application_says_of_a_command_has_none_of_the_tees_remedies(
    target: Target, code: tee.Result
) -> None:
    error = invoking(target, code, tee.Origin.TRUSTED_APP, prepared=False)
    assert error.remedy is None


@pytest.mark.real_only
@pytest.mark.parametrize("words", ["another TEE", "rollback"])
def test_an_application_that_is_not_trusted_may_be_another_tees_or_too_old(
    target: Target, words: str
) -> None:
    assert words in str(failure(target, tee.Result.SECURITY, tee.Origin.TEE))


@pytest.mark.real_only
@pytest.mark.once
@pytest.mark.assertion("OS-25")
def test_an_application_that_does_not_fit_says_so(context: tee.Context) -> None:
    with pytest.raises(tee.OutOfMemoryError, match="does not fit") as caught:
        context.open_session(TOO_LARGE)
    assert caught.value.origin == tee.Origin.TEE


@pytest.mark.real_only
@pytest.mark.once
@pytest.mark.assertion("OS-25")
@pytest.mark.parametrize("place", ["signature", "body"])
def test_a_forged_application_says_that_it_is_not_signed(context: tee.Context, place: str) -> None:
    image = bytearray((APPLICATIONS / f"{Target.CONFORMANCE}.ta").read_bytes())
    # Behind the header of 20 bytes and the hash of 32.
    image[60 if place == "signature" else len(image) // 2] ^= 1
    forged = uuid4()
    path = APPLICATIONS / f"{forged}.ta"
    path.write_bytes(image)
    try:
        with pytest.raises(tee.SecurityError, match=r"is not signed with a key .*TA_SIGN_KEY"):
            context.open_session(forged)
    finally:
        path.unlink()
