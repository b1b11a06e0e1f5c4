# SPDX-License-Identifier: BSD-2-Clause
"""The actions: what faults can do to system calls."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from .._boundary import copy_from_user, copy_to_user
from .._checks import (
    refuse_other_enum,
    to_bool,
    to_callable,
    to_count,
    to_instance,
    to_number,
    to_seconds,
    to_uint32,
)
from ..enums import Origin
from ..kernels import ObservedCall, SystemCall, uapi
from ..kernels.uapi import ParamType
from .action import Action, FaultControl
from .gate import Gate

__all__ = ["Answer", "Delay", "Do", "Fail", "Hold", "Oversize", "ShortRegistration", "Unplug"]

_NO_SESSION: Final = 0
_MEMREF_OUTPUTS: Final = (ParamType.MEMREF_OUTPUT, ParamType.MEMREF_INOUT)
_CALLS_WITH_RESULT: Final = frozenset(
    {SystemCall.OPEN_SESSION, SystemCall.INVOKE, SystemCall.OBJECT_INVOKE}
)


@dataclass(frozen=True, slots=True)
class Fail(Action):
    """Fail the system call, without any effect.

    close and munmap still release what they are for, as close(2) does on Linux.

    Attributes:
        errno: the error, such as errno.ENOMEM.
    """

    errno: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "errno", to_count(self.errno, "errno"))
        if self.errno not in errno.errorcode and self.errno != uapi.ENOTSUPP:
            raise ValueError(f"{self.errno} is no errno: use a constant of the module errno")

    def perform(self, kernel: FaultControl, call: ObservedCall, proceed: Callable[[], int]) -> int:
        """Raise the error."""
        if call.call.releases:
            proceed()
        raise OSError(self.errno, os.strerror(self.errno), call.path or None)

    def __str__(self) -> str:
        return f"fail with {errno.errorcode.get(self.errno, self.errno)}"


@dataclass(frozen=True, slots=True)
class Answer(Action):
    """Let the TEE answer with a given result.

    The ioctl itself succeeds. Output values are zeros, and sizes stay as they were, as if the
    TEE did not reach the Trusted Application.

    Attributes:
        result: the 32-bit code, such as Result.BUSY.
        origin: where the code comes from.
        run: whether the command is run first, and only its answer is lost. Outputs then
            change. A session is opened, and closed again.
    """

    result: int
    origin: int = Origin.TEE
    run: bool = False

    calls: ClassVar[frozenset[SystemCall]] = _CALLS_WITH_RESULT

    def __post_init__(self) -> None:
        object.__setattr__(self, "result", to_uint32(self.result, "result"))
        refuse_other_enum(self.origin, Origin, "origin")
        object.__setattr__(self, "origin", to_uint32(self.origin, "origin"))
        to_bool(self.run, "run")

    def perform(self, kernel: FaultControl, call: ObservedCall, proceed: Callable[[], int]) -> int:
        """Write the result into the argument."""
        is_opening = call.call is SystemCall.OPEN_SESSION
        if not call.has_header:
            # The kernel refuses it, and the answer has no place.
            return proceed()
        if self.run:
            proceed()
            if is_opening:
                kernel.close_opened_session(call)
        else:
            _clear_values(call)
        kernel.forget_cause()
        if is_opening:
            data = uapi.OPEN_SESSION_RESULT.pack(_NO_SESSION, self.result, self.origin)
            offset = uapi.OPEN_SESSION_RESULT_OFFSET
        elif call.call is SystemCall.INVOKE:
            data = uapi.INVOKE_RESULT.pack(self.result, self.origin)
            offset = uapi.INVOKE_RESULT_OFFSET
        else:
            data = uapi.OBJECT_INVOKE_RESULT.pack(self.result)
            offset = uapi.OBJECT_INVOKE_RESULT_OFFSET
        copy_to_user(call.buffer_address + offset, data)
        return 0

    def __str__(self) -> str:
        after = " after running it" if self.run else ""
        names = {origin.value: origin.name for origin in Origin}
        return f"answer 0x{self.result:08x} from {names.get(self.origin, self.origin)}{after}"


def _clear_values(call: ObservedCall) -> None:
    for index, (attr, *_) in enumerate(call.params):
        if attr == ParamType.VALUE_OUTPUT:
            copy_to_user(
                call.param_address(index) + uapi.PARAM_A_OFFSET, uapi.PARAM_VALUES.pack(0, 0, 0)
            )


@dataclass(frozen=True, slots=True)
class Oversize(Action):
    """Return outputs with sizes larger than their buffers.

    The command is run. A Trusted Application can return such sizes with any result, and the
    kernel passes them on.

    Attributes:
        excess: how many bytes more than the buffer.
        index: the index of the parameter; None for all memrefs that are outputs.
    """

    excess: int = 1
    index: int | None = None

    calls: ClassVar[frozenset[SystemCall]] = frozenset({SystemCall.OPEN_SESSION, SystemCall.INVOKE})

    def __post_init__(self) -> None:
        object.__setattr__(self, "excess", to_count(self.excess, "excess"))
        if self.index is not None:
            object.__setattr__(
                self, "index", to_number(self.index, "index", 0, 3, "from 0 to 3, or None for all")
            )

    def perform(self, kernel: FaultControl, call: ObservedCall, proceed: Callable[[], int]) -> int:
        """Increase the sizes that the kernel wrote back."""
        result = proceed()
        for index, (attr, _, size, _) in enumerate(call.params):
            if attr in _MEMREF_OUTPUTS and self.index in (None, index):
                larger = min(size + self.excess, 2**64 - 1)
                at = call.param_address(index) + uapi.PARAM_B_OFFSET
                copy_to_user(at, uapi.PARAM_SIZE.pack(larger))
        return result

    def __str__(self) -> str:
        which = "outputs" if self.index is None else f"output {self.index}"
        return f"return {which} {self.excess} bytes larger than given"


@dataclass(frozen=True, slots=True)
class ShortRegistration(Action):
    """Register less memory than wanted, and report the smaller length.

    Linux does that since 6.8 if only the start of the memory is mapped.

    Attributes:
        missing: how many bytes are left out at the end.
    """

    missing: int = 1

    calls: ClassVar[frozenset[SystemCall]] = frozenset({SystemCall.SHM_REGISTER})

    def __post_init__(self) -> None:
        object.__setattr__(self, "missing", to_count(self.missing, "missing"))

    def perform(self, kernel: FaultControl, call: ObservedCall, proceed: Callable[[], int]) -> int:
        """Decrease the length that the kernel wrote back."""
        fd = proceed()
        layout = uapi.SHM_REGISTER_DATA
        address, length, flags, number = layout.unpack(copy_from_user(call.address, layout.size))
        data = layout.pack(address, max(length - self.missing, 0), flags, number)
        copy_to_user(call.address, data)
        return fd

    def __str__(self) -> str:
        return f"register {self.missing} bytes less"


@dataclass(frozen=True, slots=True)
class Delay(Action):
    """Delay the system call.

    Attributes:
        seconds: for how many seconds.
        after: whether to wait after serving the call, and not before.
    """

    seconds: float
    after: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "seconds", to_seconds(self.seconds, "seconds"))
        to_bool(self.after, "after")

    def perform(self, kernel: FaultControl, call: ObservedCall, proceed: Callable[[], int]) -> int:
        """Sleep."""
        return _around(lambda: time.sleep(self.seconds), proceed, self.after)

    def __str__(self) -> str:
        return f"take {self.seconds} s longer"


@dataclass(frozen=True, slots=True)
class Hold(Action):
    """Hold the system call at a gate until a test releases it.

    Attributes:
        gate: the gate.
        after: whether to wait after serving the call, and not before.
    """

    gate: Gate
    after: bool = False

    def __post_init__(self) -> None:
        to_instance(self.gate, Gate, "gate", "make one with Gate()")
        to_bool(self.after, "after")

    def perform(self, kernel: FaultControl, call: ObservedCall, proceed: Callable[[], int]) -> int:
        """Wait at the gate."""
        return _around(self.gate.pass_through, proceed, self.after)

    def __str__(self) -> str:
        return "wait on its way back" if self.after else "wait"


@dataclass(frozen=True, slots=True)
class Do(Action):
    """Call a function just before the system call, such as one that closes the supplicant.

    Attributes:
        function: the function. If it raises OSError, the system call fails with it. For close
            and munmap, which must not be prevented, it is called just after.
    """

    function: Callable[[], object]

    def __post_init__(self) -> None:
        to_callable(self.function, "function")

    def perform(self, kernel: FaultControl, call: ObservedCall, proceed: Callable[[], int]) -> int:
        """Call the function."""
        return _around(self.function, proceed, call.call.releases)

    def __str__(self) -> str:
        return f"first do {getattr(self.function, '__name__', repr(self.function))}"


@dataclass(frozen=True, slots=True)
class Unplug(Action):
    """Unplug all devices just before the system call; see FaultyKernel.unplug().

    Attributes:
        serve_open: whether open devices are still served, as when a driver is unbound.
    """

    serve_open: bool = False

    def __post_init__(self) -> None:
        to_bool(self.serve_open, "serve_open")

    def perform(self, kernel: FaultControl, call: ObservedCall, proceed: Callable[[], int]) -> int:
        """Unplug all devices."""
        kernel.unplug(serve_open=self.serve_open)
        return proceed()

    def __str__(self) -> str:
        return "take the device away" + (" but serve what is open" if self.serve_open else "")


def _around(do: Callable[[], object], proceed: Callable[[], int], after: bool) -> int:
    if not after:
        do()
        return proceed()
    try:
        return proceed()
    finally:
        do()
