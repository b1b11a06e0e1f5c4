# SPDX-License-Identifier: BSD-2-Clause
"""Commands that are prepared once and run many times."""

from __future__ import annotations

from collections import deque
from enum import Enum
from functools import partial

from .. import parameters as p
from .._boundary import is_size
from .._boundary.call import SLOTS, repeat
from .._checks import check_made_by, to_uint32
from .._single import Single
from ..errors import BadParametersError, ParameterTypeError
from ..memory import SharedMemory
from .failure import name_of_command
from .growth import growing_of, without_growth
from .one_parameter import (
    call_with_block,
    call_with_bytes,
    call_with_value,
    pair_of,
    repeat_with_bytes,
    repeat_with_value,
)
from .slots import is_parameter_class, set_parameters
from .timed import FreeTimedCalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Generic, TypeVar, cast

    from .._outputs import Outputs
    from .call import Call
    from .timed import AnyCalls

    _OutputsT_co = TypeVar("_OutputsT_co", covariant=True)

    class _Runner(Generic[_OutputsT_co]):
        def __init__(self, run: partial[Outputs]) -> None: ...
        def __call__(self, *contents: object) -> _OutputsT_co: ...
else:
    # It costs less to call than an object with a method __call__: nothing is looked up.
    _Runner = partial

    def cast(_, value):
        """Return the value; only type checkers see another type."""
        return value


class PreparedCommand(Single, _Runner["_OutputsT_co"]):
    """A command of a session, prepared by Session.prepare(); calling it runs the command.

    Attributes:
        command_id: which command it is.
        slots: what its slots were prepared with.

    Threads: may be called from any, and by many at once; the caller must synchronise access
    to a buffer that several calls share.
    """

    if not TYPE_CHECKING:

        def __new__(cls, run):
            check_made_by(run, partial, "Session.prepare()")
            return super().__new__(cls, run)

    command_id: int
    slots: tuple[object, ...]

    def _instead(self) -> str:
        return "prepare another with Session.prepare()"

    def __repr__(self) -> str:
        slots = "".join(
            f", {slot.__name__ if isinstance(slot, type) else repr(slot)}" for slot in self.slots
        )
        return f"<PreparedCommand {name_of_command(self.command_id, int(self.command_id))}{slots}>"


class _NamedCalls:
    """The calls of a session for one command whose number has a name, which errors tell.

    Calls themselves are made with the number, which takes less time.
    """

    __slots__ = ("_calls", "_command", "free", "new", "registered", "session")

    def __init__(self, calls: AnyCalls, command: Enum) -> None:
        self._calls = calls
        self._command: Any = command
        self.free = calls.free
        self.new = calls.new
        self.registered = calls.registered
        self.session = calls.session

    def run(self, command_id: int, parameters: Sequence[object]) -> Outputs:
        """Run the command in a call of the pool and return its outputs."""
        return self._calls.run(self._command, parameters)

    def invoke(self, call: Call, command_id: int, parameters: Sequence[object]) -> Outputs:
        """Run the command and return its outputs."""
        return self._calls.invoke(call, self._command, parameters)

    def attend(self, call: Call) -> None:
        """Raise the error of a call that failed, with the name."""
        call.given_command = self._command
        self._calls.attend(call)


def prepare(calls: AnyCalls, command_id: int, slots: Sequence[object]) -> PreparedCommand[Outputs]:
    """Prepare a command; slots are parameters, or their classes where the content varies."""
    calls.check_usable()
    number = to_uint32(command_id, "the command id")
    if isinstance(command_id, Enum):
        calls = cast("AnyCalls", _NamedCalls(calls, command_id))
    if len(slots) > SLOTS:
        raise BadParametersError(f"{len(slots)} parameters given, but an operation has {SLOTS}")
    for index, slot in enumerate(slots):
        if isinstance(slot, type) and not is_parameter_class(slot):
            raise ParameterTypeError(
                f"parameter {index} can't be of the type {slot.__name__}: give a parameter, or a"
                " class of parameters such as ValueInOut"
            )
    command: PreparedCommand[Outputs] = PreparedCommand(_runner_of(calls, number, slots))
    command.command_id = command_id if isinstance(command_id, Enum) else number
    command.slots = tuple(slots)
    return command


def _runner_of(calls: AnyCalls, command_id: int, slots: Sequence[object]) -> partial[Outputs]:
    slots = [p.ValueOutput() if slot is p.ValueOutput else slot for slot in slots]
    _check_fixed(calls, slots)
    only: Any = slots[0] if len(slots) == 1 else None
    if only is p.ValueInOut:
        return partial(call_with_value, calls, command_id)
    if only is p.MemrefTempInOut:
        return partial(call_with_bytes, calls, command_id)
    if only is p.MemrefWhole:
        return partial(call_with_block, calls, command_id)
    if isinstance(only, p.MemrefWhole):
        return partial(call_with_block, calls, command_id, only.block)
    if isinstance(only, SharedMemory):
        return partial(call_with_block, calls, command_id, only)
    kept = _prepare_kept(calls, command_id, slots) if all(map(_is_kept, slots)) else None
    return kept or partial(_call_with_contents, calls, command_id, slots)


def _check_fixed(calls: AnyCalls, slots: Sequence[object]) -> None:
    """Raise the errors of parameters that are the same at each call."""
    call = calls.new()
    try:
        fixed = [None if isinstance(slot, type) else slot for slot in slots]
        set_parameters(call, calls.session.context, without_growth(fixed))
    finally:
        call.clear()


def _is_kept(slot: object) -> bool:
    """Return whether a parameter can stay set from run to run.

    A block can't, as it may be closed in between, nor a memoryview, which may be of a block, nor
    an output given by its size, which must begin with zeros.
    """
    if isinstance(slot, type | SharedMemory | p.MemrefWhole | p.MemrefPartial):
        return False
    if growing_of(slot) is not None:
        return False
    buffer = getattr(slot, "buffer", slot)
    return not (isinstance(buffer, memoryview) or is_size(buffer))


def _prepare_kept(
    calls: AnyCalls, command_id: int, slots: Sequence[object]
) -> partial[Outputs] | None:
    """Prepare calls that keep their parameters; None if one of these lies in a block."""

    def make(finds_blocks: bool = False) -> Call:
        call = calls.new()
        call.finds_blocks = finds_blocks
        try:
            call.keep(command_id, set_parameters(call, calls.session.context, slots))
        except BaseException:
            call.clear()
            raise
        return call

    # This raises the errors of bad parameters.
    first = make(finds_blocks=True)
    if first.has_part:
        first.clear()
        return None
    free = deque([first]) if first.limit is None else FreeTimedCalls([first])
    if len(slots) == 1:
        (slot,) = slots
        if isinstance(slot, p.ValueOutput | p.ValueInOut):
            return partial(repeat_with_value, calls, free, make)
        if isinstance(slot, p.MemrefTempInOut) and isinstance(slot.buffer, bytearray):
            size = len(slot.buffer)
            if size:
                return partial(repeat_with_bytes, calls, free, make, slot.buffer, size)
    return partial(_repeat, calls, free, make)


def _repeat(calls: AnyCalls, free: deque[Call], make: Callable[[], Call]) -> Outputs:
    """Run a command once more with parameters of any kind."""
    try:
        call = free.pop()
    except IndexError:
        call = make()
    try:
        if repeat(call.address):
            calls.attend(call)
        return call.outputs()
    finally:
        free.append(call)


def _call_with_contents(
    calls: AnyCalls, command_id: int, slots: Sequence[object], *contents: object
) -> Outputs:
    """Run a command with contents for the slots that are classes."""
    return calls.run(command_id, filled(slots, contents))


def filled(slots: Sequence[object], contents: Sequence[object]) -> list[Any]:
    """Return parameters: the slots, with contents for those that are classes."""
    varying = [
        index
        for index, slot in enumerate(slots)
        if isinstance(slot, type) and slot is not p.ValueOutput
    ]
    if len(contents) != len(varying):
        raise ParameterTypeError(
            f"{len(contents)} contents given, but {len(varying)} slots have to be filled"
        )
    parameters: list[Any] = [p.ValueOutput() if slot is p.ValueOutput else slot for slot in slots]
    for index, content in zip(varying, contents, strict=True):
        parameters[index] = _as_parameter(parameters[index], content, index)
    return parameters


def _as_parameter(kind: Any, content: Any, index: int) -> Any:
    """Make a parameter of what its class takes: one thing, or a tuple of them."""
    if issubclass(kind, p.ValueInput | p.ValueInOut):
        return kind(*pair_of(content, index))
    takes = kind.__match_args__
    if len(takes) == 1 or not isinstance(content, tuple | list):
        return kind(content)
    if not 1 <= len(content) <= len(takes):
        raise ParameterTypeError(f"parameter {index} needs a tuple of {', '.join(takes)}")
    return kind(*content)
