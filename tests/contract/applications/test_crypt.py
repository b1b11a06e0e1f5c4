# SPDX-License-Identifier: BSD-2-Clause
"""Cryptography in an application, directly and through another one."""

from __future__ import annotations

import hashlib
import mmap
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee

from ...support.applications import Crypt, RpcTest
from ...support.applications.crypt import CryptCommand as Command
from ...support.applications.rpc_test import RpcTestCommand
from ...support.outputs import output_as

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.optee_only

TRUSTED_APP = tee.Origin.TRUSTED_APP
ALGORITHM_SHA256 = 0x50000004
MODE_DIGEST = 5
ABC = hashlib.sha256(b"abc").digest()


@pytest.fixture(scope="module")
def crypt(context: tee.Context) -> Iterator[tee.Session]:
    with context.open_session(Crypt.uuid) as opened:
        yield opened


@pytest.mark.probe(37)
def test_a_digest_comes_back(crypt: tee.Session) -> None:
    assert crypt.invoke_command(Command.SHA256, b"abc", tee.MemrefTempOutput(32)) == (ABC,)


@pytest.mark.probe(37)
def test_a_size_that_the_application_leaves_alone_stays(crypt: tee.Session) -> None:
    buffer = bytearray(b"\xee" * 64)
    (view,) = crypt.invoke_command(Command.SHA256, b"abc", tee.MemrefTempOutput(buffer))
    assert len(view) == 64
    assert buffer[:32] == ABC


@pytest.mark.probe(37)
def test_the_application_chooses_its_own_error_for_a_short_output(crypt: tee.Session) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        crypt.invoke_command(Command.SHA256, b"abc", tee.MemrefTempOutput(31))
    assert caught.value.origin == TRUSTED_APP


@pytest.mark.probe(38)
def test_memory_that_can_only_be_read_is_an_input(crypt: tee.Session) -> None:
    with mmap.mmap(-1, 4096, prot=mmap.PROT_READ) as pages:
        (digest,) = crypt.invoke_command(Command.SHA256, pages, tee.MemrefTempOutput(32))
    assert digest == hashlib.sha256(bytes(4096)).digest()


@pytest.mark.parametrize("size", [1, 16, 1000])
def test_an_application_can_add_entropy_by_the_system_service(
    crypt: tee.Session, size: int
) -> None:
    assert crypt.invoke_command(Command.SEED_RNG_POOL, bytes(size)) == ()


@pytest.mark.parametrize(
    "parameters",
    [(), (b"",), (tee.MemrefTempInput(None),), ((1, 2),), (tee.MemrefTempOutput(16),)],
)
def test_the_system_service_takes_no_other_entropy(
    crypt: tee.Session, parameters: tuple[Any, ...]
) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        crypt.invoke_command(Command.SEED_RNG_POOL, *parameters)
    assert caught.value.origin == TRUSTED_APP


def test_an_application_has_a_key_of_its_own(crypt: tee.Session) -> None:
    assert crypt.invoke_command(Command.DERIVE_UNIQUE_KEY) == ()


@pytest.mark.parametrize("size", [16, 32])
@pytest.mark.parametrize("extra", [0, 1, 1024])
def test_a_key_is_not_given_to_the_normal_world(crypt: tee.Session, extra: int, size: int) -> None:
    command = Command.DERIVE_UNIQUE_KEY_IN_SHARED_MEMORY
    with pytest.raises(tee.SecurityError) as caught:
        crypt.invoke_command(command, bytes(extra), tee.MemrefTempOutput(size))
    assert caught.value.origin == TRUSTED_APP
    assert caught.value.outputs == (bytes(size),)


@pytest.mark.parametrize(
    ("extra", "size"), [(0, 0), (0, 15), (0, 33), (1024, 64), (1025, 16), (5000, 32)]
)
def test_sizes_of_keys_and_their_data_have_limits(
    crypt: tee.Session, extra: int, size: int
) -> None:
    command = Command.DERIVE_UNIQUE_KEY_IN_SHARED_MEMORY
    with pytest.raises(tee.BadParametersError) as caught:
        crypt.invoke_command(command, bytes(extra), tee.MemrefTempOutput(size))
    assert caught.value.origin == TRUSTED_APP


@pytest.mark.probe(39)
@pytest.mark.real_only
def test_what_is_encrypted_can_be_decrypted(crypt: tee.Session) -> None:
    plain = bytes(range(32))
    room = tee.MemrefTempOutput(32)
    (encrypted,) = crypt.invoke_command(Command.AES256_ECB_ENCRYPT, plain, room)
    encrypted = output_as(bytes, encrypted)
    assert encrypted.startswith(bytes.fromhex("5a6e0457"))
    assert encrypted.endswith(bytes.fromhex("36e7a88e"))
    assert crypt.invoke_command(Command.AES256_ECB_DECRYPT, encrypted, room) == (plain,)


@pytest.mark.probe(40)
@pytest.mark.real_only
def test_a_short_output_leaves_an_operation_to_be_tried_again(crypt: tee.Session) -> None:
    (allocated,) = crypt.invoke_command(
        Command.ALLOCATE_OPERATION, tee.ValueInOut(0, ALGORITHM_SHA256), (MODE_DIGEST, 0)
    )
    handle = (allocated.a, 0)
    with pytest.raises(tee.ShortBufferError) as caught:
        crypt.invoke_command(Command.DIGEST_DO_FINAL, handle, b"abc", tee.MemrefTempOutput(16))
    assert (caught.value.origin, caught.value.required) == (TRUSTED_APP, 32)
    room = tee.MemrefTempOutput(caught.value.required)
    assert crypt.invoke_command(Command.DIGEST_DO_FINAL, handle, b"abc", room) == (ABC,)


@pytest.mark.probe(41)
def test_each_session_keeps_its_own_value(context: tee.Context, crypt: tee.Session) -> None:
    with context.open_session(Crypt.uuid) as other:
        crypt.invoke_command(Command.SET_GLOBAL, (7, 0))
        other.invoke_command(Command.SET_GLOBAL, (9, 0))
        for session, expected in ((crypt, 7), (other, 9)):
            (value,) = session.invoke_command(Command.GET_GLOBAL, tee.ValueOutput())
            assert value.a == expected


@pytest.mark.probe(42)
@pytest.mark.parametrize("size", [20, 200])
def test_random_bytes_fill_their_room_and_differ(crypt: tee.Session, size: int) -> None:
    (first,) = crypt.invoke_command(Command.RANDOM, tee.MemrefTempOutput(size))
    (second,) = crypt.invoke_command(Command.RANDOM, tee.MemrefTempOutput(size))
    assert len(first) == len(second) == size
    assert first != second
    assert any(first[-16:])


@pytest.mark.probe(47)
def test_an_application_can_have_another_make_a_digest(context: tee.Context) -> None:
    with context.open_session(RpcTest.uuid) as session:
        for command in RpcTestCommand:
            assert session.invoke_command(command, b"abc", tee.MemrefTempOutput(32)) == (ABC,)
