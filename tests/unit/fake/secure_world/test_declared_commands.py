# SPDX-License-Identifier: BSD-2-Clause
"""Declared commands that methods of a fake serve: sessions, errors, memory, other parameters."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import pytest

import pytee_client as tee
from pytee_client import fake, ta

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = UUID("2f9d8a3e-5c1b-4a57-8d0e-7f6a5b4c3d21")


class Code(IntEnum):
    FROZEN = 0x80000001
    EMPTY = 0x80000002
    LOST = 0x80000003


class FrozenError(Exception):
    pass


class DeepFrozenError(FrozenError):
    pass


class EmptyError(tee.TeecError):
    pass


class Store(
    ta.Client,
    uuid=OWN,
    results=Code,
    errors={Code.FROZEN: FrozenError, Code.EMPTY: EmptyError},
):
    opening = ta.opening(ta.U32, returns=ta.U64)
    who = ta.command(0, returns=ta.U32)
    fail = ta.command(1, str)
    fill = ta.command(2, ta.Out[ta.BUFFER])
    double = ta.command(3, ta.InOut[ta.NDArray(np.float32)])
    maybe = ta.command(4, ta.Nullable(bytes), returns=ta.U32)
    swap = ta.command(5, ta.InOut[ta.Nullable(ta.Bytes(4))])
    block = ta.command(6, tee.MemrefPartialInput, ta.InOut[tee.SharedMemory], returns=ta.U32)
    raw = ta.command(7, tee.ValueInput, ta.Out[tee.MemrefTempOutput], returns=ta.U8)
    several = ta.command(
        8, ta.InOut[ta.U64], ta.U8, returns=(ta.Both(bool, ta.I32), ta.Variable(str, 2))
    )
    request = ta.command(9, ta.InOut[ta.U32, ta.I32], ta.InOut[ta.Bytes(2), ta.Bytes(6)])
    create = ta.command(10, returns=ta.U8)
    two = ta.command(11, returns=(ta.Bytes(3), ta.Variable(bytes, 2)))


class FakeStore(fake.TrustedApplication, implements=Store):
    single_instance = True
    multi_session = True
    created = 0

    def create(self) -> None:
        self.created += 1

    def opening(self, session: fake.ClientSession, number: int) -> int:
        if number == 0:
            raise FrozenError("no")
        session.data = number
        return number << 32

    def who(self, its: fake.ClientSession) -> int:
        number: int = its.data
        return number

    def fail(self, how: str) -> None:
        raise {
            "frozen": FrozenError("frozen"),
            "deep": DeepFrozenError("deep"),
            "empty": EmptyError("empty"),
            "busy": fake.ResultError(tee.Result.BUSY),
            "lost": fake.ResultError(Code.LOST),
            "panic": fake.PanicError(7),
        }.get(how, ZeroDivisionError(how))

    def fill(self, memory: memoryview) -> memoryview | None:
        memory[:2] = b"ok"
        return None if len(memory) == 3 else memory[:2]

    def double(self, numbers: np.typing.NDArray[np.float32]) -> None:
        numbers *= 2

    def maybe(self, given: bytes | None) -> int:
        return 0xFFFF if given is None else len(given)

    def swap(self, given: bytes | None) -> bytes | None:
        return None if given is None else given[::-1]

    def block(self, part: fake.MemrefParameter, whole: fake.MemrefParameter) -> int:
        if whole.type.is_output:
            whole.put(part.content())
        return part.size

    def raw(self, value: fake.ValueParameter, memory: fake.MemrefParameter) -> int:
        memory.put(bytes([value.a]) * value.b)
        return memory.size

    def several(self, number: int, add: int) -> tuple[int, tuple[bool, int], str]:
        return number + add, (True, -1), "text"

    def request(self, number: int, given: bytes) -> tuple[int, bytes]:
        return -number, given * 3

    def create_(self) -> int:
        return self.created

    def two(self) -> tuple[bytes, bytes]:
        return b"abc", b"more than two"


@pytest.fixture
def kernel() -> Iterator[fake.Kernel]:
    made = fake.Kernel(applications=[FakeStore])
    yield made
    made.assert_no_leaks()


@pytest.fixture
def context(kernel: fake.Kernel) -> Iterator[tee.Context]:
    with tee.Context(backend=kernel) as opened:
        yield opened


@pytest.fixture
def store(context: tee.Context) -> Iterator[Store]:
    with Store.opening(context, 5) as opened:
        yield opened


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


def test_declared_exceptions_become_their_codes(store: Store) -> None:
    for how in ("frozen", "deep"):
        with pytest.raises(FrozenError) as caught:
            store.fail(how)
        cause = caught.value.__cause__
        assert isinstance(cause, tee.TeecError)
        assert (cause.code, cause.origin) == (Code.FROZEN, tee.Origin.TRUSTED_APP)
    with pytest.raises(EmptyError) as empty:
        store.fail("empty")
    assert empty.value.code == Code.EMPTY
    assert store.who() == 5


def test_result_errors_are_results_and_anything_else_is_a_panic(store: Store) -> None:
    with pytest.raises(tee.BusyError):
        store.fail("busy")
    with pytest.raises(tee.TeecError) as lost:
        store.fail("lost")
    assert lost.value.code == Code.LOST
    with pytest.raises(tee.TargetDeadError, match=r"ZeroDivisionError: other, in .*\(fail\)"):
        store.fail("other")


def test_a_panic_is_no_declared_error(store: Store) -> None:
    with pytest.raises(tee.TargetDeadError):
        store.fail("panic")


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
    # To type checkers the result is the parameter.
    result: Any = store.raw(tee.ValueInput(65, 3), memory)
    assert result == (b"AAA", 3)
    with pytest.raises(tee.ShortBufferError):
        store.raw(tee.ValueInput(65, 10), memory)
    with (
        context.allocate_shared_memory(16) as source,
        context.allocate_shared_memory(4) as both,
        context.allocate_shared_memory(4, tee.MemoryFlags.INPUT) as only_input,
    ):
        source.write(b"0123456789abcdef")
        part = tee.MemrefPartialInput(source, offset=4, size=4)
        result = store.block(part, both)
        assert result == (b"4567", 4)
        result = store.block(part, only_input)
        assert result == (None, 4)


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


def returning(value: Any) -> type[fake.TrustedApplication]:
    class Wrong(FakeStore):
        def who(self, *_: Any) -> Any:
            return value() if callable(value) else value

        def several(self, *_: Any) -> Any:
            return value() if callable(value) else value

        def fail(self, how: str) -> Any:
            return value() if callable(value) else value

    return Wrong


async def nothing() -> None: ...


@pytest.mark.parametrize(
    ("command", "value", "text"),
    [
        ("who", None, "the result must be an int, not None"),
        ("who", -1, r"the result is -1, but must be from 0 to 2\*\*32 - 1"),
        ("who", True, "the result must be an int, not True"),
        ("who", (1,), "the result must be an int"),
        ("who", nothing, "is an async function"),
        ("fail", 0, "it is declared to return nothing"),
        ("several", None, "it is declared to return a tuple of 3"),
        ("several", [1, (True, 1), ""], "it is declared to return a tuple of 3"),
        ("several", (1, (True, 1)), "it is declared to return a tuple of 3"),
        ("several", (1, (True, 1), b""), "result 3 must be a str, not"),
        ("several", (1, (True, 2**31), ""), "b of result 2 is 2147483648"),
    ],
)
def test_a_result_that_is_not_as_declared_is_a_panic_that_names_the_method(
    command: str, value: Any, text: str
) -> None:
    application = returning(value)
    with (
        tee.Context(backend=fake.Kernel(applications=[application])) as context,
        Store.opening(context, 5) as store,
    ):
        arguments: dict[str, tuple[Any, ...]] = {"who": (), "fail": ("",), "several": (1, 1)}
        with pytest.raises(tee.TargetDeadError, match=text) as caught:
            getattr(store, command)(*arguments[command])
    method = vars(application)[command].__code__
    where = f"Wrong.{command}() ({method.co_filename}, line {method.co_firstlineno})"
    assert where in str(caught.value)


def test_a_null_answer_for_memory_that_is_not_null_is_a_panic() -> None:
    class Wrong(FakeStore):
        def swap(self, given: bytes | None) -> bytes | None:
            return None

    with (
        tee.Context(backend=fake.Kernel(applications=[Wrong])) as context,
        Store.opening(context, 5) as store,
    ):
        assert store.swap(None) is None
        with pytest.raises(tee.TargetDeadError, match="the memory reference is not null"):
            store.swap(b"abcd")
