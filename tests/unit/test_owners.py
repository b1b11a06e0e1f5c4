# SPDX-License-Identifier: BSD-2-Clause
"""Objects that own something: one owner each, and an end for each, whatever happens."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import subprocess
import weakref
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import aio, fake, faults, traces
from pytee_client.kernels import uapi
from pytee_client.supplicant import Supplicant

from ..support.bare_python import environment
from ..support.loops import run
from ..support.programs import program

HELLO_WORLD = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")
LIMIT = 60

COPIES: list[Callable[[object], object]] = [copy.copy, copy.deepcopy, pickle.dumps]


@pytest.fixture
def kernel() -> Iterator[fake.Kernel]:
    made = fake.Kernel()
    yield made
    made.assert_no_leaks()


def owners_of(context: tee.Context, session: tee.Session) -> list[tuple[object, str]]:
    return [
        (context, "open another"),
        (session, r"Context\.open_session"),
        (context.allocate_shared_memory(10), "share the memory once more"),
        (context.register_shared_memory(bytearray(10)), "share the memory once more"),
        (tee.Operation(), "make one for each call"),
        (session.prepare(0, tee.ValueInOut), r"Session\.prepare"),
        (pool := context.session_pool(HELLO_WORLD), r"Context\.session_pool"),
        (pool.session(), "ask the pool for another"),
    ]


@pytest.mark.parametrize("make_copy", COPIES, ids=lambda each: each.__name__)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_an_owner_is_not_copied(kernel: fake.Kernel, make_copy: Callable[[object], object]) -> None:
    with tee.Context(backend=kernel) as context, context.open_session(HELLO_WORLD) as session:
        for owner, remedy in owners_of(context, session):
            with pytest.raises(TypeError, match=f"{type(owner).__name__} can't be .*: .*{remedy}"):
                make_copy(owner)
        assert session.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)


@pytest.mark.parametrize("make_copy", COPIES, ids=lambda each: each.__name__)
def test_what_owns_something_on_a_loop_is_not_copied(
    kernel: fake.Kernel, make_copy: Callable[[object], object]
) -> None:
    async def use() -> None:
        async with (
            aio.Context(backend=kernel) as context,
            await context.open_session(HELLO_WORLD) as session,
            await context.allocate_shared_memory(10) as block,
            context.session_pool(HELLO_WORLD) as pool,
        ):
            command = session.prepare(0, tee.ValueInOut)
            for owner in (context, session, block, pool, command, pool.session(), aio.Operation()):
                with pytest.raises(TypeError, match=f"{type(owner).__name__} can't be copied"):
                    make_copy(owner)
            assert await command((1, 0)) == ((2, 0),)

    run(use())


@pytest.mark.parametrize("make_copy", COPIES, ids=lambda each: each.__name__)
def test_a_kernel_and_what_serves_one_is_not_copied(
    kernel: fake.Kernel, make_copy: Callable[[object], object]
) -> None:
    with Supplicant(kernel) as supplicant, kernel.monitor_devices() as monitor:
        recorder = traces.TraceRecorder(kernel, io.StringIO())
        proxies = (faults.FaultyKernel(kernel), recorder)
        for owner in (kernel, kernel.drivers[0], monitor, faults.Gate(), *proxies):
            with pytest.raises(TypeError, match="can't be copied or pickled"):
                make_copy(owner)
        with pytest.raises(TypeError, match="can't be copied or pickled"):
            make_copy(supplicant)


def test_plain_data_is_still_copied_and_pickled() -> None:
    for data in (tee.ValueInOut(1, 2), tee.MemrefTempOutput(3), tee.RequiredSize(5)):
        for other in (copy.copy(data), copy.deepcopy(data), pickle.loads(pickle.dumps(data))):
            assert repr(other) == repr(data)


class Owner:
    """Holds something, a view of it, and a bound method of itself: a cycle."""

    def __init__(self, *held: object) -> None:
        self.held = held
        self.use = self.keep

    def keep(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("profile", ["optee", "optee-no-reg-mem"])
def test_a_block_and_its_view_that_end_in_one_cycle_are_given_back(profile: str) -> None:
    kernel = fake.Kernel(profile)
    context = tee.Context(backend=kernel)
    before = kernel.resources()
    block = context.allocate_shared_memory(5000)
    owner = weakref.ref(made := Owner(block, memoryview(block)))
    del block
    with pytest.warns(ResourceWarning, match="unclosed <AllocatedSharedMemory"):
        del made
        gc.collect()
    assert owner() is None
    assert kernel.resources() == before
    context.close()
    kernel.assert_no_leaks()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_whatever_ends_in_one_cycle_is_given_back(kernel: fake.Kernel) -> None:
    context = tee.Context(backend=kernel)
    session = context.open_session(HELLO_WORLD)
    buffer = bytearray(10)
    made: list[object] = [session, session.prepare(0, tee.ValueInOut), tee.Operation(), context]
    made += [context.allocate_shared_memory(1), context.register_shared_memory(buffer)]
    made.append(Owner(*made, made))
    del context, session, made
    gc.collect()
    buffer.append(1)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_kernel_that_ends_with_its_contexts_is_no_error() -> None:
    kernel = fake.Kernel()

    class Client(fake.TrustedApplication):
        uuid = UUID(int=77)
        kept = tee.Context(backend=kernel)

    kernel.install(Client)
    Client.kept.open_session(Client.uuid)
    gone = weakref.ref(kernel)
    del kernel, Client
    gc.collect()
    assert gone() is None


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_what_was_never_whole_ends_in_silence(kernel: fake.Kernel) -> None:
    for kind in (tee.Context, tee.Session, tee.RegisteredSharedMemory):
        kind.__new__(kind)
    with pytest.raises(TypeError):
        tee.Context("/dev/tee0", backend=kernel, unknown=1)  # type: ignore[call-arg]
    with tee.Context(backend=kernel) as context, pytest.raises(tee.OutOfMemoryError):
        context.allocate_shared_memory(1 << 60)


ENDS = """
import sys, warnings
warnings.simplefilter("ignore")
from uuid import UUID
import pytee_client as tee
context = tee.Context("fake:")
session = context.open_session(UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b"))
block, kept = context.allocate_shared_memory(10), context.register_shared_memory(bytearray(10))
view = memoryview(block)
class Owner: pass
owner = Owner(); owner.all = (owner, block, view, session, context)
sys.modules["kept"] = owner
"""


def test_a_program_may_end_with_everything_open() -> None:
    done = subprocess.run(
        program(ENDS), env=environment(), capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


class Failing(fake.Kernel):
    """Raises at the ends of a session and of a device, after they ended."""

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        result = super().ioctl(fd, request, argument)
        if request == uapi.TEE_IOC_CLOSE_SESSION:
            raise KeyboardInterrupt
        return result

    def close(self, fd: int) -> None:
        super().close(fd)
        raise ZeroDivisionError


def test_an_error_of_an_end_hides_no_other_and_keeps_nothing_open() -> None:
    kernel = Failing()
    context = tee.Context(backend=kernel)
    session = context.open_session(HELLO_WORLD)
    block = context.allocate_shared_memory(10)
    with pytest.raises(KeyboardInterrupt) as caught:
        context.close()
    assert isinstance(caught.value.__context__, ZeroDivisionError)
    assert context.closed
    assert session.closed
    assert block.closed
    context.close()
    kernel.assert_no_leaks()
