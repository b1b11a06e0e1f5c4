# SPDX-License-Identifier: BSD-2-Clause
"""The way from the arguments of a declared command to parameters, and from outputs to results.

A plan is made once, when the class is. So a call only does what its own content needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from .._checks import to_count
from .._declarations.application import CommandDeclaration, Declaration
from .._declarations.kinds import ContentError, DeclarationError
from .._declarations.slots import Direction, RawKind, Slot
from .._outputs import Outputs
from ..errors import (
    BadFormatError,
    ParameterRangeError,
    ParameterTypeError,
    ShortBufferError,
    TeecError,
)
from ._decoders import Decode, DoesNotFitError, comes_back, decoder
from ._encoders import Encode, encoder, result_parameter
from ._errors import raise_declared

__all__ = ["Plan", "plan_of"]


class Plan:
    """How a command is called.

    Attributes:
        number: its number.
        name: what texts call it.
        encode: makes the parameters of the arguments.
        encode_only: makes the only parameter of the only argument; None if there are others.
        decode: makes the result of the outputs and the arguments; None if that depends on the
            parameters too.
    """

    def __init__(self, command: CommandDeclaration, declared: Declaration) -> None:
        self.number = command.number or 0
        self.name = f"{declared.name}.{command.name}()"
        self._command = command
        self._declared = declared
        slots = command.signature.slots
        # Whether an output comes back for a block depends on its directions.
        self._has_blocks = any(
            slot is not None and isinstance(slot.kind, RawKind) and slot.type is None
            for slot in slots
        )
        self.encode_only: Encode | None = None
        self.encode: Callable[[Sequence[Any]], Sequence[Any]] = self._make_encode(None)
        self.decode: Decode | None = None
        if not self._has_blocks:
            self.decode = self._make_decode(range(len(slots)))

    def parameters(self, arguments: Sequence[Any], room: int | None = None) -> Sequence[Any]:
        """Return the parameters of an operation.

        Args:
            arguments: what the command was called with.
            room: for how many bytes of what varies there is room at first; None for as many as
                are declared.

        Raises:
            ParameterTypeError, ParameterRangeError: an argument is wrong.
        """
        if room is None:
            return self.encode(arguments)
        return self._make_encode(to_count(room, f"room of {self.name}"))(arguments)

    def result(self, outputs: Outputs, arguments: Sequence[Any], parameters: Sequence[Any]) -> Any:
        """Return what the outputs are.

        Raises:
            BadFormatError: they have another form than is declared.
            ShortBufferError: one did not fit.
        """
        decode = self.decode
        if decode is None:
            decode = self._make_decode(
                place for place, one in enumerate(parameters) if comes_back(one)
            )
        try:
            return decode(outputs, arguments)
        except (ContentError, DoesNotFitError) as error:
            self.raise_unlike(error, outputs)

    def raise_unlike(self, error: ContentError | DoesNotFitError, outputs: Outputs) -> NoReturn:
        """Raise what it means that outputs are not what is declared."""
        copies = tuple(bytes(one) if isinstance(one, memoryview) else one for one in outputs)
        if isinstance(error, ContentError):
            details = f"it returned something else than is declared: {error}"
            raise BadFormatError(self.doing, details=details, outputs=copies) from None
        raise ShortBufferError(
            self.doing,
            details=f"an output needs {error.args[0]} bytes",
            remedy="call it with room=, the number of bytes that there is room for",
            outputs=copies,
        ) from None

    @property
    def doing(self) -> str:
        """What the command does, for errors."""
        name, number = self._command.name, int(self.number)
        return f"invoking command {name} ({number}) of {self._declared.name}"

    def raise_error(self, error: TeecError) -> NoReturn:
        """Raise the exception that stands for the error of a call."""
        if error.doing.startswith("invoking command "):
            error.doing = self.doing
        raise_declared(error, self._declared)

    def _make_encode(self, room: int | None) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """Make what makes parameters, with so much room for what varies."""
        signature, name = self._command.signature, self.name
        count = len(signature.arguments)
        if room is not None and not any(
            slot is not None and slot.varies for slot in signature.slots
        ):
            raise ParameterTypeError(f"{name} has no result that varies, so it takes no room=")
        fixed: list[Any] = [None] * len(signature.slots)
        encoders = []
        for place, slot in enumerate(signature.slots):
            if slot is not None and slot.argument is not None:
                what = f"argument {slot.argument + 1} of {name}"
                own = encoder(slot, what, room if slot.varies else None)
                encoders.append((place, slot.argument, own))
            elif slot is not None:
                fixed[place] = self._result_parameter(slot, room)

        if len(encoders) == count == 1:
            ((place, _, only),) = encoders
            before, after = fixed[:place], fixed[place + 1 :]
            if room is None and not (before or after):
                self.encode_only = only

            def encode_one(arguments: Sequence[Any]) -> Sequence[Any]:
                if len(arguments) != 1:
                    raise _wrong_count(name, count, arguments)
                return (*before, only(arguments[0]), *after)

            return encode_one

        def encode(arguments: Sequence[Any]) -> Sequence[Any]:
            if len(arguments) != count:
                raise _wrong_count(name, count, arguments)
            parameters = fixed.copy()
            for place, number, one in encoders:
                parameters[place] = one(arguments[number])
            return parameters

        return encode

    def _result_parameter(self, slot: Slot, room: int | None) -> Any:
        if room is None or not slot.varies:
            return result_parameter(slot, slot.room, self._command.retry)
        try:
            return result_parameter(slot, room, self._command.retry)
        except ParameterRangeError:
            raise ParameterRangeError(
                f"room of {self.name} is {room}, more than the output may grow to: declare"
                " Variable() with a larger max_size="
            ) from None

    def _make_decode(self, returned: Iterable[int]) -> Decode:
        """Make what makes results; returned are the slots that may come back."""
        signature = self._command.signature
        coming = [
            place
            for place in returned
            if (slot := signature.slots[place]) is not None
            and (slot.direction is not Direction.INPUT or (self._has_blocks and slot.type is None))
        ]
        position = {place: number for number, place in enumerate(coming)}
        decoders: list[Decode] = []
        for result in signature.results:
            slot = signature.slots[result.slots[0]]
            assert slot is not None
            decoders.append(decoder(result, slot, [position.get(place) for place in result.slots]))
        if not decoders:
            return lambda outputs, arguments: None
        if len(decoders) == 1:
            return decoders[0]
        return lambda outputs, arguments: tuple([one(outputs, arguments) for one in decoders])


def plan_of(cls: Any, name: str) -> Plan:
    """Return how a class of clients calls a command."""
    plan: Plan | None = cls._plans.get(name)
    if plan is None:
        raise DeclarationError(f"{cls.__name__}.{name} was added after the class was made")
    return plan


def _wrong_count(name: str, count: int, arguments: Sequence[Any]) -> ParameterTypeError:
    taken = f"{count or 'no'} argument{'s' * (count != 1)}"
    return ParameterTypeError(f"{name} takes {taken}, not {len(arguments)}")
