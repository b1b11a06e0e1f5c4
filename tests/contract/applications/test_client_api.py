# SPDX-License-Identifier: BSD-2-Clause
"""Finding a TEE, and objects of one context in another, below what Python lets through."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client._boundary import address_of
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.applications import OsTest
from ...support.applications.os_test import OsTestCommand
from ...support.linux_kernel import LinuxKernel

if TYPE_CHECKING:
    from ...support.targets import Target

pytestmark = pytest.mark.optee_only

API, COMMS, TEE = tee.Origin.API, tee.Origin.COMMS, tee.Origin.TEE
MISSING = UUID("534d1192-6143-234c-4755-5352544f4f59")


@pytest.mark.probe(1)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, tee.Result.SUCCESS),
        ("optee-tz", tee.Result.SUCCESS),
        ("x", tee.Result.ITEM_NOT_FOUND),
    ],
)
def test_a_tee_is_found_by_its_name_or_by_none(
    target: Target, name: str | None, expected: int
) -> None:
    context = c.new_context()
    assert c.context_initialize(context, target.kernel, name) == expected
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.probe(2)
def test_opening_reports_that_the_application_agreed(context: tee.Context) -> None:
    session = c.new_session()
    outcome = c.open_session(
        c.ffi.addressof(context._native.struct, "context"), session, OsTest.uuid
    )
    assert outcome == (tee.Result.SUCCESS, tee.Origin.TRUSTED_APP)
    c.lib.TEEC_CloseSession(session)


@pytest.mark.probe(3)
def test_an_application_that_is_not_installed_is_not_found(context: tee.Context) -> None:
    with pytest.raises(tee.TrustedApplicationNotFoundError) as caught:
        context.open_session(MISSING)
    assert (caught.value.code, caught.value.origin) == (tee.Result.ITEM_NOT_FOUND, TEE)


def foreign_gid() -> int:
    return max([*os.getgroups(), os.getegid()]) + 4321


@pytest.mark.probe(8)
@pytest.mark.parametrize(
    ("login", "number", "from_python", "from_c"),
    [
        (tee.Login.GROUP, errno.EPERM, tee.AccessDeniedError, tee.Result.GENERIC),
        (tee.Login.APPLICATION, errno.EINVAL, tee.BadParametersError, tee.Result.BAD_PARAMETERS),
        (0x80000000, errno.EPERM, tee.AccessDeniedError, tee.Result.GENERIC),
    ],
    ids=["foreign group", "application", "kernel"],
)
def test_the_kernel_refuses_logins_that_it_can_not_vouch_for(
    context: tee.Context,
    login: int,
    number: int,
    from_python: type[tee.TeecError],
    from_c: int,
) -> None:
    gid = foreign_gid() if login == tee.Login.GROUP else None
    with pytest.raises(from_python) as caught:
        context.open_session(OsTest.uuid, login=login, gid=gid)
    assert (caught.value.errno, caught.value.origin) == (number, COMMS)

    data = c.ffi.NULL if gid is None else c.ffi.new("uint32_t *", gid)
    outcome = c.open_session(
        c.ffi.addressof(context._native.struct, "context"),
        c.new_session(),
        OsTest.uuid,
        login=login,
        data=data,
    )
    assert outcome == (from_c, COMMS)


@pytest.mark.probe(52)
def test_memory_of_one_context_is_refused_in_another(target: Target) -> None:
    with (
        target.open_context() as mine,
        target.open_context() as other,
        other.open_session(OsTest.uuid) as session,
        mine.allocate_shared_memory(16) as block,
    ):
        with pytest.raises(tee.BadParametersError, match="another context") as caught:
            session.invoke_command(OsTestCommand.CALL_LIBRARY, block)
        assert caught.value.origin == API

        whole = c.operation((c.Kind.WHOLE, (block._native.struct, 0, 0)))
        outcome = c.invoke(
            c.ffi.addressof(session._calls.session.struct, "session"),
            OsTestCommand.CALL_LIBRARY,
            whole,
        )
        assert outcome == (tee.Result.BAD_PARAMETERS, API)


class RawDevice:
    """A device, spoken to in the kernel's own structures."""

    def __init__(self, target: Target) -> None:
        self._kernel = target.kernel or LinuxKernel()
        self._descriptors = [self._kernel.open(target.device)]

    def ioctl(self, request: int, data: bytes) -> bytes:
        """Return what the kernel makes of a structure."""
        argument = bytearray(data)
        result = self._kernel.ioctl(self._descriptors[0], request, address_of(argument))
        if result:
            self._descriptors.append(result)
        return bytes(argument)

    def allocate(self, size: int) -> int:
        """Return the number of a new block."""
        block = self.ioctl(uapi.TEE_IOC_SHM_ALLOC, uapi.SHM_ALLOC_DATA.pack(size, 0, 0))
        return int(uapi.SHM_ALLOC_DATA.unpack(block)[2])

    def open_session(self, uuid: UUID) -> int:
        """Return the number of a new session."""
        header = uapi.OPEN_SESSION_ARG.pack(uuid.bytes, bytes(16), 0, 0, 0, 0, 0, 0)
        session, result, _ = uapi.OPEN_SESSION_RESULT.unpack_from(
            self._call(uapi.TEE_IOC_OPEN_SESSION, header), uapi.OPEN_SESSION_RESULT_OFFSET
        )
        assert result == tee.Result.SUCCESS
        return int(session)

    def invoke(self, session: int, command: int, *params: bytes) -> tuple[int, int]:
        """Return result and origin."""
        header = uapi.INVOKE_ARG.pack(command, session, 0, 0, 0, len(params))
        answer = self._call(uapi.TEE_IOC_INVOKE, header + b"".join(params))
        result, origin = uapi.INVOKE_RESULT.unpack_from(answer, uapi.INVOKE_RESULT_OFFSET)
        return int(result), int(origin)

    def _call(self, request: int, data: bytes) -> bytes:
        argument = bytearray(data)
        self.ioctl(request, uapi.BUF_DATA.pack(address_of(argument), len(argument)))
        return bytes(argument)

    def __enter__(self) -> RawDevice:
        return self

    def __exit__(self, *error: object) -> None:
        for descriptor in reversed(self._descriptors):
            self._kernel.close(descriptor)


@pytest.mark.probe(52)
def test_the_kernel_refuses_what_belongs_to_another_opening_of_the_device(target: Target) -> None:
    with RawDevice(target) as mine, RawDevice(target) as other:
        block, session = mine.allocate(4096), other.open_session(OsTest.uuid)
        memref = uapi.PARAM.pack(uapi.ParamType.MEMREF_INPUT, 0, 16, block)
        with pytest.raises(OSError) as refused:  # noqa: PT011
            other.invoke(session, OsTestCommand.CALL_LIBRARY, memref)
        assert refused.value.errno == errno.EINVAL
        with pytest.raises(OSError) as refused:  # noqa: PT011
            mine.invoke(session, OsTestCommand.CALL_LIBRARY)
        assert refused.value.errno == errno.EINVAL
        answer = other.invoke(session, OsTestCommand.CALL_LIBRARY)
        assert answer == (tee.Result.SUCCESS, tee.Origin.TRUSTED_APP)
