# SPDX-License-Identifier: BSD-2-Clause
"""Clients of what is part of OP-TEE: statistics of both ages, lists of devices, random numbers."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake import Parameters, applications
from pytee_client.ta import optee

if TYPE_CHECKING:
    from collections.abc import Iterator

POOL = optee.AllocatorStats("Heap", 1, 2, 3, 4, 5, 6)
NEW_POOL = optee.AllocatorStats("Heap", 1, 2, 3, 4, 5, 6, 2**40 + 7)


class FakeStatistics(fake.TrustedApplication, implements=optee.Statistics):
    """Statistics of any kind."""

    pools: list[optee.AllocatorStats]
    instances: list[optee.ApplicationStats]
    asked: list[object]

    def pager_stats(self) -> tuple[tee.Value, tee.Value, tee.Value]:
        return tee.Value(1, 2), tee.Value(3, 4), tee.Value(5, 6)

    def alloc_stats(
        self, which: tuple[optee.Statistics.Allocator, bool]
    ) -> list[optee.AllocatorStats]:
        self.asked.append(which)
        return self.pools

    def memleak_stats(self) -> None:
        self.asked.append("leaks")

    def ta_stats(self) -> list[optee.ApplicationStats]:
        return self.instances

    def get_time(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return (100, 200), (300, 400)

    def print_driver_info(self, kind: optee.Statistics.DriverType) -> None:
        self.asked.append(kind)


@pytest.fixture
def client() -> Iterator[optee.Statistics]:
    FakeStatistics.pools, FakeStatistics.instances, FakeStatistics.asked = [], [], []
    kernel = fake.Kernel(bundled=False, applications=[FakeStatistics])
    with tee.Context(backend=kernel) as context, optee.Statistics(context) as client:
        yield client


def test_what_the_pager_did_has_names(client: optee.Statistics) -> None:
    assert client.pager() == (1, 2, 3, 4, 5, 6)
    assert client.pager().hidden_faults == 5


def test_both_times_are_seconds_and_milliseconds(client: optee.Statistics) -> None:
    assert client.get_time() == ((100, 200), (300, 400))


def test_what_is_asked_for_arrives(client: optee.Statistics) -> None:
    client.allocators()
    client.allocators(reset=True)
    client.alloc_stats((client.Allocator.RPMB, False))
    client.memleak_stats()
    client.print_driver_info(client.DriverType.REGULATOR)
    assert FakeStatistics.asked == [
        (client.Allocator.ALL, False),
        (client.Allocator.ALL, True),
        (client.Allocator.RPMB, False),
        "leaks",
        client.DriverType.REGULATOR,
    ]


@pytest.mark.parametrize("pool", [POOL, NEW_POOL], ids=["4.5", "4.10"])
@pytest.mark.parametrize("count", [0, 1, 5, 7, 8, 56, 64, 100])
def test_allocators_of_both_ages_are_read(
    client: optee.Statistics, pool: optee.AllocatorStats, count: int
) -> None:
    FakeStatistics.pools = [pool] * count
    assert client.allocators() == [pool] * count


def instances_of(pool: optee.AllocatorStats, count: int) -> list[optee.ApplicationStats]:
    return [
        optee.ApplicationStats(uuid4(), number % 3 == 1, number, pool) for number in range(count)
    ]


# The heaps of applications have no name.
HEAP = optee.AllocatorStats("", 9000, 9100, 65536, 0, 0, 0)
NEW_HEAP = optee.AllocatorStats("", 9000, 9100, 65536, 0, 0, 0, 4_000_000)


@pytest.mark.parametrize("heap", [HEAP, NEW_HEAP], ids=["4.5", "4.10"])
# 10 entries of 88 bytes are as long as 11 of 80.
@pytest.mark.parametrize("count", [0, 1, 2, 10, 11, 20, 22, 110])
def test_instances_of_both_ages_are_read(
    client: optee.Statistics, heap: optee.AllocatorStats, count: int
) -> None:
    FakeStatistics.instances = instances_of(heap, count)
    assert client.ta_stats() == FakeStatistics.instances


@pytest.mark.parametrize("free2_sum", [None, 0], ids=["4.5", "4.10"])
@pytest.mark.parametrize("count", [10, 11, 110])
def test_instances_of_which_nothing_is_known_but_the_uuid_are_read(
    client: optee.Statistics, free2_sum: int | None, count: int
) -> None:
    heap = optee.AllocatorStats("", 0, 0, 0, 0, 0, 0, free2_sum)
    FakeStatistics.instances = [
        optee.ApplicationStats(uuid4(), False, 0, heap) for _ in range(count)
    ]
    assert client.ta_stats() == FakeStatistics.instances


class Raw(fake.TrustedApplication):
    """It answers every command with the same bytes."""

    uuid = optee.Statistics.uuid
    content: bytes

    def invoke_command(self, session: object, command_id: int, parameters: Parameters) -> None:
        for parameter in parameters:
            if isinstance(parameter, fake.MemrefParameter):
                parameter.put(self.content)


@pytest.fixture
def raw() -> Iterator[optee.Statistics]:
    kernel = fake.Kernel(bundled=False, applications=[Raw])
    with tee.Context(backend=kernel) as context, optee.Statistics(context) as client:
        yield client


def test_the_structures_lie_as_in_the_header(raw: optee.Statistics) -> None:
    Raw.content = struct.pack("<32s6I", b"Heap", 1, 2, 3, 4, 5, 6)
    assert raw.allocators() == [POOL]
    Raw.content = struct.pack("<32sQ6I", b"Heap", 2**40 + 7, 1, 2, 3, 4, 5, 6)
    assert raw.allocators() == [NEW_POOL]
    uuid = UUID("5e1f0f1d-8a4e-4c7e-9d7e-8f1a2b3c4d5e")
    Raw.content = uuid.bytes_le + struct.pack("<2I32s6I", 1, 3, b"Heap", 1, 2, 3, 4, 5, 6)
    assert raw.ta_stats() == [optee.ApplicationStats(uuid, True, 3, POOL)]
    Raw.content = uuid.bytes_le + struct.pack(
        "<2I32sQ6I", 0, 3, b"Heap", 2**40 + 7, 1, 2, 3, 4, 5, 6
    )
    assert raw.ta_stats() == [optee.ApplicationStats(uuid, False, 3, NEW_POOL)]


@pytest.mark.parametrize(
    "content",
    [bytes(57), bytes(1), b"\xff" * 56, b"\1" * 448, struct.pack("<32s24x", b"a\0b")],
    ids=["57 bytes", "1 byte", "no text", "no text of either age", "a zero in a name"],
)
def test_what_is_of_neither_age_is_refused(raw: optee.Statistics, content: bytes) -> None:
    Raw.content = content
    with pytest.raises(tee.BadFormatError) as caught:
        raw.allocators()
    assert caught.value.origin == tee.Origin.API


@pytest.mark.parametrize(
    "wrong", [[POOL, NEW_POOL], [POOL, 3], POOL, None], ids=["both ages", "3", "no list", "None"]
)
def test_a_fake_can_not_return_what_is_no_list_of_one_age(
    client: optee.Statistics, wrong: Any
) -> None:
    FakeStatistics.pools = wrong
    with pytest.raises(Exception, match=r"items with free2_sum|AllocatorStats|list or a tuple"):
        client.allocators()


@pytest.mark.parametrize(
    ("profile", "has_sum"), [("optee", False), ("optee-no-reg-mem", False), ("optee-4.10", True)]
)
def test_the_fake_has_the_structure_of_its_release(profile: str, has_sum: bool) -> None:
    with (
        tee.Context(backend=fake.Kernel(profile)) as context,
        optee.Statistics(context) as client,
    ):
        pools = client.allocators()
        assert {pool.free2_sum is not None for pool in pools} == {has_sum}
        assert [pool.desc for pool in pools][::2][:2] == ["Heap", "Physical TA memory"]


def test_a_device_is_listed_where_its_flag_says() -> None:
    class Early(fake.TrustedApplication):
        uuid, pseudo, device_enum = uuid4(), True, True

    class Late(fake.TrustedApplication):
        uuid, device_enum_supp = uuid4(), True

    kernel = fake.Kernel(applications=[Early, Late])
    with tee.Context(backend=kernel) as context, optee.DeviceEnumeration(context) as client:
        assert {*client.get_devices()} == {optee.uuid_of("invoke_tests"), Early.uuid}
        assert client.get_devices_supp() == [Late.uuid]
        assert client.get_devices_rpmb() == []


@pytest.fixture
def rng_context(request: pytest.FixtureRequest) -> Iterator[tee.Context]:
    kernel = fake.Kernel(applications=[getattr(request, "param", applications.Rng)])
    with tee.Context(backend=kernel) as context:
        yield context


def test_random_bytes_come_from_the_hardware(rng_context: tee.Context) -> None:
    memory = bytearray(32)
    with optee.Rng(rng_context) as client:
        assert client.get_entropy(memory) == memory != bytes(32)
        assert len({client.random_bytes(16) for _ in range(4)}) == 4
        assert client.random_bytes(0) == b""
        assert client.get_rng_info() == (0, 1024)
        with pytest.raises(tee.BadParametersError):
            client.get_entropy(bytearray())
        with pytest.raises(tee.ParameterRangeError, match="size"):
            client.random_bytes(-1)


class SlowRng(applications.Rng):
    """It has few bytes at a time, and then none, or is not well."""

    has: list[int]

    def invoke_command(self, session: Any, command_id: int, parameters: Parameters) -> None:
        size = self.has.pop(0)
        if size < 0:
            raise fake.ResultError(optee.RngResult.HEALTH_TEST_FAIL)
        parameters.memref(0).put(b"\xa5" * min(size, parameters.memref(0).size))


@pytest.mark.parametrize("rng_context", [SlowRng], indirect=True)
def test_hardware_that_is_slow_or_not_well(rng_context: tee.Context) -> None:
    with optee.Rng(rng_context) as client:
        SlowRng.has = [4, 3, 9]
        assert client.random_bytes(10) == b"\xa5" * 10
        SlowRng.has = [4, 0]
        with pytest.raises(tee.NoDataError, match=r"getting 10 random bytes.*6 are missing"):
            client.random_bytes(10)
        SlowRng.has = [4, -1]
        with pytest.raises(optee.HealthTestFailError) as caught:
            client.random_bytes(10)
        assert caught.value.result is optee.RngResult.HEALTH_TEST_FAIL
