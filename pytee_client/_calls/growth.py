# SPDX-License-Identifier: BSD-2-Clause
"""Operations whose outputs grow: they run again with the room that was asked for."""

from __future__ import annotations

from .._boundary import Inputs
from .._growing import Growing
from .._outputs import RequiredSize
from ..enums import Origin
from ..errors import DeadlineError, ShortBufferError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Any, Final

    from .._outputs import Outputs
    from .call import Call

# Each of four outputs may be asked about alone, and the data may grow meanwhile.
MAX_RUNS: Final = 8


def without_growth(parameters: Sequence[object]) -> list[object]:
    """Return the parameters with the room that each output begins with."""
    plain = list(parameters)
    for index, parameter in enumerate(parameters):
        growing = growing_of(parameter)
        if growing is not None:
            plain[index] = _with_room(parameter, growing.size)
    return plain


def growing_of(parameter: object) -> Growing | None:
    """Return how the output of a parameter grows, or None if it does not."""
    buffer = getattr(parameter, "_buffer", None)
    return buffer if isinstance(buffer, Growing) else None


def _with_room(parameter: Any, size: int | None) -> object:
    return parameter._with_room(size)


def growing_steps(
    call: Call,
    parameters: Sequence[object],
    prepare: Callable[..., int],
    again: Callable[[], Call] | None,
    doing: str,
) -> Generator[tuple[Call, int], Outputs | None, Outputs]:
    """Yield the runs that an operation needs until its outputs have room, and return its outputs.

    A run is a call whose parameters are set, and their types. What comes back for it are its
    outputs, or its error; or None if nothing was sent, because a block was closed that memory
    was found in.

    Args:
        call: the call of the first run, with nothing set.
        parameters: the parameters of the operation.
        prepare: sets the parameters of a call, and returns their types.
        again: returns the call of the next run; None if all runs share the first.
        doing: what the operation is, for errors.
    """
    growth = _Growth(parameters, doing)
    has_run = False
    while True:
        error: ShortBufferError | None = None
        outputs: Outputs | None = ()
        try:
            types = prepare(call, parameters=growth.parameters)
            growth.set_inputs(call, types)
            outputs = yield call, types
        except ShortBufferError as short:
            if short.origin != Origin.TRUSTED_APP:
                raise
            error, outputs = short, short.outputs
        except DeadlineError as late:
            late.may_have_run |= has_run
            raise
        finally:
            call.clear()
        if outputs is None:
            continue
        has_run = True
        if not growth.makes_room(call, outputs, error):
            if error is not None:
                raise error
            return outputs
        if again is not None:
            call = again()


def run_growing(
    steps: Generator[tuple[Call, int], Outputs | None, Outputs],
    send: Callable[[Call, int], Outputs | None],
) -> Outputs:
    """Take the steps of an operation one after the other; send() runs a call."""
    try:
        call, types = next(steps)
        while True:
            # Taken out again, as else the frame of an error would keep them.
            outputs: list[Outputs | None] = []
            errors: list[BaseException] = []
            try:
                outputs.append(send(call, types))
            except BaseException as error:
                errors.append(error)
            call, types = steps.throw(errors.pop()) if errors else steps.send(outputs.pop())
    except StopIteration as end:
        returned: Outputs = end.value
        return returned


class _Growth:
    """How far the outputs of an operation have grown, and what its inputs were at first.

    Attributes:
        parameters: those of the next run.
    """

    def __init__(self, parameters: Sequence[object], doing: str) -> None:
        self.parameters = without_growth(parameters)
        self._given = parameters
        self._limits: dict[int, int] = {}
        self._sizes: dict[int, int] = {}
        for index, parameter in enumerate(parameters):
            growing = growing_of(parameter)
            if growing is not None:
                self._limits[index], self._sizes[index] = growing.max_size, growing.size or 0
        self._doing = doing
        self._runs = 0
        self._inputs: Inputs | None = None

    def set_inputs(self, call: Call, types: int) -> None:
        """Have each run send what the first does, though a run may write over it."""
        if self._inputs is None:
            self._inputs = Inputs(call, types, frozenset(self._limits))
        else:
            self._inputs.restore(call, types)
        self._runs += 1

    def makes_room(self, call: Call, outputs: Outputs, error: ShortBufferError | None) -> bool:
        """Return whether the next run has more room than the last, and so may succeed."""
        sizes = {index: call.size(index) for index in self._limits}
        wanted = {index: size for index, size in sizes.items() if size > self._sizes[index]}
        too_small = sum(isinstance(output, RequiredSize) for output in outputs)
        if not wanted or (error is not None and too_small > len(wanted)):
            return False
        for index, size in wanted.items():
            if size > self._limits[index]:
                raise self._refusal(
                    f"output {index} needs {size} bytes, more than max_size={self._limits[index]}:"
                    " give a larger max_size if the Trusted Application may have so much",
                    outputs,
                ) from error
            if self._runs == MAX_RUNS:
                raise self._refusal(
                    f"output {index} needed more room after each of {MAX_RUNS} runs: begin with a"
                    " larger size",
                    outputs,
                ) from error
            self.parameters[index] = _with_room(self._given[index], size)
            self._sizes[index] = size
        return True

    def _refusal(self, remedy: str, outputs: Outputs) -> ShortBufferError:
        copies = (bytes(one) if isinstance(one, memoryview) else one for one in outputs)
        return ShortBufferError(
            self._doing, origin=Origin.TRUSTED_APP, remedy=remedy, outputs=tuple(copies)
        )
