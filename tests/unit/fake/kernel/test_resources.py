# SPDX-License-Identifier: BSD-2-Clause
"""The counters that prove that nothing of the fake kernel leaked."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake import Resources
from pytee_client.fake.applications import Conformance
from pytee_client.fake.secure_world import MemoryFileSystem
from pytee_client.supplicant import Supplicant

from ....support.own_application import OwnApplication
from ....support.raw_device import RawDevice
from ....support.waiting import LIMIT, begin

NOTHING_HELD = Resources()


@pytest.fixture
def kernel() -> fake.Kernel:
    return fake.Kernel()


def test_the_counters_tell_what_is_held(kernel: fake.Kernel) -> None:
    with RawDevice(kernel) as device:
        fd, _, size = device.allocate(4096)
        address = kernel.mmap(fd, size)
        device.open_session(Conformance.uuid)
        held = kernel.resources()
        assert held == Resources(
            descriptors=2, contexts=1, memory=1, mappings=1, sessions=1, secure_world_sessions=1
        )
        kernel.assert_no_leaks(held)
        with pytest.raises(AssertionError) as caught:
            kernel.assert_no_leaks()
        for word in ("descriptors: 2, and 0 before", f"descriptor {fd}: shared memory 1", "4096"):
            assert word in str(caught.value)
    # Its mapping keeps the memory, and that the context and its sessions.
    assert kernel.resources() == Resources(
        contexts=1, memory=1, mappings=1, sessions=1, secure_world_sessions=1
    )
    kernel.munmap(address, size)
    kernel.assert_no_leaks()


def test_a_call_holds_the_memory_that_it_uses(pool: ThreadPoolExecutor) -> None:
    entered, leave = threading.Event(), threading.Event()

    class Slow(fake.TrustedApplication):
        uuid = UUID("1a0bdcb4-3b2f-4f2b-bf0a-5a8f6f4ab002")

        def invoke_command(
            self,
            session: fake.ClientSession,
            command_id: int,
            parameters: fake.Parameters,
        ) -> None:
            entered.set()
            assert leave.wait(LIMIT)

    kernel = fake.Kernel()
    kernel.install(Slow)
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(Slow.uuid) as opened,
        context.allocate_shared_memory(8, tee.MemoryFlags.INPUT) as block,
    ):
        call = pool.submit(opened.invoke_command, 0, block, block)
        assert entered.wait(LIMIT)
        assert kernel.resources().references == 2
        leave.set()
        call.result(LIMIT)
        assert kernel.resources().references == 0


def test_openings_for_a_supplicant_are_counted_too(kernel: fake.Kernel) -> None:
    with RawDevice(kernel, "/dev/teepriv0"):
        assert kernel.resources().contexts == 1
    assert kernel.resources() == NOTHING_HELD


def test_a_session_that_is_opened_while_its_descriptor_is_closed_is_not_left() -> None:
    entered, leave = threading.Event(), threading.Event()

    class Slow(OwnApplication):
        def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            entered.set()
            assert leave.wait(LIMIT)

    kernel = fake.Kernel()
    kernel.install(Slow)
    device = RawDevice(kernel)
    opening = begin(device.open_session, Slow.uuid)
    assert entered.wait(LIMIT)
    kernel.close(device.fd)
    assert kernel.resources().contexts == 1
    leave.set()
    assert opening.result(LIMIT).result == tee.Result.SUCCESS
    kernel.assert_no_leaks()


@pytest.mark.parametrize("kept_by", ["descriptor", "mapping"])
def test_what_keeps_sessions_may_end_though_these_need_the_supplicant(kept_by: str) -> None:
    class Storing(OwnApplication):
        def close_session(self, session: fake.ClientSession) -> None:
            self.core.create_persistent_object(b"id").close()

    kernel = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.WAIT))
    kernel.install(Storing)
    files = MemoryFileSystem()
    with Supplicant(kernel, storage=files):
        device = RawDevice(kernel)
        fd, _, size = device.allocate(4096)
        device.open_session(Storing.uuid)
        kernel.close(device.fd)
        if kept_by == "mapping":
            address = kernel.mmap(fd, size)
            kernel.close(fd)
            begin(kernel.munmap, address, size).result(LIMIT)
        else:
            begin(kernel.close, fd).result(LIMIT)
        # All of it happened: the supplicant has the file.
        assert files.list(str(Storing.uuid))
    kernel.assert_no_leaks()
