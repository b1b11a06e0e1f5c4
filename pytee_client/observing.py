# SPDX-License-Identifier: BSD-2-Clause
"""What an observer of a context is told of each call: see Context(observer=...)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Literal, TypeAlias
from uuid import UUID

from ._known_applications import named
from ._teec_error import describe_range, name_of_origin
from .enums import Result

__all__ = ["CallEvent", "Kind", "Observer", "OperationName", "Outcome", "ParameterEvent"]

OperationName: TypeAlias = Literal["open_session", "invoke_command"]
Outcome: TypeAlias = Literal["came back", "late", "unsent", "given up"]
Kind: TypeAlias = Literal[
    "NONE",
    "VALUE_INPUT",
    "VALUE_OUTPUT",
    "VALUE_INOUT",
    "MEMREF_TEMP_INPUT",
    "MEMREF_TEMP_OUTPUT",
    "MEMREF_TEMP_INOUT",
    "MEMREF_WHOLE",
    "MEMREF_PARTIAL_INPUT",
    "MEMREF_PARTIAL_OUTPUT",
    "MEMREF_PARTIAL_INOUT",
]


@dataclass(frozen=True, slots=True)
class ParameterEvent:
    """One parameter of a call: what it is, and how large, but nothing of what is in it.

    Source: paramTypes of TEEC_Operation, GPD_SPE_007 4.3.7.

    Attributes:
        kind: its type, as the specification names it after TEEC_: "MEMREF_TEMP_INPUT". "NONE"
            for a slot that is empty before one that is not.
        size: of memory, in bytes: what was given, or the room that an output had in the last
            run; 0 for a null memory reference. None for values.
        returned_size: of memory that is an output, the size that came back, in bytes. It is more
            than size if there was not enough room. None if nothing came back.
    """

    kind: Kind
    size: int | None = None
    returned_size: int | None = None

    def __str__(self) -> str:
        if self.size is None:
            return self.kind
        text = f"{self.kind} of {self.size} B"
        return text if self.returned_size is None else f"{text}, {self.returned_size} B came back"


@dataclass(frozen=True, slots=True, repr=False)
class CallEvent:
    """What became of one call: an opening of a session, or a command.

    It has the names, sizes, results and times of the call, and nothing of what it carried: no
    bytes of memory, and no numbers of values. Events compare by what they say, and can be pickled
    if the names of commands and results can.

    Attributes:
        operation: "open_session" or "invoke_command".
        application: the UUID of the Trusted Application.
        command_id: the command; a member of an enumeration stays one. None for an opening.
        parameters: in slot order.
        result: what the call ended with: 0 if it succeeded, else the code of its error. It is a
            member of the session's results, or of Result, if it has a name there. Of a call
            that came back late it is what came back; of one that did not in time, TIMEOUT.
        origin: the layer that the result comes from; see Origin.
        errno: the error of the system call that failed; None if none did.
        outcome: "came back"; "late" if that was after its deadline; "unsent" if nothing was sent,
            because the deadline passed, it was cancelled, or there was no memory for it;
            "given up" if nobody waits for it any more, and it runs on.
        nanoseconds: how long it was with the kernel, and so with the TEE: from the start of its
            ioctl to the end, or until it was given up, all runs together. The library's own work
            and the wait for a worker do not count.
        retries: how many runs more it took than one, as an output had to grow.
    """

    operation: OperationName
    application: UUID
    command_id: int | None
    parameters: tuple[ParameterEvent, ...]
    result: int
    origin: int
    errno: int | None
    outcome: Outcome
    nanoseconds: int
    retries: int = 0

    @property
    def result_name(self) -> str:
        """The name of the result, such as "SUCCESS"; without one, its number: "0x80000001"."""
        return self.result.name if isinstance(self.result, IntEnum) else f"0x{self.result:08x}"

    @property
    def command_name(self) -> str | None:
        """The name of the command, if it is a member of an enumeration; or None."""
        return self.command_id.name if isinstance(self.command_id, Enum) else None

    def __repr__(self) -> str:
        what: str = self.operation
        if self.command_id is not None:
            what += f" {int(self.command_id)}"
            if self.command_name is not None:
                what += f" ({self.command_name})"
        result = self.result_name
        if self.result:
            if not isinstance(self.result, IntEnum):
                result += f", {describe_range(self.result)}"
            result += f", {name_of_origin(self.origin)}"
        if self.errno is not None:
            result += f", errno {self.errno}"
        time = f"{self.nanoseconds / 1e6:.3f} ms"
        if self.retries:
            time += f" in {self.retries + 1} runs"
        parameters = "; ".join(map(str, self.parameters)) or "no parameters"
        return (
            f"<CallEvent {what} of {named(self.application)}: {result}, {self.outcome},"
            f" {time}; {parameters}>"
        )


Observer: TypeAlias = Callable[[CallEvent], object]
"""What Context() takes as its observer."""


def result_of(code: int, results: type[IntEnum] | None) -> int:
    """Return a code as the member of an enumeration that names it, or as it is."""
    if not code:
        return Result.SUCCESS
    for names in (Result,) if results is None else (results, Result):
        try:
            return names(code)
        except ValueError:
            continue
    return code
