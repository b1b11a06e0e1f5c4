# SPDX-License-Identifier: BSD-2-Clause
"""Clients of OP-TEE's examples, with their fakes: those that came or changed after 4.5."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.ta import optee

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

needs_cryptography = pytest.mark.skipif(
    importlib.util.find_spec("cryptography") is None, reason="needs the package cryptography"
)
KEY = bytes(range(32))


@pytest.fixture
def old() -> Iterator[tee.Context]:
    with tee.Context(backend=fake.Kernel("optee")) as context:
        yield context


@pytest.fixture
def new() -> Iterator[tee.Context]:
    with tee.Context(backend=fake.Kernel("optee-4.10")) as context:
        yield context


@needs_cryptography
def test_aes_seals_as_the_standard_says(new: tee.Context) -> None:
    """NIST's second test case of GCM: a key, a nonce and a block of zeros."""
    with optee.Aes(new) as client:
        gcm = client.Algorithm.GCM
        sealed, tag = client.seal(gcm, bytes(16), bytes(12), bytes(16))
        assert sealed.hex() == "0388dace60b6a392f328c2b971b2fe78"
        assert tag.hex() == "ab6e47d42cec13bdf53a67b21257bddf"
        assert client.unseal(gcm, bytes(16), bytes(12), sealed, tag) == bytes(16)


@needs_cryptography
@pytest.mark.parametrize("name", ["CCM", "GCM"])
@pytest.mark.parametrize("tag_size", [12, 16])
def test_aes_opens_only_what_was_sealed(new: tee.Context, name: str, tag_size: int) -> None:
    with optee.Aes(new) as client:
        algorithm, nonce, data = client.Algorithm[name], bytes(12), bytes(range(250)) * 50
        sealed, tag = client.seal(algorithm, KEY, nonce, data, tag_size=tag_size)
        assert len(sealed) == len(data)
        assert len(tag) == tag_size
        assert client.unseal(algorithm, KEY, nonce, sealed, tag) == data
        for wrong in (
            (KEY, nonce, sealed, bytes(tag_size)),
            (KEY, nonce, data, tag),
            (KEY, b"another one!", sealed, tag),
            (bytes(32), nonce, sealed, tag),
        ):
            with pytest.raises(tee.MacInvalidError):
                client.unseal(algorithm, *wrong)


@needs_cryptography
def test_aes_of_4_5_does_not_seal(old: tee.Context) -> None:
    with optee.Aes(old) as client:
        with pytest.raises(tee.BadParametersError):
            client.seal(client.Algorithm.GCM, KEY, bytes(12), b"data")
        with pytest.raises(tee.NotSupportedError):
            client.authenc(b"data", bytearray(4), client.Mode.ENCODE, bytes(16))


@needs_cryptography
def test_acipher_of_4_5_encrypts_alone(old: tee.Context) -> None:
    with optee.Acipher(old) as client:
        with pytest.raises(tee.BadStateError):
            client.encrypt(b"data")
        client.gen_key(1024)
        assert len(client.encrypt(b"data")) == 128
        assert client.encrypt(b"data") != client.encrypt(b"data")
        with pytest.raises(tee.BadParametersError):
            client.encrypt(bytes(118))
        client.gen_key(4096)
        assert len(client.encrypt(b"data")) == 512
    with optee.Acipher49(old) as other, pytest.raises(tee.BadParametersError):
        other.encrypt(b"data")


@needs_cryptography
def test_acipher_since_4_9_decrypts_what_it_has_encrypted(new: tee.Context) -> None:
    with optee.Acipher49(new) as client:
        client.gen_key(2048)
        for algorithm in client.Algorithm:
            encrypted = client.encrypt(b"data", algorithm)
            assert len(encrypted) == 256
            assert client.decrypt(encrypted, algorithm) == b"data"
        encrypted = client.encrypt(b"data")
        assert client.decrypt(encrypted) == b"data"
        client.gen_key(2048)
        with pytest.raises(tee.BadParametersError):
            client.decrypt(encrypted, client.Algorithm.PKCS1_OAEP_MGF1_SHA256)
    with optee.Acipher(new) as other, pytest.raises(tee.BadParametersError):
        other.encrypt(b"data")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SHA1", hashlib.sha1(b"abc").digest()),
        ("SHA256", hashlib.sha256(b"abc").digest()),
        ("SHA512", hashlib.sha512(b"abc").digest()),
        ("SHA3_384", hashlib.sha3_384(b"abc").digest()),
        ("SHAKE128", hashlib.shake_128(b"abc").digest(64)),
    ],
)
def test_sha_makes_the_digests_of_the_standards(
    new: tee.Context, name: str, expected: bytes
) -> None:
    with optee.Sha(new) as client:
        assert client.compute_digest(b"abc", client.DigestAlgorithm[name]) == expected


@pytest.mark.parametrize("size", [1, 64, 5000])
def test_a_digest_of_shake_is_as_long_as_there_is_room_for(new: tee.Context, size: int) -> None:
    with optee.Sha(new) as client:
        digest = client.compute_digest(b"abc", client.DigestAlgorithm.SHAKE256, room=size)
        assert digest == hashlib.shake_256(b"abc").digest(size)


def test_a_digest_that_does_not_fit_is_not_computed_again(new: tee.Context) -> None:
    with optee.Sha(new) as client, pytest.raises(tee.ShortBufferError) as caught:
        client.compute_digest(b"abc", client.DigestAlgorithm.SHA256, room=31)
    assert caught.value.required == 32


def of_hmac(digest: str) -> Callable[[bytes, bytes], bytes]:
    return lambda key, message: hmac.digest(key, message, digest)


def of_cmac(key: bytes, message: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import algorithms
    from cryptography.hazmat.primitives.cmac import CMAC

    cmac = CMAC(algorithms.AES(key))
    cmac.update(message)
    return cmac.finalize()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HMAC_SHA1", of_hmac("sha1")),
        ("HMAC_SHA256", of_hmac("sha256")),
        ("HMAC_SHA512", of_hmac("sha512")),
        ("HMAC_SHA3_256", of_hmac("sha3_256")),
        pytest.param("AES_CMAC", of_cmac, marks=needs_cryptography),
    ],
)
def test_sha_authenticates_a_message_taken_twice(
    new: tee.Context, name: str, expected: Callable[[bytes, bytes], bytes]
) -> None:
    with optee.Sha(new) as client:
        algorithm = client.MacAlgorithm[name]
        mac = client.mac(algorithm, KEY, b"message")
        assert mac == expected(KEY, b"messagemessage")
        client.verify_mac(algorithm, KEY, b"message", mac)
        for key, message, code in (
            (KEY, b"message", bytes(len(mac))),
            (KEY, b"other", mac),
            (KEY[::-1], b"message", mac),
        ):
            with pytest.raises(tee.MacInvalidError):
                client.verify_mac(algorithm, key, message, code)


def test_every_algorithm_of_sha_has_its_type_of_key(new: tee.Context) -> None:
    with optee.Sha(new) as client:
        for algorithm in client.MacAlgorithm:
            if algorithm is not client.MacAlgorithm.AES_CMAC:
                client.verify_mac(algorithm, KEY, b"m", client.mac(algorithm, KEY, b"m"))


@pytest.mark.parametrize(
    ("place", "wrong", "named"),
    [(0, 0x30000004, "MacAlgorithm"), (1, "k" * 32, "key"), (2, None, "message"), (3, 5, "code")],
)
def test_sha_looks_at_its_arguments(new: tee.Context, place: int, wrong: Any, named: str) -> None:
    with optee.Sha(new) as client:
        given: list[Any] = [client.MacAlgorithm.HMAC_SHA256, KEY, b"message", bytes(32)]
        given[place] = wrong
        with pytest.raises(tee.ParameterTypeError, match=named):
            client.verify_mac(*given)
        # Nothing was sent.
        with pytest.raises(tee.BadStateError):
            client.set_key(KEY)


def test_sha_out_of_its_order_is_an_error_or_a_panic(new: tee.Context) -> None:
    with optee.Sha(new) as client:
        for call in (client.compute_mac, client.set_iv, client.set_key):
            with pytest.raises(tee.BadStateError):
                call(b"message")
        client.mac(client.MacAlgorithm.HMAC_SHA256, KEY, b"message")
        with pytest.raises(tee.TargetDeadError):
            client.compute_mac(b"message")


@needs_cryptography
@pytest.mark.parametrize(
    ("name", "size"), [("NIST_P192", 24), ("NIST_P224", 28), ("NIST_P256", 32), ("NIST_P384", 48)]
)
def test_ecdh_derives_a_new_secret_each_time(new: tee.Context, name: str, size: int) -> None:
    with optee.Ecdh(new) as client:
        one, other = (client.derive_selftest(client.Curve[name]) for _ in range(2))
    assert len(one) == len(other) == size
    assert one != other


@needs_cryptography
@pytest.mark.parametrize("name", ["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"])
def test_ecdsa_signs_the_digest_of_a_message(new: tee.Context, name: str) -> None:
    with optee.Ecdsa(new) as client:
        algorithm = client.Algorithm[name]
        digest = client.compute_digest(b"message", algorithm)
        assert digest == hashlib.new(name.lower(), b"message").digest()
        with pytest.raises(tee.NotSupportedError):
            client.sign_verify_digest(digest)
        sizes = {"SHA1": 48, "SHA224": 56, "SHA256": 64, "SHA384": 96, "SHA512": 132}
        assert len(client.sign(b"message", algorithm)) == sizes[name]


@needs_cryptography
def test_sign_verify_signs_with_a_key_of_the_size(new: tee.Context) -> None:
    with optee.SignVerify(new) as client:
        # A salt as long as the digest of SHA-512 does not fit with it into a key of 1024 bits.
        for algorithm in set(client.Algorithm) - {client.Algorithm.PKCS1_PSS_MGF1_SHA512}:
            assert len(client.sign_verify(b"message", algorithm, 1024)) == 128
        with pytest.raises(tee.TeecError):
            client.sign_verify(b"message", client.Algorithm.PKCS1_V1_5_SHA512, 256)


@pytest.mark.parametrize(
    "client", [optee.Sha, optee.Ecdh, optee.Ecdsa, optee.SignVerify], ids=lambda one: one.__name__
)
def test_what_came_with_4_9_is_not_found_in_4_5(
    old: tee.Context, client: type[optee.Sha | optee.Ecdh | optee.Ecdsa | optee.SignVerify]
) -> None:
    with pytest.raises(tee.TrustedApplicationNotFoundError):
        client(old)
