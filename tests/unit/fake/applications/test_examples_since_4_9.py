# SPDX-License-Identifier: BSD-2-Clause
"""The fake's versions of OP-TEE's examples as of 4.9, where they differ from those of 4.5."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import sys
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import (
    Acipher,
    Acipher49,
    Aes,
    Aes49,
    Conformance,
    Ecdh,
    Ecdsa,
    Sha,
    SignVerify,
    examples_of,
)

from .test_example_applications import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

needs_cryptography = pytest.mark.skipif(
    importlib.util.find_spec("cryptography") is None, reason="needs the package cryptography"
)

NEW: list[type[fake.TrustedApplication]] = [Acipher49, Aes49, Ecdh, Ecdsa, Sha, SignVerify]
HMAC_SHA256, HMAC_SHA512, CMAC = 0x30000004, 0x30000006, 0x30000610
SHA256, SHA3_512, SHAKE128 = 0x50000004, 0x5000000B, 0x50000101


@pytest.fixture
def context() -> Iterator[tee.Context]:
    with tee.Context(backend=fake.Kernel("optee-4.10")) as context:
        yield context


def value(number: int) -> tuple[int, int]:
    return number, 0


def output(session: tee.Session, command: int, *parameters: Any) -> bytes:
    """Invoke a command with one output, and return that."""
    (data,) = session.invoke_command(command, *parameters)
    return bytes(data)


@pytest.mark.parametrize(
    ("revision", "has", "has_not"),
    [
        ("4.5", {Aes, Acipher}, set(NEW)),
        ("4.8", {Aes, Acipher}, set(NEW)),
        ("4.9", set(NEW), {Aes, Acipher}),
        ("4.10 (00000000deadbeef)", set(NEW), {Aes, Acipher}),
        ("5.0", set(NEW), {Aes, Acipher}),
    ],
)
def test_the_examples_are_those_of_the_release(
    revision: str, has: set[object], has_not: set[object]
) -> None:
    examples = set(examples_of(revision))
    assert has <= examples
    assert not has_not & examples
    with tee.Context(backend=fake.Kernel(fake.Optee(revision=revision))) as context:
        context.open_session(Conformance.uuid).close()
        for application in examples_of(revision):
            context.open_session(application.uuid).close()


def test_the_default_is_4_5() -> None:
    with (
        tee.Context(backend=fake.Kernel("optee")) as context,
        pytest.raises(tee.TrustedApplicationNotFoundError),
    ):
        context.open_session(Sha.uuid)


@pytest.mark.parametrize("application", NEW, ids=lambda application: application.__name__)
def test_an_unknown_command_or_shape_is_refused_as_by_the_original(
    context: tee.Context, application: type[fake.TrustedApplication]
) -> None:
    unknown = (
        tee.Result.NOT_SUPPORTED
        if application in (Acipher49, Aes49, Sha)
        else tee.Result.BAD_PARAMETERS
    )
    # Some commands of sha look at the state before the parameters.
    codes = {tee.Result.BAD_PARAMETERS}
    if application is Sha:
        codes |= {tee.Result.BAD_STATE}
    with context.open_session(application.uuid) as session:
        assert code_of(session.invoke_command, 99) == unknown
        for command in application.Command:  # type: ignore[attr-defined]
            for wrong in (((1, 2), (3, 4)), (tee.ValueInOut(1),)):
                assert code_of(session.invoke_command, command, *wrong) in codes


def prepare(session: tee.Session, algorithm: int, encrypts: int, nonce: bytes) -> None:
    session.invoke_command(Aes49.Command.PREPARE, value(algorithm), value(16), value(encrypts))
    session.invoke_command(Aes49.Command.SET_KEY, bytes(range(16)))
    session.invoke_command(Aes49.Command.SET_IV, nonce)


def seal(session: tee.Session, data: bytes, encrypts: int, tag: bytearray) -> bytes:
    room = tee.MemrefTempOutput(len(data) + 16)
    session_tag = tee.MemrefTempInOut(tag)
    outputs = session.invoke_command(4, data, room, value(encrypts), session_tag)
    return bytes(outputs[0])


def prepare_and_seal(session: tee.Session, algorithm: int, encrypts: int, nonce: bytes) -> None:
    prepare(session, algorithm, encrypts, nonce)
    seal(session, b"x", 1, bytearray(16))


@needs_cryptography
@pytest.mark.parametrize("algorithm", [Aes49.Algorithm.CCM, Aes49.Algorithm.GCM])
@pytest.mark.parametrize("tag_size", [12, 16])
def test_aes_authenticates(context: tee.Context, algorithm: int, tag_size: int) -> None:
    tag, nonce = bytearray(tag_size), bytes(12)
    with context.open_session(Aes49.uuid) as session:
        prepare(session, algorithm, 1, nonce)
        sealed = seal(session, b"plain text", 1, tag)
        assert len(sealed) == 10
        assert any(tag)
        prepare(session, algorithm, 0, nonce)
        assert seal(session, sealed, 0, tag) == b"plain text"
        tag[0] ^= 1
        prepare(session, algorithm, 0, nonce)
        assert code_of(seal, session, sealed, 0, tag) == tee.Result.MAC_INVALID


@needs_cryptography
def test_aes_gives_the_tag_of_the_standard(context: tee.Context) -> None:
    """NIST's second test case of GCM: a key, a nonce and a block of zeros."""
    with context.open_session(Aes49.uuid) as session:
        session.invoke_command(Aes49.Command.PREPARE, value(4), value(16), value(1))
        session.invoke_command(Aes49.Command.SET_IV, bytes(12))
        tag = bytearray(16)
        assert seal(session, bytes(16), 1, tag).hex() == "0388dace60b6a392f328c2b971b2fe78"
        assert tag.hex() == "ab6e47d42cec13bdf53a67b21257bddf"


@needs_cryptography
def test_aes_out_of_its_order_is_an_error_or_a_panic(context: tee.Context) -> None:
    with context.open_session(Aes49.uuid) as session:
        assert code_of(seal, session, b"", 1, bytearray(16)) == tee.Result.BAD_PARAMETERS
        prepare(session, 4, 1, bytes(12))
        with pytest.raises(tee.ShortBufferError) as caught:
            session.invoke_command(
                4, bytes(17), tee.MemrefTempOutput(16), value(1), tee.MemrefTempInOut(bytearray(16))
            )
        assert caught.value.required == 17
        assert len(seal(session, b"x", 1, bytearray(16))) == 1
        with pytest.raises(tee.TargetDeadError):
            seal(session, b"x", 1, bytearray(16))
    for algorithm, encrypts, nonce in ((4, 0, bytes(12)), (3, 1, bytes(6)), (2, 1, bytes(16))):
        with context.open_session(Aes49.uuid) as session, pytest.raises(tee.TargetDeadError):
            prepare_and_seal(session, algorithm, encrypts, nonce)


@needs_cryptography
@pytest.mark.parametrize("algorithm", list(Acipher49.Algorithm)[:4])
def test_acipher_encrypts_what_only_it_can_decrypt(context: tee.Context, algorithm: int) -> None:
    with context.open_session(Acipher49.uuid) as session:
        crypt = Acipher49.Command.ENCRYPT_DECRYPT
        room = tee.MemrefTempOutput(128)
        wish = (value(1), value(algorithm))
        assert code_of(session.invoke_command, crypt, b"text", room, *wish) == (
            tee.Result.BAD_STATE
        )
        session.invoke_command(Acipher49.Command.GEN_KEY, value(1024))
        encrypted = output(session, crypt, b"text", room, *wish)
        back = (value(0), value(algorithm))
        assert output(session, crypt, encrypted, room, *back) == b"text"
        with pytest.raises(tee.ShortBufferError) as caught:
            output(session, crypt, encrypted, tee.MemrefTempOutput(0), *back)
        assert caught.value.required == 4
        assert code_of(session.invoke_command, crypt, b"text", room, value(1), value(1)) == (
            tee.Result.NOT_SUPPORTED
        )
        # That of 4.5.
        assert code_of(session.invoke_command, crypt, b"text", room) == tee.Result.BAD_PARAMETERS


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        (SHA256, hashlib.sha256(b"abc").digest()),
        (SHA3_512, hashlib.sha3_512(b"abc").digest()),
        (SHAKE128, hashlib.shake_128(b"abc").digest(100)),
    ],
)
def test_sha_makes_digests(context: tee.Context, algorithm: int, expected: bytes) -> None:
    with context.open_session(Sha.uuid) as session:
        room, command = tee.MemrefTempOutput(100), Sha.Command.COMPUTE_DIGEST
        assert output(session, command, b"abc", room, value(algorithm)) == expected
        assert code_of(session.invoke_command, command, b"abc", room, value(HMAC_SHA256)) == (
            tee.Result.NOT_SUPPORTED
        )


def test_sha_says_how_much_room_it_needs(context: tee.Context) -> None:
    with context.open_session(Sha.uuid) as session, pytest.raises(tee.ShortBufferError) as caught:
        output(session, 5, b"abc", tee.MemrefTempOutput(31), value(SHA256))
    assert caught.value.required == 32


def prepare_mac(session: tee.Session, algorithm: int, key: bytes, kind: int) -> None:
    session.invoke_command(Sha.Command.PREPARE, value(algorithm), value(len(key)), value(kind))
    session.invoke_command(Sha.Command.SET_KEY, key)
    session.invoke_command(Sha.Command.SET_IV, bytes(16))


@pytest.mark.parametrize(
    ("algorithm", "kind", "name"),
    [(HMAC_SHA256, 0, "sha256"), (HMAC_SHA512, 4, "sha512"), (0x3000000A, 8, "sha3_384")],
)
def test_sha_authenticates_a_message_that_it_takes_twice(
    context: tee.Context, algorithm: int, kind: int, name: str
) -> None:
    key, room = bytes(range(64)), tee.MemrefTempOutput(100)
    expected = hmac.digest(key, b"abcabc", name)
    with context.open_session(Sha.uuid) as session:
        prepare_mac(session, algorithm, key, kind)
        assert output(session, Sha.Command.COMPUTE_MAC, b"abc", room) == expected
        session.invoke_command(Sha.Command.SET_IV, b"")
        session.invoke_command(Sha.Command.COMPARE_MAC, b"abc", expected)
        session.invoke_command(Sha.Command.SET_IV, b"")
        wrong = (Sha.Command.COMPARE_MAC, b"abc", expected[:-1] + b"x")
        assert code_of(session.invoke_command, *wrong) == tee.Result.MAC_INVALID
        # Each needs its own SET_IV.
        with pytest.raises(tee.TargetDeadError):
            output(session, Sha.Command.COMPUTE_MAC, b"abc", room)


@needs_cryptography
def test_sha_has_cmac(context: tee.Context) -> None:
    """RFC 4493's example of 32 bytes, half of it at a time."""
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    with context.open_session(Sha.uuid) as session:
        prepare_mac(session, CMAC, key, Sha.KeyType.AES)
        one = output(session, 3, b"", tee.MemrefTempOutput(16))
    assert one.hex() == "bb1d6929e95937287fa37d129b756746"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ((HMAC_SHA256, 32, 10), tee.Result.BAD_PARAMETERS),
        ((HMAC_SHA256, 23, 0), tee.Result.NOT_SUPPORTED),
        ((HMAC_SHA256, 129, 0), tee.Result.NOT_SUPPORTED),
        ((SHA256, 32, 0), tee.Result.NOT_SUPPORTED),
    ],
)
def test_sha_refuses_what_it_has_not(
    context: tee.Context, wish: tuple[int, int, int], code: int
) -> None:
    with context.open_session(Sha.uuid) as session:
        assert code_of(session.invoke_command, 0, *map(value, wish)) == code
        for command in (1, 2, 3, 4):
            assert code_of(session.invoke_command, command) == tee.Result.BAD_STATE


@needs_cryptography
@pytest.mark.parametrize(("curve", "size"), [(0, 24), (1, 28), (2, 32), (3, 48)])
def test_ecdh_derives_a_secret(context: tee.Context, curve: int, size: int) -> None:
    with context.open_session(Ecdh.uuid) as session:
        with pytest.raises(tee.ShortBufferError) as caught:
            session.invoke_command(0, value(curve), None, None, tee.MemrefTempOutput(0))
        assert caught.value.required == size
        wish = (value(curve), None, None, tee.MemrefTempOutput(66))
        one, other = (bytes(session.invoke_command(0, *wish)[0]) for _ in range(2))
        assert len(one) == len(other) == size
        assert one != other
        unknown = (0, value(4), None, None, tee.MemrefTempOutput(66))
        assert code_of(session.invoke_command, *unknown) == tee.Result.BAD_PARAMETERS


@needs_cryptography
@pytest.mark.parametrize(
    ("algorithm", "name", "size"),
    [
        (Ecdsa.Algorithm.SHA1, "sha1", 48),
        (Ecdsa.Algorithm.SHA224, "sha224", 56),
        (Ecdsa.Algorithm.SHA256, "sha256", 64),
        (Ecdsa.Algorithm.SHA384, "sha384", 96),
        (Ecdsa.Algorithm.SHA512, "sha512", 132),
    ],
)
def test_ecdsa_digests_and_signs(
    context: tee.Context, algorithm: int, name: str, size: int
) -> None:
    room = tee.MemrefTempOutput(200)
    with context.open_session(Ecdsa.uuid) as session:
        sign = Ecdsa.Command.SIGN_VERIFY_DIGEST
        assert code_of(session.invoke_command, Ecdsa.Command.GEN_KEY) == tee.Result.BAD_PARAMETERS
        assert code_of(session.invoke_command, sign, b"", room) == tee.Result.NOT_SUPPORTED
        digest = output(session, 0, b"abc", room, value(algorithm))
        assert digest == hashlib.new(name, b"abc").digest()
        session.invoke_command(Ecdsa.Command.GEN_KEY)
        assert len(output(session, sign, digest, room)) == size
        with pytest.raises(tee.ShortBufferError) as caught:
            output(session, sign, digest, tee.MemrefTempOutput(size - 1))
        assert caught.value.required == size
        # The session forgets its algorithm then, and says no size.
        assert code_of(session.invoke_command, 0, b"", room, value(1)) == tee.Result.BAD_PARAMETERS
        assert code_of(session.invoke_command, sign, digest, room) == tee.Result.NOT_SUPPORTED
        short = (0, b"abc", tee.MemrefTempOutput(19), value(algorithm))
        assert code_of(session.invoke_command, *short) == tee.Result.SHORT_BUFFER


@needs_cryptography
@pytest.mark.parametrize("algorithm", list(SignVerify.Algorithm))
def test_sign_verify_signs(context: tee.Context, algorithm: int) -> None:
    with context.open_session(SignVerify.uuid) as session:
        room = tee.MemrefTempOutput(200)
        assert len(output(session, 0, b"text", room, value(algorithm), value(1100))) == 138
        with pytest.raises(tee.ShortBufferError) as caught:
            output(session, 0, b"text", tee.MemrefTempOutput(0), value(algorithm), value(1024 + 64))
        assert caught.value.required == 136
        for wish, code in (
            ((10, 1024), tee.Result.BAD_PARAMETERS),
            ((algorithm, 255), tee.Result.NOT_SUPPORTED),
            ((algorithm, 256), tee.Result.BAD_PARAMETERS),
        ):
            refused = code_of(session.invoke_command, 0, b"text", room, *map(value, wish))
            assert refused == code


def test_without_cryptography_its_applications_say_so(
    context: tee.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cryptography", "cryptography.hazmat.primitives.asymmetric"):
        monkeypatch.setitem(sys.modules, name, None)
    room = tee.MemrefTempOutput(200)
    wishes: list[tuple[type[fake.TrustedApplication], tuple[Any, ...]]] = [
        (Aes49, (0, value(4), value(16), value(1))),
        (Acipher49, (0, value(2048))),
        (Sha, (0, value(CMAC), value(16), value(5))),
        (Ecdh, (0, value(0), None, None, room)),
        (SignVerify, (0, b"", room, value(0), value(1024))),
    ]
    for application, wish in wishes:
        with context.open_session(application.uuid) as session:
            assert code_of(session.invoke_command, *wish) == tee.Result.NOT_SUPPORTED
    with context.open_session(Ecdsa.uuid) as session:
        output(session, 0, b"", room, value(Ecdsa.Algorithm.SHA256))
        assert code_of(session.invoke_command, 1) == tee.Result.NOT_SUPPORTED
