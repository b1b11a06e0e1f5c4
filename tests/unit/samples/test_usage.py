# SPDX-License-Identifier: BSD-2-Clause
"""What the pages for programs show works, on the fake."""

from __future__ import annotations

import hashlib
import os
from array import array
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import pytee_client as tee

from .running import Digester, Sample, Vault, run

if TYPE_CHECKING:
    from enum import IntEnum


def test_the_first_sample_prints_43(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    run(Sample.HELLO)
    assert capsys.readouterr().out == "43\n"


def test_a_session_is_opened_and_used_by_the_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    run(Sample.OPEN)
    assert capsys.readouterr().out == "fake (Value(a=2, b=0),)\n"


def test_outputs_are_bytes_and_views_as_the_sample_says(session: tee.Session) -> None:
    buffer = bytearray(b"Hello")
    names = run(Sample.PARAMETERS, session=session, buffer=buffer)
    assert names["digest"] == hashlib.sha256(b"abc").digest()
    assert names["view"].obj is buffer
    assert buffer == b"hELLO"


def test_an_array_comes_back_as_the_sample_says(
    session: tee.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run(Sample.ARRAYS, session=session)
    expected = array("f")
    expected.frombytes(array("f", [0.5, 0.25]).tobytes().swapcase())
    assert names["samples"] == expected
    assert capsys.readouterr().out == f"{expected.tolist()}\n"


def test_an_output_grows_as_the_sample_says(session: tee.Session) -> None:
    Digester.heard = b"abc"
    names = run(Sample.UNKNOWN_SIZE, session=session)
    assert names["wrapped"] == hashlib.sha256(b"abc").digest()


def test_one_number_of_64_bits_is_sent_and_read_by_the_sample(
    session: tee.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run(Sample.OTHER_NUMBERS, session=session)
    assert (names["index"].a, names["index"].b) == (1, 2)
    assert capsys.readouterr().out == f"{0x1_0000_0002}\n"


def test_shared_memory_is_filled_and_passed_as_the_sample_says(session: tee.Session) -> None:
    run(Sample.SHARED_MEMORY, context=session.context, session=session)
    assert Digester.heard == b"hellohello"


def test_memory_of_the_programs_own_is_shared_by_the_sample(session: tee.Session) -> None:
    names = run(Sample.OWN_MEMORY, context=session.context, session=session)
    assert Digester.heard == 2 * (b"frame" + bytes(4091))
    assert names["block"].closed


def test_what_is_prepared_gives_what_the_sample_says(session: tee.Session) -> None:
    buffer = bytearray(b"Hello")
    names = run(Sample.HOT_LOOPS, session=session, buffer=buffer)
    assert names["value"] == (41, 0)
    assert names["view"].obj is buffer
    assert buffer == b"hELLO"


def test_errors_are_told_apart_by_the_sample(
    context: tee.Context, capsys: pytest.CaptureFixture[str]
) -> None:
    Vault.code = 0x80001234
    names = run(Sample.ERRORS, context=context, VAULT=Vault.uuid)
    assert capsys.readouterr().out == "locked\n"
    locked: IntEnum = names["VaultResult"].LOCKED
    assert locked == Vault.code

    Vault.code = tee.Result.NO_DATA
    with pytest.raises(tee.NoDataError):
        run(Sample.ERRORS, context=context, VAULT=Vault.uuid)

    run(Sample.ERRORS, context=context, VAULT=UUID(int=1))
    assert "not installed: install it in the fake kernel" in capsys.readouterr().out


def test_the_client_that_logs_in_is_the_one_that_the_sample_computes(
    context: tee.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = os.getegid()
    monkeypatch.setattr("grp.getgrnam", lambda name: {"video": Group(own)}[name])
    run(Sample.LOGINS, context=context, VAULT=Vault.uuid)
    ((client, told),) = Vault.clients
    assert told == client.bytes
    assert client == tee.client_uuid(tee.Login.GROUP, gid=own)


class Group:
    """An entry of the group database."""

    def __init__(self, number: int) -> None:
        self.gr_gid = number


def test_devices_are_listed_by_the_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    run(Sample.FINDING_DEVICES)
    printed = capsys.readouterr().out
    for device in tee.enumerate_devices("fake"):
        assert device.path in printed
    assert printed.startswith(f"/dev/tee0 {tee.ImplementationId.OPTEE!s} ")
    applications = tee.enumerate_bus_devices("fake")
    assert applications
    assert all(f"{application.uuid} None\n" in printed for application in applications)
