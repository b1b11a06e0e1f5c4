# SPDX-License-Identifier: BSD-2-Clause
"""Calls that were given up: what they have stays theirs, and goes with them."""

from __future__ import annotations

import gc
import mmap
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee

from ..support.conformance import Command, xored
from ..support.targets import Target
from ..support.waiting import LIMIT, wait_until
from ..support.window import Window, with_window
from .test_deadlines import settle

if TYPE_CHECKING:
    from collections.abc import Callable

LARGE = 2 << 20
# Seconds.
SHORT = 0.01


def leave(session: tee.Session, window: Window, *parameters: Any) -> tee.DeadlineError:
    """Give up a call that changes memory when it has waited."""
    call = partial(session.invoke_command, Command.WAIT_AND_XOR, (window.milliseconds, 0))
    return window.leave(partial(call, *parameters, timeout=window.soon, grace=window.soon / 2))


def pages(content: bytes) -> mmap.mmap:
    """Return whole pages, which the TEE gets in place in calls without a time-out."""
    made = mmap.mmap(-1, LARGE)
    made[: len(content)] = content
    return made


@pytest.mark.parametrize(
    "make", [bytearray, lambda content: memoryview(bytearray(content)), pages], ids=str
)
@with_window
def test_what_is_written_late_to_temporary_memory_reaches_nobody(
    session: tee.Session, window: Window, make: Callable[[bytes], Any]
) -> None:
    buffer = make(b"abc")
    before = bytes(buffer)
    for parameter in (tee.MemrefTempInOut(buffer), tee.MemrefTempOutput(buffer)):
        leave(session, window, parameter)
        settle(session)
        assert bytes(buffer) == before
    # The memory is as good as new.
    assert session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(buffer)) == (
        xored(0, before),
    )


@with_window
def test_a_bytearray_is_in_use_until_the_call_comes_back(
    session: tee.Session, window: Window
) -> None:
    buffer = bytearray(b"abc")
    error = leave(session, window, tee.MemrefTempInOut(buffer))
    window.sees(lambda: not is_free(buffer))
    settle(session)
    # Though the error is still there, with its frames.
    assert error.__traceback__ is not None
    wait_until(lambda: is_free(buffer))


def is_free(buffer: bytearray) -> bool:
    """Return whether a bytearray can be resized."""
    try:
        buffer.append(0)
    except BufferError:
        return False
    return True


WAYS: dict[str, Callable[[tee.Session, Any, Window], object]] = {
    "prepared": lambda s, b, w: s.prepare(Command.WAIT, (w.milliseconds, 0), b)(),
    "prepared class": lambda s, b, w: s.prepare(
        Command.WAIT, (w.milliseconds, 0), tee.MemrefTempInOut
    )(b),
    "operation": lambda s, b, w: s.invoke_command(
        Command.WAIT, (w.milliseconds, 0), b, operation=tee.Operation()
    ),
    "submitted": lambda s, b, w: s.submit(Command.WAIT, (w.milliseconds, 0), b).result(LIMIT),
    "opening": lambda s, b, w: s.context.open_session(
        Target.CONFORMANCE, (w.milliseconds, 3), b, timeout=w.soon, grace=w.soon / 2
    ),
}


@pytest.mark.parametrize("way", WAYS)
@with_window
def test_memory_is_free_after_the_call_on_every_road(
    target: Target, window: Window, way: str
) -> None:
    buffer = bytearray(b"abc")
    with target.open_context() as context, context.open_session(Target.CONFORMANCE) as session:
        session.timeout, session.grace = window.soon, window.soon / 2
        error = window.leave(lambda: WAYS[way](session, buffer, window))
        window.sees(lambda: not is_free(buffer))
        wait_until(lambda: is_free(buffer))
        assert error.still_running
        assert buffer[:3] == b"abc"


@with_window
def test_closing_a_block_waits_for_nobody_and_its_memory_goes_with_the_call(
    target: Target, window: Window
) -> None:
    with target.open_context() as context, context.open_session(Target.CONFORMANCE) as session:
        own = bytearray(b"abc")
        block = context.allocate_shared_memory(64)
        registered = context.register_shared_memory(own)
        unused = context.allocate_shared_memory(64)
        block[:3] = b"abc"
        view = memoryview(block)
        leave(session, window, block, registered)
        for each in (block, registered, unused):
            each.close()
        window.sees(lambda: not is_free(own))
        settle(session)
        wait_until(lambda: is_free(own))
        # The TEE had it until then, so it shows what was written last. Copies show nothing.
        assert view[:3] == xored(1, b"abc")
        assert own[:3] == (xored(2, b"abc") if target.reg_mem else b"abc")


@with_window
def test_a_block_alone_is_kept_and_can_be_closed(target: Target, window: Window) -> None:
    with target.open_context() as context, context.open_session(Target.CONFORMANCE) as session:
        block = context.allocate_shared_memory(4096)
        prepared = session.prepare(Command.WAIT_AND_XOR, (window.milliseconds, 0), block)
        session.timeout, session.grace = window.soon, window.soon / 2
        late = session.prepare(Command.WAIT_AND_XOR, (window.milliseconds, 0), block)
        window.leave(late)
        block.close()
        window.check()
        settle_plain(session)
        with pytest.raises(tee.ClosedSharedMemoryError):
            late()
        with pytest.raises(tee.ClosedSharedMemoryError):
            prepared()


def settle_plain(session: tee.Session) -> None:
    session.timeout = None
    settle(session)


@with_window
def test_what_nobody_has_any_more_lives_until_the_call_comes_back(
    target: Target, window: Window
) -> None:
    context = target.open_context()
    session = context.open_session(Target.CONFORMANCE)
    block = context.allocate_shared_memory(64)
    own = bytearray(64)
    registered = context.register_shared_memory(own)
    leave(session, window, block, registered)
    session.close()
    block.close()
    registered.close()
    context.close()
    gone = [weakref.ref(each) for each in (session, context)]
    del block, registered, session, context
    wait_until(lambda: not any(reference() is not None and gc.collect() for reference in gone))
    window.check()
    wait_until(lambda: is_free(own))


@with_window
def test_a_session_that_is_forgotten_is_closed_by_its_last_call(
    target: Target, window: Window
) -> None:
    context = target.open_context()
    session = context.open_session(Target.CONFORMANCE)
    command = session.prepare(Command.WAIT_AND_XOR, (window.milliseconds, 0))
    with ThreadPoolExecutor(1) as pool:
        call = window.start(pool, command)
        with pytest.warns(ResourceWarning, match="unclosed <Session"):
            del session
        assert not call.done()
        window.check()
        call.result(LIMIT)
    with pytest.raises(tee.ClosedSessionError):
        command()
    context.close()


@with_window
def test_leaving_a_with_does_not_wait_for_what_was_given_up(target: Target, window: Window) -> None:
    with target.open_context() as context:
        with context.open_session(Target.CONFORMANCE) as session:
            leave(session, window)
        assert session.closed
        with pytest.raises(tee.ClosedSessionError):
            session.invoke_command(Command.NOTHING)
        window.sees(lambda: session.is_busy)
        wait_until(lambda: not session.is_busy)


@with_window
def test_a_context_can_be_closed_while_a_call_runs_on(target: Target, window: Window) -> None:
    context = target.open_context()
    session = context.open_session(Target.CONFORMANCE)
    leave(session, window)
    context.close()
    window.check()
    assert session.closed
    with pytest.raises(tee.ClosedContextError):
        context.open_session(Target.CONFORMANCE)
    wait_until(lambda: not session.is_busy)


@with_window
def test_an_opening_that_was_given_up_leaves_no_session(target: Target, window: Window) -> None:
    with target.open_context() as context:
        # 3: it masks cancellation.
        buffer = bytearray(b"abc")
        call = partial(context.open_session, Target.CONFORMANCE, (window.milliseconds, 3), buffer)
        error = window.leave(partial(call, timeout=window.soon, grace=window.soon / 2))
        assert error.may_have_run
        with context.open_session(Target.HELLO_WORLD, timeout=LIMIT) as session:
            assert session.invoke_command(0, tee.ValueInOut(1, 2), timeout=LIMIT)
        # It is closed before that.
        wait_until(lambda: is_free(buffer))


@with_window
def test_an_opening_that_comes_late_leaves_no_session(target: Target, window: Window) -> None:
    with target.open_context() as context:
        call = partial(context.open_session, Target.CONFORMANCE, (window.milliseconds, 3))
        error = window.exceed(partial(call, timeout=window.soon, grace=LIMIT))
        assert not error.still_running
        with pytest.raises(tee.DeadlineError) as caught:
            context.open_session(Target.CONFORMANCE, (0, 1), timeout=0)
        assert not caught.value.may_have_run


def late(call: Callable[[], object]) -> tee.DeadlineError | None:
    """Make a call, and return the error if its time-out passed."""
    try:
        call()
    except tee.DeadlineError as error:
        return error
    return None


def note(numbers: list[int], number: int, future: object) -> None:
    numbers.append(number)


@with_window
def test_a_context_runs_as_many_calls_as_it_may_and_the_others_in_order(
    target: Target, window: Window
) -> None:
    with (
        tee.Context(target.device, backend=target.backend, max_calls=1) as context,
        context.open_session(Target.CONFORMANCE) as session,
        context.open_session(Target.CONFORMANCE) as other,
    ):
        leave(session, window)
        calls = (
            partial(other.invoke_command, Command.NOTHING, timeout=SHORT),
            partial(context.open_session, Target.CONFORMANCE, timeout=SHORT),
            partial(other.submit(Command.NOTHING, timeout=SHORT).result, LIMIT),
        )
        for call in calls:
            error = late(call)
            window.check()
            assert error is not None
            assert not error.may_have_run
            assert not error.still_running
            assert "max_calls" in str(error)
        # Calls without a time-out need no worker.
        other.invoke_command(Command.NOTHING)
        numbers: list[int] = []
        futures = [other.submit(Command.VALUES, tee.ValueInOut(n, 0)) for n in range(20)]
        for number, future in enumerate(futures):
            future.add_done_callback(partial(note, numbers, number))
        assert other.invoke_command(Command.NOTHING, timeout=LIMIT) == ()
        for number, future in enumerate(futures):
            assert future.result(LIMIT) == ((number ^ 0xFFFFFFFF, 0xFFFFFFFF),)
        wait_until(lambda: len(numbers) == 20)
        assert numbers == sorted(numbers)


@with_window
def test_a_session_that_is_busy_takes_calls_of_others(target: Target, window: Window) -> None:
    with (
        target.open_context() as context,
        context.open_session(Target.CONFORMANCE) as session,
        context.open_session(Target.CONFORMANCE) as other,
    ):
        leave(session, window)
        window.sees(lambda: session.is_busy and not other.is_busy)
        # It waits for the application, as any other call would.
        assert session.invoke_command(Command.NOTHING) == ()
