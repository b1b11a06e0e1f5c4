# SPDX-License-Identifier: BSD-2-Clause
"""The way from the arguments of a declared command to parameters, and from outputs to results.

A plan is made once, when the class is. So a call only does what its own content needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from .._checks import said, to_count
from .._declarations.application import CommandDeclaration
from .._declarations.kinds import ContentError, MemoryKind, ValueKind
from .._declarations.slots import Direction, RawKind, Slot
from .._outputs import Outputs, RequiredSize
from ..enums import MemoryFlags, Origin
from ..errors import BadFormatError, ParameterTypeError, ShortBufferError, TeecError
from ..memory import SharedMemory
from ..parameters import (
    MemrefTempInOut,
    MemrefTempInput,
    MemrefTempOutput,
    MemrefWhole,
    ValueInOut,
    ValueOutput,
)

_Encode = Callable[[Any], Any]
_Decode = Callable[[Outputs, Sequence[Any]], Any]


class Plan:
    """How a command is called.

    Attributes:
        number: its number.
    """

    def __init__(
        self, command: CommandDeclaration, owner: str, errors: Mapping[int, type[Exception]]
    ) -> None:
        self.number = command.number or 0
        self._command = command
        self._owner = owner
        self._errors = errors
        signature = command.signature
        self._count = len(signature.arguments)
        self._fixed: list[Any] = [None] * len(signature.slots)
        self._encoders: list[tuple[int, int, _Encode]] = []
        for place, slot in enumerate(signature.slots):
            if slot is not None and slot.argument is not None:
                what = f"argument {slot.argument + 1} of {owner}.{command.name}()"
                self._encoders.append((place, slot.argument, _encoder(slot, what)))
            elif slot is not None:
                self._fixed[place] = _result_parameter(slot, slot.room, command.retry)
        self._only = self._encoders[0][2] if len(self._fixed) == self._count == 1 else None
        # Whether an output comes back for a block depends on its directions.
        self._has_blocks = any(
            slot is not None and isinstance(slot.kind, RawKind) and slot.type is None
            for slot in signature.slots
        )
        self._decoders = self._make_decoders(range(len(signature.slots)))

    def parameters(self, arguments: Sequence[Any], room: int | None = None) -> Sequence[Any]:
        """Return the parameters of an operation.

        Raises:
            ParameterTypeError, ParameterRangeError: an argument is wrong.
        """
        if len(arguments) != self._count:
            raise ParameterTypeError(
                f"{self._owner}.{self._command.name}() takes {_counted(self._count, 'argument')},"
                f" not {len(arguments)}"
            )
        if self._only is not None:
            return (self._only(arguments[0]),)
        parameters = self._fixed.copy()
        for place, number, encode in self._encoders:
            parameters[place] = encode(arguments[number])
        if room is not None:
            self._make_room(parameters, room)
        return parameters

    def _make_room(self, parameters: list[Any], room: int) -> None:
        room = to_count(room, "room")
        for place, slot in enumerate(self._command.signature.slots):
            if slot is not None and slot.argument is None and slot.varies:
                parameters[place] = _result_parameter(slot, room, self._command.retry)

    def result(self, outputs: Outputs, arguments: Sequence[Any], parameters: Sequence[Any]) -> Any:
        """Return what the outputs are.

        Raises:
            BadFormatError: they have another form than is declared.
            ShortBufferError: one did not fit.
        """
        decoders = self._decoders
        if self._has_blocks:
            decoders = self._make_decoders(
                place for place, one in enumerate(parameters) if _comes_back(one)
            )
        if not decoders:
            return None
        try:
            if len(decoders) == 1:
                return decoders[0](outputs, arguments)
            return tuple(decode(outputs, arguments) for decode in decoders)
        except ContentError as error:
            raise BadFormatError(
                self.doing,
                details=f"it returned something else than is declared: {error}",
                outputs=outputs,
            ) from None
        except _DoesNotFitError as error:
            raise ShortBufferError(
                self.doing,
                details=f"an output needs {error.args[0]} bytes",
                remedy="call it with room=, the number of bytes that there is room for",
                outputs=outputs,
            ) from None

    @property
    def doing(self) -> str:
        """What the command does, for errors."""
        return f"invoking command {self._command.name} ({self.number}) of {self._owner}"

    def raise_error(self, error: TeecError) -> NoReturn:
        """Raise the exception that stands for the error of a call."""
        if error.doing.startswith("invoking command "):
            error.doing = self.doing
        kind = None
        if error.origin == Origin.TRUSTED_APP:
            kind = self._errors.get(error.code)
        if kind is None:
            raise error
        raise mapped_error(error, kind) from error

    def _make_decoders(self, returned: Any) -> list[_Decode]:
        """Make what reads each result; returned are the slots that may come back."""
        slots = self._command.signature.slots
        coming = [
            place
            for place in returned
            if (slot := slots[place]) is not None
            and (slot.direction is not Direction.INPUT or (self._has_blocks and slot.type is None))
        ]
        position = {place: number for number, place in enumerate(coming)}
        decoders: list[_Decode] = []
        for result in self._command.signature.results:
            places = [position.get(place) for place in result.slots]
            decoders.append(_decoder(result.kind, places, result.argument))
        return decoders


class _DoesNotFitError(Exception):
    """An output needs so many bytes."""


def mapped_error(error: TeecError, kind: type[Exception]) -> Exception:
    """Make an exception of a declared class of the error of a call."""
    if not issubclass(kind, TeecError):
        return kind(str(error))
    return kind(
        error.doing,
        code=error.code,
        origin=error.origin,
        errno=error.errno,
        remedy=error.remedy,
        outputs=error.outputs,
        results=error.results,
        sent=error.sent,
        details=error.details,
    )


def _counted(count: int, what: str) -> str:
    return f"no {what}s" if not count else f"1 {what}" if count == 1 else f"{count} {what}s"


def _encoder(slot: Slot, what: str) -> _Encode:
    """Make what turns an argument into a parameter."""
    kind, direction = slot.taken, slot.direction
    if isinstance(kind, RawKind):
        return lambda given: _as_is(given, kind.python, what)
    if isinstance(kind, ValueKind):
        words = kind.words
        if kind.values > 1:
            first = 2 * slot.words
            words = lambda given, what: kind.words(given, what)[first : first + 2]  # noqa: E731
        if direction is Direction.INPUT:
            return lambda given: words(given, what)
        return lambda given: ValueInOut(*words(given, what))
    assert isinstance(kind, MemoryKind)
    write = kind.write
    if direction is Direction.INPUT:
        if not kind.is_nullable:
            return lambda given: write(given, what)
        return lambda given: MemrefTempInput(write(given, what))
    if direction is Direction.OUTPUT:
        return lambda given: MemrefTempOutput(write(given, what))
    if kind.in_place:
        return lambda given: MemrefTempInOut(write(given, what))
    room = slot.room or 0

    def with_room(given: Any) -> MemrefTempInOut[Any]:
        content: Any = write(given, what)
        if content is None:
            return MemrefTempInOut(None)
        copy = bytearray(content)
        if len(copy) < room:
            copy.extend(bytes(room - len(copy)))
        return MemrefTempInOut(copy)

    return with_room


def _as_is(given: Any, python: type[Any], what: str) -> Any:
    wanted = (python, SharedMemory) if python is MemrefWhole else python
    if not isinstance(given, wanted):
        raise ParameterTypeError(f"{what} must be a {python.__name__}, not {said(given)}")
    return given


def _result_parameter(slot: Slot, room: int | None, retry: bool) -> Any:
    """Make the parameter of an output that is no argument."""
    if isinstance(slot.given, ValueKind):
        return ValueOutput()
    if slot.varies and retry:
        return MemrefTempOutput(room, grow=True, max_size=slot.max_size)
    return MemrefTempOutput(room)


def _comes_back(parameter: Any) -> bool:
    block = parameter.block if isinstance(parameter, MemrefWhole) else parameter
    if isinstance(block, SharedMemory):
        return bool(block.flags & MemoryFlags.OUTPUT)
    return parameter is not None


def _decoder(kind: Any, places: Sequence[int | None], argument: int | None) -> _Decode:
    """Make what turns outputs into a result."""
    first = places[0]
    if isinstance(kind, RawKind):
        return lambda outputs, arguments: None if first is None else outputs[first]
    assert first is not None
    read = kind.read
    if isinstance(kind, ValueKind):
        if kind.values == 1:
            return lambda outputs, arguments: read(*outputs[first])  # type: ignore[misc]
        second = places[1]
        assert second is not None
        return lambda outputs, arguments: read(*outputs[first], *outputs[second])  # type: ignore[misc]

    def content_of(outputs: Outputs) -> Any:
        content = outputs[first]
        if type(content) is RequiredSize:
            raise _DoesNotFitError(content.required)
        return content

    if argument is None:
        return lambda outputs, arguments: read(content_of(outputs))
    if kind.in_place:
        read_into = kind.read_into
        return lambda outputs, arguments: read_into(arguments[argument], content_of(outputs))
    if kind.is_nullable:
        return lambda outputs, arguments: (
            kind.read_null() if arguments[argument] is None else read(content_of(outputs))
        )
    return lambda outputs, arguments: read(content_of(outputs))
