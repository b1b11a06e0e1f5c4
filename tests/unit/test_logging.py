# SPDX-License-Identifier: BSD-2-Clause
"""What handlers of logging can do to the library, and it to them: nothing."""

from __future__ import annotations

import gc
import logging
import subprocess
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import pytee_client as tee
from pytee_client import _logging, aio, fake
from pytee_client.fake.applications import HelloWorld
from pytee_client.faults import Delay, Fault, FaultyKernel, Plan, SystemCall

from ..support.children import in_child
from ..support.loops import run as run_on_loop
from ..support.programs import program
from ..support.waiting import LIMIT

LOGGER = logging.getLogger("pytee_client")


class Handler(logging.Handler):
    """Calls a function with each record, in several threads at once."""

    def createLock(self) -> None:  # noqa: N802
        self.lock = None

    def __init__(self, function: Callable[[logging.LogRecord], object]) -> None:
        super().__init__()
        self.function = function

    def handle(self, record: logging.LogRecord) -> bool:
        """Do without the lock, which Python 3.13 takes even if there is none."""
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        self.function(record)


@pytest.fixture
def handled() -> Iterator[Callable[[Callable[[logging.LogRecord], object]], Handler]]:
    """Have a function called with each record of the package, at DEBUG."""
    made: list[Handler] = []

    def handle(function: Callable[[logging.LogRecord], object]) -> Handler:
        made.append(Handler(function))
        LOGGER.addHandler(made[-1])
        return made[-1]

    level = LOGGER.level
    LOGGER.setLevel(logging.DEBUG)
    yield handle
    LOGGER.setLevel(level)
    for handler in made:
        LOGGER.removeHandler(handler)


def use(kernel: fake.Kernel | None = None) -> tuple[object, ...]:
    with tee.Context(backend=kernel or fake.Kernel()) as context:
        context.allocate_shared_memory(10).close()
        with context.open_session(HelloWorld.uuid) as session:
            return session.invoke_command(0, tee.ValueInOut(41))


def test_a_handler_may_use_the_library_and_is_not_told_of_what_it_does_itself(
    handled: Callable[[Callable[[logging.LogRecord], object]], Handler],
) -> None:
    kernel = fake.Kernel()
    heard: list[str] = []

    def hear(record: logging.LogRecord) -> None:
        heard.append(record.getMessage())
        assert use(kernel) == ((42, 0),)

    use(kernel)
    handler = handled(hear)
    assert use(kernel) == ((42, 0),)
    LOGGER.removeHandler(handler)
    with_use, heard = heard, []
    handled(lambda record: heard.append(record.getMessage()))
    use(kernel)
    assert with_use == heard
    assert len(heard) > 5
    kernel.assert_no_leaks()


def test_an_application_that_panics_while_a_handler_uses_the_library_is_still_the_cause(
    handled: Callable[[Callable[[logging.LogRecord], object]], Handler],
) -> None:
    class Broken(fake.TrustedApplication):
        uuid = HelloWorld.uuid

        def invoke_command(self, *arguments: object) -> None:
            raise ZeroDivisionError

    kernel = fake.Kernel(applications=[Broken])
    other = fake.Kernel()
    handled(lambda _: use(other))
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(HelloWorld.uuid) as session,
        pytest.raises(tee.TargetDeadError) as caught,
    ):
        session.invoke_command(0)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("tells", [False, True])
def test_what_a_handler_raises_reaches_nobody(
    handled: Callable[[Callable[[logging.LogRecord], object]], Handler],
    tells: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class MistakeError(Exception):
        pass

    def fail(record: logging.LogRecord) -> None:
        raise MistakeError

    monkeypatch.setattr(logging, "raiseExceptions", tells)
    handled(fail)
    kernel = fake.Kernel()
    assert use(kernel) == ((42, 0),)
    assert ("MistakeError" in capsys.readouterr().err) == tells
    kernel.assert_no_leaks()


def test_an_interrupt_in_a_handler_reaches_the_program_and_the_next_message_is_told(
    handled: Callable[[Callable[[logging.LogRecord], object]], Handler],
) -> None:
    kernel = fake.Kernel()

    def interrupt(record: logging.LogRecord) -> None:
        raise KeyboardInterrupt

    with tee.Context(backend=kernel) as context:
        handler = handled(interrupt)
        with pytest.raises(KeyboardInterrupt) as caught:
            context.allocate_shared_memory(10)
        LOGGER.removeHandler(handler)
        heard: list[str] = []
        handled(lambda record: heard.append(record.getMessage()))
        context.allocate_shared_memory(20).close()
        # Although what was raised keeps its frames.
        assert caught.tb is not None
    assert heard[0] == "allocated 20 bytes of shared memory"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("option", ["observer", "slow_after"])
def test_an_interrupt_in_a_handler_in_a_thread_of_the_library_loses_no_result(
    handled: Callable[..., Handler],
    capsys: pytest.CaptureFixture[str],
    kind: type[BaseException],
    option: str,
) -> None:
    def observe(event: tee.CallEvent) -> None:
        raise ValueError

    def interrupt(record: logging.LogRecord) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise kind("in a handler")

    options: dict[str, Any] = {"observer": observe} if option == "observer" else {"slow_after": 0}
    handled(interrupt)

    async def invoke() -> object:
        async with (
            aio.Context(backend=fake.Kernel(), **options) as context,
            await context.open_session(HelloWorld.uuid) as session,
        ):
            return await session.invoke_command(0, tee.ValueInOut(41, 0))

    with (
        tee.Context(backend=fake.Kernel(), **options) as context,
        context.open_session(HelloWorld.uuid) as session,
    ):
        for limits in ({}, {"timeout": LIMIT}):
            future = session.submit(0, tee.ValueInOut(41, 0), **limits)
            assert future.result(LIMIT) == ((42, 0),)
        assert run_on_loop(invoke()) == ((42, 0),)
    assert f"{kind.__name__}: in a handler" in capsys.readouterr().err


def test_a_child_of_a_fork_in_a_handler_uses_the_library(
    handled: Callable[[Callable[[logging.LogRecord], object]], Handler],
) -> None:
    statuses: list[int] = []

    def fork(record: logging.LogRecord) -> None:
        if not statuses:
            statuses.append(-1)
            statuses[0] = in_child(use)

    handled(fork)
    assert use() == ((42, 0),)
    assert statuses == [0]


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_a_child_of_a_fork_logs_although_another_thread_was_in_a_handler(
    handled: Callable[[Callable[[logging.LogRecord], object]], Handler], pool: ThreadPoolExecutor
) -> None:
    begun, goes_on = threading.Event(), threading.Event()
    main, heard = threading.get_ident(), list[str]()

    def hear(record: logging.LogRecord) -> None:
        heard.append(record.getMessage())
        if threading.get_ident() != main:
            begun.set()
            assert goes_on.wait(LIMIT)

    def check() -> None:
        heard.clear()
        use()
        assert len(heard) > 5

    kernel = fake.Kernel()
    handled(hear)
    other = pool.submit(use, kernel)
    assert begun.wait(LIMIT)
    try:
        assert in_child(check) == 0
    finally:
        goes_on.set()
    assert other.result(LIMIT) == ((42, 0),)


def test_what_a_finalizer_closes_is_not_logged(
    handled: Callable[[Callable[[logging.LogRecord], object]], Handler],
) -> None:
    kernel = fake.Kernel()
    fault = Fault(SystemCall.CLOSE_SESSION, Delay(0))
    struck = FaultyKernel(kernel, Plan([fault]))
    context = tee.Context(backend=struck)
    parts: list[list[object]] = [
        [context.open_session(HelloWorld.uuid)],
        [context.allocate_shared_memory(10)],
        [context.session_pool(HelloWorld.uuid)],
        [context],
    ]
    del context
    heard: list[str] = []
    handled(lambda record: heard.append(record.getMessage()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        while parts:
            parts.pop(0).clear()
        gc.collect()
    assert heard == []
    assert struck.strikes
    kernel.assert_no_leaks()
    # What the application did is told with what follows.
    assert use(kernel) == ((42, 0),)
    assert any(text.startswith("destroyed the instance of hello_world") for text in heard)


def test_an_application_that_is_a_client_itself_has_no_handler_called_under_its_locks(
    handled: Callable[[Callable[[logging.LogRecord], object]], Handler],
    pool: ThreadPoolExecutor,
) -> None:
    class Client(fake.TrustedApplication):
        uuid = HelloWorld.uuid
        single_instance = multi_session = True

        def invoke_command(self, *arguments: object) -> None:
            self.core.open_ta_session(Other.uuid).close()
            with tee.Context(backend=kernel) as inner:
                inner.open_session(Other.uuid).close()

    class Other(fake.TrustedApplication):
        uuid = fake.applications.Random.uuid

    kernel = fake.Kernel(applications=[Client, Other])

    def hear(record: logging.LogRecord) -> None:
        # Another thread can use the same application meanwhile.
        if record.name == "pytee_client.fake" and str(Other.uuid) in record.getMessage():
            told.append(record.getMessage())
            pool.submit(open_and_close).result(LIMIT)

    def open_and_close() -> None:
        with tee.Context(backend=kernel) as context:
            context.open_session(Client.uuid).close()

    told: list[str] = []
    with tee.Context(backend=kernel) as context, context.open_session(Client.uuid) as session:
        handled(hear)
        session.invoke_command(0)
        # As soon as it can be.
        assert told
    assert [text.split(" (")[0] for text in told] == 2 * [
        "created an instance of random",
        "destroyed the instance of random",
    ]


def test_a_uuid_is_named_only_if_somebody_hears_it(
    handled: Callable[[Callable[[logging.LogRecord], object]], Handler],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named: list[object] = []

    def name(uuid: object) -> str:
        named.append(uuid)
        return "somebody"

    monkeypatch.setattr(_logging, "named", name)
    LOGGER.setLevel(logging.INFO)
    use()
    assert named == []
    LOGGER.setLevel(logging.DEBUG)
    use()
    assert HelloWorld.uuid in named


PLAIN = """
import threading
import pytee_client as tee
from uuid import UUID
HELLO_WORLD = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")
with tee.Context("fake:") as context:
    with context.open_session(HELLO_WORLD) as session:
        session.invoke_command(0, tee.ValueInOut(1))
        session.prepare(0, tee.ValueInOut)((1, 2))
    context.allocate_shared_memory(10).close()
    context.register_shared_memory(bytearray(10)).close()
    context.trim()
    with context.session_pool(HELLO_WORLD, size=2) as pool:
        pool.invoke_command(0, tee.ValueInOut(1))
tee.enumerate_devices("fake")
assert "logging" not in sys.modules
"""


def test_a_plain_program_loads_no_logging() -> None:
    done = subprocess.run(
        program(PLAIN), capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_module_has_a_logger_of_its_own() -> None:
    # One has no message of ours to tell, and one has a program's warnings shown once.
    others = {"_logging.py", "_backend.py", "call_future.py"}
    modules = Path(tee.__file__).parent.rglob("*.py")
    assert {path.name for path in modules if "getLogger" in path.read_text()} == others
