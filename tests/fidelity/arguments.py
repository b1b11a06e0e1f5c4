# SPDX-License-Identifier: BSD-2-Clause
"""Random arguments of system calls, biased to the edges of what a kernel accepts."""

from __future__ import annotations

import mmap
from uuid import UUID

from pytee_client.fake.applications import Conformance, HelloWorld
from pytee_client.fake.applications.conformance import Command
from pytee_client.fake.applications.pseudo_applications import DeviceEnumeration, InvokeTests
from pytee_client.kernels import uapi

from .belief import SHARED_DEVICE, Belief
from .choices import Choices
from .program import (
    ARGUMENT,
    FORBIDDEN_PAGES,
    NONE,
    PAGE,
    PSEUDO,
    READ_ONLY_PAGES,
    WRITABLE_PAGES,
    Param,
    Ref,
)

UNKNOWN = UUID("e1a44ab1-8f6e-4d0c-8e4d-94a8a6a1f3a7")
_LARGE = 8192
# What low memory and the kernel's half of the addresses have in common: no program has them.
_NOWHERE = (0, 8, PAGE, 1 << 63, (1 << 64) - PAGE, 0xFFFF_8000_0000_0000)
_NUMBERS = (0, 1, 2, 3, 42, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 32, (5 << 32) | 7, 2**64 - 1)
_FOREIGN_IDS = (0, 12345, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**64 - 2, 1 << 32)
_WRONG_ATTRS = (0x200, 0x8000, 1 << 32, 1 << 63, 4, 8, 9, 10, 11, 12, 13, 14, 0xFF)
_WRONG_LOGINS = (3, 4, 5, 6, 7, 0x7FFFFFFF, 0x80000000, 0xBFFFFFFF, 0xC0000000, 0xFFFFFFFF)
# The least that a release has for its max_argument_size.
_MAX_ARGUMENT = 1024
# What OP-TEE's driver sends; not all releases know others.
_CARRIED = [kind for kind in uapi.ParamType if kind <= uapi.ParamType.MEMREF_INOUT]
# Of the pseudo TAs. The other commands of InvokeTests run tests inside OP-TEE, and a sum of an
# empty memref (1) is the end of it.
_PSEUDO_COMMANDS = {InvokeTests.uuid: (0, 10), DeviceEnumeration.uuid: (0, 1, 2, 3, 77)}


class Arguments:
    """Makes arguments for a program of which something is believed.

    Attributes:
        belief: what.
    """

    def __init__(self, choices: Choices, belief: Belief, teepriv: bool) -> None:
        self.belief = belief
        self._choices = choices
        self._teepriv = teepriv

    def device(self) -> Ref:
        """Choose a descriptor to make a request to."""
        if self._choices.often(97):
            if self._choices.often(60):
                return SHARED_DEVICE
            return self._choices.some(self.belief.devices)
        return self._choices.some([*self.belief.blocks, Ref("none")])

    def place(self, usual: Ref = ARGUMENT) -> int | Ref:
        """Choose where to put an argument.

        At multiples of 8: what a number leaves behind that is written across the end of
        memory is the processor's business.
        """
        if self._choices.often(93):
            return usual
        places: tuple[int | Ref, ...] = (
            Ref("read-only", 8 * self._choices.number(-12, 3)),
            Ref("forbidden", 8 * self._choices.number(-12, 3)),
            Ref("writable", 8 * self._choices.number(0, 2 * PAGE // 8)),
            self._choices.some([*self.belief.mappings]),
            self._choices.one(*_NOWHERE),
        )
        return self._choices.one(*places)

    def flags(self) -> int:
        """Choose the flags of a request for memory, of which none are known."""
        return 0 if self._choices.often(96) else self._choices.one(1, 2, 0x10, 0xFFFFFFFF)

    def odd_range(self, address: Ref) -> tuple[int | Ref, int]:
        """Choose a range that can't be registered, or hardly."""
        # Not memory that begins writable and ends otherwise: Linux since 6.8 goes on with the
        # pages that it got, and with no address for the others.
        one = self._choices.one
        beyond = (READ_ONLY_PAGES + FORBIDDEN_PAGES) * PAGE
        # After fork(2) the written pages of a private mapping can't be registered until they
        # are written again, which the model of a child knows nothing of.
        mappings = [
            ref
            for ref, mapping in self.belief.mappings.items()
            if not (self.belief.has_forked and mapping.flags == mmap.MAP_PRIVATE)
        ]
        ranges: tuple[tuple[int | Ref, int], ...] = (
            (address, 0),
            (address, 1 << 63),
            (address, 2**64 - 1),
            (Ref("read-only", one(0, 8, PAGE)), one(0, 1, PAGE, PAGE + 1)),
            (Ref("read-only"), beyond),
            (Ref("forbidden", one(0, 8)), one(0, 1, PAGE)),
            (self._choices.some(mappings), one(0, 1, PAGE)),
            (one(*_NOWHERE), one(0, 1, PAGE, 2**64 - 1)),
        )
        return one(*ranges)

    def login(self) -> tuple[int, bytes]:
        """Choose clnt_login and clnt_uuid."""
        one = self._choices.one
        if self._choices.often(82):
            return 0, bytes(16)
        group = one(0, 0, 12345, 0xFFFFFFFF).to_bytes(4, "little")
        return one(
            (1, bytes(16)),
            (1, group * 4),
            (2, group + bytes(12)),
            (2, group * 4),
            (one(*_WRONG_LOGINS), group * 4),
        )

    def application(self) -> UUID:
        """Choose whom to open a session with."""
        if self._teepriv or self._choices.often(70):
            return self._choices.one(*PSEUDO)
        return self._choices.one(Conformance.uuid, Conformance.uuid, HelloWorld.uuid, UNKNOWN)

    def lengths(self, header: int, params: int) -> tuple[int | None, int | None]:
        """Choose num_params and buf_len, None for the right one."""
        if self._choices.often(95):
            return None, None
        right = header + uapi.PARAM.size * params
        count = self._choices.one(None, 0, 127, 0xFFFFFFFF, params + 1)
        length = self._choices.one(
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

    def session(self, *, shared: bool = True) -> tuple[Ref, int | Ref, UUID]:
        """Choose a device, a session that is mostly the device's, and say whose it is."""
        sessions = self.belief.sessions | (self.belief.shared if shared else {})
        if not sessions or not self._choices.often(97):
            return self.device(), self._choices.one(0, 0x7FFFFFFF, 0xFFFFFFFF), UNKNOWN
        session = self._choices.some([*sessions])
        if shared and not self._teepriv and self._choices.often(50):
            session = Ref("conformance.session")
        fd, uuid = sessions[session]
        if self._choices.often(94):
            copies = [copy for copy, origin in self.belief.origins.items() if origin == fd]
            return self._choices.some([fd, fd, *copies]), session, uuid
        return self.device(), session, uuid

    def command(self, uuid: UUID) -> int:
        """Choose a command of an application."""
        if uuid in _PSEUDO_COMMANDS:
            return self._choices.one(*_PSEUDO_COMMANDS[uuid])
        if uuid == HelloWorld.uuid:
            return self._choices.one(0, 0, 1, 2, 0xFFFFFFFF)
        if not self._choices.often(97):
            return self._choices.one(100, 0xFFFFFFFF)
        return self._choices.one(*(command for command in Command if command != Command.PANIC))

    def params(self, fd: Ref, uuid: UUID, *, usually: int) -> list[Param]:
        """Choose parameters for an application."""
        if uuid == HelloWorld.uuid and self._choices.often(60):
            value: Param = uapi.ParamType.VALUE_INOUT, *self._three_numbers()
            return [value] + [NONE] * self._choices.one(0, 3)
        count = self._choices.number(0, usually + 1)
        if not self._choices.often(96):
            # Not more than fit in _MAX_ARGUMENT with the larger of the headers.
            count = self._choices.one(5, 6, 7, 30)
        return [self._param(fd) for _ in range(count)]

    def supplicant_params(self, fd: Ref) -> list[Param]:
        """Choose parameters as supplicants give them, and others."""
        one = self._choices.one
        params: list[Param] = []
        for _ in range(self._choices.number(0, 6)):
            attr = one(0, 0, uapi.META, uapi.META | uapi.ParamType.VALUE_INOUT)
            params.append((attr, one(0, 1, 2, 1 << 32, 2**64 - 1), 0, 0))
        if params and not self._choices.often(75):
            params[0] = self._param(fd)
        return params

    def supplicant_wrong_param(self) -> Param:
        """Choose a parameter that no supplicant may receive requests with."""
        return self._choices.one(1, 2, 3, 4, 5, 0x101, 0x103, 0x200, 14, 0xFF), 0, 0, 12345

    def _param(self, fd: Ref) -> Param:
        one, belief = self._choices.one, self.belief
        kind = one(*(_CARRIED if self._choices.often(95) else uapi.ParamType))
        if kind.is_memref and not belief.blocks and self._choices.often():
            kind = uapi.ParamType.VALUE_INOUT
        attr = int(kind)
        if not self._choices.often(98):
            attr = one(attr | uapi.META, *_WRONG_ATTRS)
        if not kind.is_memref or not belief.blocks:
            return attr, *self._three_numbers()
        if not self._choices.often(94):
            numbers: list[int | Ref] = [uapi.TEE_MEMREF_NULL, *_FOREIGN_IDS, *belief.numbers]
            number = one(*numbers)
            return attr, one(0, 0, 1, 2**64 - 1), one(0, 0, 8, 2**64 - 1), number
        blocks = [*belief.blocks.values()]
        if self._choices.often(95):
            here = belief.origin(fd)
            blocks = [block for block in blocks if belief.origin(block.device) == here] or blocks
        block = one(*blocks)
        high = 0 if self._choices.often(96) else one(1 << 32, 0xFFFFFFFF << 32)
        offset, length = self._range(block.size)
        return attr, offset, length, Ref(block.number.name, high)

    def _three_numbers(self) -> tuple[int, int, int]:
        one = self._choices.one
        return one(*_NUMBERS), one(*_NUMBERS), one(*_NUMBERS)

    def _range(self, size: int) -> tuple[int, int]:
        """Choose an offset and a size of a memref, mostly within the block."""
        one = self._choices.one
        if self._choices.often(96):
            offset = one(0, 0, 0, 1, 8, 100, size // 2, size - 1, size, PAGE - 1, PAGE)
            offset = max(0, min(offset, size))
            rest = size - offset
            length = one(0, 1, 8, 16, 100, rest // 2, rest - 1, rest, rest)
            # What large ones take a Trusted Application in Python is better spent on more programs.
            most = _LARGE if self._choices.often(98) else rest
            return offset, max(0, min(length, rest, most))
        offset = one(0, 1, size + 1, 1 << 32, 2**64 - 1)
        return offset, one(0, 1, 2, size, size + 1, 1 << 32, 2**64 - 1)

    def start(self) -> int:
        """Choose where in the writable memory a range begins."""
        page = self._choices.number(0, WRITABLE_PAGES) * PAGE
        return page + self._choices.one(0, 0, 0, 1, 8, 100, PAGE - 1)
