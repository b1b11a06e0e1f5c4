# SPDX-License-Identifier: BSD-2-Clause
"""What README.md and docs/ show in Python works, on the fake."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import importlib.util
import multiprocessing
import os
import re
import runpy
import signal
import sys
import threading
from array import array
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import aio, fake
from pytee_client._declarations.application import declaration_of
from pytee_client._headers.writer import c_header
from pytee_client.fake.applications import AppSecrets, Attestation, HelloWorld
from pytee_client.kernels import proxy as passing

from ..support.samples import TOP, imports_above, samples
from ..support.waiting import LIMIT, wait_until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from enum import IntEnum

SAMPLES = samples()


class Sample(Enum):
    """The samples, each by words that no other one has."""

    HELLO = "# 43"
    OPEN = "print(context.version.backend"
    PARAMETERS = "# a view of buffer"
    ARRAYS = "from array import"
    UNKNOWN_SIZE = "grow=True"
    OTHER_NUMBERS = "from_u64("
    SHARED_MEMORY = "with context.allocate_shared_memory"
    OWN_MEMORY = "register_shared_memory"
    HOT_LOOPS = "increment = session.prepare("
    ERRORS = "class VaultResult"
    LOGINS = "client_uuid("
    CANCELLING = "threading.Timer(1, operation"
    FINDING_DEVICES = "enumerate_bus_devices("
    COUNTER = "class Counter"
    OWN_APPLICATION = "class Digest("
    DECLARED_APPLICATION = "implements=Vault"
    DEFAULT_KERNEL = "default_kernel("
    FAULTS = "FaultyKernel("
    TRACES = "TraceRecorder("
    SUPPLICANT = "Supplicant("
    LATE_DEVICE = "wait_for_device("
    PROCESSES = "ProcessPoolExecutor("
    TIME_OUTS = "error.still_running"
    SUBMITTED = "as_completed(futures"
    CLOSING = "raise SystemExit"
    ASYNCIO = "async def main() -> None"
    LEAVING = "async def digest_within("
    STOPPING = "async def stop_soon("
    ASYNC_MEMORY = "async def fill("
    POOL = "pool.stats"
    ASYNC_POOL = "async def serve("
    TYPED_CLIENTS = "optee.DeviceEnumeration("
    TYPED_EXAMPLES = "optee.SecureStorage("
    ATTESTATION = "optee.AttestationKey("
    APP_SECRETS = "vault.seal_secret("
    TYPED_ON_A_LOOP = "context.client(optee.HelloWorld"
    WELL_KNOWN = "optee.uuid_of("
    DECLARATION = "class Wallet("
    STRUCTURES = "class Header"
    TYPED_POOL = "Wallet.on(pool)"
    DECLARED_ON_A_LOOP = "async def pay("
    DECLARED_OPENING = "class Processor("
    HEADER = "class PurseResult"

    @property
    def place(self) -> int:
        """Where it is in SAMPLES."""
        (place,) = (place for place, (_, _, text) in enumerate(SAMPLES) if self.value in text)
        return place


class Digester(fake.TrustedApplication):
    """Writes the digest of its inputs to its outputs, and swaps the case of the rest."""

    uuid = UUID("f2fa9bd9-4c4e-4f2b-8e0c-5b1a7a3dbf0e")
    heard: bytes

    def create(self) -> None:
        Digester.heard = b""

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        for parameter in parameters:
            if not isinstance(parameter, fake.MemrefParameter) or parameter.buffer is None:
                continue
            if parameter.type is fake.ParamType.MEMREF_INPUT:
                Digester.heard += bytes(parameter.buffer)
            elif parameter.type is fake.ParamType.MEMREF_OUTPUT:
                digest = hashlib.sha256(Digester.heard).digest()
                parameter.size, there_is = len(digest), parameter.size
                if there_is >= len(digest):
                    parameter.buffer[: len(digest)] = digest
            else:
                parameter.buffer[:] = bytes(parameter.buffer).swapcase()


class Vault(fake.TrustedApplication):
    """Gives its code, and knows a client if what it is told is the client's own UUID."""

    uuid = UUID("2b8a6d0c-0e43-4ad0-9d39-3e1d4e1c3a6f")
    code: int = 0
    clients: list[tuple[UUID, bytes]]

    def create(self) -> None:
        Vault.clients = []

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        if command_id == 1:
            raise fake.ResultError(Vault.code)
        told = parameters[0]
        assert isinstance(told, fake.MemrefParameter)
        assert told.buffer is not None
        Vault.clients.append((session.identity.uuid, bytes(told.buffer)))


class Waiter(fake.TrustedApplication):
    """Waits until it is cancelled."""

    uuid = UUID("6a0f1c52-5a44-4d5e-8f0f-0a1c8f0b77e2")
    has_begun = threading.Event()

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        session.unmask_cancellation()
        Waiter.has_begun.set()
        for _ in range(LIMIT * 1000):
            session.wait(1)


class _Yours(ast.NodeTransformer):
    """Has `yours` called where a sample has three dots as a statement."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        if not isinstance(node.value, ast.Constant) or node.value.value is not ...:
            return node
        (call,) = ast.parse("yours()").body
        assert isinstance(call, ast.Expr)
        return ast.fix_missing_locations(ast.copy_location(call, node))


def run(
    sample: Sample, *, yours: Callable[[dict[str, Any]], None] | None = None, **given: object
) -> dict[str, Any]:
    """Run a sample and return its names.

    It finds the imports of those above it, what it is given, and in place of its three
    dots yours, which gets the names too.
    """
    names: dict[str, Any] = {"__name__": sample.name, **given}
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1
        if yours is not None:
            yours(names)

    names["yours"] = call
    page, _, text = SAMPLES[sample.place]
    tree = _Yours().visit(ast.parse(text))
    tree.body[:0] = imports_above(SAMPLES[sample.place])
    # Without the annotations of this file, which are text.
    exec(compile(tree, f"{page.name}: {sample.name}", "exec", dont_inherit=True), names)
    assert calls == (yours is not None)
    return names


def greet(context: tee.Context) -> None:
    with context, context.open_session(HelloWorld.uuid) as session:
        assert session.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)


needs_cryptography = pytest.mark.skipif(
    importlib.util.find_spec("cryptography") is None, reason="needs the package cryptography"
)


@pytest.fixture
def context() -> Iterator[tee.Context]:
    kernel = fake.Kernel()
    kernel.install(Digester, Vault, Waiter)
    with tee.Context(backend=kernel) as opened:
        yield opened
    kernel.assert_no_leaks()


@pytest.fixture
def session(context: tee.Context) -> Iterator[tee.Session]:
    with context.open_session(Digester.uuid) as opened:
        yield opened


def samples_run_here() -> set[str]:
    """Return the names of the samples that tests of this file run."""
    tests = (
        node
        for node in ast.parse(Path(__file__).read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )
    calls = (node for test in tests for node in ast.walk(test) if isinstance(node, ast.Call))
    return {
        call.args[0].attr
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id == "run"
        and isinstance(call.args[0], ast.Attribute)
    }


def test_every_python_sample_is_run_here() -> None:
    assert sorted(sample.place for sample in Sample) == list(range(len(SAMPLES)))
    assert samples_run_here() == set(Sample.__members__)


def test_the_first_sample_prints_43(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    run(Sample.HELLO)
    assert capsys.readouterr().out == "43\n"


def test_a_session_is_opened_and_used_by_the_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    run(Sample.OPEN)
    assert capsys.readouterr().out == "fake (Value(a=2, b=0),)\n"


def test_outputs_are_bytes_and_views_as_the_sample_says(session: tee.Session) -> None:
    buffer = bytearray(b"Hello")
    names = run(Sample.PARAMETERS, session=session, buffer=buffer)
    assert names["digest"] == hashlib.sha256(b"abc").digest()
    assert names["view"].obj is buffer
    assert buffer == b"hELLO"


def test_an_array_comes_back_as_the_sample_says(
    session: tee.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run(Sample.ARRAYS, session=session)
    expected = array("f")
    expected.frombytes(array("f", [0.5, 0.25]).tobytes().swapcase())
    assert names["samples"] == expected
    assert capsys.readouterr().out == f"{expected.tolist()}\n"


def test_an_output_grows_as_the_sample_says(session: tee.Session) -> None:
    Digester.heard = b"abc"
    names = run(Sample.UNKNOWN_SIZE, session=session)
    assert names["wrapped"] == hashlib.sha256(b"abc").digest()


def test_one_number_of_64_bits_is_sent_and_read_by_the_sample(
    session: tee.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run(Sample.OTHER_NUMBERS, session=session)
    assert (names["index"].a, names["index"].b) == (1, 2)
    assert capsys.readouterr().out == f"{0x1_0000_0002}\n"


def test_shared_memory_is_filled_and_passed_as_the_sample_says(session: tee.Session) -> None:
    run(Sample.SHARED_MEMORY, context=session.context, session=session)
    assert Digester.heard == b"hellohello"


def test_memory_of_the_programs_own_is_shared_by_the_sample(session: tee.Session) -> None:
    names = run(Sample.OWN_MEMORY, context=session.context, session=session)
    assert Digester.heard == 2 * (b"frame" + bytes(4091))
    assert names["block"].closed


def test_what_is_prepared_gives_what_the_sample_says(session: tee.Session) -> None:
    buffer = bytearray(b"Hello")
    names = run(Sample.HOT_LOOPS, session=session, buffer=buffer)
    assert names["value"] == (41, 0)
    assert names["view"].obj is buffer
    assert buffer == b"hELLO"


def test_errors_are_told_apart_by_the_sample(
    context: tee.Context, capsys: pytest.CaptureFixture[str]
) -> None:
    Vault.code = 0x80001234
    names = run(Sample.ERRORS, context=context, VAULT=Vault.uuid)
    assert capsys.readouterr().out == "locked\n"
    locked: IntEnum = names["VaultResult"].LOCKED
    assert locked == Vault.code

    Vault.code = tee.Result.NO_DATA
    with pytest.raises(tee.NoDataError):
        run(Sample.ERRORS, context=context, VAULT=Vault.uuid)

    run(Sample.ERRORS, context=context, VAULT=UUID(int=1))
    assert "not installed: install it in the fake kernel" in capsys.readouterr().out


def test_the_client_that_logs_in_is_the_one_that_the_sample_computes(
    context: tee.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = os.getegid()
    monkeypatch.setattr("grp.getgrnam", lambda name: {"video": Group(own)}[name])
    run(Sample.LOGINS, context=context, VAULT=Vault.uuid)
    ((client, told),) = Vault.clients
    assert told == client.bytes
    assert client == tee.client_uuid(tee.Login.GROUP, gid=own)


class Group:
    """An entry of the group database."""

    def __init__(self, number: int) -> None:
        self.gr_gid = number


def test_a_call_that_waits_is_cancelled_by_the_sample(
    context: tee.Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class WhenBegun(threading.Timer):
        def run(self) -> None:
            assert Waiter.has_begun.wait(LIMIT)
            self.function()

    monkeypatch.setattr(threading, "Timer", WhenBegun)
    Waiter.has_begun.clear()
    with context.open_session(Waiter.uuid) as waiting:
        names = run(Sample.CANCELLING, session=waiting)
    assert names["operation"].state is tee.OperationState.DONE
    assert capsys.readouterr().out == "cancelled by TRUSTED_APP\n"


def test_a_call_that_takes_too_long_is_left_by_the_sample(
    context: tee.Context, capsys: pytest.CaptureFixture[str]
) -> None:
    with context.open_session(Waiter.uuid) as waiting:
        run(Sample.TIME_OUTS, session=waiting)
    assert capsys.readouterr().out == "came back late\n"


def test_commands_are_submitted_by_the_sample(
    context: tee.Context, capsys: pytest.CaptureFixture[str]
) -> None:
    with context.open_session(HelloWorld.uuid) as opened:
        run(Sample.SUBMITTED, session=opened)
    lines = {f"(Value(a={number + 1}, b=0),)" for number in range(100)}
    assert {*capsys.readouterr().out.splitlines()} == lines


def test_a_program_ends_by_the_sample_when_it_is_told_to() -> None:
    def terminate() -> None:
        assert Waiter.has_begun.wait(LIMIT)
        os.kill(os.getpid(), signal.SIGTERM)

    Waiter.has_begun.clear()
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=terminate)
    thread.start()
    own_kernel = fake.Kernel(applications=[Waiter])
    own = tee.Context(backend=own_kernel)
    try:
        with pytest.raises(SystemExit):
            run(Sample.CLOSING, context=own, VAULT=Waiter.uuid)
    finally:
        signal.signal(signal.SIGTERM, before)
        thread.join(LIMIT)
    assert own.closed
    # The call that was given up closes the device at its end.
    wait_until(lambda: own_kernel.resources().descriptors == 0)


def test_the_sample_for_asyncio_prints_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    run(Sample.ASYNCIO)
    assert capsys.readouterr().out == "2\n"


@pytest.fixture
def kernel() -> Iterator[fake.Kernel]:
    made = fake.Kernel()
    made.install(Digester, Waiter)
    yield made
    made.assert_no_leaks()


def on_loop(
    kernel: fake.Kernel, uuid: UUID, use: Callable[[aio.Session], Awaitable[object]]
) -> object:
    """Return what a coroutine returns for a session in a context of its own."""

    async def main() -> object:
        async with (
            aio.Context(backend=kernel) as context,
            await context.open_session(uuid) as opened,
        ):
            return await use(opened)

    return asyncio.run(asyncio.wait_for(main(), LIMIT))


def test_a_task_leaves_a_call_as_the_sample_says(kernel: fake.Kernel) -> None:
    async def use(session: aio.Session) -> tuple[bytes | None, bytes | None]:
        return await digest(session, LIMIT), await digest(session, 0)

    digest = run(Sample.LEAVING)["digest_within"]
    assert on_loop(kernel, Digester.uuid, use) == (hashlib.sha256(b"abc").digest(), None)


def test_a_call_on_a_loop_is_cancelled_by_the_sample(
    kernel: fake.Kernel, capsys: pytest.CaptureFixture[str]
) -> None:
    on_loop(kernel, Waiter.uuid, run(Sample.STOPPING)["stop_soon"])
    assert capsys.readouterr().out == "stopped by TRUSTED_APP\n"


def test_shared_memory_is_used_on_a_loop_by_the_sample(kernel: fake.Kernel) -> None:
    content = on_loop(kernel, Digester.uuid, run(Sample.ASYNC_MEMORY)["fill"])
    assert content == bytes(100)


def test_a_pool_is_used_by_the_sample(
    context: tee.Context, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run(Sample.POOL, context=context, VAULT=Digester.uuid)
    assert names["digest"] == hashlib.sha256(b"abc").digest()
    assert "opened=1" in capsys.readouterr().out


def test_a_pool_is_drained_on_a_loop_by_the_sample(kernel: fake.Kernel) -> None:
    serve = run(Sample.ASYNC_POOL, VAULT=HelloWorld.uuid)["serve"]
    numbers = on_loop(kernel, HelloWorld.uuid, lambda session: serve(session.context))
    assert numbers == list(range(1, 101))


def test_devices_are_listed_by_the_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    run(Sample.FINDING_DEVICES)
    printed = capsys.readouterr().out
    for device in tee.enumerate_devices("fake"):
        assert device.path in printed
    assert printed.startswith(f"/dev/tee0 {tee.ImplementationId.OPTEE!s} ")
    applications = tee.enumerate_bus_devices("fake")
    assert applications
    assert all(f"{application.uuid} None\n" in printed for application in applications)


def test_an_own_trusted_application_is_tested_by_the_samples() -> None:
    run(Sample.COUNTER)["test_it_counts"]()
    run(Sample.OWN_APPLICATION)["test_it_digests"]()
    run(Sample.DECLARED_APPLICATION)["test_it_keeps_what_is_stored"]()


def test_a_program_that_opens_the_fake_meets_the_application_of_the_sample() -> None:
    digest = run(Sample.OWN_APPLICATION)["Digest"]

    def program(names: dict[str, Any]) -> None:
        with tee.Context("fake:optee") as context, context.open_session(digest.uuid) as opened:
            opened.invoke_command(0, b"abc")

    run(Sample.DEFAULT_KERNEL, yours=program, Digest=digest)
    with pytest.raises(tee.ItemNotFoundError):
        program({})


def test_the_faults_of_the_sample_strike_a_program() -> None:
    def program(names: dict[str, Any]) -> None:
        with tee.Context(backend=names["kernel"]) as context:
            with context.open_session(HelloWorld.uuid) as opened:
                with pytest.raises(tee.BusyError):
                    opened.invoke_command(0, tee.ValueInOut(1))
                assert opened.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)
            with pytest.raises(tee.OutOfMemoryError):
                context.open_session(HelloWorld.uuid)

    run(Sample.FAULTS, yours=program)


def test_a_program_that_no_fault_strikes_fails_the_sample() -> None:
    with pytest.raises(AssertionError, match="struck no call"):
        run(Sample.FAULTS, yours=lambda names: None)


def test_a_trace_is_recorded_and_replayed_by_the_sample(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kernel = fake.Kernel()
    monkeypatch.setattr(passing, "LinuxKernel", lambda: kernel)
    monkeypatch.chdir(tmp_path)
    contexts: list[tee.Context] = []

    def program(context: tee.Context) -> None:
        contexts.append(context)
        greet(context)

    run(Sample.TRACES, run=program)
    assert len(contexts) == 2
    assert (tmp_path / "hello.trace").exists()
    kernel.assert_no_leaks()


def test_a_supplicant_loads_the_application_of_the_sample(tmp_path: Path) -> None:
    digest = run(Sample.OWN_APPLICATION)["Digest"]

    def program(names: dict[str, Any]) -> None:
        names["session"].invoke_command(0, b"abc")

    names = run(Sample.SUPPLICANT, yours=program, Digest=digest, folder=tmp_path)
    names["kernel"].assert_no_leaks()


def test_a_device_that_comes_late_is_waited_for_by_the_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Hurried(threading.Timer):
        def __init__(self, seconds: float, function: Callable[[], object]) -> None:
            super().__init__(seconds / 100, function)

    monkeypatch.setattr(threading, "Timer", Hurried)

    def program(names: dict[str, Any]) -> None:
        assert names["context"].version.backend == "fake"

    names = run(Sample.LATE_DEVICE, yours=program)
    assert tee.enumerate_devices(names["kernel"]) == ()
    names["kernel"].assert_no_leaks()


def test_op_tees_own_applications_answer_the_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    run(Sample.TYPED_CLIENTS)
    devices, heap, *_ = capsys.readouterr().out.splitlines()
    assert devices == "['invoke_tests']"
    assert heap == "Heap: 0 of 0 bytes"


@needs_cryptography
def test_op_tees_examples_answer_the_sample(
    context: tee.Context, capsys: pytest.CaptureFixture[str]
) -> None:
    run(Sample.TYPED_EXAMPLES, context=context)
    assert capsys.readouterr().out == "10000\nb'secret'\n"


@needs_cryptography
def test_what_a_tee_signs_is_verified_by_the_sample(capsys: pytest.CaptureFixture[str]) -> None:
    with tee.Context(backend=fake.Kernel(applications=[Attestation])) as context:
        evidence = run(Sample.ATTESTATION, context=context)["evidence"]
    assert capsys.readouterr().out == f"{evidence.digest.hex()}\n"


@needs_cryptography
def test_a_secret_is_sealed_by_the_sample() -> None:
    with tee.Context(backend=fake.Kernel(applications=[AppSecrets])) as context:
        sealed = run(Sample.APP_SECRETS, context=context)["sealed"]
    assert b"password" not in sealed


def test_a_typed_client_is_awaited_as_in_the_sample() -> None:
    async def main() -> int:
        async with aio.Context(backend=fake.Kernel()) as context:
            answer: int = await run(Sample.TYPED_ON_A_LOOP)["count"](context)
            return answer

    assert asyncio.run(main()) == 42


@pytest.fixture
def wallets() -> dict[str, Any]:
    """Return the names of the example that has a fake of the samples' wallet."""
    return runpy.run_path(str(TOP / "examples" / "wallet.py"))


def test_a_declared_application_is_used_as_in_the_sample(
    wallets: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    with fake.default_kernel().installed(wallets["FakeWallet"]):
        run(Sample.DECLARATION)
    assert capsys.readouterr().out == f"70 75 {b'Ada' * 30!r}\n"


def test_a_structure_lies_in_memory_as_the_sample_says(capsys: pytest.CaptureFixture[str]) -> None:
    run(Sample.STRUCTURES)
    assert capsys.readouterr().out == "64 64 key\n"


def test_declared_commands_are_submitted_and_awaited_as_in_the_samples(
    wallets: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    given = {name: wallets[name] for name in ("Wallet", "Transfer", "ta")}
    kernel = fake.Kernel(applications=[wallets["FakeWallet"]])
    with tee.Context(backend=kernel) as context:
        run(Sample.TYPED_POOL, context=context, **given)
    assert capsys.readouterr().out == f"1\n{sum(range(100, 110))}\n"

    async def main() -> int:
        async with aio.Context(backend=kernel) as context:
            balance: int = await run(Sample.DECLARED_ON_A_LOOP, **given)["pay"](context, 30)
            return balance

    assert asyncio.run(main()) == 70


def test_an_opening_that_is_declared_returns_what_the_sample_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Processor(fake.TrustedApplication):
        uuid = UUID("a1c0e7c4-2f4b-4ef2-9d54-0b6a3f0f9d21")

        def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            assert session.identity.login == tee.Login.USER
            parameters.value(1).b = 2 * parameters.value(0).a

    with tee.Context(backend=fake.Kernel(applications=[Processor])) as context:
        run(Sample.DECLARED_OPENING, context=context)
    assert capsys.readouterr().out == "6\n"


def test_well_known_applications_have_the_uuids_of_the_sample(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(Sample.WELL_KNOWN)
    assert "pkcs11   fd02c9da-306c-48c7-a49c-bbd827ae86ee\n" in capsys.readouterr().out


def test_the_header_of_the_sample_has_what_the_page_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, Sample.HEADER.name, ModuleType(Sample.HEADER.name))
    declared = declaration_of(run(Sample.HEADER)["Purse"])
    header = c_header(declared, "purse:Purse")
    page = SAMPLES[Sample.HEADER.place].page.read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```c\n(.*?)^```$", page, re.M | re.S)
    for part in shown.split("\n\n"):
        assert part in header


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_a_pool_of_processes_has_the_sessions_of_the_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run(Sample.PROCESSES, VAULT=HelloWorld.uuid)
    # Workers look for its functions in the module that they are of.
    module = ModuleType(Sample.PROCESSES.name)
    vars(module).update(names)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    fork = multiprocessing.get_context("fork")
    monkeypatch.setattr(multiprocessing, "get_context", lambda _: fork)
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    names["main"]()
    assert capsys.readouterr().out == f"{list(range(1, 11))}\n"
