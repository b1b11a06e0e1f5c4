# SPDX-License-Identifier: BSD-2-Clause
"""What a child of a fork can do while threads of its parent are in the middle of everything."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import HelloWorld
from pytee_client.fake.secure_world import application_image
from pytee_client.supplicant import Supplicant

from ..support.children import in_child
from ..support.outputs import output_as
from ..support.stand_in import ALWAYS, ANY_IOCTL, StandIn, on_stand_in
from ..support.waiting import LIMIT, begin

ANY = UUID(int=1)
HELLO_WORLD = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")
CHILDREN = 25

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*multi-threaded, use of fork", "ignore::ResourceWarning"
)


@pytest.fixture
def busy() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Have threads do something again and again until the test ends."""
    done = threading.Event()
    threads: list[threading.Thread] = []

    def keep(work: Callable[[], object]) -> None:
        def run() -> None:
            while not done.is_set():
                work()

        threads.extend(threading.Thread(target=run) for _ in range(3))
        for thread in threads:
            thread.start()

    yield keep
    done.set()
    for thread in threads:
        thread.join(LIMIT)


def use(context: tee.Context) -> None:
    with context.allocate_shared_memory(100) as block, context.open_session(HELLO_WORLD) as session:
        session.invoke_command(0, tee.ValueInOut(1))
        assert len(block) == 100


def test_a_child_closes_what_it_has_of_its_parents(
    busy: Callable[[Callable[[], object]], None],
) -> None:
    kernel = fake.Kernel()
    context = tee.Context(backend=kernel)
    block, session = context.allocate_shared_memory(10), context.open_session(HELLO_WORLD)
    buffer = bytearray(10)
    registered = context.register_shared_memory(buffer)
    busy(lambda: use(context))

    def close_all() -> None:
        with pytest.raises(tee.ForkedContextError):
            session.invoke_command(0)
        view = memoryview(block)
        for each in (registered, block, session, context):
            each.close()
            assert each.closed
        view[0] = 1
        buffer.append(1)

    for _ in range(CHILDREN):
        assert in_child(close_all) == 0
    assert not block.closed
    use(context)


def test_a_child_has_a_fake_of_its_own(busy: Callable[[Callable[[], object]], None]) -> None:
    context = tee.Context("fake:")
    before = fake.default_kernel()
    busy(lambda: use(context))

    def use_fake() -> None:
        assert fake.default_kernel() is not before
        with tee.Context("fake:") as own:
            use(own)
        fake.default_kernel().assert_no_leaks()
        context.close()

    for _ in range(CHILDREN):
        assert in_child(use_fake) == 0
    assert fake.default_kernel() is before


def test_a_child_can_use_its_copy_of_a_kernel(busy: Callable[[Callable[[], object]], None]) -> None:
    kernel = fake.Kernel(fake.Optee(threads=3))
    context = tee.Context(backend=kernel)
    busy(lambda: use(context))

    def use_copy() -> None:
        with tee.Context(backend=kernel) as own:
            use(own)

    for _ in range(CHILDREN):
        assert in_child(use_copy) == 0


@on_stand_in
def test_a_child_closes_what_it_has_of_a_device_that_threads_use(device: StandIn) -> None:
    device.on(ANY_IOCTL, delay=0.0005, times=ALWAYS)
    done = threading.Event()
    context = tee.Context(device.path)
    block = context.allocate_shared_memory(10)

    def run() -> None:
        while not done.is_set():
            with context.open_session(ANY) as session, context.allocate_shared_memory(9) as own:
                session.invoke_command(0, own)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()

    def close_all() -> None:
        block.close()
        context.close()
        with tee.Context(device.path) as own, own.open_session(ANY) as session:
            session.invoke_command(0, b"abc")

    for _ in range(CHILDREN):
        assert in_child(close_all) == 0
    done.set()
    for thread in threads:
        thread.join(LIMIT)
    context.close()


@pytest.mark.parametrize("path", ["fake:", "fake:optee-no-reg-mem"])
def test_a_signals_handler_can_close_what_is_being_used(path: str) -> None:
    for round_number in range(30):
        context = tee.Context(path)
        handled: list[BaseException | None] = []

        def close(
            *_: object,
            context: tee.Context = context,
            handled: list[BaseException | None] = handled,
        ) -> None:
            try:
                context.close()
                handled.append(None)
            except tee.BadStateError as error:
                # It came within a call of a kernel in Python.
                handled.append(error)

        before = signal.signal(signal.SIGALRM, close)
        signal.setitimer(signal.ITIMER_REAL, 0.001 + round_number * 0.0001)
        try:
            limit = time.monotonic() + LIMIT
            while not handled and time.monotonic() < limit:
                use(context)
        except tee.ClosedError:
            assert handled
        finally:
            signal.signal(signal.SIGALRM, before)
        assert handled
        context.close()
    fake.default_kernel(path.removeprefix("fake:") or "optee").assert_no_leaks()


class Own(fake.TrustedApplication):
    uuid = UUID("2b8f5a5e-7f3b-4c38-9b0a-5d1c4b9ae7f2")


@pytest.mark.parametrize("name", ["optee", "amdtee"])
def test_the_fake_of_a_child_has_the_applications_of_its_parents(name: str) -> None:
    def use_fake() -> None:
        with tee.Context(f"fake:{name}") as context:
            context.open_session(Own.uuid).close()

    def use_fake_of_a_grandchild() -> None:
        assert in_child(use_fake) == 0

    with fake.default_kernel(name).installed(Own):
        assert in_child(use_fake) == 0
        assert in_child(use_fake_of_a_grandchild) == 0


def test_a_child_waits_for_devices_of_its_own(pool: ThreadPoolExecutor) -> None:
    kernel = fake.Kernel(bound=False)
    waiting = pool.submit(tee.wait_for_device, LIMIT, backend=kernel)

    def wait() -> None:
        with pytest.raises(tee.DeviceTimeoutError):
            tee.wait_for_device(0, backend=kernel)
        own = begin(lambda: tee.wait_for_device(LIMIT, backend=kernel))
        kernel.bind()
        assert own.result(LIMIT).path == "/dev/tee0"

    assert in_child(wait) == 0
    assert not waiting.done()
    kernel.bind()
    assert waiting.result(LIMIT).path == "/dev/tee0"


def test_a_child_that_closes_its_parents_supplicant_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / f"{HELLO_WORLD}.ta").write_bytes(application_image(HelloWorld))
    kernel = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.WAIT))
    with Supplicant(kernel, applications=[tmp_path]) as supplicant:
        assert in_child(supplicant.close) == 0
        with tee.Context(backend=kernel) as context:
            use(context)


def test_a_call_whose_application_forks_ends_in_both_processes() -> None:
    children: list[int] = []

    class Forks(fake.TrustedApplication):
        uuid = UUID("5d0fc2b4-5b0d-4a0e-8b5a-6a0c0e0e6d11")

        @fake.command(1)
        def fork(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            children.append(os.fork())
            parameters.memref(0).put(b"xyz")

    kernel = fake.Kernel(applications=[Forks])
    context = tee.Context(backend=kernel)
    session = context.open_session(Forks.uuid)
    try:
        (view,) = session.invoke_command(1, tee.MemrefTempInOut(bytearray(3)))
        if not children[0]:
            with pytest.raises(tee.ForkedContextError):
                session.invoke_command(1, tee.MemrefTempInOut(bytearray(3)))
            session.close()
            context.close()
            os._exit(0)
    finally:
        if children == [0]:
            os._exit(1)
    assert bytes(output_as(memoryview, view)) == b"xyz"
    assert os.waitpid(children[0], 0)[1] == 0
    use(context)
    context.close()
    kernel.assert_no_leaks()
