# SPDX-License-Identifier: BSD-2-Clause
"""The UUIDs by which Trusted Applications know clients, and what helps with logins."""

from __future__ import annotations

import errno
import grp
import os
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client._remedies import for_refused_login

USERS = {
    0: UUID("ef0180a3-13f3-5d1c-b7f5-888c0e21059a"),
    1000: UUID("fc34275c-d8dd-5ba7-968b-504718363b87"),
}
GROUPS = {
    0: UUID("d93bc168-f863-58d3-a1fe-bb2039421b99"),
    1000: UUID("0ece43ed-001d-51bd-bab7-480c8954c3cf"),
}


def test_a_public_client_is_nil() -> None:
    assert tee.client_uuid(tee.Login.PUBLIC) == UUID(int=0)


@pytest.mark.parametrize("uid", USERS)
def test_a_user_has_the_uuid_that_linux_makes(uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tee.client_uuid(tee.Login.USER, uid=uid) == USERS[uid]
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert tee.client_uuid(tee.Login.USER) == USERS[uid]


@pytest.mark.parametrize("gid", GROUPS)
def test_a_group_has_the_uuid_that_linux_makes(gid: int) -> None:
    assert tee.client_uuid(tee.Login.GROUP, gid=gid) == GROUPS[gid]


def test_a_group_can_be_named() -> None:
    for group in grp.getgrall():
        by_name = tee.client_uuid(tee.Login.GROUP, gid=group.gr_name)
        assert by_name == tee.client_uuid(tee.Login.GROUP, gid=group.gr_gid)


@pytest.mark.parametrize(
    ("login", "remedy"),
    [
        (tee.Login.APPLICATION, "no application logins; use USER or GROUP"),
        (tee.Login.USER_APPLICATION, "no application logins; use USER or GROUP"),
        (tee.Login.GROUP_APPLICATION, "no application logins; use USER or GROUP"),
        (3, "reserved; use PUBLIC, USER or GROUP"),
        (0x80000000, "kernel's own clients; use PUBLIC, USER or GROUP"),
    ],
)
def test_a_login_without_a_uuid_says_so(login: int, remedy: str) -> None:
    with pytest.raises(tee.NotSupportedError, match=remedy):
        tee.client_uuid(login)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"login": tee.Login.GROUP}, tee.BadParametersError, "needs a gid"),
        ({"login": tee.Login.GROUP, "gid": 0, "uid": 0}, tee.BadParametersError, "takes a uid"),
        ({"login": tee.Login.PUBLIC, "uid": 0}, tee.BadParametersError, "takes a uid"),
        ({"login": tee.Login.USER, "gid": 0}, tee.BadParametersError, "take a gid"),
        ({"login": tee.Login.GROUP, "gid": "no such"}, tee.BadParametersError, "no group"),
        ({"login": tee.Login.GROUP, "gid": b"root"}, tee.ParameterTypeError, "the gid"),
        ({"login": tee.Login.GROUP, "gid": -1}, tee.ParameterRangeError, "the gid"),
        ({"login": tee.Login.USER, "uid": 2**32}, tee.ParameterRangeError, "the uid"),
        ({"login": tee.Login.USER, "uid": "root"}, tee.ParameterTypeError, "the uid"),
        ({"login": "USER"}, tee.ParameterTypeError, "the login"),
        ({"login": 2**32}, tee.ParameterRangeError, "the login"),
    ],
)
def test_what_does_not_go_together_is_refused(
    arguments: dict[str, Any], error: type[tee.TeecError], match: str
) -> None:
    with pytest.raises(error, match=match):
        tee.client_uuid(**arguments)


def test_amd_tee_is_told_to_have_the_public_login_only() -> None:
    amdtee = tee.ImplementationId.AMDTEE
    for login in (tee.Login.USER, tee.Login.GROUP, tee.Login.APPLICATION, 3):
        remedy = for_refused_login(login, errno.EINVAL, amdtee)
        assert remedy == "the driver of AMD-TEE has no login but PUBLIC"
    assert for_refused_login(tee.Login.PUBLIC, errno.EINVAL, amdtee) is None


@pytest.mark.parametrize("login", [*tee.Login, 3, 0x80000000])
def test_an_errno_that_no_login_causes_has_no_remedy(login: int) -> None:
    for error in (None, errno.ENOMEM, errno.EACCES):
        assert for_refused_login(login, error, tee.ImplementationId.OPTEE) is None


def test_a_login_that_linux_has_is_not_blamed() -> None:
    optee = tee.ImplementationId.OPTEE
    for login in (tee.Login.PUBLIC, tee.Login.USER, tee.Login.GROUP):
        assert for_refused_login(login, errno.EINVAL, optee) is None
    for login in (tee.Login.PUBLIC, tee.Login.USER):
        assert for_refused_login(login, errno.EPERM, optee) is None
