# SPDX-License-Identifier: BSD-2-Clause
"""Commands that are submitted: the same results and errors, in a future."""

from __future__ import annotations

import gc
import pickle
import warnings
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from typing import Any

import pytest

import pytee_client as tee
from pytee_client import fake, ta
from pytee_client.errors import ParameterRangeError, ParameterTypeError

from ...support.waiting import LIMIT, wait_until
from .bank import Bank, BankResult, EmptyError, FakeBank, FrozenError, Receipt, Transfer
from .one_command import echo, one_command


@pytest.fixture
def bank() -> Iterator[Bank]:
    kernel = fake.Kernel(applications=[FakeBank])
    with tee.Context(backend=kernel) as context, Bank(context) as client:
        yield client
    kernel.assert_no_leaks()


def test_the_result_of_a_future_is_that_of_the_call(bank: Bank) -> None:
    count: Future[int] = bank.count.submit()
    assert count.result(LIMIT) == 2**32 + 7
    assert bank.add.submit(2**32).result(LIMIT) == 2**32 + 1
    assert bank.transfer.submit(Transfer(1, 2, 3)).result(LIMIT) == Receipt(1, 3)
    nothing: Future[None] = bank.nothing.submit()
    assert nothing.result(LIMIT) is None
    assert nothing.done()


def test_many_run_side_by_side(bank: Bank) -> None:
    futures = [bank.add.submit(number) for number in range(50)]
    assert [future.result(LIMIT) for future in futures] == list(range(1, 51))


@pytest.mark.parametrize("room", [None, 0, 3, 64])
def test_an_output_grows_in_a_future_too(bank: Bank, room: int | None) -> None:
    FakeBank.runs = 0
    assert bank.get.submit("you", room=room).result(LIMIT) == b"hello you"
    assert FakeBank.runs == (1 if room == 64 else 2)
    with pytest.raises(tee.ShortBufferError, match=r"once \(5\) of Bank"):
        bank.once.submit().result(LIMIT)
    assert bank.once.submit(room=20).result(LIMIT) == bytes(20)


def test_the_declared_exceptions_are_those_of_the_future(bank: Bank) -> None:
    future = bank.transfer.submit(Transfer(9, 0, 0))
    with pytest.raises(FrozenError, match=r"transfer \(2\) of Bank: FROZEN"):
        future.result(LIMIT)
    error = bank.transfer.submit(Transfer(8, 0, 0)).exception(LIMIT)
    assert type(error) is EmptyError
    assert error.result is BankResult.EMPTY
    assert type(pickle.loads(pickle.dumps(error))) is EmptyError
    other = bank.fail.submit(tee.Result.ITEM_NOT_FOUND).exception(LIMIT)
    assert type(other) is tee.ItemNotFoundError
    assert "fail (6) of Bank" in str(other)
    unlike = bank.transfer.submit(Transfer(7, 0, 0)).exception(LIMIT)
    assert type(unlike) is tee.BadFormatError
    assert "3 bytes, but Receipt has 12" in str(unlike)


def test_a_command_that_has_begun_is_cancelled_by_the_application(bank: Bank) -> None:
    future = bank.wait.submit()
    wait_until(future.running)
    assert not future.cancel()
    with pytest.raises(tee.CancelError, match=r"wait \(7\) of Bank"):
        future.result(LIMIT)
    assert not future.cancelled()


def test_a_command_that_has_not_begun_never_does() -> None:
    kernel = fake.Kernel(applications=[FakeBank])
    with tee.Context(backend=kernel, max_calls=1) as context, Bank(context) as bank:
        first = bank.wait.submit()
        wait_until(first.running)
        second = bank.count.submit()
        assert second.cancel()
        assert second.cancelled()
        with pytest.raises(CancelledError):
            second.result(LIMIT)
        first.cancel()
        assert isinstance(first.exception(LIMIT), tee.CancelError)
    kernel.assert_no_leaks()


def test_a_time_out_ends_a_future(bank: Bank) -> None:
    with pytest.raises(tee.DeadlineError, match=r"wait \(7\)"):
        bank.wait.submit(timeout=0.01, grace=LIMIT).result(LIMIT)
    with pytest.raises(tee.DeadlineError):
        bank.count.submit(timeout=0).result(LIMIT)
    assert bank.count.submit(timeout=LIMIT).result(LIMIT) == 2**32 + 7


def test_callbacks_get_the_typed_result(bank: Bank) -> None:
    found: list[int] = []
    future = bank.add.submit(1)
    future.add_done_callback(lambda done: found.append(done.result()))
    future.result(LIMIT)
    wait_until(lambda: found == [2])


def test_wrong_arguments_are_refused_at_once(bank: Bank) -> None:
    client: Any = bank
    with pytest.raises(ParameterRangeError, match=r"argument 1 of Bank.add\(\) is -1"):
        bank.add.submit(-1)
    with pytest.raises(ParameterTypeError, match=r"argument 1 of Bank.transfer\(\) must be a Tr"):
        client.transfer.submit(3)
    with pytest.raises(ParameterTypeError, match="no result that varies"):
        bank.add.submit(1, room=3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'operation'"):
        client.add.submit(1, operation=tee.Operation())


def test_memory_of_the_caller_is_filled() -> None:
    buffer = bytearray(b"abc")
    with one_command(echo, ta.InOut[ta.BUFFER]) as client:
        assert bytes(client.it.submit(buffer).result(LIMIT)) == b"abc"


def test_a_future_keeps_the_session_of_a_client_that_is_forgotten() -> None:
    kernel = fake.Kernel(applications=[FakeBank])
    with (
        tee.Context(backend=kernel) as context,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", ResourceWarning)
        future = Bank(context).add.submit(1)
        gc.collect()
        assert future.result(LIMIT) == 2
    kernel.assert_no_leaks()


def test_a_closed_client_takes_no_more(bank: Bank) -> None:
    bank.close()
    with pytest.raises(tee.ClosedSessionError):
        bank.count.submit()
