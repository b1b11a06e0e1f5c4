# SPDX-License-Identifier: BSD-2-Clause
"""Codes, their names, and the ranges of those that have none."""

from __future__ import annotations

import builtins
import errno
import pickle

import pytest

import pytee_client as tee
from pytee_client import errors
from pytee_client._results import error_of

# What a client can meet; 1, 0x80000000 and 0x80000001 mean something else in each
# application, so they have no name.
CODES = {
    0x00000000: "SUCCESS",
    0xF0100001: "CORRUPT_OBJECT",
    0xF0100002: "CORRUPT_OBJECT_2",
    0xF0100003: "STORAGE_NOT_AVAILABLE",
    0xF0100004: "STORAGE_NOT_AVAILABLE_2",
    0xF0100005: "UNSUPPORTED_VERSION",
    0xF0100006: "CIPHERTEXT_INVALID",
    0xF1007001: "ISOCKET_PROTOCOL",
    0xF1007002: "ISOCKET_REMOTE_CLOSED",
    0xF1007003: "ISOCKET_TIMEOUT",
    0xF1007004: "ISOCKET_OUT_OF_RESOURCES",
    0xF1007005: "ISOCKET_LARGE_BUFFER",
    0xF1007006: "ISOCKET_WARNING_PROTOCOL",
    0xF1007007: "ISOCKET_HOSTNAME",
    0xF1010002: "ISOCKET_TCP_WARNING_UNKNOWN_OUT_OF_BAND",
    0xF1020002: "ISOCKET_UDP_WARNING_UNKNOWN_OUT_OF_BAND",
    0xFFFF0000: "GENERIC",
    0xFFFF0001: "ACCESS_DENIED",
    0xFFFF0002: "CANCEL",
    0xFFFF0003: "ACCESS_CONFLICT",
    0xFFFF0004: "EXCESS_DATA",
    0xFFFF0005: "BAD_FORMAT",
    0xFFFF0006: "BAD_PARAMETERS",
    0xFFFF0007: "BAD_STATE",
    0xFFFF0008: "ITEM_NOT_FOUND",
    0xFFFF0009: "NOT_IMPLEMENTED",
    0xFFFF000A: "NOT_SUPPORTED",
    0xFFFF000B: "NO_DATA",
    0xFFFF000C: "OUT_OF_MEMORY",
    0xFFFF000D: "BUSY",
    0xFFFF000E: "COMMUNICATION",
    0xFFFF000F: "SECURITY",
    0xFFFF0010: "SHORT_BUFFER",
    0xFFFF0011: "EXTERNAL_CANCEL",
    0xFFFF3001: "TIMEOUT",
    0xFFFF300F: "OVERFLOW",
    0xFFFF3024: "TARGET_DEAD",
    0xFFFF3041: "STORAGE_NO_SPACE",
    0xFFFF3071: "MAC_INVALID",
    0xFFFF3072: "SIGNATURE_INVALID",
    0xFFFF5000: "TIME_NOT_SET",
    0xFFFF5001: "TIME_NEEDS_RESET",
}

RANGES = {
    "reserved non-error result": (0x00000001, 0x6FFFFFFF),
    "implementation-defined non-error result": (0x70000000, 0x7FFFFFFF),
    "implementation-defined error": (0x80000000, 0x8FFFFFFF),
    "reserved result": (0x90000000, 0xEFFFFFFF),
    "error of a GlobalPlatform API": (0xF0000000, 0xFFFEFFFF),
    "GlobalPlatform error": (0xFFFF9999, 0xFFFFFFFF),
}


def test_every_code_that_a_client_can_meet_has_its_name() -> None:
    assert {code: tee.Result(code).name for code in CODES} == CODES


@pytest.mark.parametrize("code", [1, 0x80000000, 0x80000001])
def test_a_code_that_depends_on_the_application_has_no_name(code: int) -> None:
    assert code not in set(tee.Result)


@pytest.mark.parametrize("origin", [0, *tee.Origin, 5, 0xFFFFFFFF])
@pytest.mark.parametrize("name", RANGES)
def test_a_code_without_a_name_is_printed_with_its_range(name: str, origin: int) -> None:
    for code in RANGES[name]:
        error = tee.TeecError("doing", code=code, origin=origin)
        assert error.code == code
        assert error.result is None
        assert str(error).startswith(f"doing: {name} (0x{code:08x}, ")


@pytest.mark.parametrize("code", set(CODES) - {0}, ids=CODES.__getitem__)
def test_every_named_code_has_the_class_that_its_name_says(code: int) -> None:
    words = CODES[code].split("_")
    name = "".join(word if word.isdigit() else word.capitalize() for word in words) + "Error"
    error = error_of(code, tee.Origin.TEE, 0, "doing")
    assert type(error) is getattr(errors, name)
    assert error.code == code
    assert type(error).code == code


@pytest.mark.parametrize("origin", [*tee.Origin, 0, 77])
def test_repr_has_code_and_origin_and_errno(origin: int) -> None:
    name = tee.Origin(origin).name if origin in set(tee.Origin) else f"origin {origin}"
    error = tee.TeecError("doing", code=0x80000001, origin=origin)
    assert repr(error) == f"TeecError('doing', code=0x80000001, origin={name})"
    error = tee.BusyError("doing", origin=origin, errno=16)
    assert repr(error) == f"BusyError('doing', code=0xffff000d, origin={name}, errno=16)"


def test_the_errno_that_the_c_library_does_not_know_is_named() -> None:
    assert "errno 524 (ENOTSUPP)" in str(error_of(tee.Result.GENERIC, 2, 524, "doing"))


def test_details_come_before_the_remedy() -> None:
    error = tee.BusyError("doing", details="details", remedy="remedy")
    assert str(error).endswith("(0xffff000d, API): details; remedy")
    error.details = None
    assert str(error).endswith("(0xffff000d, API): remedy")


def test_an_errno_means_nothing_where_the_library_knows_more() -> None:
    error = error_of(tee.Result.NOT_SUPPORTED, tee.Origin.API, errno.EINVAL, "doing")
    assert type(error) is tee.NotSupportedError


def test_kinds_of_errors_can_be_caught_together() -> None:
    for code in CODES:
        if CODES[code].startswith("ISOCKET"):
            assert isinstance(error_of(code, tee.Origin.TRUSTED_APP, 0, ""), tee.IsocketError)
    assert issubclass(tee.CorruptObject2Error, tee.CorruptObjectError)
    assert issubclass(tee.StorageNotAvailable2Error, tee.StorageNotAvailableError)
    assert issubclass(tee.IsocketRemoteClosedError, ConnectionError)


def test_no_star_import_shadows_an_exception_of_pythons() -> None:
    for module in (tee, errors):
        assert not set(module.__all__) & set(dir(builtins))
    for name in ("TimeoutError", "OverflowError", "NotImplementedError"):
        assert not hasattr(tee, name)


@pytest.mark.parametrize("code", [tee.Result.TIMEOUT, tee.Result.ISOCKET_TIMEOUT])
def test_what_an_application_waited_for_is_not_pythons_timeout(code: int) -> None:
    error = error_of(code, tee.Origin.TRUSTED_APP, 0, "")
    assert not isinstance(error, TimeoutError | OSError)
    assert issubclass(tee.DeviceTimeoutError, TimeoutError)
    assert issubclass(tee.DeviceTimeoutError, errors.TimeoutError)


def test_every_class_is_pickled_under_its_public_name() -> None:
    named = [getattr(errors, name) for name in dir(errors) if not name.startswith("_")]
    classes = [cls for cls in named if isinstance(cls, type) and issubclass(cls, Exception)]
    assert {cls.__name__ for cls in classes} > set(errors.__all__)
    for cls in classes:
        assert cls.__module__ == "pytee_client.errors"
        if issubclass(cls, tee.TeecError):
            copy = pickle.loads(pickle.dumps(cls("doing", errno=5)))
            assert type(copy) is cls
            assert (copy.doing, copy.errno) == ("doing", 5)
