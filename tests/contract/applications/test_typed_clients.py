# SPDX-License-Identifier: BSD-2-Clause
"""The typed clients of what every OP-TEE has, and of hello_world."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import aio
from pytee_client.ta import optee

from ...support.applications import OsTest
from ...support.loops import on_loop
from ...support.waiting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...support.targets import Target

pytestmark = pytest.mark.optee_only

TRUSTED_APP = tee.Origin.TRUSTED_APP
LOGINS = (tee.Login.PUBLIC, tee.Login.USER)


@pytest.fixture(scope="module")
def statistics(context: tee.Context) -> Iterator[optee.Statistics]:
    with optee.Statistics(context) as client:
        yield client


@pytest.mark.parametrize("login", LOGINS)
def test_any_login_may_list_the_devices(context: tee.Context, login: tee.Login) -> None:
    with optee.DeviceEnumeration(context, login=login) as client:
        assert optee.uuid_of("invoke_tests") in client.get_devices()
        assert client.get_devices_supp() == client.get_devices_rpmb() == []


def test_each_allocator_is_one_of_all(statistics: optee.Statistics) -> None:
    pools = statistics.allocators()
    one_by_one = [which for which in statistics.Allocator if which]
    assert len(pools) == len(one_by_one)
    for which, pool in zip(one_by_one, pools, strict=True):
        (alone,) = statistics.alloc_stats((which, False))
        assert (alone.desc, alone.size) == (pool.desc, pool.size)
        assert 0 <= pool.allocated <= pool.max_allocated <= pool.size
        assert pool.num_alloc_fail >= (pool.biggest_alloc_fail > 0)


def test_an_allocator_that_is_not_used_has_a_name_if_there_are_sums(
    statistics: optee.Statistics,
) -> None:
    """OP-TEE 4.5 has neither, and 4.10 both."""
    heap, unused, memory, *_ = statistics.allocators()
    assert (heap.desc, memory.desc) == ("Heap", "Physical TA memory")
    assert (heap.free2_sum is None) == (unused.desc == "")
    assert (memory.free2_sum is None) == (heap.free2_sum is None)


@pytest.mark.real_only
def test_the_sum_of_squares_is_that_of_what_is_free(statistics: optee.Statistics) -> None:
    heap = statistics.allocators()[0]
    assert 0 < heap.allocated < heap.size
    if heap.free2_sum is not None:
        free = heap.size - heap.allocated
        assert 0 < heap.free2_sum <= free**2


@pytest.mark.real_only
def test_a_session_needs_memory(context: tee.Context, statistics: optee.Statistics) -> None:
    def allocated() -> int:
        (pool,) = statistics.alloc_stats((statistics.Allocator.TA_RAM, False))
        return pool.allocated

    before = allocated()
    with context.open_session(OsTest.uuid):
        assert allocated() > before
    assert allocated() == before


@pytest.mark.real_only
def test_the_counts_begin_anew_when_that_is_asked_for(
    context: tee.Context, statistics: optee.Statistics
) -> None:
    which = statistics.Allocator.TA_RAM
    with context.open_session(OsTest.uuid):
        pass
    (old,) = statistics.alloc_stats((which, True))
    (new,) = statistics.alloc_stats((which, False))
    assert new.allocated == old.allocated < old.max_allocated
    assert new.max_allocated < old.max_allocated


def test_without_pages_to_swap_the_pager_has_done_nothing(statistics: optee.Statistics) -> None:
    assert statistics.pager() == (0,) * 6


def test_both_worlds_have_a_time(statistics: optee.Statistics) -> None:
    (seconds, milliseconds), secure = statistics.get_time()
    assert abs(seconds - time.time()) < LIMIT
    assert milliseconds < 1000
    assert secure[1] < 1000
    assert secure <= statistics.get_time()[1]


def test_what_goes_to_the_console_of_op_tee_returns_nothing(statistics: optee.Statistics) -> None:
    statistics.memleak_stats()
    for kind in statistics.DriverType:
        statistics.print_driver_info(kind)


def test_commands_of_statistics_look_at_their_parameters(statistics: optee.Statistics) -> None:
    session = statistics.session
    for command, wrong in ((2, (0, 0)), (5, (2, 0)), (5, b""), (1, (6, 0)), (6, (0, 0))):
        with pytest.raises(tee.BadParametersError) as caught:
            session.invoke_command(command, wrong)
        assert caught.value.origin == TRUSTED_APP


def test_op_tee_is_built_without_statistics_of_applications(statistics: optee.Statistics) -> None:
    with pytest.raises(tee.NotSupportedError, match="ta_stats") as caught:
        statistics.ta_stats()
    assert caught.value.origin == TRUSTED_APP


@pytest.mark.parametrize("login", LOGINS)
def test_hello_world_counts_up_and_down(context: tee.Context, login: tee.Login) -> None:
    with optee.HelloWorld(context, login=login) as client:
        assert client.inc_value(41) == 42
        assert client.dec_value(42) == 41
        assert client.inc_value(2**32 - 1) == 0
        assert client.dec_value(0) == 2**32 - 1


@on_loop
async def test_the_clients_are_awaited(target: Target) -> None:
    async with aio.Context(target.device, backend=target.backend) as context:
        async with context.client(optee.HelloWorld) as hello:
            assert await hello.inc_value(1) == 2
        async with context.client(optee.DeviceEnumeration) as devices:
            assert optee.uuid_of("invoke_tests") in await devices.get_devices()
        async with context.client(optee.Statistics) as statistics:
            (heap,) = await statistics.alloc_stats((optee.Statistics.Allocator.HEAP, False))
            assert heap.desc == "Heap"


def test_what_this_op_tee_has_not_is_named(context: tee.Context) -> None:
    with pytest.raises(tee.TrustedApplicationNotFoundError, match="random number generator"):
        optee.Rng(context)
