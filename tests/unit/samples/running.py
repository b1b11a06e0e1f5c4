# SPDX-License-Identifier: BSD-2-Clause
"""The samples of README and docs, and what runs them on the fake."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import importlib.util
import threading
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import aio, fake
from pytee_client.fake.applications import HelloWorld

from ...support.samples import imports_above, samples
from ...support.waiting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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
    ADDER = "class Adder("
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
    OBSERVER = "def observe(event"
    AUDITS = "sys.addaudithook(hook)"
    LOGGING = "logging.basicConfig("
    SLOW_CALLS = "slow_after=2"
    OPENTELEMETRY = "def make_span(event"
    PROMETHEUS = "def count(event"
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
