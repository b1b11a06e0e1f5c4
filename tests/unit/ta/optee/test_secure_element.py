# SPDX-License-Identifier: BSD-2-Clause
"""The clients for a secure element, on the fake."""

from __future__ import annotations

from typing import ClassVar

import pytest

import pytee_client as tee
from pytee_client import errors, fake
from pytee_client.fake import applications
from pytee_client.ta import optee

HEADER = bytes.fromhex("00a40400")


class Element(applications.Apdu):
    """Answers with what it was sent."""

    def respond(self, case: applications.Apdu.Case, header: bytes, data: bytes) -> bytes:
        return bytes([case]) + header + data + b"\x90\x00"


class Scp03(applications.Scp03):
    asked: ClassVar[list[bool]] = []

    def enable(self, rotate_keys: bool) -> None:
        self.asked.append(rotate_keys)


@pytest.fixture(scope="module")
def kernel() -> fake.Kernel:
    return fake.Kernel(applications=[Element, Scp03])


@pytest.mark.parametrize("case", optee.ApduCase)
def test_a_command_arrives_with_its_case_and_the_response_comes_back(
    kernel: fake.Kernel, case: optee.ApduCase
) -> None:
    with tee.Context(backend=kernel) as context, optee.Apdu(context) as apdu:
        response = apdu.txrx_raw_frame(case, HEADER, b"data")
    assert response == bytes([case]) + HEADER + b"data\x90\x00"


def test_a_command_without_data_is_sent(kernel: fake.Kernel) -> None:
    with tee.Context(backend=kernel) as context, optee.Apdu(context) as apdu:
        response = apdu.txrx_raw_frame(optee.ApduCase.CASE_1, HEADER, b"")
    assert response == b"\x01" + HEADER + b"\x90\x00"


def test_the_element_of_the_fake_has_no_instructions() -> None:
    kernel = fake.Kernel(applications=[applications.Apdu])
    with tee.Context(backend=kernel) as context, optee.Apdu(context) as apdu:
        assert apdu.txrx_raw_frame(optee.ApduCase.CASE_1, HEADER, b"") == b"\x6d\x00"


def test_a_command_is_not_sent_again_if_its_response_does_not_fit(kernel: fake.Kernel) -> None:
    with tee.Context(backend=kernel) as context, optee.Apdu(context) as apdu:
        with pytest.raises(tee.ShortBufferError):
            apdu.txrx_raw_frame(optee.ApduCase.NO_HINT, HEADER, bytes(100), room=10)
        response = apdu.txrx_raw_frame(optee.ApduCase.NO_HINT, HEADER, bytes(5000), room=6000)
    assert len(response) == 5007


def test_the_channel_is_enabled_with_the_keys_that_were_asked_for(kernel: fake.Kernel) -> None:
    Scp03.asked.clear()
    with tee.Context(backend=kernel) as context, optee.Scp03(context) as scp03:
        scp03.enable(optee.Scp03Keys.CURRENT)
        scp03.enable(optee.Scp03Keys.ROTATE)
        with pytest.raises(tee.ParameterTypeError, match="Scp03Keys"):
            scp03.enable(1)  # type: ignore[arg-type]
        scp03.session.invoke_command(0, (2, 0))
    assert Scp03.asked == [False, True, False]


@pytest.mark.parametrize("application", [applications.Apdu, applications.Scp03])
def test_wrong_parameters_are_looked_at_before_the_command_is(
    kernel: fake.Kernel, application: type[fake.TrustedApplication]
) -> None:
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(application.uuid) as session,
    ):
        for number in (0, 99):
            with pytest.raises(tee.BadParametersError):
                session.invoke_command(number, b"abc")


def test_an_unknown_command_and_an_unknown_case_are_refused(kernel: fake.Kernel) -> None:
    output = tee.MemrefTempOutput(10)
    with tee.Context(backend=kernel) as context:
        with optee.Scp03(context) as scp03, pytest.raises(errors.NotImplementedError):
            scp03.session.invoke_command(1, (0, 0))
        with optee.Apdu(context) as apdu:
            with pytest.raises(errors.NotImplementedError):
                apdu.session.invoke_command(1, (0, 0), HEADER, b"", output)
            with pytest.raises(tee.BadParametersError):
                apdu.session.invoke_command(0, (8, 0), HEADER, b"", output)
