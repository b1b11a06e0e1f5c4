# SPDX-License-Identifier: BSD-2-Clause
"""The fake's versions of the applications that people learn OP-TEE with."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import Acipher, Aes, Hotp, Random, SecureStorage

from ....support.programs import program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

EXAMPLES = [Acipher, Aes, Hotp, Random, SecureStorage]
needs_cryptography = pytest.mark.skipif(
    importlib.util.find_spec("cryptography") is None, reason="needs the package cryptography"
)


@pytest.fixture(params=["optee", "optee-no-reg-mem", "amdtee"])
def context(request: pytest.FixtureRequest) -> Iterator[tee.Context]:
    with tee.Context(backend=fake.Kernel(request.param)) as context:
        yield context


def code_of(call: Callable[..., object], *arguments: object) -> int:
    """Return the code of the application that a call fails with."""
    with pytest.raises(tee.TeecError) as caught:
        call(*arguments)
    assert caught.value.origin == tee.Origin.TRUSTED_APP
    return caught.value.code


@pytest.mark.parametrize("application", EXAMPLES, ids=lambda application: application.__name__)
def test_an_unknown_command_or_shape_is_refused_as_by_the_original(
    context: tee.Context, application: type[fake.TrustedApplication]
) -> None:
    unknown = (
        tee.Result.BAD_PARAMETERS if application in (Hotp, Random) else tee.Result.NOT_SUPPORTED
    )
    with context.open_session(application.uuid) as session:
        assert code_of(session.invoke_command, 99) == unknown
        for command in application.Command:  # type: ignore[attr-defined]
            for wrong in ((), ((1, 2), (3, 4)), (tee.ValueInOut(1),)):
                assert code_of(session.invoke_command, command, *wrong) == (
                    tee.Result.BAD_PARAMETERS
                )


def test_random_fills_the_buffer(context: tee.Context) -> None:
    with context.open_session(Random.uuid) as session:
        one, other = (session.invoke_command(0, tee.MemrefTempOutput(32))[0] for _ in range(2))
        assert len(one) == len(other) == 32
        assert one != other
    for nothing in (tee.MemrefTempOutput(0), tee.MemrefTempOutput(None)):
        with context.open_session(Random.uuid) as session:
            if context.version.generic_capabilities & tee.GenericCapabilities.MEMREF_NULL or (
                nothing.buffer is not None
            ):
                with pytest.raises(tee.TargetDeadError):
                    session.invoke_command(0, nothing)
    assert code_of(context.open_session, Random.uuid, (1, 2)) == tee.Result.BAD_PARAMETERS


def read_raw(session: tee.Session, name: bytes, size: int = 100) -> bytes:
    (data,) = session.invoke_command(
        SecureStorage.Command.READ_RAW, name, tee.MemrefTempOutput(size)
    )
    return bytes(data)


def write_raw(session: tee.Session, name: bytes, data: bytes) -> None:
    session.invoke_command(SecureStorage.Command.WRITE_RAW, name, data)


def test_secure_storage_keeps_what_it_is_given(context: tee.Context) -> None:
    with context.open_session(SecureStorage.uuid) as session:
        write_raw(session, b"name", b"first")
        write_raw(session, b"name", b"second")
        write_raw(session, b"empty", b"")
    with context.open_session(SecureStorage.uuid) as session:
        assert read_raw(session, b"name") == b"second"
        assert read_raw(session, b"empty", 0) == b""
        session.invoke_command(SecureStorage.Command.DELETE, b"name")
        assert code_of(read_raw, session, b"name") == tee.Result.ITEM_NOT_FOUND
        missing = (SecureStorage.Command.DELETE, b"name")
        assert code_of(session.invoke_command, *missing) == tee.Result.ITEM_NOT_FOUND


def test_secure_storage_says_how_much_room_it_needs(context: tee.Context) -> None:
    with context.open_session(SecureStorage.uuid) as session:
        write_raw(session, b"name", bytes(7000))
        for size in (6999, 0):
            with pytest.raises(tee.ShortBufferError) as caught:
                read_raw(session, b"name", size)
            assert caught.value.required == 7000
        assert read_raw(session, b"name", 7000) == bytes(7000)


def test_secure_storage_is_one_clients_at_a_time_and_ends_with_a_long_name(
    context: tee.Context,
) -> None:
    with context.open_session(SecureStorage.uuid) as session:
        with pytest.raises(tee.BusyError):
            context.open_session(SecureStorage.uuid)
        write_raw(session, bytes(64), b"data")
        with pytest.raises(tee.TargetDeadError):
            write_raw(session, bytes(65), b"data")
    with context.open_session(SecureStorage.uuid) as session:
        assert read_raw(session, bytes(64)) == b"data"


def test_secure_storage_can_be_in_a_folder(tmp_path: Path) -> None:
    for driver in (fake.Optee, fake.AmdTee):
        folder = tmp_path / driver.__name__
        for data in (b"first", b"second"):
            with (
                tee.Context(backend=fake.Kernel(driver(storage=folder))) as context,
                context.open_session(SecureStorage.uuid) as session,
            ):
                if data == b"second":
                    assert read_raw(session, b"name") == b"first"
                write_raw(session, b"name", data)
        stored = folder / str(SecureStorage.uuid) / "id-6e616d65"
        assert stored.read_bytes() == b"second"


# RFC 4226, appendix D.
HOTP_KEY = b"12345678901234567890"
HOTP_PASSWORDS = [755224, 287082, 359152, 969429, 338314, 254676, 287922, 162583, 399871, 520489]


def next_password(session: tee.Session) -> int:
    (password,) = session.invoke_command(Hotp.Command.GET_HOTP, tee.ValueOutput())
    return int(password.a)


def test_hotp_gives_the_passwords_of_the_standard(context: tee.Context) -> None:
    with context.open_session(Hotp.uuid) as session:
        session.invoke_command(Hotp.Command.REGISTER_SHARED_KEY, HOTP_KEY)
        assert [next_password(session) for _ in HOTP_PASSWORDS] == HOTP_PASSWORDS


def test_hotp_counts_on_whatever_key_it_has(context: tee.Context) -> None:
    with context.open_session(Hotp.uuid) as session:
        assert code_of(next_password, session) == tee.Result.BAD_PARAMETERS
        for short in (b"", bytes(9)):
            session.invoke_command(Hotp.Command.REGISTER_SHARED_KEY, short)
            assert code_of(next_password, session) == tee.Result.BAD_PARAMETERS
        too_long = (Hotp.Command.REGISTER_SHARED_KEY, bytes(65))
        assert code_of(session.invoke_command, *too_long) == tee.Result.BAD_PARAMETERS
        session.invoke_command(Hotp.Command.REGISTER_SHARED_KEY, bytes(64))
        next_password(session)
        session.invoke_command(Hotp.Command.REGISTER_SHARED_KEY, HOTP_KEY)
        assert next_password(session) == HOTP_PASSWORDS[4]
    assert code_of(context.open_session, Hotp.uuid, (1, 2)) == tee.Result.BAD_PARAMETERS


KEY_128 = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
KEY_256 = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
PLAIN = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
VECTOR = bytes(range(16))
COUNTER = bytes(range(0xF0, 0x100))
# NIST SP 800-38A, appendix F, the first two blocks of each.
AES_VECTORS = [
    (
        Aes.Algorithm.ECB,
        KEY_128,
        b"",
        "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf",
    ),
    (
        Aes.Algorithm.ECB,
        KEY_256,
        b"",
        "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870",
    ),
    (
        Aes.Algorithm.CBC,
        KEY_128,
        VECTOR,
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2",
    ),
    (
        Aes.Algorithm.CBC,
        KEY_256,
        VECTOR,
        "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d",
    ),
    (
        Aes.Algorithm.CTR,
        KEY_128,
        COUNTER,
        "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff",
    ),
    (
        Aes.Algorithm.CTR,
        KEY_256,
        COUNTER,
        "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5",
    ),
]


def prepare(
    session: tee.Session, algorithm: int, key: bytes, vector: bytes, encrypts: int = 1
) -> None:
    session.invoke_command(Aes.Command.PREPARE, (algorithm, 0), (len(key), 0), (encrypts, 0))
    session.invoke_command(Aes.Command.SET_KEY, key)
    session.invoke_command(Aes.Command.SET_IV, vector)


def cipher(session: tee.Session, data: bytes, size: int | None = None) -> bytes:
    output = tee.MemrefTempOutput(len(data) if size is None else size)
    return bytes(session.invoke_command(Aes.Command.CIPHER, data, output)[0])


@needs_cryptography
@pytest.mark.parametrize(("algorithm", "key", "vector", "encrypted"), AES_VECTORS)
def test_aes_gives_the_vectors_of_the_standard(
    context: tee.Context, algorithm: int, key: bytes, vector: bytes, encrypted: str
) -> None:
    with context.open_session(Aes.uuid) as session:
        prepare(session, algorithm, key, vector)
        assert cipher(session, PLAIN).hex() == encrypted
        prepare(session, algorithm, key, vector, 0)
        assert cipher(session, bytes.fromhex(encrypted)) == PLAIN


@needs_cryptography
@pytest.mark.parametrize("algorithm", [Aes.Algorithm.ECB, Aes.Algorithm.CBC])
def test_aes_goes_on_block_by_block(context: tee.Context, algorithm: int) -> None:
    with context.open_session(Aes.uuid) as session:
        vector = b"" if algorithm == Aes.Algorithm.ECB else VECTOR
        prepare(session, algorithm, KEY_128, vector)
        whole = cipher(session, PLAIN)
        session.invoke_command(Aes.Command.SET_IV, vector)
        assert cipher(session, PLAIN[:15]) == b""
        with pytest.raises(tee.ShortBufferError) as caught:
            cipher(session, PLAIN[15:16])
        assert caught.value.required == 16
        assert cipher(session, PLAIN[15:17], 16) == whole[:16]
        assert cipher(session, PLAIN[17:], 16) == whole[16:]


@needs_cryptography
def test_aes_in_counter_mode_needs_no_blocks(context: tee.Context) -> None:
    with context.open_session(Aes.uuid) as session:
        prepare(session, Aes.Algorithm.CTR, KEY_128, COUNTER)
        parts = cipher(session, PLAIN[:5]) + cipher(session, PLAIN[5:])
        assert parts.hex() == AES_VECTORS[4][3]


@needs_cryptography
def test_aes_begins_with_a_key_of_zeros_and_anew_with_each(context: tee.Context) -> None:
    with context.open_session(Aes.uuid) as session:
        session.invoke_command(Aes.Command.PREPARE, (0, 0), (16, 0), (1, 0))
        session.invoke_command(Aes.Command.SET_IV, b"")
        zeros = cipher(session, PLAIN)
        session.invoke_command(Aes.Command.SET_KEY, bytes(16))
        with pytest.raises(tee.TargetDeadError):
            cipher(session, PLAIN)
    with context.open_session(Aes.uuid) as session:
        prepare(session, 0, bytes(16), b"")
        assert cipher(session, PLAIN) == zeros


@needs_cryptography
@pytest.mark.parametrize("values", [(3, 16, 1), (0, 24, 1), (0, 0, 1), (0, 16, 2)])
def test_aes_refuses_what_it_has_not(context: tee.Context, values: tuple[int, int, int]) -> None:
    with context.open_session(Aes.uuid) as session:
        wish = [(number, 0) for number in values]
        refused = code_of(session.invoke_command, Aes.Command.PREPARE, *wish)
        assert refused == tee.Result.BAD_PARAMETERS


@needs_cryptography
def test_aes_out_of_its_order_is_an_error_or_a_panic(context: tee.Context) -> None:
    with context.open_session(Aes.uuid) as session:
        assert code_of(session.invoke_command, Aes.Command.SET_KEY, KEY_128) == (
            tee.Result.BAD_PARAMETERS
        )
        assert code_of(cipher, session, PLAIN) == tee.Result.BAD_STATE
        assert code_of(cipher, session, PLAIN, 31) == tee.Result.BAD_PARAMETERS
        with pytest.raises(tee.TargetDeadError):
            session.invoke_command(Aes.Command.SET_IV, VECTOR)
    for algorithm, vector in ((Aes.Algorithm.CBC, VECTOR[:15]), (Aes.Algorithm.ECB, VECTOR)):
        with context.open_session(Aes.uuid) as session, pytest.raises(tee.TargetDeadError):
            prepare(session, algorithm, KEY_128, vector)


def test_aes_keeps_the_size_of_the_key_of_a_prepare_that_failed(context: tee.Context) -> None:
    """A key of that size then is a panic, as there is no operation for it."""
    with context.open_session(Aes.uuid) as session:
        refused = code_of(session.invoke_command, Aes.Command.PREPARE, (0, 0), (16, 0), (2, 0))
        assert refused == tee.Result.BAD_PARAMETERS
        refused = code_of(session.invoke_command, Aes.Command.SET_KEY, KEY_128 + KEY_128)
        assert refused == tee.Result.BAD_PARAMETERS
        with pytest.raises(tee.TargetDeadError):
            session.invoke_command(Aes.Command.SET_KEY, KEY_128)


def test_aes_has_no_command_4_yet(context: tee.Context) -> None:
    with context.open_session(Aes.uuid) as session:
        assert code_of(session.invoke_command, 4) == tee.Result.NOT_SUPPORTED


def encrypt(session: tee.Session, data: bytes, size: int, *values: tuple[int, int]) -> bytes:
    output = tee.MemrefTempOutput(size)
    return bytes(session.invoke_command(Acipher.Command.ENCRYPT, data, output, *values)[0])


@needs_cryptography
def test_acipher_encrypts(context: tee.Context) -> None:
    with context.open_session(Acipher.uuid) as session:
        assert code_of(encrypt, session, b"text", 128) == tee.Result.BAD_STATE
        session.invoke_command(Acipher.Command.GEN_KEY, (1024, 0))
        with pytest.raises(tee.ShortBufferError) as caught:
            encrypt(session, b"text", 127)
        assert caught.value.required == 128
        encrypted = encrypt(session, b"text", 128)
        assert len(encrypted) == 128
        assert encrypt(session, b"text", 128) != encrypted
        assert code_of(encrypt, session, bytes(118), 128) == tee.Result.BAD_PARAMETERS
        values = ((1, 0), (0x60000130, 0))
        assert code_of(encrypt, session, b"text", 128, *values) == tee.Result.BAD_PARAMETERS


@needs_cryptography
@pytest.mark.parametrize("bits", [256, 257, 512, 1023, 1025])
def test_acipher_has_keys_of_every_size(context: tee.Context, bits: int) -> None:
    with context.open_session(Acipher.uuid) as session:
        session.invoke_command(Acipher.Command.GEN_KEY, (bits, 0))
        assert len(encrypt(session, b"text", 200)) == (bits + 7) // 8
        too_long = bytes((bits + 7) // 8 - 10)
        assert code_of(encrypt, session, too_long, 200) == tee.Result.BAD_PARAMETERS


@needs_cryptography
@pytest.mark.parametrize("bits", [0, 255, 4097, 0xFFFFFFFF])
def test_acipher_refuses_sizes_of_keys(context: tee.Context, bits: int) -> None:
    with context.open_session(Acipher.uuid) as session:
        refused = code_of(session.invoke_command, Acipher.Command.GEN_KEY, (bits, 0))
        assert refused == tee.Result.NOT_SUPPORTED


def test_without_cryptography_its_applications_say_so(
    context: tee.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cryptography", "cryptography.hazmat.primitives.asymmetric"):
        monkeypatch.setitem(sys.modules, name, None)
    for application, wish in (
        (Aes, ((0, 0), (16, 0), (1, 0))),
        (Acipher, ((2048, 0),)),
    ):
        with context.open_session(application.uuid) as session:
            refused = code_of(session.invoke_command, 0, *wish)
            assert refused == tee.Result.NOT_SUPPORTED


def test_cryptography_is_not_loaded_before_it_is_needed() -> None:
    script = (
        "import sys\n"
        "import pytee_client as tee\n"
        "from pytee_client.fake.applications import Aes\n"
        "with tee.Context('fake:') as context, context.open_session(Aes.uuid) as session:\n"
        "    print('cryptography' in sys.modules)\n"
    )
    done = subprocess.run(program(script), capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
