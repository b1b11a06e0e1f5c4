# SPDX-License-Identifier: BSD-2-Clause
"""Auditing events (sys.addaudithook): one of each call, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ..support.audits import Event, audited, watching
from ..support.conformance import Command, Conformance
from ..support.observed_kernel import ObservedKernel
from ..support.targets import Target
from ..support.waiting import LIMIT

CONTEXT, OPEN, INVOKE = (
    f"pytee_client.{name}" for name in ("Context", "open_session", "invoke_command")
)
WAYS: dict[str, Callable[..., Any]] = {
    "plain": lambda session, *given: session.invoke_command(*given),
    "with a time-out": lambda session, *given: session.invoke_command(*given, timeout=LIMIT),
    "with an operation": lambda session, *given: session.invoke_command(
        *given, operation=tee.Operation()
    ),
    "prepared": lambda session, *given: session.prepare(*given)(),
    "prepared with a time-out": lambda session, *given: session.prepare(*given, timeout=LIMIT)(),
    "submitted": lambda session, *given: session.submit(*given).result(LIMIT),
}
every_way = pytest.mark.parametrize("way", WAYS)
SLOTS: dict[str, tuple[Any, ...]] = {
    "nothing": (),
    "a value": (tee.ValueInOut(1, 2),),
    "a buffer": (tee.MemrefTempInOut(bytearray(9)),),
    "an empty buffer": (tee.MemrefTempInOut(bytearray()),),
    "no plain number": (tee.ValueInOut(Command.VALUES, 2),),
    "two": (b"abc", tee.MemrefTempOutput(3)),
}


class RefusedError(Exception):
    """A hook does not want a call."""


class Refusing:
    """A hook that wants none of some calls."""

    def __init__(self, *names: str, error: type[BaseException] = RefusedError) -> None:
        self._names = names
        self._error = error
        self.calls = 0

    def __call__(self, event: Event) -> None:
        if event[0] in self._names:
            self.calls += 1
            raise self._error(event[0])


@pytest.mark.parametrize("slots", SLOTS)
@every_way
def test_each_command_has_one_event(
    session: tee.Session, target: Target, way: str, slots: str
) -> None:
    with audited() as audits:
        for command in (Command.NOTHING, int(Command.NOTHING)):
            WAYS[way](session, command, *SLOTS[slots])
            assert audits.take() == (INVOKE, (target.CONFORMANCE, 0))


@every_way
def test_a_command_that_runs_again_has_one_event(
    session: tee.Session, target: Target, way: str
) -> None:
    with audited() as audits:
        grows = tee.MemrefTempOutput(1, grow=True)
        WAYS[way](session, Command.FILL_AND_SET_SIZE, (0, 300), grows)
        assert audits.take() == (INVOKE, (target.CONFORMANCE, Command.FILL_AND_SET_SIZE))


@every_way
def test_memory_of_a_block_that_is_closed_has_one_event(session: tee.Session, way: str) -> None:
    block = session.context.allocate_shared_memory(8)
    view = memoryview(block)
    with audited() as audits:
        WAYS[way](session, Command.NOTHING, block)
        audits.take()
        WAYS[way](session, Command.NOTHING, tee.MemrefTempInOut(view))
        audits.take()
        block.close()
        WAYS[way](session, Command.NOTHING, tee.MemrefTempInOut(view))
        audits.take()


@every_way
def test_a_prepared_command_has_one_event_a_call(session: tee.Session, way: str) -> None:
    for slots in ((tee.ValueInOut,), (tee.ValueOutput(),), (tee.MemrefTempInOut(bytearray(3)),)):
        given = [(1, 2)] if slots == (tee.ValueInOut,) else []
        with audited() as audits:
            prepared = session.prepare(Command.NOTHING, *slots, timeout=LIMIT if way else None)
            assert not audits
            for _ in range(3):
                prepared(*given)
                audits.take()


@pytest.mark.parametrize("slots", SLOTS)
@every_way
def test_a_hook_that_raises_keeps_a_command_from_the_tee(
    target: Target, way: str, slots: str
) -> None:
    kernel = ObservedKernel(target)
    with (
        tee.Context(target.device, backend=kernel) as context,
        context.open_session(target.CONFORMANCE) as session,
    ):
        WAYS[way](session, Command.NOTHING, *SLOTS[slots])
        sent = len(kernel.requests(uapi.TEE_IOC_INVOKE))
        # What the library itself looks for when a parameter is wrong.
        for error in (RefusedError, ValueError, TypeError, OverflowError, IndexError):
            refusing = Refusing(INVOKE, error=error)
            with watching(refusing), pytest.raises(error) as refused:
                WAYS[way](session, Command.NOTHING, *SLOTS[slots])
            assert refused.value.args == (INVOKE,)
            assert refusing.calls == 1
        assert len(kernel.requests(uapi.TEE_IOC_INVOKE)) == sent
        WAYS[way](session, Command.NOTHING, *SLOTS[slots])
        assert not session.is_busy


def test_an_operation_that_a_hook_did_not_want_can_be_used(session: tee.Session) -> None:
    operation = tee.Operation()
    with watching(Refusing(INVOKE)), pytest.raises(RefusedError):
        session.invoke_command(Command.NOTHING, operation=operation)
    session.invoke_command(Command.NOTHING, operation=operation)


OPENINGS: dict[str, Callable[..., tee.Session]] = {
    "plain": lambda context, *slots, **more: context.open_session(*slots, **more),
    "with a time-out": lambda context, *slots, **more: context.open_session(
        *slots, timeout=LIMIT, **more
    ),
    "with an operation": lambda context, *slots, **more: context.open_session(
        *slots, operation=tee.Operation(), **more
    ),
    "submitted": lambda context, *slots, **more: context._submit_session(*slots, **more).result(
        LIMIT
    ),
}
every_opening = pytest.mark.parametrize("opening", OPENINGS)


@every_opening
def test_each_opening_has_one_event(target: Target, context: tee.Context, opening: str) -> None:
    with audited() as audits:
        grows = tee.MemrefTempOutput(1, grow=True)
        OPENINGS[opening](context, target.CONFORMANCE, grows).close()
        assert audits.take() == (OPEN, (target.CONFORMANCE, tee.Login.PUBLIC))
        with pytest.raises(tee.TeecError):
            OPENINGS[opening](context, type(target.CONFORMANCE)(int=0), login=5)
        name, (uuid, login) = audits.take()
        assert (name, uuid.int, login) == (OPEN, 0, tee.Login.USER_APPLICATION)


@every_opening
def test_a_hook_that_raises_keeps_an_opening_from_the_tee(target: Target, opening: str) -> None:
    kernel = ObservedKernel(target)
    with tee.Context(target.device, backend=kernel) as context:
        with watching(Refusing(OPEN)), pytest.raises(RefusedError):
            OPENINGS[opening](context, target.CONFORMANCE)
        # An error of this library's is a hook's own, too.
        hooked = Refusing(OPEN, error=tee.ItemNotFoundError)
        with watching(hooked), pytest.raises(tee.ItemNotFoundError) as refused:
            OPENINGS[opening](context, target.CONFORMANCE)
        assert str(refused.value).startswith(OPEN)
        assert not kernel.requests(uapi.TEE_IOC_OPEN_SESSION)
        OPENINGS[opening](context, target.CONFORMANCE).close()


def test_each_context_has_one_event_before_its_device_is_opened(target: Target) -> None:
    kernel = ObservedKernel(target)
    with audited() as audits:
        tee.Context(target.device, backend=kernel).close()
        name, (path, backend) = audits.take()
        assert (name, path) == (CONTEXT, target.device)
        assert backend == ("linux" if target.is_real else "fake")
    kernel.forget()
    with watching(Refusing(CONTEXT)), pytest.raises(RefusedError):
        tee.Context(target.device, backend=kernel)
    assert not kernel.opened


def test_pools_and_typed_clients_have_events(target: Target, context: tee.Context) -> None:
    with audited() as audits:
        with context.session_pool(target.CONFORMANCE, size=1) as pool:
            pool.invoke_command(Command.NOTHING)
            Conformance.on(pool).invert(tee.Value(1, 2))
        with Conformance(context) as client:
            client.invert(tee.Value(1, 2))
            client.invert.submit(tee.Value(1, 2)).result(LIMIT)
    names = [name.removeprefix("pytee_client.") for name, _ in audits]
    opened = ["open_session", "invoke_command", "invoke_command"]
    assert names == [*opened, *opened]


def test_a_pool_goes_on_after_a_hook_did_not_want_a_call(
    target: Target, context: tee.Context
) -> None:
    with context.session_pool(target.CONFORMANCE, size=1) as pool:
        for name in (OPEN, INVOKE):
            with watching(Refusing(name)), pytest.raises(RefusedError):
                pool.invoke_command(Command.NOTHING)
        pool.invoke_command(Command.NOTHING)
