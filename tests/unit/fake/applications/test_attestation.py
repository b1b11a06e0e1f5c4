# SPDX-License-Identifier: BSD-2-Clause
"""The fake's attestation, as a client of any kind sees it."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake import applications
from pytee_client.ta import optee

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("cryptography") is None, reason="needs the package cryptography"
)

KEY, APPLICATION, MEMORY, TEE = applications.Attestation.Command
NONCE = b"a nonce"
SIZE = 32 + 256
UUID_OF_HELLO_WORLD = applications.HelloWorld.uuid.bytes_le


class Attestation(applications.Attestation):
    """With a key that is made fast."""

    key_size = 2048


class Caller(fake.TrustedApplication):
    """Asks for the digest of its own memory."""

    uuid = applications.Hotp.uuid

    @fake.command(0)
    def ask(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        with self.core.open_ta_session(Attestation.uuid) as attestation:
            attestation.invoke_command(MEMORY, NONCE, parameters.memref(0))


@pytest.fixture(scope="module")
def kernel() -> fake.Kernel:
    return fake.Kernel(applications=[Attestation, Caller])


@pytest.fixture
def context(kernel: fake.Kernel) -> Iterator[tee.Context]:
    with tee.Context(backend=kernel) as opened:
        yield opened


@pytest.fixture
def session(context: tee.Context) -> Iterator[tee.Session]:
    with context.open_session(Attestation.uuid) as opened:
        yield opened


def code_of(session: tee.Session, *call: Any) -> int:
    with pytest.raises(tee.TeecError) as caught:
        session.invoke_command(*call)
    assert caught.value.origin == tee.Origin.TRUSTED_APP
    return caught.value.code


OUTPUT = tee.MemrefTempOutput(SIZE)


@pytest.mark.parametrize(
    "call",
    [
        (4,),
        (KEY, OUTPUT, OUTPUT),
        (APPLICATION, UUID_OF_HELLO_WORLD[:15], NONCE, OUTPUT),
        (APPLICATION, UUID_OF_HELLO_WORLD, b"", OUTPUT),
        (TEE, b"", OUTPUT),
        (MEMORY, b"", OUTPUT),
        (TEE, NONCE, tee.MemrefTempInOut(bytearray(SIZE))),
    ],
    ids=["command", "key", "uuid", "nonce", "nonce of tee", "nonce of memory", "direction"],
)
def test_what_is_wrong_is_refused(session: tee.Session, call: Any) -> None:
    assert code_of(session, *call) == tee.Result.BAD_PARAMETERS


@pytest.mark.parametrize("output", [None, SIZE - 1])
@pytest.mark.parametrize("call", [(APPLICATION, UUID_OF_HELLO_WORLD, NONCE), (TEE, NONCE)])
def test_an_output_that_is_too_small_is_told_the_size(
    session: tee.Session, call: Any, output: int | None
) -> None:
    with pytest.raises(tee.ShortBufferError) as caught:
        session.invoke_command(*call, tee.MemrefTempOutput(output))
    assert caught.value.outputs is not None
    (size,) = caught.value.outputs
    assert isinstance(size, tee.RequiredSize)
    assert size.required == SIZE


def test_both_outputs_of_the_key_are_told_their_sizes(session: tee.Session) -> None:
    with pytest.raises(tee.ShortBufferError) as caught:
        session.invoke_command(
            KEY, tee.MemrefTempOutput(2), tee.MemrefTempOutput(None), tee.ValueOutput()
        )
    assert caught.value.outputs is not None
    sizes = [size.required for size in caught.value.outputs if isinstance(size, tee.RequiredSize)]
    assert sizes == [3, 256]


def test_only_an_application_gets_the_digest_of_its_memory(
    context: tee.Context, session: tee.Session
) -> None:
    assert code_of(session, MEMORY, NONCE, OUTPUT) == tee.Result.ACCESS_DENIED
    with optee.Attestation(context) as attestation, context.open_session(Caller.uuid) as caller:
        content = caller.invoke_command(0, OUTPUT)[0]
        assert isinstance(content, bytes)
        evidence = optee.Evidence(content[:32], content[32:])
        evidence.verify(optee.AttestationKey(*attestation.get_pubkey()), NONCE)
        assert evidence.digest == attestation.get_ta_shdr_digest(Caller.uuid, NONCE).digest


def test_without_the_package_there_is_no_key(
    kernel: fake.Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    with (
        tee.Context(backend=fake.Kernel(applications=[Attestation])) as context,
        context.open_session(Attestation.uuid) as session,
    ):
        assert code_of(session, TEE, NONCE, OUTPUT) == tee.Result.NOT_SUPPORTED
