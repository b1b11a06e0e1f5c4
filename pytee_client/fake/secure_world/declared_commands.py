# SPDX-License-Identifier: BSD-2-Clause
"""Declared commands as a fake serves them: parameters become arguments, and results outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from ..._boundary import view_of_bytes
from ..._declarations.application import CommandDeclaration, Declaration
from ..._declarations.kinds import ContentError, MemoryKind, ValueKind
from ..._declarations.slots import Direction, RawKind, Slot
from ...enums import Result
from ...errors import TeecError
from ...kernels.uapi import ParamType
from ..user_methods import call_method, returned_wrongly
from .declared_methods import argument_slots, results_of
from .parameters import MemrefParameter, Parameters, ValueParameter
from .results import PanicError, ResultError

__all__ = ["DeclaredCommand"]

_SLOTS: Final = 4
_MEMREFS: Final = (ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT, ParamType.MEMREF_INOUT)
_Read = Callable[[Parameters, bool], Any]


class DeclaredCommand:
    """A command, or the opening of a session, that a method of a fake serves.

    Args:
        command: what is declared.
        declared: the application.
        method: the name of the method.
        takes_session: whether the method takes the session.
    """

    def __init__(
        self,
        command: CommandDeclaration,
        declared: Declaration,
        method: str,
        *,
        takes_session: bool,
    ) -> None:
        self._method = method
        self._takes_session = takes_session
        self._errors = declared.errors
        self._name = f"{declared.name}.{command.name}()"
        slots = command.signature.slots
        self._slots = (*slots, *[None] * (_SLOTS - len(slots)))
        self._readers = [_reader(each) for each in argument_slots(command)]
        self._results = results_of(command)
        self._fixed = [
            (place, slot.given.size)
            for place, slot in enumerate(slots)
            if slot is not None
            and isinstance(slot.given, MemoryKind)
            and slot.given.size is not None
            and not slot.given.is_nullable
        ]

    def run(self, application: Any, session: object, parameters: Parameters) -> None:
        """Run the method on what the parameters are, and write what it returns into them.

        Raises:
            ResultError: the method raised it, or an exception that is declared for a code;
                BAD_PARAMETERS, the parameters are not as declared; SHORT_BUFFER, an output does
                not fit.
            TypeError: the method returned something else than is declared.
        """
        arguments = self._arguments(parameters, bool(application.pseudo))
        for place, size in self._fixed:
            memref = parameters.memref(place)
            if memref.size < size or memref.is_null:
                memref.size = size
                raise ResultError(Result.SHORT_BUFFER)
        method = getattr(application, self._method)
        if self._takes_session:
            arguments.insert(0, session)
        try:
            returned = call_method(application, method, *arguments)
        except (ResultError, PanicError):
            raise
        except Exception as error:
            code = _code_of(error, self._errors)
            if code is None:
                raise
            raise ResultError(code) from None
        self._give(application, method, returned, parameters, arguments[self._takes_session :])

    def _arguments(self, parameters: Parameters, is_pseudo: bool) -> list[Any]:
        for place, (slot, given) in enumerate(zip(self._slots, parameters.types, strict=True)):
            wanted = ParamType.NONE if slot is None else slot.type
            if given not in _MEMREFS if wanted is None else given is not wanted:
                shown = "a memory reference" if wanted is None else wanted.name
                self._refuse(f"slot {place} has {given.name}, but is declared as {shown}")
        arguments: list[Any] = []
        for number, read in enumerate(self._readers, 1):
            try:
                arguments.append(read(parameters, is_pseudo))
            except ContentError as error:
                self._refuse(f"argument {number}: {error}")
        return arguments

    def _refuse(self, why: str) -> NoReturn:
        """Answer what is not as declared; the cause says why, and keeps no memory in use."""
        raise ResultError(Result.BAD_PARAMETERS) from ContentError(f"{self._name}: {why}")

    def _give(
        self,
        application: Any,
        method: Callable[..., Any],
        returned: Any,
        parameters: Parameters,
        arguments: list[Any],
    ) -> None:
        """Write what a method returned into the parameters."""

        def wrong(remedy: str) -> TypeError:
            return returned_wrongly(application, method, returned, f"{remedy} ({self._name})")

        count = len(self._results)
        values: Any = (returned,)
        if count != 1:
            if count == 0 and returned is not None:
                raise wrong("it is declared to return nothing")
            if count and not (isinstance(returned, tuple) and len(returned) == count):
                raise wrong(f"it is declared to return a tuple of {count}")
            values = returned or ()
        outputs: list[tuple[MemrefParameter, Any]] = []
        words: list[tuple[ValueParameter, int, int]] = []
        for number, (result, value) in enumerate(zip(self._results, values, strict=True), 1):
            what = "the result" if count == 1 else f"result {number}"
            argument = None if result.argument is None else arguments[result.argument]
            try:
                if isinstance(result.kind, ValueKind):
                    numbers = result.kind.words(value, what)
                    words += [
                        (parameters.value(place), numbers[2 * at], numbers[2 * at + 1])
                        for at, place in enumerate(result.slots)
                    ]
                else:
                    memref = parameters.memref(result.slots[0])
                    content = _content(result, value, argument, memref, what)
                    if content is not None:
                        outputs.append((memref, content))
            except TeecError as error:
                raise wrong(error.doing) from None
            except Exception as error:
                raise wrong(f"{what} can't be written as {result.kind}: {error}") from error
        _put(outputs)
        for parameter, a, b in words:
            parameter.a, parameter.b = a, b


def _code_of(error: Exception, errors: Mapping[int, type[Exception]]) -> int | None:
    """Return the code that an exception stands for: that of the class nearest to its own."""
    if isinstance(error, TeecError) and isinstance(error, errors.get(error.code, ())):
        return int(error.code)
    for cls in type(error).__mro__:
        for code, kind in errors.items():
            if kind is cls:
                return code
    return None


def _content(
    result: Any, value: Any, argument: Any, memref: MemrefParameter, what: str
) -> memoryview | None:
    """Return the bytes of a result; None if the memory stays as it is."""
    kind = result.kind
    if result.argument is not None and kind.in_place and (value is None or value is argument):
        return None
    content = kind.write(value, what)
    if content is not None:
        return view_of_bytes(content, what)
    if not memref.is_null:
        raise TypeError("the memory reference is not null")
    return None


def _put(outputs: list[tuple[MemrefParameter, Any]]) -> None:
    """Write outputs: all of them, or none if one does not fit. Then each says what it needs."""
    rooms = [0 if memref.is_null else memref.size for memref, _ in outputs]
    if any(len(content) > room for (_, content), room in zip(outputs, rooms, strict=True)):
        for memref, content in outputs:
            memref.size = len(content)
        raise ResultError(Result.SHORT_BUFFER)
    for memref, content in outputs:
        memref.put(content)


def _reader(slots: list[tuple[int, Slot]]) -> _Read:
    """Make what returns an argument; it raises ContentError if it is none."""
    place, slot = slots[0]
    kind = slot.taken
    if isinstance(kind, RawKind):
        return lambda parameters, is_pseudo: parameters[place]
    if isinstance(kind, ValueKind):
        places = [each for each, _ in slots]

        def read_words(parameters: Parameters, is_pseudo: bool) -> Any:
            words: list[int] = []
            for each in places:
                value = parameters.value(each)
                words += value.a, value.b
            return kind.read(*words)

        return read_words

    def read_memory(parameters: Parameters, is_pseudo: bool) -> Any:
        memref = parameters.memref(place)
        if memref.is_null:
            # A pseudo application can't tell it from memory of no bytes.
            if kind.is_nullable or not is_pseudo or memref.size:
                return kind.read_null()
        elif kind.in_place:
            memref._check_mapped(memref.size)
            return kind.read(_buffer_of(memref))
        content = memref.content()
        if slot.direction is Direction.INOUT and kind.size is not None:
            content = _request(content, kind.size, slot)
        return kind.read(content)

    return read_memory


def _buffer_of(memref: MemrefParameter) -> memoryview:
    buffer = memref.buffer
    assert buffer is not None
    return buffer


def _request(content: bytes, size: int, slot: Slot) -> bytes:
    """Return what an argument of a fixed size is, after which there is room for what comes back."""
    if not slot.varies and len(content) > max(size, slot.room or 0):
        raise ContentError(f"{len(content)} bytes, but there should be {slot.room}")
    return content[:size]
