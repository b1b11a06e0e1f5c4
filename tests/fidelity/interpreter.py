# SPDX-License-Identifier: BSD-2-Clause
"""Runs programs of system calls against a kernel in Python, and writes down what came of them."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pytee_client._boundary import address_of
from pytee_client.fake import uapi
from pytee_client.fake.drivers.driver import page_multiple

from .program import (
    FORBIDDEN_PAGES,
    PAGE,
    PSEUDO,
    READ_ONLY_PAGES,
    SHARED,
    WRITABLE_PAGES,
    Close,
    Ioctl,
    Map,
    Open,
    Poke,
    Program,
    Ref,
    Step,
    Unmap,
    Value,
    Write,
)

if TYPE_CHECKING:
    from uuid import UUID

    from pytee_client._boundary import Kernel

Change: TypeAlias = tuple[str, int, str]
Transcript: TypeAlias = dict[str, "Outcome"]

# How much of a mapping is looked at, from its start.
_LOOKED_AT = 4 * PAGE
_CHUNK = 256
_SHOWN = 64
# What stands in memory in place of the number of the first session, and so on.
_FIRST_SESSION = 0x5E550001
_SESSION_OFFSET = uapi.OPEN_SESSION_RESULT_OFFSET
_ID_OFFSETS = {uapi.TEE_IOC_SHM_ALLOC: 12, uapi.TEE_IOC_SHM_REGISTER: 20}
_SIZE_OFFSETS = {uapi.TEE_IOC_SHM_ALLOC: 0, uapi.TEE_IOC_SHM_REGISTER: 8}
_RESULT_OFFSETS = {
    uapi.TEE_IOC_OPEN_SESSION: _SESSION_OFFSET + 4,
    uapi.TEE_IOC_INVOKE: uapi.INVOKE_RESULT_OFFSET,
}
_ABSENT = {"id": 12345, "session": 0x7FFF0000}
_CONTENT = bytes(
    (7 * n + n // 256) & 0xFF for n in range((WRITABLE_PAGES + READ_ONLY_PAGES) * PAGE)
)

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


@dataclass(frozen=True)
class Outcome:
    """What came of a step.

    Attributes:
        result: what the call returned ("fd" for a descriptor, "address" for one), the name
            of its errno, or the exception that a kernel must not raise.
        answer: the code and the origin of a call into the TEE; the size and the id of memory.
        changes: what changed in the program's memory: in which part, from which offset on,
            and the bytes in hexadecimal, or a checksum of many.
    """

    result: int | str
    answer: tuple[int, ...] = ()
    changes: tuple[Change, ...] = ()


class Ground:
    """A kernel with what programs find there: a device, sessions, and perhaps a supplicant.

    Loading a Trusted Application takes a real machine a thousand times as long as most steps;
    so programs share some sessions, and open few. Ref("device") is their device, and
    Ref("conformance.session") one of them.

    Args:
        kernel: the kernel.
        teepriv: whether the supplicant's device is for the programs. There is no supplicant
            then, and only what is part of the TEE can be used.
    """

    def __init__(self, kernel: Kernel, *, teepriv: bool = False) -> None:
        self.kernel = kernel
        self.device = kernel.open("/dev/tee0")
        self._supplicant: int | None = None
        if not teepriv:
            # On Linux that is who has it already.
            with contextlib.suppress(OSError):
                self._supplicant = kernel.open("/dev/teepriv0")
        uuids = {name: uuid for name, uuid in SHARED.items() if not teepriv or uuid in PSEUDO}
        self.sessions = {f"{name}.session": self._open(uuid) for name, uuid in uuids.items()}

    def _open(self, uuid: UUID) -> int:
        argument = bytearray(uapi.OPEN_SESSION_ARG.pack(uuid.bytes, bytes(16), *[0] * 6))
        buffer = bytearray(uapi.BUF_DATA.pack(address_of(argument), len(argument)))
        self.kernel.ioctl(self.device, uapi.TEE_IOC_OPEN_SESSION, address_of(buffer))
        *_, session, result, origin, _ = uapi.OPEN_SESSION_ARG.unpack(argument)
        if result:
            raise RuntimeError(f"no session with {uuid}: 0x{result:08x} of {origin}")
        return int(session)

    def close(self) -> None:
        """Close what was opened."""
        self.kernel.close(self.device)
        if self._supplicant is not None:
            self.kernel.close(self._supplicant)


def run(ground: Ground, program: Program) -> Transcript:
    """Run a program in a memory of its own, close what it leaves open, and tell what happened.

    The last entry, "end", says how many descriptors were left by then.
    """
    before = _descriptors()
    process = _Process(ground)
    try:
        transcript = {name: process.step(name, step) for name, step in program.items()}
    finally:
        process.end()
    return {**transcript, "end": Outcome(_descriptors() - before)}


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


class _Process:
    """The memory, descriptors, sessions and mappings of a program that runs."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._kernel = ground.kernel
        pages = WRITABLE_PAGES + READ_ONLY_PAGES
        self._memory = mmap.mmap(
            -1, (pages + FORBIDDEN_PAGES) * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        )
        self._memory[: len(_CONTENT)] = _CONTENT
        self._base = address_of(self._memory)
        self._values = {
            "writable": self._base,
            "read-only": self._base + WRITABLE_PAGES * PAGE,
            "forbidden": self._base + pages * PAGE,
        }
        self._protect(mmap.PROT_READ)
        forbidden = self._values["forbidden"]
        _protect(forbidden, FORBIDDEN_PAGES * PAGE, 0)
        self._values |= ground.sessions
        self._descriptors = {"device": ground.device}
        self._mappings: dict[str, int] = {}  # name to length
        self._sessions: dict[int, int] = {}  # number to what stands for it

    def step(self, name: str, step: Step) -> Outcome:
        """Run one step."""
        for poke in step.pokes if isinstance(step, Ioctl) else ():
            self._write(poke)
        before = self._snapshot()
        answer: tuple[int, ...] = ()
        try:
            if isinstance(step, Ioctl):
                result, answer = self._ioctl(name, step)
            else:
                result = self._call(name, step)
        except OSError as error:
            result = errno.errorcode.get(error.errno or 0, f"errno {error.errno}")
        except Exception as error:
            result = repr(error)
        return Outcome(result, answer, self._changes(before))

    def end(self) -> None:
        """Unmap and close what is left."""
        for name in list(self._mappings):
            self._kernel.munmap(self._values[name], self._mappings[name])
        for name, fd in self._descriptors.items():
            if name != "device":
                self._kernel.close(fd)
        self._memory.close()

    def _call(self, name: str, step: Step) -> int | str:
        match step:
            case Open(path):
                self._descriptors[name] = self._kernel.open(path)
                return "fd"
            case Close(fd):
                self._kernel.close(self._fd(fd))
                del self._descriptors[fd.name]
                return 0
            case Map(fd, length):
                self._values[name] = self._kernel.mmap(self._fd(fd), length)
                self._mappings[name] = length
                return "address"
            case Unmap(mapping, length):
                if mapping.name not in self._mappings:
                    return "nothing to unmap"
                self._kernel.munmap(self._value(mapping), length)
                del self._mappings[mapping.name], self._values[mapping.name]
                return 0
            case Write(poke):
                self._write(poke)
                return 0
        raise TypeError(step)

    def _ioctl(self, name: str, step: Ioctl) -> tuple[int | str, tuple[int, ...]]:
        argument = self._value(step.argument)
        buffer = 0
        if step.request in _RESULT_OFFSETS:
            buffer, _ = uapi.BUF_DATA.unpack(self._read(argument, 16) or bytes(16))
        unset = self._read(buffer + _SESSION_OFFSET, 4)
        try:
            result = self._kernel.ioctl(self._fd(step.fd), step.request, argument)
        finally:
            if step.request == uapi.TEE_IOC_OPEN_SESSION:
                self._learn_session(name, buffer + _SESSION_OFFSET, unset)
        if step.request in _RESULT_OFFSETS:
            return result, self._numbers("=II", buffer + _RESULT_OFFSETS[step.request])
        if step.request in _ID_OFFSETS:
            self._descriptors[name] = result
            (size,) = self._numbers("=Q", argument + _SIZE_OFFSETS[step.request])
            (number,) = self._numbers("=i", argument + _ID_OFFSETS[step.request])
            self._values[f"{name}.id"] = number
            return "fd", (size, number)
        return result, ()

    def _learn_session(self, name: str, address: int, unset: bytes | None) -> None:
        """Have the same number in memory for the first session of every kernel, and so on.

        Also after a failure: a program can look there all the same.
        """
        data = self._read(address, 4)
        if data is None or data == unset or not any(data):
            return
        (number,) = struct.unpack("=I", data)
        self._values[f"{name}.session"] = number
        sign = self._sessions.setdefault(number, _FIRST_SESSION + len(self._sessions))
        self._put(address, struct.pack("=I", sign))

    def _fd(self, ref: Ref) -> int:
        return self._descriptors.get(ref.name, -1)

    def _value(self, value: Value) -> int:
        assert not isinstance(value, bytes)
        if isinstance(value, int):
            return value
        found = self._values.get(value.name)
        if found is None:
            found = _ABSENT.get(value.name.rpartition(".")[2], 0)
        return found + value.add

    def _numbers(self, layout: str, address: int) -> tuple[int, ...]:
        data = self._read(address, struct.calcsize(layout))
        return () if data is None else struct.unpack(layout, data)

    def _parts(self) -> dict[str, tuple[int, int]]:
        """Where the memory is that the program can read, by its name."""
        own = {"memory": (self._base, len(_CONTENT))}
        return own | {
            name: (self._values[name], page_multiple(length))
            for name, length in self._mappings.items()
        }

    def _read(self, address: int, size: int) -> bytes | None:
        for start, length in self._parts().values():
            if start <= address and address + size <= start + length:
                return ctypes.string_at(address, size)
        return None

    def _write(self, poke: Poke) -> None:
        layout = poke.layout.replace("i", "I")
        fields = zip(re.findall(r"\d*[A-Za-z]", layout), poke.values, strict=True)
        values = [
            value
            if isinstance(value, bytes)
            else self._value(value) % (1 << 8 * struct.calcsize(code))
            for code, value in fields
        ]
        self._put(self._value(poke.at), struct.pack(layout, *values))

    def _put(self, address: int, data: bytes) -> None:
        """Write what can be written; also what the program itself may only read."""
        self._protect(mmap.PROT_READ | mmap.PROT_WRITE)
        for start, length in self._parts().values():
            first, last = max(start, address), min(start + length, address + len(data))
            if first < last:
                ctypes.memmove(first, data[first - address : last - address], last - first)
        self._protect(mmap.PROT_READ)

    def _protect(self, protection: int) -> None:
        _protect(self._values["read-only"], READ_ONLY_PAGES * PAGE, protection)

    def _snapshot(self) -> dict[str, bytes]:
        return {
            name: ctypes.string_at(start, min(length, _LOOKED_AT) if name != "memory" else length)
            for name, (start, length) in self._parts().items()
        }

    def _changes(self, before: dict[str, bytes]) -> tuple[Change, ...]:
        after = self._snapshot()
        return tuple(
            (name, *change)
            for name, data in after.items()
            for change in _runs(before.get(name, bytes(len(data))), data)
        )


def _protect(address: int, size: int, protection: int) -> None:
    if _libc.mprotect(address, size, protection):
        raise OSError(ctypes.get_errno(), "mprotect")


def _runs(before: bytes, after: bytes) -> list[tuple[int, str]]:
    """Where a run of bytes begins that is another than before, and what is there now."""
    if before == after:
        return []
    different = [
        offset
        for chunk in range(0, len(after), _CHUNK)
        if before[chunk : chunk + _CHUNK] != after[chunk : chunk + _CHUNK]
        for offset in range(chunk, min(chunk + _CHUNK, len(after)))
        if before[offset] != after[offset]
    ]
    runs: list[list[int]] = []
    for offset in different:
        if runs and runs[-1][1] == offset:
            runs[-1][1] += 1
        else:
            runs.append([offset, offset + 1])
    if len(different) > _SHOWN:
        # With many bytes some happen to be the same, which tears the runs apart.
        runs = [[runs[0][0], runs[-1][1]]]
    return [(start, _shown(after[start:end])) for start, end in runs]


def _shown(data: bytes) -> str:
    if len(data) <= _SHOWN:
        return data.hex()
    return f"{len(data)} bytes, CRC {zlib.crc32(data):08x}"
