# SPDX-License-Identifier: BSD-2-Clause
"""Opening and closing sessions, and who the client is."""

from __future__ import annotations

import errno
import gc
import grp
import os
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee

from ..support.conformance import Command, Conformance, filled
from ..support.targets import Target

MISSING = UUID("534d1192-6143-234c-4755-5352544f4f59")


def foreign_gid() -> int:
    return max([*os.getgroups(), os.getegid()]) + 1234


@pytest.mark.assertion("OS-21")
@pytest.mark.optee_only
def test_a_missing_application_is_not_found(context: tee.Context) -> None:
    with pytest.raises(tee.TrustedApplicationNotFoundError, match=str(MISSING)) as caught:
        context.open_session(MISSING)
    assert caught.value.code == tee.Result.ITEM_NOT_FOUND
    assert caught.value.origin == tee.Origin.TEE
    assert caught.value.remedy


@pytest.mark.assertion("OS-20", "OS-22")
@pytest.mark.parametrize("code", [tee.Result.ACCESS_DENIED, tee.Result.BUSY, 0x80001234])
def test_an_application_can_refuse_to_open(context: tee.Context, code: int) -> None:
    with pytest.raises(tee.TeecError) as caught:
        context.open_session(Target.CONFORMANCE, (code, 0), tee.ValueOutput())
    assert caught.value.code == code
    assert caught.value.origin == tee.Origin.TRUSTED_APP
    assert caught.value.outputs == ((0x4F50454E, 1),)


@pytest.mark.optee_only
@pytest.mark.parametrize("parameter", [(1, 2), tee.ValueOutput(), b"abc", tee.MemrefTempOutput(3)])
def test_hello_world_is_opened_without_parameters(context: tee.Context, parameter: Any) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        context.open_session(Target.HELLO_WORLD, parameter)
    assert caught.value.origin == tee.Origin.TRUSTED_APP


@pytest.mark.assertion("OS-15")
def test_opening_returns_outputs(context: tee.Context) -> None:
    with context.open_session(
        Target.CONFORMANCE, None, tee.ValueOutput(), tee.MemrefTempOutput(100)
    ) as session:
        assert session.outputs == ((0x4F50454E, 1), filled(2, 100))
        assert session.destination == Target.CONFORMANCE


@pytest.mark.parametrize("destination", ["8aaaf200-2450-11e4-abe2-0002a5d5c51b", 5, None])
def test_a_destination_must_be_a_uuid(context: tee.Context, destination: object) -> None:
    with pytest.raises(tee.ParameterTypeError, match=r"uuid\.UUID"):
        context.open_session(destination)  # type: ignore[arg-type]


def identity(session: tee.Session) -> tuple[int, UUID]:
    return Conformance.on(session).identity()


@pytest.mark.assertion("OS-05")
def test_a_public_client_has_the_nil_uuid(context: tee.Context) -> None:
    with context.open_session(Target.CONFORMANCE) as session:
        assert identity(session) == (tee.Login.PUBLIC, tee.client_uuid(tee.Login.PUBLIC))
        assert identity(session) == (tee.Login.PUBLIC, UUID(int=0))


@pytest.mark.assertion("OS-06")
@pytest.mark.optee_only
def test_a_user_login_tells_the_effective_user(context: tee.Context) -> None:
    with context.open_session(Target.CONFORMANCE, login=tee.Login.USER) as session:
        assert identity(session) == (tee.Login.USER, tee.client_uuid(tee.Login.USER))


@pytest.mark.assertion("OS-07")
@pytest.mark.optee_only
def test_a_group_login_tells_the_group(context: tee.Context) -> None:
    gid = os.getegid()
    expected = tee.Login.GROUP, tee.client_uuid(tee.Login.GROUP, gid=gid)
    for group in (gid, grp.getgrgid(gid).gr_name):
        with context.open_session(Target.CONFORMANCE, login=tee.Login.GROUP, gid=group) as session:
            assert identity(session) == expected


@pytest.mark.assertion("OS-07")
@pytest.mark.optee_only
def test_a_group_that_the_user_is_not_in_is_denied(context: tee.Context) -> None:
    with pytest.raises(tee.AccessDeniedError) as caught:
        context.open_session(Target.CONFORMANCE, login=tee.Login.GROUP, gid=foreign_gid())
    assert caught.value.errno == errno.EPERM
    assert caught.value.origin == tee.Origin.COMMS
    assert isinstance(caught.value, PermissionError)
    assert caught.value.remedy
    assert "not in this group" in caught.value.remedy


def test_a_group_that_does_not_exist_is_refused(context: tee.Context) -> None:
    for name in ("no such group", "", "a\0b"):
        with pytest.raises(tee.BadParametersError, match="there is no group") as caught:
            context.open_session(Target.CONFORMANCE, login=tee.Login.GROUP, gid=name)
        assert caught.value.origin == tee.Origin.API


APPLICATION_LOGINS = [
    (tee.Login.APPLICATION, None),
    (tee.Login.USER_APPLICATION, None),
    (tee.Login.GROUP_APPLICATION, 0),
]


@pytest.mark.optee_only
@pytest.mark.parametrize(("login", "gid"), APPLICATION_LOGINS)
def test_application_logins_are_the_kernels_to_refuse(
    context: tee.Context, login: tee.Login, gid: int | None
) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        context.open_session(Target.CONFORMANCE, login=login, gid=gid)
    assert caught.value.errno == errno.EINVAL
    assert caught.value.origin == tee.Origin.COMMS
    assert caught.value.remedy == "mainline Linux has no application logins; use USER or GROUP"


@pytest.mark.optee_only
@pytest.mark.parametrize("login", [3, 7, 0x7FFFFFFF, 0xC0000000, 0xFFFFFFFF])
def test_reserved_logins_are_refused(context: tee.Context, login: int) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        context.open_session(Target.CONFORMANCE, login=login)
    assert caught.value.errno == errno.EINVAL
    assert caught.value.remedy == "this login is reserved; use PUBLIC, USER or GROUP"


@pytest.mark.parametrize("login", [0x80000000, 0xBFFFFFFF])
def test_a_login_of_the_kernels_own_is_denied(context: tee.Context, login: int) -> None:
    with pytest.raises(tee.AccessDeniedError) as caught:
        context.open_session(Target.CONFORMANCE, login=login)
    assert caught.value.errno == errno.EPERM
    assert caught.value.remedy
    assert "the kernel's own clients" in caught.value.remedy


@pytest.mark.optee_only
def test_what_is_refused_for_another_cause_is_not_blamed_on_the_login(
    context: tee.Context,
) -> None:
    for login in (tee.Login.PUBLIC, tee.Login.USER):
        for code in (tee.Result.ACCESS_DENIED, tee.Result.BAD_PARAMETERS):
            with pytest.raises(tee.TeecError) as caught:
                context.open_session(Target.CONFORMANCE, (code, 0), login=login)
            assert caught.value.code == code
            assert caught.value.remedy is None


@pytest.mark.assertion("OS-11")
@pytest.mark.parametrize("login", [tee.Login.GROUP, tee.Login.GROUP_APPLICATION])
def test_a_group_login_needs_a_gid(context: tee.Context, login: tee.Login) -> None:
    with pytest.raises(tee.BadParametersError, match="needs a gid"):
        context.open_session(Target.CONFORMANCE, login=login)


def test_other_logins_take_no_gid(context: tee.Context) -> None:
    with pytest.raises(tee.BadParametersError, match="only the group logins"):
        context.open_session(Target.CONFORMANCE, login=tee.Login.USER, gid=0)


def test_sessions_are_independent(context: tee.Context) -> None:
    sessions = [context.open_session(Target.CONFORMANCE) for _ in range(4)]
    for closed, session in enumerate(sessions):
        for other in sessions[closed:]:
            other.invoke_command(Command.NOTHING)
        session.close()


@pytest.mark.assertion("CS-04", "CS-07")
def test_a_closed_session_refuses_commands(context: tee.Context) -> None:
    session = context.open_session(Target.CONFORMANCE)
    assert not session.closed
    session.close()
    session.close()
    assert session.closed
    with pytest.raises(tee.ClosedSessionError, match="open another"):
        session.invoke_command(Command.NOTHING)
    with pytest.raises(tee.ClosedSessionError), session:
        pass
    assert "closed" in repr(session)


def test_a_session_keeps_its_context_alive(target: Target) -> None:
    session = target.open_context().open_session(Target.CONFORMANCE)
    gc.collect()
    session.invoke_command(Command.NOTHING)
    session.context.close()
    assert session.closed


def test_a_forgotten_session_is_closed_with_a_warning(context: tee.Context) -> None:
    session = context.open_session(Target.CONFORMANCE)
    with pytest.warns(ResourceWarning, match="unclosed <Session"):
        del session
        gc.collect()
