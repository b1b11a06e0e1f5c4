# SPDX-License-Identifier: BSD-2-Clause
"""What an error says: what was sent but not what was in it, what is too small, and names."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from typing import Any

import pytest

import pytee_client as tee

from ..support.conformance import Command
from ..support.targets import Target

SECRET = 0xC0FFEE
BAD: tuple[int, int] = (tee.Result.BAD_PARAMETERS, SECRET)


class Vault(IntEnum):
    LOCK = Command.SET_SIZE
    NOBODY = 0


def error_of(call: Callable[[], object]) -> tee.TeecError:
    with pytest.raises(tee.TeecError) as caught:
        call()
    return caught.value


# After the value that the application wants in slot 0.
SENT: dict[str, tuple[Any, ...]] = {
    "value": (),
    "value, input of 3 bytes, value, output of 16 bytes": (
        b"abc",
        (SECRET, 2),
        tee.MemrefTempOutput(16),
    ),
    "value, nothing, input of 1 byte": (None, b"\x2a"),
    "value, value output, value inout": (tee.ValueOutput(), tee.ValueInOut(SECRET, 1)),
    "value, inout of 5 bytes, output of 0 bytes": (
        tee.MemrefTempInOut(bytearray(b"*****")),
        tee.MemrefTempOutput(bytearray()),
    ),
}


@pytest.mark.parametrize("sent", SENT)
def test_bad_parameters_say_what_was_sent_and_not_what_was_in_it(
    session: tee.Session, sent: str
) -> None:
    parameters = SENT[sent]
    prepared = session.prepare(Command.SET_SIZE, BAD, *parameters)
    slots: list[Any] = [tee.ValueInput, *parameters]
    for call in (
        lambda: session.invoke_command(Command.SET_SIZE, BAD, *parameters),
        lambda: session.invoke_command(
            Command.SET_SIZE, BAD, *parameters, operation=tee.Operation()
        ),
        prepared,
        prepared,
        partial(session.prepare(Command.SET_SIZE, *slots), BAD),
    ):
        error = error_of(call)
        assert type(error) is tee.BadParametersError
        assert error.sent == sent
        assert f"it was sent {sent}" in str(error)
        assert str(SECRET) not in str(error)
        assert f"{SECRET:x}" not in repr(error) + str(error)
        copy = pickle.loads(pickle.dumps(error))
        assert (copy.sent, str(copy), repr(copy)) == (error.sent, str(error), repr(error))


@pytest.mark.optee_only
def test_null_memory_references_are_told_as_what_they_are(session: tee.Session) -> None:
    null = tee.MemrefTempOutput(None)
    error = error_of(lambda: session.invoke_command(Command.SET_SIZE, BAD, null))
    assert error.sent == "value, null output"


def test_blocks_are_told_with_the_size_that_was_sent(
    context: tee.Context, session: tee.Session
) -> None:
    with (
        context.allocate_shared_memory(100) as block,
        context.register_shared_memory(b"constant", tee.MemoryFlags.INPUT) as constant,
    ):
        parameters = (block, tee.MemrefPartialOutput(block, 10, 20), constant)
        sent = "value, inout of 100 bytes in a block, output of 20 bytes in a block"
        for call in (
            lambda: session.invoke_command(Command.SET_SIZE, BAD, *parameters),
            session.prepare(Command.SET_SIZE, BAD, *parameters),
        ):
            assert error_of(call).sent == f"{sent}, input of 8 bytes in a block"


def short_ways(session: tee.Session, block: tee.SharedMemory) -> dict[str, list[Any]]:
    """Return calls that the application refuses, by what they send."""
    command, buffer = 999, bytearray(7)
    return {
        "no parameters": [
            partial(session.invoke_command, command),
            session.prepare(command),
        ],
        "value inout": [
            partial(session.invoke_command, command, tee.ValueInOut(SECRET)),
            session.prepare(command, tee.ValueInOut(SECRET)),
            partial(session.prepare(command, tee.ValueInOut), (SECRET, 0)),
        ],
        "inout of 7 bytes": [
            partial(session.invoke_command, command, tee.MemrefTempInOut(buffer)),
            session.prepare(command, tee.MemrefTempInOut(buffer)),
            partial(session.prepare(command, tee.MemrefTempInOut), buffer),
        ],
        "inout of 100 bytes in a block": [
            partial(session.invoke_command, command, block),
            session.prepare(command, block),
            partial(session.prepare(command, tee.MemrefWhole), block),
        ],
        "input of 7 bytes": [
            partial(session.invoke_command, command, bytes(buffer)),
            partial(session.prepare(command, tee.MemrefTempInput), buffer),
        ],
    }


def test_the_short_ways_say_it_too(context: tee.Context, session: tee.Session) -> None:
    with context.allocate_shared_memory(100) as block:
        for sent, calls in short_ways(session, block).items():
            for call in calls:
                assert error_of(call).sent == sent


@pytest.mark.assertion("IV-24")
def test_outputs_that_are_too_small_say_how_much_they_need_in_every_way(
    context: tee.Context, session: tee.Session
) -> None:
    short = (tee.Result.SHORT_BUFFER, 4544)
    with context.allocate_shared_memory(2048) as block:
        for first in (
            tee.MemrefTempOutput(2048),
            tee.MemrefTempOutput(bytearray(2048)),
            tee.MemrefTempInOut(bytearray(2048)),
            block,
            tee.MemrefWhole(block),
            tee.MemrefPartialOutput(block),
            memoryview(bytearray(2048)),
        ):
            parameter: Any = (
                first if not isinstance(first, memoryview) else tee.MemrefTempOutput(first)
            )
            for call in (
                partial(session.invoke_command, Command.SET_SIZE, short, parameter),
                partial(
                    session.invoke_command,
                    Command.SET_SIZE,
                    short,
                    parameter,
                    operation=None,
                ),
                session.prepare(Command.SET_SIZE, short, parameter),
            ):
                error = error_of(call)
                assert type(error) is tee.ShortBufferError
                assert error.details == "output 1 needs 4544 bytes, has 2048"
                assert error.details in str(error)
                assert error.outputs == (tee.RequiredSize(4544),)


def test_every_output_that_is_too_small_is_told(session: tee.Session) -> None:
    error = error_of(
        lambda: session.invoke_command(
            Command.SET_SIZE,
            (tee.Result.SHORT_BUFFER, 10),
            tee.MemrefTempOutput(3),
            tee.MemrefTempOutput(20),
            tee.MemrefTempOutput(0),
        )
    )
    assert error.details == "output 1 needs 10 bytes, has 3; output 3 needs 10 bytes, has 0"
    required, whole, nothing = error.outputs
    assert (required, nothing) == (tee.RequiredSize(10), tee.RequiredSize(10))
    assert isinstance(whole, bytes)
    assert len(whole) == 10


def test_a_short_buffer_without_a_size_says_what_was_sent(session: tee.Session) -> None:
    error = error_of(
        lambda: session.invoke_command(
            Command.SET_SIZE, (tee.Result.SHORT_BUFFER, 3), tee.MemrefTempOutput(3)
        )
    )
    assert "it was sent value, output of 3 bytes" in str(error)


def test_an_opening_says_what_was_sent(context: tee.Context) -> None:
    error = error_of(lambda: context.open_session(Target.CONFORMANCE, BAD, b"abc"))
    assert error.sent == "value, input of 3 bytes"
    assert "it was sent value, input of 3 bytes" in str(error)


def test_a_command_of_an_enumeration_is_named_in_every_way(session: tee.Session) -> None:
    named = f"command {Command.SET_SIZE:d} (LOCK) of"
    for call in (
        lambda: session.invoke_command(Vault.LOCK, BAD),
        lambda: session.invoke_command(Vault.LOCK, tee.ValueInOut(*BAD)),
        lambda: session.invoke_command(Vault.LOCK, BAD, operation=tee.Operation()),
        session.prepare(Vault.LOCK, BAD),
        partial(session.prepare(Vault.LOCK, tee.ValueInput), BAD),
    ):
        assert named in str(error_of(call))
    assert f"<PreparedCommand {Command.SET_SIZE:d} (LOCK), " in repr(
        session.prepare(Vault.LOCK, BAD)
    )


def test_the_short_ways_name_a_command_too(context: tee.Context, session: tee.Session) -> None:
    class Unknown(IntEnum):
        UNKNOWN = 999

    command = Unknown.UNKNOWN
    with context.allocate_shared_memory(10) as block:
        parameters: list[tuple[Any, ...]] = [
            (),
            (tee.ValueInOut(1),),
            (tee.MemrefTempInOut(bytearray(3)),),
            (block,),
            (b"abc",),
        ]
        for each in parameters:
            for call in (
                partial(session.invoke_command, command, *each),
                session.prepare(command, *each),
            ):
                assert "command 999 (UNKNOWN) of" in str(error_of(call))
        for kind, content in (
            (tee.ValueInOut, (1, 2)),
            (tee.MemrefTempInOut, bytearray(3)),
            (tee.MemrefWhole, block),
        ):
            prepared: Any = session.prepare(command, kind)
            assert "command 999 (UNKNOWN) of" in str(error_of(partial(prepared, content)))


def test_a_command_with_two_names_has_the_one_that_it_was_given(session: tee.Session) -> None:
    class Other(IntEnum):
        OTHER = Command.SET_SIZE

    ours, others, nameless = (
        session.prepare(name, tee.ValueInOut)
        for name in (Vault.LOCK, Other.OTHER, int(Command.SET_SIZE))
    )
    for _ in range(2):
        assert "(LOCK) of" in str(error_of(lambda: ours(BAD)))
        assert "(OTHER) of" in str(error_of(lambda: others(BAD)))
        assert f"command {Command.SET_SIZE:d} of" in str(error_of(lambda: nameless(BAD)))


def test_a_command_that_is_given_by_its_number_has_no_name(session: tee.Session) -> None:
    error_of(lambda: session.invoke_command(Vault.LOCK, tee.ValueInOut(*BAD)))
    error = error_of(lambda: session.invoke_command(int(Vault.LOCK), tee.ValueInOut(*BAD)))
    assert "LOCK" not in str(error)


def test_the_first_command_of_an_enumeration_is_named_though_it_is_0(
    context: tee.Context,
) -> None:
    class First(IntEnum):
        INCREMENT = 0

    with context.open_session(Target.HELLO_WORLD) as session:
        error = error_of(lambda: session.invoke_command(First.INCREMENT, (1, 2)))
    assert "command 0 (INCREMENT) of hello_world (8aaaf200-" in str(error)


def test_repr_has_code_origin_and_errno(session: tee.Session) -> None:
    text = repr(error_of(lambda: session.invoke_command(Command.SET_SIZE, BAD)))
    assert text.startswith('BadParametersError("invoking command ')
    assert text.endswith(", code=0xffff0006, origin=TRUSTED_APP)")


def test_a_session_with_a_well_known_application_has_its_name(context: tee.Context) -> None:
    with context.open_session(Target.HELLO_WORLD) as session:
        assert f"with hello_world ({Target.HELLO_WORLD}), open" in repr(session)
