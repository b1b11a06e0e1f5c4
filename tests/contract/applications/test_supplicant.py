# SPDX-License-Identifier: BSD-2-Clause
"""What an application reaches through the supplicant: files, sockets, a plugin."""

from __future__ import annotations

import contextlib
import socket
from enum import IntEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.real_only, pytest.mark.once, pytest.mark.optee_only]

TRUSTED_APP = tee.Origin.TRUSTED_APP
PLUGIN = UUID("380231ac-fb99-47ad-a689-9e017eb6e78a")
STORAGE = UUID("b689f2a7-8adf-477a-9f99-32e90c0ad0a2")
STORAGE_2 = UUID("731e279e-aafb-4575-a771-38caa6f0cca6")
SOCKET = UUID("873bcd08-c2c3-11e6-a937-d0bf9c45c61c")

PRIVATE = 1
READ, WRITE, WRITE_META = 1, 2, 4
FROM_START = 0
OBJECT = b"pytee_client test"

CALCULATE = 0
TCP_OPEN = 0
IPV4 = 1


class Storage(IntEnum):
    OPEN = 0
    READ = 2
    WRITE = 3
    CREATE = 4
    SEEK = 5
    UNLINK = 6


@pytest.mark.probe(48)
@pytest.mark.parametrize(("operator", "expected"), [("+", 30), ("-", 10)])
def test_a_plugin_of_the_supplicant_calculates(
    context: tee.Context, operator: str, expected: int
) -> None:
    with context.open_session(PLUGIN) as session:
        outputs = session.invoke_command(CALCULATE, tee.ValueInOut(20, 10), (ord(operator), 0))
    assert outputs == ((expected, 10),)


def open_object(session: tee.Session, flags: int) -> int:
    (opened,) = session.invoke_command(Storage.OPEN, OBJECT, tee.ValueInOut(flags, 0), (PRIVATE, 0))
    return int(opened.b)


@contextlib.contextmanager
def created(session: tee.Session, content: bytes) -> Iterator[int]:
    """Yield the handle of a new object, which is gone afterwards."""
    (made,) = session.invoke_command(
        Storage.CREATE,
        OBJECT,
        tee.ValueInOut(READ | WRITE | WRITE_META, 0),
        (0, PRIVATE),
        content,
    )
    try:
        yield made.b
    finally:
        session.invoke_command(Storage.UNLINK, (made.b, 0))


def assert_not_found(session: tee.Session) -> None:
    with pytest.raises(tee.ItemNotFoundError) as caught:
        open_object(session, READ)
    assert caught.value.origin == TRUSTED_APP
    assert not isinstance(caught.value, tee.TrustedApplicationNotFoundError)


@pytest.mark.probe(49)
def test_a_stored_object_is_written_read_and_its_applications_own(context: tee.Context) -> None:
    with context.open_session(STORAGE) as session, context.open_session(STORAGE_2) as stranger:
        assert_not_found(session)
        with created(session, b"content") as handle:
            session.invoke_command(Storage.WRITE, b"CON", (handle, 0))
            session.invoke_command(Storage.SEEK, (handle, 0), tee.ValueInOut(FROM_START, 0))
            data, count = session.invoke_command(
                Storage.READ, tee.MemrefTempOutput(100), tee.ValueInOut(handle, 0)
            )
            assert data[: count.b] == b"CONtent"
            assert_not_found(stranger)
        assert_not_found(session)


def connect(session: tee.Session, host: str, port: int) -> Any:
    return session.invoke_command(
        TCP_OPEN,
        (IPV4, port),
        host.encode() + b"\0",
        tee.MemrefTempOutput(16),
        tee.ValueOutput(),
    )


def closed_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.mark.probe(50)
def test_a_closed_port_is_an_error_of_the_application(context: tee.Context) -> None:
    with context.open_session(SOCKET) as session:
        with pytest.raises(tee.CommunicationError) as caught:
            connect(session, "127.0.0.1", closed_port())
        assert caught.value.origin == TRUSTED_APP


@pytest.mark.probe(50)
def test_a_code_of_the_sockets_api_comes_back_intact(context: tee.Context) -> None:
    with context.open_session(SOCKET) as session:
        with pytest.raises(tee.TeecError) as caught:
            connect(session, "no-such-host.invalid", 80)
        assert type(caught.value) is tee.TeecError
        assert caught.value.code == tee.Result.ISOCKET_PROTOCOL
        assert caught.value.origin == TRUSTED_APP
        _, error = caught.value.outputs
        assert error.a == tee.Result.ISOCKET_HOSTNAME
