# SPDX-License-Identifier: BSD-2-Clause
"""What a test tells the stand-in to do, and what it asks of it."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytee_client.kernels import uapi

from ..waiting import LIMIT
from . import library

OPEN, CLOSE, MMAP, FCNTL, OPEN_OTHER = 1, 2, 3, 4, 5
ANY_IOCTL = 0
ALWAYS = 0xFFFF_FFFF

# Where the fields of the ioctls' arguments are: offset and size.
_FIELDS: dict[int, dict[str, tuple[int, int]]] = {
    uapi.TEE_IOC_VERSION: {"impl_id": (0, 4), "impl_caps": (4, 4), "gen_caps": (8, 4)},
    uapi.TEE_IOC_SHM_ALLOC: {"size": (0, 8), "flags": (8, 4), "id": (12, 4)},
    uapi.TEE_IOC_SHM_REGISTER: {
        "addr": (0, 8),
        "length": (8, 8),
        "flags": (16, 4),
        "id": (20, 4),
    },
    uapi.TEE_IOC_SHM_REGISTER_FD: {
        "fd": (0, 8),
        "size": (8, 8),
        "flags": (16, 4),
        "id": (20, 4),
    },
    uapi.TEE_IOC_OPEN_SESSION: {
        "uuid": (0, 16),
        "clnt_uuid": (16, 16),
        "clnt_login": (32, 4),
        "cancel_id": (36, 4),
        "session": (40, 4),
        "ret": (44, 4),
        "ret_origin": (48, 4),
        "num_params": (52, 4),
    },
    uapi.TEE_IOC_INVOKE: {
        "func": (0, 4),
        "session": (4, 4),
        "cancel_id": (8, 4),
        "ret": (12, 4),
        "ret_origin": (16, 4),
        "num_params": (20, 4),
    },
    uapi.TEE_IOC_CANCEL: {"cancel_id": (0, 4), "session": (4, 4)},
    uapi.TEE_IOC_CLOSE_SESSION: {"session": (0, 4)},
    OPEN: {"flags": (0, 4)},
    CLOSE: {},
    MMAP: {"length": (0, 8)},
    FCNTL: {"command": (0, 4)},
}
for _request, _header in ((uapi.TEE_IOC_OPEN_SESSION, 56), (uapi.TEE_IOC_INVOKE, 24)):
    for _index in range(4):
        for _place, _name in enumerate(("attr", "a", "b", "c")):
            _where = (_header + 32 * _index + 8 * _place, 8)
            _FIELDS[_request][f"params[{_index}].{_name}"] = _where


@dataclass(frozen=True)
class Call:
    """A system call as it arrived; object is the number of what its descriptor stands for."""

    request: int
    process: int
    thread: int
    object: int
    result: int
    data: bytes

    @property
    def path(self) -> str:
        """The path of an OPEN."""
        return self.data[4:].decode()

    def __getitem__(self, field: str) -> int:
        offset, size = _FIELDS[self.request][field]
        assert offset + size <= len(self.data), f"{field} was not sent"
        return int.from_bytes(self.data[offset : offset + size], "little")


class Rule:
    """What happens to some calls."""

    def __init__(self, lib: Any, number: int) -> None:
        self._lib = lib
        self._number = number

    def wait(self, count: int = 1, limit: float = LIMIT) -> None:
        """Wait until so many calls are held by the rule, or were; from another thread."""
        arrived = self._lib.stand_in_wait(self._number, count, int(limit * 1000))
        assert arrived, "the call did not arrive"

    def let_go(self, count: int = 1) -> None:
        """Let so many of the calls that are held go on, or that will be."""
        self._lib.stand_in_let_go(self._number, count)


@dataclass(frozen=True)
class Alive:
    """How many are open, in all processes."""

    devices: int = 0
    sessions: int = 0
    registrations: int = 0
    blocks: int = 0
    descriptors: int = 0


class StandIn:
    """The device; any process that knows the file can have one."""

    path = "/dev/tee0"

    def __init__(self, file: Path, compiled: Path) -> None:
        self._ffi = library.ffi()
        self._lib = self._ffi.dlopen(str(compiled))
        self._state = self._lib.stand_in_attach(str(file).encode())
        assert self._state
        self._rules = 0

    def describe(self, **fields: int) -> None:
        """Set devices, implementation, implementation_capabilities or capabilities."""
        for name, value in fields.items():
            setattr(self._state, name, value)

    def on(
        self,
        request: int,
        answer: Mapping[str, int] | None = None,
        *,
        skip: int = 0,
        times: int = 1,
        delay: float = 0,
        hold: bool = False,
        cancellable: bool = False,
        interruptible: bool = False,
        error: int = 0,
        served: bool = False,
        result: int = 0,
    ) -> Rule:
        """Have something happen to some calls, times of them after the first skip of them.

        Args:
            request: the number of an ioctl, ANY_IOCTL, OPEN, CLOSE, MMAP or FCNTL; OPEN_OTHER is
                only noted, with its path as data.
            answer: what fields of the argument become, whatever the device wrote there.
            skip: how many calls pass before.
            times: how many it happens to, or ALWAYS.
            delay: seconds that a call takes, which no signal makes shorter.
            hold: whether a call then waits for `Rule.let_go`.
            cancellable: the same, and a cancellation also ends the wait.
            interruptible: the same, and a signal also ends the wait after a cancellation.
            error: the errno of a call, which does no work.
            served: whether a call with an error does its work all the same.
            result: what an ioctl returns in place of 0.
        """
        number = self._rules
        assert number < len(self._state.rules)
        self._rules += 1
        rule = self._state.rules[number]
        rule.request, rule.skip, rule.delay = request, skip, int(delay * 1_000_000)
        rule.hold = 3 if interruptible else 2 if cancellable else int(hold)
        rule.error, rule.served, rule.result = error, served, result
        for index, (name, value) in enumerate((answer or {}).items()):
            offset, size = _FIELDS[request][name]
            bits = (1 << 64) - 1
            rule.patches[index] = {"offset": offset, "size": size, "value": value & bits}
        rule.patched = len(answer or {})
        # Last, because from now on it counts.
        rule.times = times
        return Rule(self._lib, number)

    def calls(self, *requests: int) -> list[Call]:
        """Return the calls of some kinds, or all, in order."""
        assert self._state.called <= len(self._state.calls), "the first calls are forgotten"
        calls = self._state.calls[0 : self._state.called]
        return [
            Call(
                call.request,
                call.process,
                call.thread,
                call.object,
                call.result,
                bytes(self._ffi.buffer(call.bytes)[: call.length]),
            )
            for call in calls
            if not requests or call.request in requests
        ]

    def forget(self) -> None:
        """Forget the calls."""
        self._state.called = 0

    @property
    def alive(self) -> Alive:
        """What is open."""
        devices, *memory = (self._lib.stand_in_alive(kind) for kind in (1, 2, 3, 4))
        return Alive(devices, self._lib.stand_in_sessions(), *memory)

    def registrations(self) -> list[tuple[int, int, int]]:
        """Return id, address and size of memory that is registered."""
        return [
            (number, memory.address, memory.size)
            for number, memory in enumerate(self._state.objects)
            if memory.kind == 2 and self._lib.stand_in_is_alive(number)
        ]

    def take_violations(self) -> int:
        """Return how often the heap's memory was freed or resized while registered, and forget."""
        count, self._state.violations = int(self._state.violations), 0
        return count

    def assert_nothing_is_left(self) -> None:
        """Everything was given back, and no memory before its registration."""
        if self.alive != Alive():
            gc.collect()
        assert self.alive == Alive(), self.alive
        assert not self.take_violations(), "memory was freed that is registered"
