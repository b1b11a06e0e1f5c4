# SPDX-License-Identifier: BSD-2-Clause
"""Random programs of system calls, with values biased to the edges of what a kernel accepts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from pytee_client.fake import uapi
from pytee_client.fake.applications import Conformance, HelloWorld
from pytee_client.fake.applications.conformance import Command
from pytee_client.fake.applications.pseudo_applications import DeviceEnumeration, InvokeTests

from .program import (
    ARGUMENT,
    BUFFER,
    FORBIDDEN_PAGES,
    NONE,
    PAGE,
    PSEUDO,
    READ_ONLY_PAGES,
    SHARED,
    UNSET,
    WRITABLE_PAGES,
    Close,
    Ioctl,
    Map,
    Open,
    Param,
    Poke,
    Program,
    Ref,
    Step,
    Unmap,
    Write,
    allocate,
    cancel,
    close_session,
    invoke,
    open_session,
    register,
    version,
)

_T = TypeVar("_T")
_SHARED_DEVICE = Ref("device")
_UNKNOWN = UUID("e1a44ab1-8f6e-4d0c-8e4d-94a8a6a1f3a7")
_MAX_STEPS = 40
# Longer ones take a real machine as long as everything else together.
_MAX_OPENINGS = 3
_LARGE = 8192
# What low memory and the kernel's half of the addresses have in common: no program has them.
_NOWHERE = (0, 8, PAGE, 1 << 63, (1 << 64) - PAGE, 0xFFFF_8000_0000_0000)
_NUMBERS = (0, 1, 2, 3, 42, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 32, (5 << 32) | 7, 2**64 - 1)
_FOREIGN_IDS = (0, 12345, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**64 - 2, 1 << 32)
_WRONG_ATTRS = (0x200, 0x8000, 1 << 32, 1 << 63, 4, 8, 9, 10, 11, 12, 13, 14, 0xFF)
_WRONG_LOGINS = (3, 4, 5, 6, 7, 0x7FFFFFFF, 0x80000000, 0xBFFFFFFF, 0xC0000000, 0xFFFFFFFF)
_REQUESTS = (
    uapi.TEE_IOC_VERSION,
    uapi.TEE_IOC_SHM_ALLOC,
    uapi.TEE_IOC_OPEN_SESSION,
    uapi.TEE_IOC_INVOKE,
    uapi.TEE_IOC_CANCEL,
    uapi.TEE_IOC_CLOSE_SESSION,
    uapi.TEE_IOC_SHM_REGISTER,
)
# Linux 6.12 was seen to refuse 4088 bytes of argument; newer ones, and the fake, take 4096.
_MAX_ARGUMENT = 1024
_SIZES, _NUMBER = 0x3FFF0000, 0xFF
_SHM_REGISTER_FD = 0xC018A408  # not in Linux before 6.18
_TCGETS = 0x5401  # a terminal's
# Of the pseudo TAs. The other commands of InvokeTests run tests inside OP-TEE, and a sum of an
# empty memref (1) is the end of it.
_PSEUDO_COMMANDS = {InvokeTests.uuid: (0, 10), DeviceEnumeration.uuid: (0, 1, 2, 3, 77)}


def programs(seed: int, count: int, *, teepriv: bool = False) -> Iterator[Program]:
    """Make programs; each depends on the seed and its place alone.

    Args:
        seed: says which.
        count: how many.
        teepriv: they open the supplicant's device as well, which must be free; since there
            is no supplicant then, they use no Trusted Application that it would load.
    """
    for n in range(count):
        yield _Generator(random.Random(f"{seed}/{n}"), teepriv).program()


class _Generator:
    """Writes one program, with an idea of what its steps will have yielded."""

    def __init__(self, source: random.Random, teepriv: bool) -> None:
        self._random = source
        self._teepriv = teepriv
        self._program: dict[str, Step] = {}
        self._devices = [_SHARED_DEVICE]
        self._blocks: dict[Ref, tuple[Ref, int]] = {}  # the id's device and size, by descriptor
        self._mappings: dict[Ref, int] = {}
        # Device and application. A program must leave the shared ones to the next.
        self._shared = {
            Ref(f"{name}.session"): (_SHARED_DEVICE, uuid)
            for name, uuid in SHARED.items()
            if uuid in PSEUDO or not teepriv
        }
        self._sessions: dict[Ref, tuple[Ref, UUID]] = {}
        self._openings = 0

    def program(self) -> Program:
        kinds: list[tuple[int, Callable[[], Step]]] = [
            (4, self._open),
            (3, self._close_device),
            (5, self._close_block),
            (7, self._map),
            (4, self._unmap),
            (2, self._version),
            (10, self._allocate),
            (12, self._register),
            (7, self._open_session),
            (40, self._invoke),
            (5, self._cancel),
            (5, self._close_session),
            (5, self._wrong_request),
            (3, self._write),
        ]
        weights, makers = [weight for weight, _ in kinds], [maker for _, maker in kinds]
        for _ in range(self._random.randrange(1, _MAX_STEPS)):
            self._add(self._random.choices(makers, weights)[0])
        return self._program

    def _add(self, make: Callable[[], Step]) -> None:
        self._program[self._name] = make()

    @property
    def _name(self) -> str:
        return f"s{len(self._program)}"

    @property
    def _here(self) -> Ref:
        """What the step being made will yield."""
        return Ref(self._name)

    def _one(self, *values: _T) -> _T:
        return self._random.choice(values)

    def _often(self, percent: int = 88) -> bool:
        return self._random.randrange(100) < percent

    def _some(self, refs: Sequence[Ref]) -> Ref:
        return self._random.choice(refs) if refs else Ref("none")

    def _device(self) -> Ref:
        if self._often(97):
            return _SHARED_DEVICE if self._often(60) else self._some(self._devices)
        return self._some([*self._blocks, Ref("none")])

    def _open(self) -> Step:
        # Not dup(2): the seam between the library and a kernel has no such call.
        self._devices.append(self._here)
        if self._teepriv and self._often(35):
            return Open("/dev/teepriv0")
        return Open("/dev/tee0" if self._often(90) else self._one("/dev/teepriv0", "/dev/tee9"))

    def _close_device(self) -> Step:
        fd = self._some([fd for fd in self._devices if fd != _SHARED_DEVICE])
        if fd in self._devices and self._often():
            self._devices.remove(fd)
        return Close(fd)

    def _close_block(self) -> Step:
        block = self._some([*self._blocks])
        if self._often():
            self._blocks.pop(block, None)
        return Close(block)

    def _map(self) -> Step:
        fd = self._some([*self._blocks]) if self._often(95) else self._device()
        _, size = self._blocks.get(fd, (fd, PAGE))
        length = size
        if not self._often():
            # Sizes between these and the end of the addresses: how many bits an address
            # has is the processor's business.
            length = self._one(0, 1, PAGE, size + 1, size + PAGE, 1 << 40, 1 << 63, 2**64 - 1)
        self._mappings[self._here] = length
        return Map(fd, length)

    def _unmap(self) -> Step:
        # Whole mappings, or what is refused: munmap(2) of something else ends who knows what.
        # The program's own memory stays mapped as well: a kernel holds pages that are shared,
        # and the fake their addresses.
        mapping = self._some([*self._mappings])
        length = self._mappings.get(mapping, 0)
        if self._often(90):
            self._mappings.pop(mapping, None)
            return Unmap(mapping, length)
        return self._one(Unmap(mapping, 0), Unmap(replace(mapping, add=8), length))

    def _version(self) -> Step:
        return version(self._device(), self._place())

    def _place(self, usual: Ref = ARGUMENT) -> int | Ref:
        """Where to put an argument.

        At multiples of 8: what a number leaves behind that is written across the end of
        memory is the processor's business.
        """
        if self._often(93):
            return usual
        places: list[int | Ref] = [
            Ref("read-only", 8 * self._random.randrange(-12, 3)),
            Ref("forbidden", 8 * self._random.randrange(-12, 3)),
            Ref("writable", 8 * self._random.randrange(0, 2 * PAGE // 8)),
            self._some([*self._mappings]),
            self._one(*_NOWHERE),
        ]
        return self._random.choice(places)

    def _allocate(self) -> Step:
        size = self._one(1, 8, 100, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 5 * PAGE, 65536)
        if not self._often():
            # Not much more at once: whether there is as much in one piece is chance.
            size = self._one(0, 1 << 17, (4 << 20) + 1, 1 << 32, 1 << 63, 2**64 - PAGE, 2**64 - 1)
        fd = self._device()
        self._blocks[self._here] = (fd, -(-size // PAGE) * PAGE)
        flags = 0 if self._often(96) else self._one(1, 0x10, 0xFFFFFFFF)
        return allocate(fd, size, flags, self._place())

    def _register(self) -> Step:
        fd = self._device()
        start = self._random.randrange(WRITABLE_PAGES) * PAGE
        start += self._one(0, 0, 0, 1, 8, 100, PAGE - 1)
        room = WRITABLE_PAGES * PAGE - start
        length = min(room, self._one(1, 8, 100, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, room))
        address: int | Ref = Ref("writable", start)
        if not self._often():
            address, length = self._odd_range(Ref("writable", start))
        self._blocks[self._here] = (fd, length)
        flags = 0 if self._often(96) else self._one(1, 2, 0x10, 0xFFFFFFFF)
        return register(fd, address, length, flags, self._place())

    def _odd_range(self, address: Ref) -> tuple[int | Ref, int]:
        # Not memory that begins writable and ends otherwise: Linux since 6.8 goes on with the
        # pages that it got, and with no address for the others.
        beyond = (READ_ONLY_PAGES + FORBIDDEN_PAGES) * PAGE
        ranges: list[tuple[int | Ref, int]] = [
            (address, 0),
            (address, 1 << 63),
            (address, 2**64 - 1),
            (Ref("read-only", self._one(0, 8, PAGE)), self._one(0, 1, PAGE, PAGE + 1)),
            (Ref("read-only"), beyond),
            (Ref("forbidden", self._one(0, 8)), self._one(0, 1, PAGE)),
            (self._some([*self._mappings]), self._one(0, 1, PAGE)),
            (self._one(*_NOWHERE), self._one(0, 1, PAGE, 2**64 - 1)),
        ]
        return self._random.choice(ranges)

    def _login(self) -> tuple[int, bytes]:
        if self._often():
            return 0, bytes(16)
        group = self._one(0, 12345, 0xFFFFFFFF).to_bytes(4, "little")
        return self._one(
            (1, bytes(16)),
            (2, group + bytes(12)),
            (2, group * 4),
            (self._one(*_WRONG_LOGINS), group * 4),
        )

    def _open_session(self) -> Step:
        if self._openings == _MAX_OPENINGS:
            return self._invoke()
        self._openings += 1
        fd = self._device()
        uuid = self._application()
        login, client = self._login()
        params = self._params(fd, uuid, usually=2)
        if uuid == Conformance.uuid and params and params[0][0] == uapi.ParamType.VALUE_INPUT:
            # By the second number, 2 is a wait of so many milliseconds, and 1 a panic.
            wish = self._one((0, 0), (0, 0), (0xFFFF0006, 0), (0, 1), (1, 2), (2, 2))
            params[0] = (params[0][0], *wish, 0)
        self._sessions[Ref(f"{self._name}.session")] = (fd, uuid)
        count, length = self._lengths(uapi.OPEN_SESSION_ARG.size, len(params))
        return open_session(
            fd,
            params,
            uuid=uuid,
            login=login,
            client=client,
            count=count,
            length=length,
            at=self._place(),
            buffer=self._place(BUFFER),
        )

    def _application(self) -> UUID:
        if self._teepriv or self._often(70):
            return self._one(*PSEUDO)
        return self._one(Conformance.uuid, Conformance.uuid, HelloWorld.uuid, _UNKNOWN)

    def _lengths(self, header: int, params: int) -> tuple[int | None, int | None]:
        """Return num_params and buf_len, None for the right one."""
        if self._often(95):
            return None, None
        right = header + uapi.PARAM.size * params
        count = self._one(None, 0, 127, 0xFFFFFFFF, params + 1)
        length = self._one(
            None,
            0,
            8,
            header - 1,
            header,
            right + 1,
            right - 1,
            right + 32,
            _MAX_ARGUMENT,
            4097,
            1 << 32,
            2**64 - 1,
        )
        return count, length

    def _session(self, *, shared: bool = True) -> tuple[Ref, int | Ref, UUID]:
        """Return a device, a session that is mostly the device's, and what the session is with."""
        sessions = self._sessions | (self._shared if shared else {})
        if not sessions or not self._often(97):
            wrong: tuple[int | Ref, ...] = (0, 0x7FFFFFFF, 0xFFFFFFFF)
            return self._device(), self._random.choice(wrong), _UNKNOWN
        session = self._some([*sessions])
        if shared and not self._teepriv and self._often(50):
            session = Ref("conformance.session")
        fd, uuid = sessions[session]
        return (fd if self._often(97) else self._device()), session, uuid

    def _invoke(self) -> Step:
        fd, session, uuid = self._session()
        command = self._command(uuid)
        if session not in self._shared and uuid == Conformance.uuid and not self._often(90):
            command = Command.PANIC
        params = self._params(fd, uuid, usually=4)
        if command == Command.WAIT and params and params[0][0] == uapi.ParamType.VALUE_INPUT:
            params[0] = (params[0][0], self._one(0, 1, 2), self._one(0, 1, 2, 1 << 32), 0)
        count, length = self._lengths(uapi.INVOKE_ARG.size, len(params))
        return invoke(
            fd,
            session,
            command,
            params,
            count=count,
            length=length,
            at=self._place(),
            buffer=self._place(BUFFER),
        )

    def _command(self, uuid: UUID) -> int:
        if uuid in _PSEUDO_COMMANDS:
            return self._one(*_PSEUDO_COMMANDS[uuid])
        if uuid == HelloWorld.uuid:
            return self._one(0, 0, 1, 2, 0xFFFFFFFF)
        if not self._often(97):
            return self._one(10, 0xFFFFFFFF)
        return self._one(*(command for command in Command if command != Command.PANIC))

    def _params(self, fd: Ref, uuid: UUID, *, usually: int) -> list[Param]:
        if uuid == HelloWorld.uuid and self._often(60):
            value: Param = uapi.ParamType.VALUE_INOUT, *self._three_numbers()
            return [value] + [NONE] * self._one(0, 3)
        count = self._random.randrange(usually + 1)
        if not self._often(96):
            # Not more than fit in _MAX_ARGUMENT with the larger of the headers.
            count = self._one(5, 6, 7, 30)
        return [self._param(fd) for _ in range(count)]

    def _param(self, fd: Ref) -> Param:
        kind = self._one(*uapi.ParamType)
        attr = int(kind)
        if not self._often(98):
            attr = self._one(attr | uapi.META, *_WRONG_ATTRS)
        if not kind.is_memref or not self._blocks:
            return attr, *self._three_numbers()
        if not self._often(94):
            number: int | Ref = self._one(uapi.TEE_MEMREF_NULL, *_FOREIGN_IDS)
            return attr, self._one(0, 0, 1, 2**64 - 1), self._one(0, 0, 8, 2**64 - 1), number
        blocks = [*self._blocks]
        if self._often(95):
            blocks = [block for block in blocks if self._blocks[block][0] == fd] or blocks
        block = self._some(blocks)
        _, size = self._blocks[block]
        high = 0 if self._often(96) else self._one(1 << 32, 0xFFFFFFFF << 32)
        offset, length = self._range(size)
        return attr, offset, length, Ref(f"{block.name}.id", high)

    def _three_numbers(self) -> tuple[int, int, int]:
        return self._one(*_NUMBERS), self._one(*_NUMBERS), self._one(*_NUMBERS)

    def _range(self, size: int) -> tuple[int, int]:
        """Return an offset and a size of a memref, mostly within the block."""
        if self._often(96):
            offset = self._one(0, 0, 0, 1, 8, 100, size // 2, size - 1, size, PAGE - 1, PAGE)
            offset = max(0, min(offset, size))
            rest = size - offset
            length = self._one(0, 1, 8, 16, 100, rest // 2, rest - 1, rest, rest)
            # What large ones take a Trusted Application in Python is better spent on more programs.
            return offset, max(0, min(length, rest, _LARGE))
        offset = self._one(0, 1, size + 1, 1 << 32, 2**64 - 1)
        return offset, self._one(0, 1, 2, size, size + 1, 1 << 32, 2**64 - 1)

    def _cancel(self) -> Step:
        fd, session, _ = self._session()
        return cancel(fd, session, self._one(0, 1, 0xFFFFFFFF), self._place())

    def _close_session(self) -> Step:
        fd, session, _ = self._session(shared=False)
        return close_session(fd, session, self._place())

    def _wrong_request(self) -> Step:
        # The supplicant's requests are left out: the fake has none, and the real ones wait.
        request = self._one(*_REQUESTS)
        wrong = self._one(
            request ^ self._one(1 << 30, 2 << 30, 3 << 30),
            request ^ self._one(1 << 16, 8 << 16, _SIZES),
            request ^ (1 << 8),
            (request & ~_NUMBER) | self._one(0x0A, 0x0B, 0xFF),
            _SHM_REGISTER_FD,
            0,
            0xFFFFFFFF,
            _TCGETS,
        )
        at = self._place()
        return Ioctl(self._device(), wrong, at, (Poke(at, "=QQQ", (UNSET,) * 3),))

    def _write(self) -> Step:
        parts = [Ref("writable"), Ref("writable", self._random.randrange(WRITABLE_PAGES * PAGE))]
        at = self._one(*parts, *self._mappings)
        return Write(Poke(at, "=16s", (self._random.randbytes(16),)))
