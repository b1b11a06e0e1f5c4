# SPDX-License-Identifier: BSD-2-Clause
"""Clients whose commands are awaited."""

from __future__ import annotations

import asyncio
import copy
import gc
import threading
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import pytee_client as tee
from pytee_client import aio, fake, ta
from pytee_client.errors import BadStateError, ParameterRangeError, ParameterTypeError

from ...support.loops import on_loop, until
from ...support.waiting import LIMIT
from .bank import ID, Bank, BankResult, EmptyError, FakeBank, FrozenError, Receipt, Transfer
from .test_clients import FakeTeller, Teller


@asynccontextmanager
async def contexts(
    application: type[fake.TrustedApplication] = FakeBank, **options: Any
) -> AsyncIterator[aio.Context]:
    """Open a context; nothing of it may be left."""
    kernel = fake.Kernel(applications=[application])
    async with aio.Context(backend=kernel, **options) as context:
        yield context
    # A call that was given up may still be on its way back.
    await until(lambda: not kernel.resources().descriptors)
    kernel.assert_no_leaks()


@on_loop
async def test_commands_are_awaited_and_have_the_same_results() -> None:
    async with contexts() as context, context.client(Bank) as bank:
        assert await bank.count() == 2**32 + 7
        assert await bank.add(1) == 2
        assert await bank.transfer(Transfer(1, 2, 3)) == Receipt(1, 3)
        assert await bank.get("you") == b"hello you"
        assert await bank.once(room=20) == bytes(20)
        await bank.nothing()
        results = await asyncio.gather(*(bank.add(number) for number in range(20)))
        assert results == list(range(1, 21))


@on_loop
async def test_errors_are_the_declared_ones() -> None:
    async with contexts() as context, context.client(Bank) as bank:
        with pytest.raises(FrozenError, match=r"transfer \(2\) of Bank: FROZEN"):
            await bank.transfer(Transfer(9, 0, 0))
        with pytest.raises(EmptyError) as caught:
            await bank.transfer(Transfer(8, 0, 0))
        assert caught.value.result is BankResult.EMPTY
        with pytest.raises(tee.BadFormatError, match="3 bytes, but Receipt has 12"):
            await bank.transfer(Transfer(7, 0, 0))
        with pytest.raises(tee.ShortBufferError):
            await bank.once()


@on_loop
async def test_wrong_arguments_are_refused_by_name() -> None:
    async with contexts() as context, context.client(Bank) as bank:
        client: Any = bank
        with pytest.raises(ParameterRangeError, match=r"argument 1 of Bank.add\(\) is -1"):
            await bank.add(-1)
        with pytest.raises(ParameterTypeError, match=r"Bank.add\(\) takes 1 argument, not 0"):
            await client.add()
        with pytest.raises(AttributeError, match="an awaitable Bank has commands alone, and no x"):
            client.x  # noqa: B018
        for name in ("__enter__", "on", "submit", "_plans"):
            assert not hasattr(client, name)


@on_loop
async def test_an_opening_can_be_awaited_and_closed_twice() -> None:
    async with contexts() as context:
        client: Any = await context.client(Bank, timeout=60, grace=3)
        assert (client.session.timeout, client.session.grace) == (60, 3)
        assert client.uuid == ID
        assert repr(client) == f"<awaitable Bank on {client.session!r}>"
        assert not client.closed
        await client.close()
        await client.close(timeout=1)
        assert client.closed
        with pytest.raises(tee.ClosedSessionError):
            await client.count()


@on_loop
async def test_an_opening_is_awaited_once() -> None:
    async with contexts() as context:
        opening = context.client(Bank)
        assert repr(opening) == "<opening of an awaitable Bank>"
        async with opening as bank:
            assert await bank.count() == 2**32 + 7
        with pytest.raises(BadStateError, match=r"Bank was awaited before: call client\(\) again"):
            await opening
        with pytest.raises(BadStateError, match="awaited before"):
            async with opening:
                pass


@on_loop
async def test_a_command_that_is_cancelled_leaves_its_task_at_once() -> None:
    async with contexts() as context, context.client(Bank) as bank:
        task = asyncio.ensure_future(bank.wait())
        session: Any = bank.session
        await until(lambda: bool(session.is_busy))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: not session.is_busy)
        assert await bank.count() == 2**32 + 7


@on_loop
async def test_an_opening_that_nobody_waits_for_leaves_no_session() -> None:
    go_on = threading.Event()

    class Slow(FakeBank):
        def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            assert go_on.wait(LIMIT)

    async with contexts(Slow) as context:

        async def use() -> None:
            async with context.client(Bank):
                raise AssertionError("it was opened")

        task = asyncio.ensure_future(use())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(tee.DeadlineError):
            await context.client(Bank, timeout=0.001, grace=0)
        go_on.set()


@on_loop
async def test_time_outs_bound_a_command() -> None:
    async with contexts() as context, context.client(Bank, timeout=60) as bank:
        with pytest.raises(tee.DeadlineError, match=r"wait \(7\) of Bank"):
            await bank.wait(timeout=0.01)
        with pytest.raises(TimeoutError):
            await bank.count(timeout=0)
        assert await bank.count() == 2**32 + 7


@on_loop
async def test_an_operation_cancels_a_command() -> None:
    async with contexts() as context, context.client(Bank) as bank:
        operation = aio.Operation()
        operation.request_cancellation()
        with pytest.raises(tee.CancelError):
            await bank.wait(operation=operation)


@on_loop
async def test_a_client_on_a_session_or_a_pool_does_not_close_it() -> None:
    async with contexts() as context:
        async with await context.open_session(ID) as session:
            client = session.client(Bank)
            assert await client.count() == 2**32 + 7
            await client.close()
            assert not session.closed
        async with context.session_pool(ID, size=2) as pool:
            client = pool.client(Bank)
            assert await asyncio.gather(*(client.add(one) for one in range(9))) == [*range(1, 10)]
            await client.close()
            assert not pool.closed
            async with pool.session() as lent:
                assert await lent.client(Bank).count() == 2**32 + 7


@on_loop
async def test_a_client_is_on_a_session_with_its_application() -> None:
    class Other(ta.Client, uuid="c3d1a0be-1111-4222-8333-944455566679"):
        pass

    async with contexts() as context, await context.open_session(ID) as session:
        with pytest.raises(ParameterRangeError, match=r"the session is with Bank .* but Other"):
            session.client(Other)
        pool = context.session_pool(ID)
        with pytest.raises(ParameterRangeError, match="but Other"):
            pool.client(Other)
        await pool.close()
        wrong: list[Any] = [ta.Client, 3, Bank.uuid, fake.Kernel]
        for cls in wrong:
            with pytest.raises(ta.DeclarationError, match="declares no application"):
                session.client(cls)
            with pytest.raises(ta.DeclarationError, match="declares no application"):
                context.client(cls)


@on_loop
async def test_a_declared_opening_is_awaited() -> None:
    async with contexts(FakeTeller) as context:
        async with Teller.begin(context, 3, 2**40) as teller:
            assert Teller.begin.result(teller) == (2**40 + 3, b"ab")
            await teller.nothing()
        async with context.client(Teller, 3, 4) as teller:
            assert Teller.begin.result(teller) == (7, b"ab")
        with pytest.raises(ParameterTypeError, match=r"Teller.begin\(\) takes 2 arguments, not 0"):
            context.client(Teller)
        with pytest.raises(tee.BadFormatError, match="1 bytes, but there should be 2"):
            await Teller.begin(context, 9, 1)


@on_loop
async def test_an_opening_raises_the_declared_exception() -> None:
    class Refusing(FakeBank):
        def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            raise fake.ResultError(BankResult.EMPTY)

    async with contexts(Refusing) as context:
        with pytest.raises(EmptyError):
            await context.client(Bank)


@on_loop
async def test_a_client_can_not_be_copied() -> None:
    async with contexts() as context, context.client(Bank) as bank:
        given: list[Any] = [bank, context.client(Bank)]
        for one in given:
            with pytest.raises(TypeError, match="can't be copied or pickled"):
                copy.copy(one)


@on_loop
async def test_a_forgotten_client_warns() -> None:
    async with contexts() as context:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            client: Any = await context.client(Bank)
            await client.count()
            del client
            gc.collect()
        assert [warning.category for warning in caught] == [ResourceWarning]


@on_loop
async def test_a_context_that_is_closed_ends_its_clients() -> None:
    async with contexts() as context:
        client: Any = await context.client(Bank)
    with pytest.raises(tee.ClosedSessionError):
        await client.count()
    with pytest.raises(tee.ClosedContextError):
        await context.client(Bank)
