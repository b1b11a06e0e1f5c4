# SPDX-License-Identifier: BSD-2-Clause
"""Opening and closing sessions, and who the client is."""

from __future__ import annotations

import errno
import gc
import os
from uuid import UUID, uuid5

import pytest

import pytee_client as tee

from ..support.conformance import Command, filled
from ..support.targets import Target

NAMESPACE = UUID("58ac9ca0-2086-4683-a1b8-ec4bc08e01b6")
MISSING = UUID("534d1192-6143-234c-4755-5352544f4f59")


def foreign_gid() -> int:
    return max([*os.getgroups(), os.getegid()]) + 1234


def test_a_missing_application_is_not_found(context: tee.Context) -> None:
    with pytest.raises(tee.TrustedApplicationNotFoundError, match=str(MISSING)) as caught:
        context.open_session(MISSING)
    assert caught.value.code == tee.Result.ITEM_NOT_FOUND
    assert caught.value.origin == tee.Origin.TEE
    assert caught.value.remedy


@pytest.mark.parametrize("code", [tee.Result.ACCESS_DENIED, tee.Result.BUSY, 0x80001234])
def test_an_application_can_refuse_to_open(context: tee.Context, code: int) -> None:
    with pytest.raises(tee.TeecError) as caught:
        context.open_session(Target.CONFORMANCE, (code, 0), tee.ValueOutput())
    assert caught.value.code == code
    assert caught.value.origin == tee.Origin.TRUSTED_APP
    assert caught.value.outputs == ((0x4F50454E, 1),)


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
    login, uuid = session.invoke_command(
        Command.IDENTITY, tee.ValueOutput(), tee.MemrefTempOutput(16)
    )
    return login.a, UUID(bytes_le=uuid)


def test_a_public_client_has_the_nil_uuid(context: tee.Context) -> None:
    with context.open_session(Target.CONFORMANCE) as session:
        assert identity(session) == (tee.Login.PUBLIC, UUID(int=0))


def test_a_user_login_tells_the_effective_user(context: tee.Context) -> None:
    with context.open_session(Target.CONFORMANCE, login=tee.Login.USER) as session:
        expected = uuid5(NAMESPACE, f"uid={os.geteuid():x}")
        assert identity(session) == (tee.Login.USER, expected)


def test_a_group_login_tells_the_group(context: tee.Context) -> None:
    gid = os.getegid()
    with context.open_session(Target.CONFORMANCE, login=tee.Login.GROUP, gid=gid) as session:
        assert identity(session) == (tee.Login.GROUP, uuid5(NAMESPACE, f"gid={gid:x}"))


def test_a_group_that_the_user_is_not_in_is_denied(context: tee.Context) -> None:
    with pytest.raises(tee.AccessDeniedError) as caught:
        context.open_session(Target.CONFORMANCE, login=tee.Login.GROUP, gid=foreign_gid())
    assert caught.value.errno == errno.EPERM
    assert caught.value.origin == tee.Origin.COMMS
    assert isinstance(caught.value, PermissionError)


@pytest.mark.parametrize("login", [3, tee.Login.APPLICATION, tee.Login.USER_APPLICATION])
def test_logins_that_linux_does_not_have_are_refused(context: tee.Context, login: int) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        context.open_session(Target.CONFORMANCE, login=login)
    assert caught.value.errno == errno.EINVAL


def test_a_login_of_the_kernels_own_is_denied(context: tee.Context) -> None:
    with pytest.raises(tee.AccessDeniedError) as caught:
        context.open_session(Target.CONFORMANCE, login=0x80000000)
    assert caught.value.errno == errno.EPERM


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
