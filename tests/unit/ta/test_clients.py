# SPDX-License-Identifier: BSD-2-Clause
"""Clients: how they are opened, and how they end."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import pytee_client as tee
from pytee_client import aio, fake, ta
from pytee_client.errors import ParameterRangeError, ParameterTypeError
from pytee_client.fake import ClientSession, Parameters
from pytee_client.fake import ParamType as Type

from ...support.children import in_child
from ...support.interruption import interrupt_everywhere
from .bank import ID, Bank, FakeBank, Receipt, Transfer


@pytest.fixture
def kernel() -> Iterator[fake.Kernel]:
    made = fake.Kernel(applications=[FakeBank])
    yield made
    made.assert_no_leaks()


@pytest.fixture
def context(kernel: fake.Kernel) -> Iterator[tee.Context]:
    with tee.Context(backend=kernel) as opened:
        yield opened


def test_a_client_has_its_session_until_it_is_closed(context: tee.Context) -> None:
    bank = Bank(context)
    assert bank.transfer(Transfer(1, 2, 3)) == Receipt(1, 3)
    assert isinstance(bank.session, tee.Session)
    assert repr(bank) == f"<Bank on {bank.session!r}>"
    assert not bank.closed
    bank.close()
    bank.close(timeout=1)
    assert bank.closed
    assert bank.session.closed
    for use in (bank.count, bank.count.submit):
        with pytest.raises(tee.ClosedSessionError):
            use()


def test_with_closes_it_also_after_an_error(context: tee.Context) -> None:
    with pytest.raises(KeyError), Bank(context) as bank:
        raise KeyError
    assert bank.closed


def test_a_forgotten_client_warns_once_and_leaves_nothing(kernel: fake.Kernel) -> None:
    with tee.Context(backend=kernel) as context:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            bank = Bank(context)
            bank.count()
            del bank
            gc.collect()
        assert [warning.category for warning in caught] == [ResourceWarning]
        assert kernel.resources().sessions == 0


def test_a_command_outlives_its_client_and_keeps_the_session(context: tee.Context) -> None:
    count = Bank(context).count
    gc.collect()
    assert count() == 2**32 + 7
    session = Bank(context).session
    bank = Bank.on(session)
    count = bank.count
    del bank
    assert count() == 2**32 + 7
    assert isinstance(session, tee.Session)
    session.close()
    with pytest.raises(tee.ClosedSessionError):
        count()


pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def test_a_client_on_a_session_does_not_close_it(context: tee.Context) -> None:
    with context.open_session(ID) as session:
        with Bank.on(session) as bank:
            assert bank.count() == 2**32 + 7
            assert bank.session is session
        assert not bank.closed
        assert not session.closed
    assert bank.closed


def test_a_client_on_a_pool_uses_its_sessions(context: tee.Context) -> None:
    with context.session_pool(ID, size=2) as pool:
        with Bank.on(pool) as bank:
            assert bank.add(1) == 2
            assert bank.get("you") == b"hello you"
            with pytest.raises(
                ParameterTypeError, match=r"Bank.add\(\) of a client on a pool can't"
            ):
                bank.add.submit(1)
            with pool.session() as session:
                assert Bank.on(session).add.submit(1).result(5) == 2
        assert not pool.closed


def test_a_client_is_on_a_session_with_its_application(context: tee.Context) -> None:
    class Other(ta.Client, uuid="c3d1a0be-1111-4222-8333-944455566678"):
        pass

    with context.open_session(ID) as session, context.session_pool(ID) as pool:
        for given in (session, pool):
            with pytest.raises(ParameterRangeError, match=r"the session is with Bank .* but Other"):
                Other.on(given)
        wrong: list[Any] = [None, context, Bank, pool.session(), Bank.on(session)]
        for it in wrong:
            with pytest.raises(ParameterTypeError, match="must be a Session or a SessionPool"):
                Bank.on(it)


def test_a_client_is_opened_in_a_context(context: tee.Context) -> None:
    cls: Any = Bank
    for wrong in (None, "linux", aio.Context, tee.Context, 3):
        with pytest.raises(ParameterTypeError, match="the context must be a Context"):
            cls(wrong)


def test_time_outs_are_those_of_its_calls(context: tee.Context) -> None:
    with Bank(context, timeout=5, grace=2) as bank:
        assert isinstance(bank.session, tee.Session)
        assert (bank.session.timeout, bank.session.grace) == (5, 2)
        with pytest.raises(tee.DeadlineError, match=r"wait \(7\) of Bank"):
            bank.wait(timeout=0.01)
        # 0 sends nothing.
        with pytest.raises(TimeoutError):
            bank.count(timeout=0)
        assert bank.count(timeout=math.inf) == 2**32 + 7
    with pytest.raises(tee.DeadlineError):
        Bank(context, timeout=0)


def test_an_operation_cancels_a_command(context: tee.Context) -> None:
    operation = tee.Operation()
    with Bank(context) as bank:
        operation.request_cancellation()
        with pytest.raises(tee.CancelError, match=r"wait \(7\) of Bank"):
            bank.wait(operation=operation)


def test_a_client_can_not_be_copied_or_pickled(context: tee.Context) -> None:
    with Bank(context) as bank:
        for copied in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="a Bank can't be copied or pickled"):
                copied(bank)


def test_a_context_that_is_closed_ends_its_clients(kernel: fake.Kernel) -> None:
    with tee.Context(backend=kernel) as context:
        bank = Bank(context)
    assert bank.closed
    with pytest.raises(tee.ClosedSessionError):
        bank.count()
    with pytest.raises(tee.ClosedContextError):
        Bank(context)


class Teller(ta.Client, uuid=ID):
    begin = ta.opening(ta.U32, ta.InOut[ta.U64], returns=ta.Bytes(2), slots=(2, 0, 1))
    nothing = ta.command(8)


class FakeTeller(FakeBank):
    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        parameters.expect(Type.VALUE_INOUT, Type.MEMREF_OUTPUT, Type.VALUE_INPUT)
        parameters.value(0).b += parameters.value(2).a
        parameters.memref(1).put(b"ab" if parameters.value(2).a != 9 else b"a")


@pytest.fixture
def tellers() -> Iterator[fake.Kernel]:
    made = fake.Kernel(applications=[FakeTeller])
    yield made
    made.assert_no_leaks()


def test_an_opening_takes_and_returns_what_is_declared(tellers: fake.Kernel) -> None:
    with tee.Context(backend=tellers) as context:
        with Teller.begin(context, 3, 2**40, timeout=5) as teller:
            assert teller.begin == (2**40 + 3, b"ab")
            assert Teller.begin.result(teller) == (2**40 + 3, b"ab")
            assert teller.nothing() is None
        with Teller(context, 3, 4) as teller:
            assert teller.begin == (7, b"ab")
            assert Teller.on(teller.session).begin is None


def test_wrong_arguments_of_an_opening_are_refused_before_anything_is_sent(
    tellers: fake.Kernel,
) -> None:
    cls: Any = Teller
    with tee.Context(backend=tellers) as context:
        with pytest.raises(ParameterTypeError, match=r"Teller.begin\(\) takes 2 arguments, not 0"):
            cls(context)
        with pytest.raises(ParameterRangeError, match=r"argument 2 of Teller.begin\(\) is -1"):
            cls.begin(context, 1, -1)
        for wrong in (None, 3, aio.Context, tee.Context):
            with pytest.raises(ParameterTypeError, match="the context must be a Context"):
                cls.begin(wrong, 1, 1)
        assert tellers.resources().sessions == 0


def test_an_opening_that_returned_something_else_leaves_no_session(tellers: fake.Kernel) -> None:
    with tee.Context(backend=tellers) as context:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with pytest.raises(tee.BadFormatError, match="1 bytes, but there should be 2"):
                Teller(context, 9, 1)
            assert tellers.resources().sessions == 0
            gc.collect()
        # It was closed, and not forgotten.
        assert caught == []


def test_an_opening_that_is_not_declared_takes_plain_parameters(tellers: fake.Kernel) -> None:
    with tee.Context(backend=tellers) as context:
        given = (tee.ValueInOut(0, 1), tee.MemrefTempOutput(2), (3, 0))
        with Bank(context, *given) as bank:
            assert isinstance(bank.session, tee.Session)
            assert bank.session.outputs == ((0, 4), b"ab")


def test_the_login_is_that_of_the_class_or_of_the_opening() -> None:
    logins = []

    class Asking(FakeBank):
        def open_session(self, session: ClientSession, parameters: Parameters) -> None:
            logins.append(session.identity.login)

    class User(Bank, login=tee.Login.USER):
        pass

    class Derived(User):
        pass

    with tee.Context(backend=fake.Kernel(applications=[Asking])) as context:
        for cls in (Bank, User, Derived):
            cls(context).close()
        User(context, login=tee.Login.PUBLIC).close()
        Bank(context, login=tee.Login.GROUP, gid=0).close()
    login = tee.Login
    assert logins == [login.PUBLIC, login.USER, login.USER, login.PUBLIC, login.GROUP]


def test_many_threads_use_one_client(context: tee.Context) -> None:
    found: list[int] = []

    def use() -> None:
        found.extend(bank.add(number) for number in range(100))

    with Bank(context) as bank:
        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert sorted(found) == sorted([*range(1, 101)] * 8)


def test_a_child_of_a_fork_can_not_use_the_client_of_its_parent(context: tee.Context) -> None:
    def use() -> None:
        with pytest.raises(tee.ForkedContextError):
            bank.count()
        with pytest.raises(tee.ForkedContextError):
            bank.count.submit()

    with Bank(context) as bank:
        bank.count()
        assert in_child(use) == 0
        assert bank.count() == 2**32 + 7


def test_no_interrupt_leaks_the_session_of_a_client() -> None:
    kernel = fake.Kernel(applications=[FakeTeller])

    def check() -> None:
        if kernel.resources().descriptors:
            gc.collect()
        kernel.assert_no_leaks()

    def run() -> None:
        with tee.Context(backend=kernel) as context, Teller(context, 1, 2, timeout=60) as teller:
            teller.nothing(timeout=math.inf)

    count = interrupt_everywhere(run, check, lambda path: "/ta/" in path or "context.py" in path)
    assert count > 10
