# SPDX-License-Identifier: BSD-2-Clause
"""Declared commands that methods of a fake serve: sessions, errors, memory, other parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import pytest

import pytee_client as tee
from pytee_client import fake, ta

from .....support.applications.declared import OWN, FakeStore, FrozenError, Store

if TYPE_CHECKING:
    pass


def test_the_fake_has_the_uuid_of_the_declaration() -> None:
    assert FakeStore.uuid == Store.uuid == OWN


def test_the_declared_opening_is_run_when_a_session_opens(context: tee.Context) -> None:
    with Store.opening(context, 5) as store:
        assert store.opening == 5 << 32
    with pytest.raises(FrozenError):
        Store.opening(context, 0)
    with pytest.raises(tee.BadParametersError) as caught:
        context.open_session(OWN)
    assert caught.value.origin == tee.Origin.TRUSTED_APP


def test_a_method_gets_its_own_session(context: tee.Context) -> None:
    with Store.opening(context, 1) as one, Store.opening(context, 2) as two:
        assert (one.who(), two.who()) == (1, 2)


def test_a_derived_class_may_have_no_opening(context: tee.Context) -> None:
    class Open(FakeStore):
        opening = None  # type: ignore[assignment]

    with (
        tee.Context(backend=fake.Kernel(applications=[Open])) as other,
        other.open_session(OWN) as session,
    ):
        assert session.outputs == ()


def test_memory_of_the_client_is_written_in_place(store: Store) -> None:
    memory = bytearray(b"....")
    assert bytes(store.fill(memory)) == b"ok"
    assert memory == b"ok.."
    assert bytes(store.fill(bytearray(3))) == b"ok\0"
    numbers = np.array([1.5, 2.5], np.float32)
    assert store.double(numbers) is numbers
    assert list(numbers) == [3, 5]


def test_null_memory_is_none(store: Store) -> None:
    assert store.maybe(None) == 0xFFFF
    assert store.maybe(b"") == 0
    assert store.maybe(b"abc") == 3
    assert store.swap(None) is None
    assert store.swap(b"abcd") == b"dcba"


def test_declared_parameters_reach_the_method_as_they_are(
    context: tee.Context, store: Store
) -> None:
    memory = tee.MemrefTempOutput(9)
    assert store.raw(tee.ValueInput(65, 3), memory) == (b"AAA", 3)
    with pytest.raises(tee.ShortBufferError):
        store.raw(tee.ValueInput(65, 10), memory)
    with (
        context.allocate_shared_memory(16) as source,
        context.allocate_shared_memory(4) as both,
        context.allocate_shared_memory(4, tee.MemoryFlags.INPUT) as only_input,
    ):
        source.write(b"0123456789abcdef")
        part = tee.MemrefPartialInput(source, offset=4, size=4)
        assert store.block(part, both) == (b"4567", 4)
        assert store.block(part, only_input) == (None, 4)


def test_several_results_come_back_in_declared_order(store: Store) -> None:
    assert store.several(2**40, 3) == (2**40 + 3, (True, -1), "text")


def test_what_comes_back_may_be_of_another_kind_and_size(store: Store) -> None:
    assert store.request(7, b"ab") == (-7, b"ababab")


def test_a_name_that_the_base_has_is_served_by_the_method_with_an_underscore(
    store: Store,
) -> None:
    assert store.create() == 1


def test_all_outputs_say_what_they_need_if_one_does_not_fit(context: tee.Context) -> None:
    number = 11
    with context.open_session(OWN, (5, 0), tee.ValueOutput()) as session:
        with pytest.raises(tee.ShortBufferError) as caught:
            session.invoke_command(number, tee.MemrefTempOutput(3), tee.MemrefTempOutput(2))
        assert caught.value.outputs == (bytes(3), tee.RequiredSize(13))
        outputs = session.invoke_command(number, tee.MemrefTempOutput(3), tee.MemrefTempOutput(13))
        assert outputs == (b"abc", b"more than two")


def test_a_fake_serves_other_applications_too() -> None:
    class Caller(fake.TrustedApplication):
        uuid = UUID(int=9)

        @fake.command(0)
        def ask(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            opened = fake.ValueParameter(fake.ParamType.VALUE_OUTPUT)
            with self.core.open_ta_session(OWN, (3, 0), opened) as other:
                other.invoke_command(0, parameters.value(0))

    with (
        tee.Context(backend=fake.Kernel(applications=[FakeStore, Caller])) as context,
        context.open_session(Caller.uuid) as session,
    ):
        assert session.invoke_command(0, tee.ValueOutput()) == ((3, 0),)


def test_an_override_of_invoke_command_sees_all_and_leaves_the_rest(context: tee.Context) -> None:
    seen: list[int] = []

    class Watched(FakeStore):
        def invoke_command(
            self, session: fake.ClientSession, command_id: int, parameters: fake.Parameters
        ) -> None:
            seen.append(command_id)
            super().invoke_command(session, command_id, parameters)

        def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            super().open_session(session, parameters)
            session.data += 1

    with (
        tee.Context(backend=fake.Kernel(applications=[Watched])) as other,
        Store.opening(other, 5) as store,
    ):
        assert store.who() == 6
        with pytest.raises(tee.NotSupportedError):
            store.session.invoke_command(99)
    assert seen == [0, 99]


def test_a_pseudo_application_sees_empty_memory_as_none_and_takes_it() -> None:
    class Lengths(ta.Client, uuid=UUID(int=10)):
        length = ta.command(0, bytes, returns=ta.U32)
        maybe = ta.command(1, ta.Nullable(bytes), returns=ta.U32)

    class FakeLengths(fake.TrustedApplication, implements=Lengths):
        pseudo = True

        def length(self, given: bytes) -> int:
            return len(given)

        def maybe(self, given: bytes | None) -> int:
            return 0xFFFF if given is None else len(given)

    with (
        tee.Context(backend=fake.Kernel(applications=[FakeLengths])) as context,
        Lengths(context) as client,
    ):
        assert (client.length(b""), client.length(b"abc")) == (0, 3)
        assert (client.maybe(b""), client.maybe(b"abc")) == (0xFFFF, 3)
