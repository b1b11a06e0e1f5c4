# SPDX-License-Identifier: BSD-2-Clause
"""Clients of OP-TEE's examples, with their fakes: those that are the same in all releases."""

from __future__ import annotations

import asyncio
import importlib.util
from array import array
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import aio, fake
from pytee_client.fake import applications
from pytee_client.faults import FaultyKernel, Plan
from pytee_client.ta import optee

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_cryptography = pytest.mark.skipif(
    importlib.util.find_spec("cryptography") is None, reason="needs the package cryptography"
)
KEY, VECTOR = bytes(range(16)), bytes(range(16, 32))


@pytest.fixture(params=["optee", "optee-4.10", "optee-no-reg-mem"])
def context(request: pytest.FixtureRequest) -> Iterator[tee.Context]:
    kernel = fake.Kernel(request.param)
    with tee.Context(backend=kernel) as context:
        yield context
    kernel.assert_no_leaks()


def test_hello_world_counts_up_and_down(context: tee.Context) -> None:
    with optee.HelloWorld(context) as client:
        assert client.inc_value(41) == 42
        assert client.dec_value(42) == 41
        assert client.inc_value(2**32 - 1) == 0
        assert client.dec_value(0) == 2**32 - 1
        with pytest.raises(tee.ParameterRangeError):
            client.inc_value(2**32)


def test_random_fills_memory_or_returns_bytes(context: tee.Context) -> None:
    memory = bytearray(32)
    with optee.Random(context) as client:
        view = client.generate(memory)
        assert view == memory != bytes(32)
        one, other = client.random_bytes(32), client.random_bytes(32)
        assert len(one) == len(other) == 32
        assert one != other
        assert client.random_bytes(0) == b""
        with pytest.raises(tee.ParameterRangeError, match="size"):
            client.random_bytes(-1)
        with pytest.raises(tee.TargetDeadError):
            client.generate(bytearray())


def test_secure_storage_keeps_data_of_any_size_by_name(context: tee.Context) -> None:
    with optee.SecureStorage(context) as client:
        for size in (0, 1, 5000, 100_000):
            client.write_raw(b"name", bytes(range(256)) * (size // 256) + bytes(size % 256))
            data = client.read_raw(b"name")
            assert len(data) == size
            assert data[:256] == bytes(range(256))[:size] or size < 256
        with pytest.raises(tee.BusyError):
            optee.SecureStorage(context)
        client.delete(b"name")
        for missing in (client.read_raw, client.delete):
            with pytest.raises(tee.ItemNotFoundError):
                missing(b"name")
        with pytest.raises(tee.TargetDeadError):
            client.read_raw(b"n" * 65)


def test_hotp_makes_the_passwords_of_the_standard(context: tee.Context) -> None:
    """The values of RFC 4226, appendix D."""
    with optee.Hotp(context) as client:
        client.register_shared_key(b"12345678901234567890")
        assert [client.get_hotp() for _ in range(4)] == [755224, 287082, 359152, 969429]
        with pytest.raises(tee.BadParametersError):
            client.register_shared_key(bytes(65))
    with optee.Hotp(context) as client, pytest.raises(tee.BadParametersError):
        client.get_hotp()


class Logging(applications.Plugins):
    """It has a plugin that keeps what it is to write."""

    lines: list[tuple[UUID, int, int, bytes]]

    def call_plugin(self, plugin: UUID, command: int, subcommand: int, data: bytes) -> None:
        self.lines.append((plugin, command, subcommand, data))


def test_plugins_has_a_plugin_write_to_the_log() -> None:
    Logging.lines = []
    with (
        tee.Context(backend=fake.Kernel(bundled=False, applications=[Logging])) as context,
        optee.Plugins(context) as client,
    ):
        client.ping()
        client.ping()
    syslog = UUID("96bcf744-4f72-4866-bf1d-8634fd9c65e5")
    assert Logging.lines == [
        (syslog, 0, 6, b"Hello, plugin! value = 0x0"),
        (syslog, 0, 6, b"Hello, plugin! value = 0x1"),
    ]


def test_plugins_without_the_plugin_finds_nothing(context: tee.Context) -> None:
    with optee.Plugins(context) as client:
        with pytest.raises(tee.ItemNotFoundError) as caught:
            client.ping()
        assert caught.value.origin == tee.Origin.TRUSTED_APP
        with pytest.raises(tee.BadParametersError):
            client.session.invoke_command(0, (1, 2))
        with pytest.raises(tee.NotSupportedError):
            client.session.invoke_command(1)
    with pytest.raises(tee.BadParametersError):
        optee.Plugins(context, (1, 2))


@needs_cryptography
@pytest.mark.parametrize("key", [KEY, KEY * 2], ids=["AES-128", "AES-256"])
@pytest.mark.parametrize("name", ["ECB", "CBC", "CTR"])
def test_aes_decrypts_what_it_has_encrypted(context: tee.Context, name: str, key: bytes) -> None:
    data = bytes(range(256)) * 40
    with optee.Aes(context) as client:
        algorithm = client.Algorithm[name]
        vector = b"" if name == "ECB" else VECTOR
        encrypted = client.encrypt(algorithm, key, vector, data)
        assert len(encrypted) == len(data)
        assert encrypted != data
        assert client.decrypt(algorithm, key, vector, encrypted) == data


@needs_cryptography
def test_aes_encrypts_as_the_standard_says_in_one_piece_or_more(context: tee.Context) -> None:
    """FIPS 197, appendix C.1."""
    block = bytes.fromhex("00112233445566778899aabbccddeeff")
    expected = bytes.fromhex("69c4e0d86a7b0430d8cdb78070b4c55a")
    with optee.Aes(context) as client:
        ecb = client.Algorithm.ECB
        assert client.encrypt(ecb, KEY, b"", block) == expected
        client.prepare(ecb, 16, client.Mode.ENCODE)
        client.set_key(KEY)
        client.set_iv(b"")
        room = bytearray(32)
        assert client.cipher(block[:10], room).nbytes == 0
        assert client.cipher(block[10:], room) == expected


@needs_cryptography
def test_aes_out_of_its_order_is_an_error_or_a_panic(context: tee.Context) -> None:
    with optee.Aes(context) as client:
        ctr = client.Algorithm.CTR
        with pytest.raises(tee.BadStateError):
            client.cipher(b"x", bytearray(1))
        client.encrypt(ctr, KEY, VECTOR, b"x")
        with pytest.raises(tee.BadParametersError):
            client.cipher(b"more", bytearray(3))
        with pytest.raises(tee.BadParametersError):
            client.encrypt(ctr, bytes(17), VECTOR, b"x")
        with pytest.raises(tee.ParameterTypeError, match="Algorithm"):
            client.prepare(2, 16, client.Mode.ENCODE)  # type: ignore[arg-type]
    with optee.Aes(context) as client, pytest.raises(tee.TargetDeadError):
        client.encrypt(ctr, KEY, VECTOR[1:], b"x")


@needs_cryptography
def test_aes_takes_all_that_is_bytes_like(context: tee.Context) -> None:
    words = array("I", range(8))
    with optee.Aes(context) as client:
        ctr = client.Algorithm.CTR
        encrypted = client.encrypt(ctr, bytearray(KEY), memoryview(VECTOR), words)  # type: ignore[arg-type]
        assert encrypted == client.encrypt(ctr, KEY, VECTOR, words.tobytes())


@pytest.mark.parametrize(
    ("place", "wrong", "named"),
    [(0, 2, "Algorithm"), (1, "k" * 16, "key"), (2, None, "vector"), (3, 5, "data")],
)
def test_aes_looks_at_its_arguments_before_it_sends_any(place: int, wrong: Any, named: str) -> None:
    kernel = FaultyKernel(fake.Kernel(), Plan())
    with tee.Context(backend=kernel) as context, optee.Aes(context) as client:
        given: list[Any] = [client.Algorithm.CTR, KEY, VECTOR, b"data"]
        given[place] = wrong
        before = len(kernel.calls)
        with pytest.raises(tee.ParameterTypeError, match=named):
            client.encrypt(*given)
        with pytest.raises(tee.ParameterTypeError, match=named):
            client.unseal(given[0], given[1], given[2], given[3], b"tag")
        assert len(kernel.calls) == before


@pytest.mark.parametrize("profile", ["optee", "optee-4.10"])
def test_the_commands_are_awaited_on_a_loop(profile: str) -> None:
    async def main() -> None:
        async with aio.Context(backend=fake.Kernel(profile)) as context:
            async with context.client(optee.SecureStorage) as storage:
                await storage.write_raw(b"name", bytes(10_000))
                assert await storage.read_raw(b"name") == bytes(10_000)
                with pytest.raises(tee.ItemNotFoundError):
                    await storage.read_raw(b"other")
            async with context.client(optee.Random) as random:
                assert await random.generate(bytearray(32)) != bytes(32)
                with pytest.raises(AttributeError, match="commands alone"):
                    random.random_bytes  # noqa: B018

    asyncio.run(main())
