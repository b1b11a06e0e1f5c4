# SPDX-License-Identifier: BSD-2-Clause
"""What an application reaches through the supplicant: sockets, a plugin."""

from __future__ import annotations

import socket
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee

from ...support.outputs import output_as

pytestmark = [pytest.mark.real_only, pytest.mark.once, pytest.mark.optee_only]

TRUSTED_APP = tee.Origin.TRUSTED_APP
PLUGIN = UUID("380231ac-fb99-47ad-a689-9e017eb6e78a")
SOCKET = UUID("873bcd08-c2c3-11e6-a937-d0bf9c45c61c")

CALCULATE = 0
TCP_OPEN = 0
IPV4 = 1


@pytest.mark.probe(48)
@pytest.mark.parametrize(("operator", "expected"), [("+", 30), ("-", 10)])
def test_a_plugin_of_the_supplicant_calculates(
    context: tee.Context, operator: str, expected: int
) -> None:
    with context.open_session(PLUGIN) as session:
        outputs = session.invoke_command(CALCULATE, tee.ValueInOut(20, 10), (ord(operator), 0))
    assert outputs == ((expected, 10),)


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
        with pytest.raises(tee.IsocketProtocolError) as caught:
            connect(session, "no-such-host.invalid", 80)
        assert caught.value.code == tee.Result.ISOCKET_PROTOCOL
        assert caught.value.origin == TRUSTED_APP
        _, error = caught.value.outputs
        assert output_as(tee.Value, error).a == tee.Result.ISOCKET_HOSTNAME
