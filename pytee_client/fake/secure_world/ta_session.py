# SPDX-License-Identifier: BSD-2-Clause
"""Sessions of one Trusted Application with another (GPD_SPE_010 4.9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, TypeAlias

from ..._boundary import view_of_bytes
from ...enums import Origin, Result
from ...kernels.uapi import ParamType
from .instance import OpenSession
from .outcome import Outcome
from .parameters import MemrefParameter, Parameters, ValueParameter
from .results import PanicError, ResultError

__all__ = ["Argument", "TaToTaError", "TaToTaSession", "call"]

Argument: TypeAlias = (
    ValueParameter | MemrefParameter | bytes | bytearray | memoryview | tuple[int, int] | None
)
"""A parameter for another application: bytes are an input memref, a pair of ints a value."""

_SLOTS: Final = 4


class TaToTaError(ResultError):
    """A result other than SUCCESS of a call to another Trusted Application.

    If the caller does not catch it, its own client gets the code.

    Attributes:
        code: the 32-bit code.
        origin: where the code comes from: the other application, or the TEE.
    """

    def __init__(self, code: int, origin: int) -> None:
        super().__init__(code)
        self.origin = origin


class TaToTaSession:
    """A session with another Trusted Application; InternalCore.open_ta_session() opens it.

    It is a context manager that closes it. It is also closed when the instance of the caller
    ends.

    Threads: entry points of an instance run one at a time, each in the thread of its client;
    use it there.
    """

    def __init__(
        self,
        opened: OpenSession,
        invoke: Callable[[OpenSession, int, Parameters, int | None], Outcome],
        close: Callable[[TaToTaSession, OpenSession], None],
    ) -> None:
        self._opened: OpenSession | None = opened
        self._invoke = invoke
        self._close = close

    def invoke_command(
        self, command_id: int, *parameters: Argument, timeout: int | None = None
    ) -> None:
        """Run a command (TEE_InvokeTACommand); outputs are set in the parameters given.

        Args:
            command_id: the command.
            parameters: up to four.
            timeout: milliseconds after which the command counts as cancelled; None for
                never.

        Raises:
            TaToTaError: the result is not SUCCESS. From the TEE: BUSY if the other
                application waits for this one; TARGET_DEAD if it panicked.
            PanicError: the session is closed.
        """
        opened = self._opened
        if opened is None:
            raise PanicError(Result.BAD_STATE)
        call(lambda given: self._invoke(opened, command_id, given, timeout), parameters)

    def close(self) -> None:
        """Close the session, at most once (TEE_CloseTASession)."""
        opened, self._opened = self._opened, None
        if opened is not None:
            self._close(self, opened)

    def __enter__(self) -> TaToTaSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def call(enter: Callable[[Parameters], Outcome], parameters: Sequence[Argument]) -> None:
    """Call another application with converted parameters, and set the outputs."""
    if len(parameters) > _SLOTS:
        raise ValueError(f"an operation has at most {_SLOTS} parameters, not {len(parameters)}")
    converted = [_as_seen(parameter) for parameter in parameters]
    converted += [None] * (_SLOTS - len(converted))
    outcome = enter(Parameters(converted))
    for given, seen in zip(parameters, converted, strict=False):
        _set_output(given, seen)
    if outcome.result != Result.SUCCESS:
        raise TaToTaError(outcome.result, outcome.origin or Origin.TEE) from outcome.cause


def _as_seen(parameter: Argument) -> ValueParameter | MemrefParameter | None:
    """Convert a parameter for the other application."""
    if parameter is None:
        return None
    if isinstance(parameter, tuple):
        a, b = parameter
        return ValueParameter(ParamType.VALUE_INPUT, a, b)
    if isinstance(parameter, ValueParameter):
        if not parameter.type.is_input:
            return ValueParameter(parameter.type)
        return ValueParameter(parameter.type, parameter.a, parameter.b)
    if not isinstance(parameter, MemrefParameter):
        view = view_of_bytes(parameter, "a parameter").toreadonly()
        return MemrefParameter(ParamType.MEMREF_INPUT, view, len(view))
    if parameter.buffer is None:
        return MemrefParameter(parameter.type, None, 0)
    view = parameter.buffer[: parameter.size]
    if len(view) < parameter.size or (parameter.type.is_output and view.readonly):
        # The caller can't grant an access that it lacks.
        raise PanicError(Result.ACCESS_DENIED)
    if not parameter.type.is_output:
        view = view.toreadonly()
    return MemrefParameter(parameter.type, view, parameter.size)


def _set_output(given: Argument, seen: ValueParameter | MemrefParameter | None) -> None:
    if seen is None or not seen.type.is_output:
        return
    if isinstance(given, ValueParameter) and isinstance(seen, ValueParameter):
        given.a, given.b = seen.a, seen.b
    elif isinstance(given, MemrefParameter) and isinstance(seen, MemrefParameter):
        given.size = seen.size
