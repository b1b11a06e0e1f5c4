# SPDX-License-Identifier: BSD-2-Clause
"""The client of OP-TEE's attestation, on the fake, and what verifies signatures."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import aio, fake
from pytee_client.fake import applications
from pytee_client.ta import optee

from ....support.loops import run

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("cryptography") is None, reason="needs the package cryptography"
)

NONCE = b"a nonce"
HELLO_WORLD = applications.HelloWorld.uuid


class Attestation(applications.Attestation):
    """With a key that is made fast."""

    key_size = 2048


@pytest.fixture(scope="module")
def kernel() -> fake.Kernel:
    return fake.Kernel(applications=[Attestation])


@pytest.fixture
def attestation(kernel: fake.Kernel) -> Iterator[optee.Attestation]:
    with tee.Context(backend=kernel) as context, optee.Attestation(context) as opened:
        yield opened


@pytest.fixture
def key(attestation: optee.Attestation) -> optee.AttestationKey:
    return optee.AttestationKey(*attestation.get_pubkey())


def test_the_key_is_an_rsa_key_of_the_size_that_the_tee_has(key: optee.AttestationKey) -> None:
    assert key.exponent == 65537
    assert key.modulus.bit_length() == Attestation.key_size
    assert key.algorithm == optee.AttestationAlgorithm.RSASSA_PSS_SHA256
    assert key.to_cryptography().key_size == Attestation.key_size


def test_every_session_of_a_tee_signs_with_the_same_key_and_another_tee_with_another(
    kernel: fake.Kernel, key: optee.AttestationKey
) -> None:
    keys = []
    for backend in (kernel, fake.Kernel(applications=[Attestation])):
        with tee.Context(backend=backend) as context, optee.Attestation(context) as opened:
            keys.append(optee.AttestationKey(*opened.get_pubkey()))
    assert keys[0] == key
    assert keys[1].modulus != key.modulus


def test_the_digest_of_an_application_is_signed_with_the_nonce(
    attestation: optee.Attestation, key: optee.AttestationKey
) -> None:
    evidence = attestation.get_ta_shdr_digest(HELLO_WORLD, NONCE)
    evidence.verify(key, NONCE)
    assert len(evidence.digest) == 32
    assert evidence.digest == attestation.get_ta_shdr_digest(HELLO_WORLD, b"x").digest
    other = attestation.get_ta_shdr_digest(applications.Random.uuid, NONCE)
    other.verify(key, NONCE)
    assert other.digest != evidence.digest


def test_the_digest_of_the_tee_is_signed_with_the_nonce(
    attestation: optee.Attestation, key: optee.AttestationKey
) -> None:
    evidence = attestation.hash_tee_memory(NONCE)
    evidence.verify(key, NONCE)
    assert evidence.digest != attestation.get_ta_shdr_digest(HELLO_WORLD, NONCE).digest


@pytest.mark.parametrize(
    "change",
    [
        lambda evidence: (dataclasses.replace(evidence, digest=bytes(32)), NONCE),
        lambda evidence: (dataclasses.replace(evidence, signature=bytes(256)), NONCE),
        lambda evidence: (evidence, b"another nonce"),
    ],
    ids=["digest", "signature", "nonce"],
)
def test_what_was_not_signed_like_this_does_not_hold(
    attestation: optee.Attestation, key: optee.AttestationKey, change: object
) -> None:
    assert callable(change)
    evidence, nonce = change(attestation.hash_tee_memory(NONCE))
    with pytest.raises(optee.AttestationError, match="another key, another nonce or another"):
        evidence.verify(key, nonce)


def test_a_signature_of_another_tee_does_not_hold(attestation: optee.Attestation) -> None:
    evidence = attestation.hash_tee_memory(NONCE)
    with (
        tee.Context(backend=fake.Kernel(applications=[Attestation])) as context,
        optee.Attestation(context) as other,
    ):
        key = optee.AttestationKey(*other.get_pubkey())
    with pytest.raises(optee.AttestationError, match="another key"):
        evidence.verify(key, NONCE)


def test_a_signature_of_another_length_is_named(key: optee.AttestationKey) -> None:
    with pytest.raises(optee.AttestationError, match="has 255 bytes, but this key makes 256"):
        optee.Evidence(bytes(32), bytes(255)).verify(key, NONCE)


def test_an_algorithm_that_is_not_known_is_named(key: optee.AttestationKey) -> None:
    other = dataclasses.replace(key, algorithm=0x70212930)
    with pytest.raises(optee.AttestationError, match="0x70212930"):
        optee.Evidence(bytes(32), bytes(256)).verify(other, NONCE)


def test_numbers_that_are_no_key_are_named() -> None:
    with pytest.raises(optee.AttestationError, match="no RSA key"):
        optee.AttestationKey(2, 4).to_cryptography()


def test_without_the_package_the_error_says_how_to_get_it(
    key: optee.AttestationKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.rsa", None)
    with pytest.raises(ImportError, match=r"pytee_client\[crypto\]"):
        optee.Evidence(bytes(32), bytes(256)).verify(key, NONCE)


def test_a_nonce_of_no_bytes_is_refused_before_anything_is_sent(
    attestation: optee.Attestation, key: optee.AttestationKey
) -> None:
    for call in (
        lambda: attestation.hash_tee_memory(b""),
        lambda: attestation.get_ta_shdr_digest(HELLO_WORLD, b""),
        lambda: optee.Evidence(bytes(32), bytes(256)).verify(key, b""),
    ):
        with pytest.raises(tee.ParameterRangeError, match="0 bytes, but must be at least 1"):
            call()


@pytest.mark.parametrize("uuid", [UUID(int=1), Attestation.uuid], ids=["unknown", "pseudo"])
def test_an_application_without_a_file_is_not_found(
    attestation: optee.Attestation, uuid: UUID
) -> None:
    with pytest.raises(tee.ItemNotFoundError) as caught:
        attestation.get_ta_shdr_digest(uuid, NONCE)
    assert caught.value.origin == tee.Origin.TRUSTED_APP


def test_evidence_that_is_too_short_is_no_evidence(kernel: fake.Kernel) -> None:
    class Short(fake.TrustedApplication):
        uuid = Attestation.uuid

        @fake.command(3)
        def hash(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            parameters.memref(1).put(bytes(32))

    with (
        tee.Context(backend=fake.Kernel(applications=[Short])) as context,
        optee.Attestation(context) as attestation,
        pytest.raises(tee.BadFormatError, match="no digest and a signature"),
    ):
        attestation.hash_tee_memory(NONCE)


def test_an_awaitable_client_gets_the_same(kernel: fake.Kernel) -> None:
    async def use() -> None:
        async with (
            aio.Context(backend=kernel) as context,
            context.client(optee.Attestation) as attestation,
        ):
            key = optee.AttestationKey(*await attestation.get_pubkey())
            evidence = await attestation.hash_tee_memory(NONCE)
            evidence.verify(key, NONCE)

    run(use())
