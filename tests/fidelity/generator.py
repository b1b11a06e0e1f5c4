# SPDX-License-Identifier: BSD-2-Clause
"""Random programs of system calls."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from dataclasses import replace

from pytee_client.fake.applications import Conformance
from pytee_client.fake.applications.conformance import Command
from pytee_client.kernels import uapi

from .arguments import Arguments
from .belief import SHARED_DEVICE, Belief, Block
from .choices import Choices
from .program import (
    ARGUMENT,
    BUFFER,
    PAGE,
    UNSET,
    WRITABLE_PAGES,
    Close,
    Dup,
    InChild,
    Ioctl,
    Map,
    Open,
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
    receive,
    register,
    send,
    version,
)

_MAX_STEPS = 40
# Longer ones take a real machine as long as everything else together.
_MAX_OPENINGS = 3
_REQUESTS = (
    uapi.TEE_IOC_VERSION,
    uapi.TEE_IOC_SHM_ALLOC,
    uapi.TEE_IOC_OPEN_SESSION,
    uapi.TEE_IOC_INVOKE,
    uapi.TEE_IOC_CANCEL,
    uapi.TEE_IOC_CLOSE_SESSION,
    uapi.TEE_IOC_SHM_REGISTER,
)
_WAITS = (Command.WAIT, Command.WAIT_AND_XOR, Command.COMPUTE)
_SIZES, _NUMBER = 0x3FFF0000, 0xFF
_TCGETS = 0x5401  # a terminal's
_READ_WRITE = mmap.PROT_READ | mmap.PROT_WRITE


def programs(
    seed: int, count: int, *, teepriv: bool = False, first: int = 0
) -> Iterator[tuple[int, Program]]:
    """Make programs, with their numbers; each depends on the seed and its number alone.

    Args:
        seed: says which.
        count: how many.
        teepriv: they open the supplicant's device as well, which must be free; since there
            is no supplicant then, they use no Trusted Application that it would load.
        first: the number of the first.
    """
    for number in range(first, first + count):
        yield number, _Generator(Choices(f"{seed}/{number}"), teepriv).program()


class _Generator:
    """Writes one program, with an idea of what its steps will have yielded."""

    def __init__(self, choices: Choices, teepriv: bool) -> None:
        self._choices = choices
        self._teepriv = teepriv
        self._program: dict[str, Step] = {}
        self._belief = Belief.at_first(teepriv)
        self._arguments = Arguments(choices, self._belief, teepriv)
        self._openings = 0

    def program(self) -> Program:
        kinds: list[tuple[int, Callable[[], Step]]] = [
            (4, self._open),
            (3, self._close_device),
            (4, self._dup),
            (5, self._close_block),
            (8, self._map),
            (5, self._unmap),
            (2, self._version),
            (10, self._allocate),
            (12, self._register),
            (7, self._open_session),
            (40, self._invoke),
            (5, self._cancel),
            (5, self._close_session),
            (5, self._wrong_request),
            (4, self._write),
            (8 if self._teepriv else 2, self._receive),
            (8 if self._teepriv else 2, self._send),
        ]
        forks = not self._choices.often(80)
        steps = self._choices.number(1, _MAX_STEPS)
        while len(self._program) < steps:
            if forks and not self._choices.often(94):
                self._fork(kinds)
            else:
                self._program[self._name] = self._choices.weighted(kinds)()
        return self._program

    def _fork(self, kinds: list[tuple[int, Callable[[], Step]]]) -> None:
        parents = self._belief
        parents.has_forked = True
        self._belief = self._arguments.belief = parents.child()
        for _ in range(self._choices.number(1, 6)):
            step = self._choices.weighted(kinds)()
            assert not isinstance(step, InChild)
            self._program[self._name] = InChild(step)
        self._belief = self._arguments.belief = parents

    @property
    def _name(self) -> str:
        return f"s{len(self._program)}"

    @property
    def _here(self) -> Ref:
        """What the step being made will yield."""
        return Ref(self._name)

    def _open(self) -> Step:
        self._belief.devices.append(self._here)
        if self._teepriv and self._choices.often(35):
            return Open("/dev/teepriv0")
        if self._choices.often(90):
            return Open()
        return Open(self._choices.one("/dev/teepriv0", "/dev/tee9"))

    def _close_device(self) -> Step:
        devices = self._belief.devices
        fd = self._choices.some([fd for fd in devices if fd != SHARED_DEVICE])
        if fd in devices and self._choices.often():
            devices.remove(fd)
        return Close(fd)

    def _dup(self) -> Step:
        belief = self._belief
        fd = self._choices.some([*belief.blocks, *belief.devices])
        if self._choices.often(95):
            belief.origins[self._here] = belief.origin(fd)
            if fd in belief.blocks:
                belief.blocks[self._here] = belief.blocks[fd]
            else:
                belief.devices.append(self._here)
            return Dup(fd)
        return Dup(Ref("none"))

    def _close_block(self) -> Step:
        block = self._choices.some([*self._belief.blocks])
        if self._choices.often():
            self._belief.blocks.pop(block, None)
        return Close(block)

    def _map(self) -> Step:
        one, often, blocks = self._choices.one, self._choices.often, self._belief.blocks
        fd = self._choices.some([*blocks]) if often(95) else self._arguments.device()
        if often():
            mappable = [ref for ref, block in blocks.items() if block.is_mappable]
            if not mappable:
                return self._allocate()
            fd = self._choices.some(mappable)
        size = blocks[fd].size if fd in blocks else PAGE
        length = size
        if not often(80):
            # Sizes between these and the end of the addresses: how many bits an address
            # has is the processor's business.
            length = one(0, 1, PAGE, size + 1, size + PAGE, 1 << 40, 1 << 63, 2**64 - 1)
        step = Map(fd, length)
        if not often(85):
            end = -(-size // PAGE) * PAGE
            offset = one(1, PAGE, max(0, end - PAGE), end, 1 << 40, (1 << 63) - PAGE, 2**64 - PAGE)
            step = replace(step, offset=offset, length=one(length, PAGE))
        if not often(85):
            protections = (mmap.PROT_READ, mmap.PROT_WRITE, 0, mmap.PROT_READ | mmap.PROT_EXEC)
            step = replace(step, protection=one(*protections))
        if not often(85):
            step = replace(step, flags=one(mmap.MAP_PRIVATE, mmap.MAP_PRIVATE, 0))
        if fd in blocks or not often():
            self._belief.mappings[self._here] = step
        return step

    def _unmap(self) -> Step:
        # Of mappings alone: munmap(2) of something else ends who knows what. The program's own
        # memory stays mapped as well: a kernel holds pages that are shared, and the fake their
        # addresses.
        one, mappings = self._choices.one, self._belief.mappings
        if not mappings:
            return self._map()
        ref = self._choices.some([*mappings])
        length = mappings[ref].length if ref in mappings else 0
        if self._choices.often(65):
            mappings.pop(ref, None)
            return Unmap(ref, length)
        if self._choices.often(70):
            pages = max(1, min(-(-length // PAGE), 1024))
            first = self._choices.number(0, pages)
            return Unmap(replace(ref, add=first * PAGE), one(1, PAGE, (pages - first) * PAGE))
        return one(Unmap(ref, 0), Unmap(replace(ref, add=8), length))

    def _version(self) -> Step:
        return version(self._arguments.device(), self._arguments.place())

    def _allocate(self) -> Step:
        one = self._choices.one
        size = one(1, 8, 100, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 5 * PAGE, 65536)
        if not self._choices.often():
            # Not much more at once: whether there is as much in one piece is chance.
            size = one(0, 1 << 17, (4 << 20) + 1, 1 << 32, 1 << 63, 2**64 - PAGE, 2**64 - 1)
        fd = self._arguments.device()
        self._believe(fd, -(-size // PAGE) * PAGE, is_mappable=True)
        return allocate(fd, size, self._arguments.flags(), self._arguments.place())

    def _register(self) -> Step:
        fd = self._arguments.device()
        start = self._arguments.start()
        room = WRITABLE_PAGES * PAGE - start
        lengths = (1, 8, 100, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, room)
        length = min(room, self._choices.one(*lengths))
        address: int | Ref = Ref("writable", start)
        if not self._choices.often():
            address, length = self._arguments.odd_range(Ref("writable", start))
        self._believe(fd, length, is_mappable=False)
        return register(fd, address, length, self._arguments.flags(), self._arguments.place())

    def _believe(self, device: Ref, size: int, *, is_mappable: bool) -> None:
        number = Ref(f"{self._name}.id")
        self._belief.blocks[self._here] = Block(device, size, number, is_mappable)
        self._belief.numbers.append(number)

    def _open_session(self) -> Step:
        if self._openings == _MAX_OPENINGS:
            return self._invoke()
        self._openings += 1
        arguments = self._arguments
        fd = arguments.device()
        uuid = arguments.application()
        login, client = arguments.login()
        params = arguments.params(fd, uuid, usually=2)
        if uuid == Conformance.uuid and params and params[0][0] == uapi.ParamType.VALUE_INPUT:
            # By the second number, 2 is a wait of so many milliseconds, and 1 a panic.
            wish = self._choices.one((0, 0), (0, 0), (0xFFFF0006, 0), (0, 1), (1, 2), (2, 2))
            params[0] = (params[0][0], *wish, 0)
        self._belief.sessions[Ref(f"{self._name}.session")] = (fd, uuid)
        count, length = arguments.lengths(uapi.OPEN_SESSION_ARG.size, len(params))
        at, buffer = arguments.place(), arguments.place(BUFFER)
        if self._teepriv:
            # Where one lies in the other it is another application that is asked for, which the
            # supplicant would load: there is none, and the program had no end.
            at, buffer = ARGUMENT, BUFFER
        return open_session(
            fd,
            params,
            uuid=uuid,
            login=login,
            client=client,
            count=count,
            length=length,
            at=at,
            buffer=buffer,
        )

    def _invoke(self) -> Step:
        arguments, one = self._arguments, self._choices.one
        fd, session, uuid = arguments.session()
        command = arguments.command(uuid)
        is_own = session in self._belief.sessions
        if is_own and uuid == Conformance.uuid and not self._choices.often(90):
            command = Command.PANIC
        params = arguments.params(fd, uuid, usually=4)
        if command in _WAITS and params and params[0][0] == uapi.ParamType.VALUE_INPUT:
            params[0] = (params[0][0], one(0, 1, 2), one(0, 1, 2, 1 << 32), 0)
        count, length = arguments.lengths(uapi.INVOKE_ARG.size, len(params))
        return invoke(
            fd,
            session,
            command,
            params,
            count=count,
            length=length,
            at=arguments.place(),
            buffer=arguments.place(BUFFER),
        )

    def _cancel(self) -> Step:
        fd, session, _ = self._arguments.session()
        cancel_id = self._choices.one(0, 1, 0xFFFFFFFF)
        return cancel(fd, session, cancel_id, self._arguments.place())

    def _close_session(self) -> Step:
        if not self._belief.sessions and self._choices.often():
            return self._open_session()
        fd, session, _ = self._arguments.session(shared=False)
        return close_session(fd, session, self._arguments.place())

    def _wrong_request(self) -> Step:
        one = self._choices.one
        request = one(*_REQUESTS)
        wrong = one(
            request ^ one(1 << 30, 2 << 30, 3 << 30),
            request ^ one(1 << 16, 8 << 16, _SIZES),
            request ^ (1 << 8),
            (request & ~_NUMBER) | one(0x0A, 0x0B, 0xFF),
            uapi.TEE_IOC_SHM_REGISTER_FD,
            0,
            0xFFFFFFFF,
            _TCGETS,
        )
        at = self._arguments.place()
        return Ioctl(self._arguments.device(), wrong, at, (Poke(at, "=QQQ", (UNSET,) * 3),))

    def _receive(self) -> Step:
        # Only what is refused: else it waits for a request. So it must be read as it is here.
        one = self._choices.one
        fd = self._supplicants_device()
        params = self._arguments.supplicant_params(fd)
        length = 8 + uapi.PARAM.size * len(params)
        refused = one(
            "no parameters", "a type", "too short", "too long", "no argument", "no buffer"
        )
        if refused == "no parameters":
            return receive(fd, [])
        if refused == "a type":
            wrong = self._choices.number(0, len(params) + 1)
            params.insert(wrong, self._arguments.supplicant_wrong_param())
            return receive(fd, params)
        if refused == "too short":
            return receive(fd, params, length=one(0, 7, length - 1))
        if refused == "too long":
            return receive(fd, params, length=one(length + 1, length + 32, 4097, 2**64 - 1))
        return receive(fd, params, **{"at" if refused == "no argument" else "buffer": one(0, PAGE)})

    def _send(self) -> Step:
        fd = self._supplicants_device()
        params = self._arguments.supplicant_params(fd)
        count, length = self._arguments.lengths(8, len(params))
        return send(
            fd,
            self._choices.one(0, 0xFFFF0008, 0xFFFFFFFF),
            params,
            count=count,
            length=length,
            at=self._arguments.place(),
            buffer=self._arguments.place(BUFFER),
        )

    def _supplicants_device(self) -> Ref:
        """Choose a descriptor, of the supplicant's device if there is one and mostly."""
        opened = [
            ref
            for ref in self._belief.devices
            if self._program.get(self._belief.origin(ref).name) == Open("/dev/teepriv0")
        ]
        if opened and self._choices.often():
            return self._choices.some(opened)
        return self._arguments.device()

    def _write(self) -> Step:
        at = self._choices.one(
            Ref("writable"),
            Ref("writable", self._choices.number(0, WRITABLE_PAGES * PAGE)),
            *self._belief.mappings,
            *(Ref(ref.name, PAGE - 8) for ref in self._belief.mappings),
        )
        return Write(Poke(at, "=16s", (self._choices.data(16),)))
