# SPDX-License-Identifier: BSD-2-Clause
"""The client of the TPM in firmware, on the fake."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake import applications
from pytee_client.ta import optee

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX = 4096
GET_RANDOM, SELF_TEST, EMULATE_PPI = 0x17B, 0x143, 0x200001FF
SUBMIT, PPI = applications.Ftpm.Command
Function = optee.PpiFunction


def command(code: int, body: bytes = b"", *, tag: int = 0x8001, size: int | None = None) -> bytes:
    return struct.pack(">HII", tag, 10 + len(body) if size is None else size, code) + body


def code_of(response: bytes) -> int:
    tag, size, code = struct.unpack_from(">HII", response)
    assert (tag, size) == (0x8001, len(response))
    return int(code)


@pytest.fixture
def context() -> Iterator[tee.Context]:
    with tee.Context(backend=fake.Kernel(applications=[applications.Ftpm])) as opened:
        yield opened


@pytest.fixture
def ftpm(context: tee.Context) -> Iterator[optee.Ftpm]:
    with optee.Ftpm(context) as opened:
        yield opened


def test_a_response_is_as_long_as_it_says_itself(ftpm: optee.Ftpm) -> None:
    response = ftpm.submit_command(command(GET_RANDOM, struct.pack(">H", 16)), MAX)
    assert code_of(response) == 0
    assert len(response) == 28
    assert response[10:12] == b"\x00\x10"
    assert response != ftpm.submit_command(command(GET_RANDOM, struct.pack(">H", 16)), MAX)


def test_the_memory_of_a_response_keeps_its_size(ftpm: optee.Ftpm) -> None:
    room = tee.MemrefTempInOut(bytearray(MAX))
    (memory,) = ftpm.session.invoke_command(SUBMIT, command(SELF_TEST), room)
    assert isinstance(memory, memoryview | bytes)
    assert len(memory) == MAX


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (command(SELF_TEST), 0x143),
        (command(GET_RANDOM), 0x142),
        (command(GET_RANDOM, b"\0\1", tag=0x8002), 0x01E),
        (command(GET_RANDOM, size=9), 0x142),
    ],
    ids=["command", "size", "tag", "header"],
)
def test_a_wrong_command_has_a_response_that_says_so(
    ftpm: optee.Ftpm, request_: bytes, code: int
) -> None:
    assert code_of(ftpm.submit_command(request_, MAX)) == code


def test_a_command_ends_where_it_says_itself(ftpm: optee.Ftpm) -> None:
    request = command(GET_RANDOM, struct.pack(">H", 4)) + b"rest"
    assert len(ftpm.submit_command(request, MAX)) == 16
    with pytest.raises(tee.BadParametersError):
        ftpm.submit_command(command(GET_RANDOM, size=100), MAX)


def test_too_little_room_is_told(ftpm: optee.Ftpm) -> None:
    with pytest.raises(tee.ShortBufferError):
        ftpm.submit_command(command(GET_RANDOM, struct.pack(">H", 16)), 27)
    assert len(ftpm.submit_command(command(GET_RANDOM, struct.pack(">H", 16)), 28)) == 28


@pytest.mark.parametrize(("size", "room"), [(0, 10), (MAX + 1, 10), (10, 0), (10, MAX + 1)])
def test_wrong_sizes_are_refused_before_anything_is_sent(
    ftpm: optee.Ftpm, size: int, room: int
) -> None:
    with pytest.raises(tee.ParameterRangeError, match="must be from 1 to 4096"):
        ftpm.submit_command(bytes(size), room)
    for number in (SUBMIT, PPI):
        memory = tee.MemrefTempInOut(bytearray(room))
        with pytest.raises(tee.BadParametersError) as caught:
            ftpm.session.invoke_command(number, bytes(size), memory)
        assert caught.value.origin == tee.Origin.TRUSTED_APP


def test_what_is_no_response_of_a_tpm_is_told() -> None:
    class Silent(applications.Ftpm):
        @fake.command(0)
        def submit(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            return

    with (
        tee.Context(backend=fake.Kernel(applications=[Silent])) as context,
        optee.Ftpm(context) as ftpm,
        pytest.raises(tee.BadFormatError, match="no response of a TPM"),
    ):
        ftpm.submit_command(command(SELF_TEST), MAX)


def test_a_second_session_is_busy(context: tee.Context, ftpm: optee.Ftpm) -> None:
    with pytest.raises(tee.BusyError):
        optee.Ftpm(context)


def test_physical_presence_has_one_to_three_results(ftpm: optee.Ftpm) -> None:
    def ask(function: optee.PpiFunction, operation: int = 0) -> list[int]:
        return ftpm.emulate_ppi(optee.PpiRequest(function, operation), 12)

    assert ask(Function.QUERY) == [0x1AB]
    assert ask(Function.VERSION) == [int.from_bytes(b"1.2", "little")]
    assert ask(Function.GET_PENDING_OPERATION) == [0, 0]
    assert ask(Function.GET_USER_CONFIRMATION, 5) == [3]
    assert ask(Function.SUBMIT_OPERATION_REQUEST_2, 17) == [1]
    assert ask(Function.SUBMIT_OPERATION_REQUEST_2, 5) == [0]
    assert ask(Function.GET_PENDING_OPERATION) == [0, 5]
    assert ask(Function.RETURN_OPERATION_RESPONSE) == [0, 0, 0]


def test_physical_presence_is_also_a_command_of_the_tpm(ftpm: optee.Ftpm) -> None:
    body = struct.pack(">II", Function.SUBMIT_OPERATION_REQUEST_2, 14)
    response = ftpm.submit_command(command(EMULATE_PPI, body), MAX)
    assert code_of(response) == 0
    request = optee.PpiRequest(Function.GET_PENDING_OPERATION)
    assert ftpm.emulate_ppi(request, 8) == [0, 14]
    missing = ftpm.submit_command(command(EMULATE_PPI, struct.pack(">II", 99, 0)), MAX)
    assert code_of(missing) == 0x101


def test_an_unknown_command_and_parameters_of_the_opening_are_refused(
    context: tee.Context, ftpm: optee.Ftpm
) -> None:
    with pytest.raises(tee.BadParametersError):
        ftpm.session.invoke_command(2)
    ftpm.close()
    with pytest.raises(tee.BadParametersError):
        context.open_session(optee.Ftpm.uuid, (1, 2))
