# SPDX-License-Identifier: BSD-2-Clause
"""Trusted Applications of the fake that are clients of one another."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake import MemrefParameter, ParamType, ValueParameter
from pytee_client.fake.applications.pseudo_applications import PSEUDO_APPLICATIONS, Socket, System
from pytee_client.fake.secure_world import (
    LOGIN_TRUSTED_APP,
    DataFlag,
    Identity,
    TaToTaError,
    TaToTaSession,
)

from ....support.own_application import OwnApplication, do, opened
from ....support.waiting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ADD, SHOW, FAIL, PANIC, WAIT, KEEP = range(6)
OWN_CODE = 0x12345678


class Served(fake.TrustedApplication):
    """Serves other applications, and notes what becomes of it."""

    uuid = UUID("5f2d9c0e-0b0d-4ed6-8d4a-5a2a31b7f001")
    calls: ClassVar[list[str]] = []
    seen: ClassVar[list[Any]] = []

    def create(self) -> None:
        self.calls.append("create")

    def destroy(self) -> None:
        self.calls.append("destroy")

    def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        self.seen.append(session.identity)
        self.calls.append("open")
        wish = parameters[0]
        if isinstance(wish, ValueParameter) and wish.a:
            raise fake.ResultError(wish.a)

    def close_session(self, session: fake.ClientSession) -> None:
        self.calls.append("close")

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        value, memref, *_ = parameters
        match command_id:
            case 0:  # ADD
                assert isinstance(value, ValueParameter)
                value.a += 1
            case 1:  # SHOW
                self.seen.append(list(parameters))
                if isinstance(memref, MemrefParameter) and memref.type.is_output:
                    assert memref.buffer is not None
                    memref.buffer[:2] = b"ok"
                    memref.size = 2
            case 2:  # FAIL
                assert isinstance(value, ValueParameter)
                value.a, value.b = 7, 8
                raise fake.ResultError(OWN_CODE)
            case 3:  # PANIC
                session.panic(0xDEAD)
            case 4:  # WAIT
                session.unmask_cancellation()
                session.wait(30)


class SingleServed(Served):
    uuid = UUID("5f2d9c0e-0b0d-4ed6-8d4a-5a2a31b7f002")
    single_instance = True
    multi_session = True


class OneClientServed(Served):
    uuid = UUID("5f2d9c0e-0b0d-4ed6-8d4a-5a2a31b7f003")
    single_instance = True


class Single(OwnApplication):
    uuid = UUID("5f2d9c0e-0b0d-4ed6-8d4a-5a2a31b7f004")
    single_instance = True
    multi_session = True


class OtherSingle(Single):
    uuid = UUID("5f2d9c0e-0b0d-4ed6-8d4a-5a2a31b7f005")


@pytest.fixture
def kernel() -> fake.Kernel:
    kernel = fake.Kernel()
    kernel.install(OwnApplication, Served, SingleServed, OneClientServed, Single, OtherSingle)
    kernel.install(*PSEUDO_APPLICATIONS)
    return kernel


@pytest.fixture
def session(kernel: fake.Kernel) -> Iterator[tee.Session]:
    with opened(kernel) as session:
        yield session


@pytest.fixture(autouse=True)
def nothing_noted() -> None:
    Served.calls.clear()
    Served.seen.clear()


def failure(run: Callable[[], object]) -> tuple[int, int]:
    """Return the code and the origin that a call of another application fails with."""
    with pytest.raises(TaToTaError) as caught:
        run()
    return caught.value.code, caught.value.origin


def test_the_other_application_serves_a_trusted_application(session: tee.Session) -> None:
    def run(ta: OwnApplication, _: object) -> int:
        value = ValueParameter(ParamType.VALUE_INOUT, 41)
        with ta.core.open_ta_session(Served.uuid) as served:
            served.invoke_command(ADD, value)
        return value.a

    assert do(session, run) == 42
    assert Served.calls == ["create", "open", "close", "destroy"]
    assert Served.seen == [Identity(LOGIN_TRUSTED_APP, OwnApplication.uuid)]


def test_parameters_are_what_a_client_would_send(session: tee.Session) -> None:
    buffer = bytearray(b"0123456789")

    def run(ta: OwnApplication, _: object) -> tuple[int, int]:
        output = MemrefParameter(ParamType.MEMREF_INOUT, memoryview(buffer)[2:8], 5)
        number = ValueParameter(ParamType.VALUE_OUTPUT, 1, 2)
        with ta.core.open_ta_session(Served.uuid) as served:
            served.invoke_command(SHOW, b"abc", output, (1, 0), number)
        return output.size, number.a

    assert do(session, run) == (2, 0)
    assert buffer == b"01ok456789"
    data, memref, value, number = Served.seen[1]
    assert (data.type, data.size, bytes(data.buffer)) == (ParamType.MEMREF_INPUT, 3, b"abc")
    assert data.buffer.readonly
    assert (memref.type, len(memref.buffer)) == (ParamType.MEMREF_INOUT, 5)
    assert value == ValueParameter(ParamType.VALUE_INPUT, 1, 0)
    assert number == ValueParameter(ParamType.VALUE_OUTPUT, 0, 0)


def test_null_references_and_no_parameters_arrive_as_such(session: tee.Session) -> None:
    def run(ta: OwnApplication, _: object) -> None:
        with ta.core.open_ta_session(Served.uuid, None, None) as served:
            served.invoke_command(SHOW, MemrefParameter(ParamType.MEMREF_INPUT, None, 9), None)

    do(session, run)
    null = MemrefParameter(ParamType.MEMREF_INPUT, None, 0)
    assert Served.seen[1] == [null, None, None, None]


@pytest.mark.parametrize(
    "misuse",
    [
        lambda served: served.invoke_command(SHOW, *[None] * 5),
        lambda served: served.invoke_command(SHOW, "text"),
        lambda served: served.invoke_command(
            SHOW, MemrefParameter(ParamType.MEMREF_OUTPUT, memoryview(b"read-only"), 9)
        ),
        lambda served: served.invoke_command(
            SHOW, MemrefParameter(ParamType.MEMREF_INPUT, memoryview(b"short"), 6)
        ),
        lambda served: (served.close(), served.invoke_command(SHOW)),
    ],
)
def test_misuse_is_a_panic_of_the_caller(
    session: tee.Session, misuse: Callable[[TaToTaSession], object]
) -> None:
    with pytest.raises(tee.TargetDeadError):
        do(session, lambda ta, _: misuse(ta.core.open_ta_session(Served.uuid)))
    assert Served.calls == ["create", "open", "close", "destroy"]


def test_results_come_with_their_origin_and_outputs(session: tee.Session) -> None:
    value = ValueParameter(ParamType.VALUE_OUTPUT)

    def run(ta: OwnApplication, _: object) -> None:
        with ta.core.open_ta_session(Served.uuid) as served:
            assert failure(lambda: served.invoke_command(FAIL, value)) == (
                OWN_CODE,
                tee.Origin.TRUSTED_APP,
            )
        assert failure(lambda: ta.core.open_ta_session(Served.uuid, (OWN_CODE, 0))) == (
            OWN_CODE,
            tee.Origin.TRUSTED_APP,
        )
        assert failure(lambda: ta.core.open_ta_session(UUID(int=5))) == (
            tee.Result.ITEM_NOT_FOUND,
            tee.Origin.TEE,
        )

    do(session, run)
    assert (value.a, value.b) == (7, 8)
    assert Served.calls == ["create", "open", "close", "destroy", "create", "open", "destroy"]


def test_a_result_that_is_left_alone_is_the_callers(session: tee.Session) -> None:
    with pytest.raises(tee.ItemNotFoundError) as caught:
        do(session, lambda ta, _: ta.core.open_ta_session(UUID(int=5)))
    assert caught.value.origin == tee.Origin.TRUSTED_APP


def test_a_panic_of_the_other_is_not_the_callers(session: tee.Session) -> None:
    dead = (tee.Result.TARGET_DEAD, tee.Origin.TEE)

    def run(ta: OwnApplication, _: object) -> None:
        with ta.core.open_ta_session(Served.uuid) as served:
            with pytest.raises(TaToTaError) as caught:
                served.invoke_command(PANIC)
            assert (caught.value.code, caught.value.origin) == dead
            assert isinstance(caught.value.__cause__, fake.PanicError)
            assert failure(lambda: served.invoke_command(ADD)) == dead

    do(session, run)
    assert Served.calls == ["create", "open"]
    do(session, lambda ta, _: None)


def test_a_session_is_kept_from_call_to_call(session: tee.Session) -> None:
    kept: list[TaToTaSession] = []
    do(session, lambda ta, _: kept.append(ta.core.open_ta_session(Served.uuid)))
    do(session, lambda ta, _: kept[0].invoke_command(SHOW))
    assert Served.calls == ["create", "open"]
    session.close()
    assert Served.calls == ["create", "open", "close", "destroy"]


def test_sessions_of_a_caller_that_panics_are_closed(session: tee.Session) -> None:
    def run(ta: OwnApplication, session: fake.ClientSession) -> None:
        ta.core.open_ta_session(Served.uuid)
        ta.core.open_ta_session(SingleServed.uuid)
        session.panic(1)

    with pytest.raises(tee.TargetDeadError):
        do(session, run)
    assert Served.calls == ["create", "open"] * 2 + ["close", "destroy"] * 2


def test_sessions_of_an_instance_that_could_not_be_created_are_closed() -> None:
    class Unable(OwnApplication):
        def create(self) -> None:
            self.core.open_ta_session(Served.uuid)
            raise fake.ResultError(OWN_CODE)

    kernel = fake.Kernel()
    kernel.install(Unable, Served)
    with tee.Context(backend=kernel) as context, pytest.raises(tee.TeecError) as caught:
        context.open_session(Unable.uuid)
    assert caught.value.code == OWN_CODE
    assert Served.calls == ["create", "open", "close", "destroy"]


def test_numbers_of_the_clients_sessions_are_their_own(
    kernel: fake.Kernel, session: tee.Session
) -> None:
    do(session, lambda ta, _: ta.core.open_ta_session(Served.uuid))
    with opened(kernel, Served) as other:
        assert other.invoke_command(SHOW) == ()
    do(session, lambda ta, _: None)


def test_one_session_only_is_busy_for_others(kernel: fake.Kernel, session: tee.Session) -> None:
    def run(ta: OwnApplication, _: object) -> tuple[int, int]:
        return failure(lambda: ta.core.open_ta_session(OneClientServed.uuid))

    with opened(kernel, OneClientServed):
        assert do(session, run) == (tee.Result.BUSY, tee.Origin.TEE)
    do(session, lambda ta, _: ta.core.open_ta_session(OneClientServed.uuid).close())


BUSY = (tee.Result.BUSY, tee.Origin.TEE)


def test_an_application_that_calls_its_own_instance_is_busy(kernel: fake.Kernel) -> None:
    with opened(kernel, Single) as session:
        assert (
            do(
                session,
                lambda ta, _: failure(lambda: ta.core.open_ta_session(Single.uuid)),
                Single,
            )
            == BUSY
        )
        assert do(session, lambda ta, _: 1, Single) == 1


def test_an_application_of_many_instances_can_call_another_of_its_own(
    session: tee.Session,
) -> None:
    def outer(ta: OwnApplication, _: object) -> None:
        ta.core.open_ta_session(OwnApplication.uuid).close()

    do(session, outer)


def test_a_circle_of_single_instances_is_busy(kernel: fake.Kernel) -> None:
    def inner(ta: OwnApplication, _: object) -> tuple[int, int]:
        return failure(lambda: ta.core.open_ta_session(Single.uuid))

    def outer(ta: OwnApplication, _: object) -> None:
        OtherSingle.run = staticmethod(inner)
        with ta.core.open_ta_session(OtherSingle.uuid) as other:
            other.invoke_command(0)

    with opened(kernel, Single) as session:
        do(session, outer, Single)
    assert OtherSingle.result == BUSY


def test_a_circle_of_sessions_that_are_open_already_is_busy(kernel: fake.Kernel) -> None:
    kept: list[TaToTaSession] = []

    def back(ta: OwnApplication, _: object) -> tuple[int, int]:
        return failure(lambda: kept[0].invoke_command(0))

    def outer(ta: OwnApplication, _: object) -> None:
        OtherSingle.run = staticmethod(back)
        with ta.core.open_ta_session(OtherSingle.uuid) as other:
            other.invoke_command(0)

    with opened(kernel, Single) as session, opened(kernel, OtherSingle) as other:
        do(other, lambda ta, _: kept.append(ta.core.open_ta_session(Single.uuid)), OtherSingle)
        do(session, outer, Single)
        assert OtherSingle.result == BUSY


@pytest.mark.timeout(60)
def test_single_instances_that_call_each_other_do_not_wait_for_ever(kernel: fake.Kernel) -> None:
    barrier = threading.Barrier(2)

    def call(to: UUID) -> Callable[[Any, Any], None]:
        def run(ta: OwnApplication, _: object) -> None:
            ta.core.open_ta_session(to).close()

        return run

    with (
        opened(kernel, Single) as one,
        opened(kernel, OtherSingle) as other,
        ThreadPoolExecutor() as pool,
    ):

        def many(session: tee.Session) -> None:
            barrier.wait(LIMIT)
            for _ in range(200):
                session.invoke_command(0)

        Single.run = staticmethod(call(OtherSingle.uuid))
        OtherSingle.run = staticmethod(call(Single.uuid))
        for future in [pool.submit(many, session) for session in (one, other)]:
            future.result(LIMIT)


def test_a_time_limit_cancels_a_command_that_heeds_it(session: tee.Session) -> None:
    def run(ta: OwnApplication, _: object) -> None:
        with ta.core.open_ta_session(Served.uuid) as served:
            served.invoke_command(WAIT)
            assert failure(lambda: served.invoke_command(WAIT, timeout=5)) == (
                tee.Result.CANCEL,
                tee.Origin.TRUSTED_APP,
            )
            served.invoke_command(WAIT, timeout=10_000)
            served.invoke_command(WAIT)

    do(session, run)


def test_what_is_closed_to_clients_may_be_open_to_applications(session: tee.Session) -> None:
    def run(ta: OwnApplication, _: object) -> None:
        for uuid in (System.uuid, Socket.uuid):
            ta.core.open_ta_session(uuid).close()

    do(session, run)


def test_a_panicked_instance_that_is_kept_alive_is_replaced() -> None:
    class Kept(OwnApplication):
        single_instance = True
        multi_session = True
        keep_alive = True
        created = 0

        def create(self) -> None:
            type(self).created += 1

    kernel = fake.Kernel()
    kernel.install(Kept)
    for _ in range(2):
        with opened(kernel) as session:
            do(session, lambda ta, _: None, Kept)
    assert Kept.created == 1
    with opened(kernel) as one, opened(kernel) as other:
        with pytest.raises(tee.TargetDeadError):
            do(one, lambda ta, session: session.panic(1), Kept)
        with pytest.raises(tee.TargetDeadError):
            do(other, lambda ta, _: None, Kept)
        with opened(kernel) as successor:
            do(successor, lambda ta, _: None, Kept)
        assert Kept.created == 2
    with opened(kernel) as session:
        do(session, lambda ta, _: None, Kept)
    assert Kept.created == 2


def test_an_instance_that_could_not_be_created_is_not_kept_alive() -> None:
    class Unable(OwnApplication):
        single_instance = True
        keep_alive = True
        created = 0

        def create(self) -> None:
            # Which it could not if the first were still there.
            self.core.create_persistent_object(b"id", DataFlag.OVERWRITE)
            type(self).created += 1
            if self.created == 1:
                raise fake.ResultError(OWN_CODE)

    kernel = fake.Kernel()
    kernel.install(Unable)
    with tee.Context(backend=kernel) as context:
        with pytest.raises(tee.TeecError) as caught:
            context.open_session(Unable.uuid)
        assert caught.value.code == OWN_CODE
        for _ in range(2):
            context.open_session(Unable.uuid).close()
    assert Unable.created == 2


def test_only_a_single_instance_is_kept_alive() -> None:
    class Plain(OwnApplication):
        keep_alive = True
        ended = 0

        def destroy(self) -> None:
            type(self).ended += 1

    kernel = fake.Kernel()
    kernel.install(Plain)
    with opened(kernel):
        pass
    assert Plain.ended == 1


def test_an_opening_that_is_interrupted_leaves_no_session_behind() -> None:
    class Interrupted(OwnApplication):
        single_instance = True
        interrupt = True

        def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            if self.interrupt:
                raise KeyboardInterrupt

    kernel = fake.Kernel()
    kernel.install(Interrupted)
    with tee.Context(backend=kernel) as context:
        with pytest.raises(KeyboardInterrupt):
            context.open_session(Interrupted.uuid)
        Interrupted.interrupt = False
        context.open_session(Interrupted.uuid).close()
