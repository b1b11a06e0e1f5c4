# SPDX-License-Identifier: BSD-2-Clause
"""A program that runs: its steps as calls of a kernel, and what came of each."""

from __future__ import annotations

import errno
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pytee_client.fake.structures import page_multiple
from pytee_client.kernels import uapi

from .ground import ProgramKernel
from .memory import Change, Memory
from .memory import Mapping as MappedMemory
from .program import PAGE, Close, Dup, Ioctl, Map, Open, Poke, Ref, Step, Unmap, Value, Write

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


class Process:
    """The memory, descriptors, sessions and mappings of a program that runs.

    Args:
        kernel: the kernel it makes its calls to.
        memory: its memory.
        descriptors: those it begins with, by name.
        values: the numbers it begins with, by name.
        is_borrowing: whether the descriptors that it begins with stay open at its end.

    Attributes:
        memory: its memory.
        values: what its steps yielded, by name.
        sessions: the numbers of those that were opened, and what stands for each in memory.
    """

    def __init__(
        self,
        kernel: ProgramKernel,
        memory: Memory,
        descriptors: Mapping[str, int],
        values: Mapping[str, int],
        *,
        is_borrowing: bool = True,
    ) -> None:
        self.memory = memory
        self.values = {**values, **memory.places}
        self.sessions: dict[int, int] = {}
        self._kernel = kernel
        self._descriptors = dict(descriptors)
        self._borrowed = dict(descriptors) if is_borrowing else {}
        self._inherited = frozenset(memory.mappings)

    def child(self, inherit: Callable[[int], int]) -> Process:
        """Return what fork(2) makes of it.

        Args:
            inherit: what a descriptor of the parent's is in the child.
        """
        child = Process(
            self._kernel,
            self.memory.child(),
            {name: inherit(fd) for name, fd in self._descriptors.items()},
            self.values,
            is_borrowing=False,
        )
        child.sessions = dict(self.sessions)
        return child

    def take_mappings(self) -> None:
        """Have the inherited mappings for itself, as a real child has."""
        self._inherited = frozenset()

    def learn(self, values: Mapping[str, int], sessions: Mapping[int, int]) -> None:
        """Take over what a child found out that holds for its parent too: numbers, no addresses."""
        self.values |= {name: value for name, value in values.items() if "." in name}
        self.sessions = dict(sessions)

    def step(self, name: str, step: Step) -> Outcome:
        """Run one step."""
        for poke in step.pokes if isinstance(step, Ioctl) else ():
            self._write(poke)
        before = self.memory.snapshot()
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
        return Outcome(result, answer, self.memory.changes(before))

    def end(self) -> None:
        """Unmap and close what is left."""
        for name, mapping in self.memory.mappings.items():
            if name not in self._inherited:
                for start, beyond in mapping.pieces:
                    self._kernel.munmap(start, beyond - start)
        for name, fd in self._descriptors.items():
            if name not in self._borrowed:
                self._kernel.close(fd)
        self.memory.end()

    def _call(self, name: str, step: Step) -> int | str:
        match step:
            case Open(path):
                self._descriptors[name] = self._kernel.open(path)
                return "fd"
            case Dup(fd):
                self._descriptors[name] = self._kernel.dup(self._fd(fd))
                return "fd"
            case Close(fd):
                self._kernel.close(self._fd(fd))
                del self._descriptors[fd.name]
                return 0
            case Map():
                return self._map(name, step)
            case Unmap(mapping, length):
                return self._unmap(mapping, length)
            case Write(poke):
                self._write(poke)
                return 0
        raise TypeError(step)

    def _map(self, name: str, step: Map) -> str:
        address = self._kernel.mmap(
            self._fd(step.fd),
            step.length,
            offset=step.offset,
            protection=step.protection,
            flags=step.flags,
            address=self.memory.next_place(),
        )
        self.values[name] = address
        size = page_multiple(step.length)
        self.memory.mappings[name] = MappedMemory(address, size, step.protection)
        return "address"

    def _unmap(self, ref: Ref, length: int) -> int | str:
        mapping, address = self.memory.mappings.get(ref.name), self._value(ref)
        if mapping is None:
            return "nothing to unmap"
        size = page_multiple(length)
        if not size or address % PAGE:
            self._kernel.munmap(address, length)
            return 0
        if not mapping.has(address, size):
            return "nothing to unmap"
        # What a child inherits is only in its books, where it is no child really.
        if ref.name not in self._inherited:
            self._kernel.munmap(address, length)
        mapping.cut(address, size)
        if not mapping.pieces:
            del self.memory.mappings[ref.name], self.values[ref.name]
        return 0

    def _ioctl(self, name: str, step: Ioctl) -> tuple[int | str, tuple[int, ...]]:
        argument = self._value(step.argument)
        buffer = 0
        if step.request in _RESULT_OFFSETS:
            buffer, _ = uapi.BUF_DATA.unpack(self.memory.read(argument, 16) or bytes(16))
        unset = self.memory.read(buffer + _SESSION_OFFSET, 4)
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
            self.values[f"{name}.id"] = number
            return "fd", (size, number)
        return result, ()

    def _learn_session(self, name: str, address: int, unset: bytes | None) -> None:
        """Have the same number in memory for the first session of every kernel, and so on.

        Also after a failure: a program can look there all the same.
        """
        data = self.memory.read(address, 4)
        if data is None or data == unset or not any(data):
            return
        (number,) = struct.unpack("=I", data)
        self.values[f"{name}.session"] = number
        sign = self.sessions.setdefault(number, _FIRST_SESSION + len(self.sessions))
        self.memory.write(address, struct.pack("=I", sign))

    def _fd(self, ref: Ref) -> int:
        return self._descriptors.get(ref.name, -1)

    def _value(self, value: Value) -> int:
        assert not isinstance(value, bytes)
        if isinstance(value, int):
            return value
        found = self.values.get(value.name)
        if found is None:
            found = _ABSENT.get(value.name.rpartition(".")[2], 0)
        return found + value.add

    def _numbers(self, layout: str, address: int) -> tuple[int, ...]:
        data = self.memory.read(address, struct.calcsize(layout))
        return () if data is None else struct.unpack(layout, data)

    def _write(self, poke: Poke) -> None:
        layout = poke.layout.replace("i", "I")
        # Padding (x) takes no value.
        codes = [code for code in re.findall(r"\d*[A-Za-z]", layout) if not code.endswith("x")]
        fields = zip(codes, poke.values, strict=True)
        values = [
            value
            if isinstance(value, bytes)
            else self._value(value) % (1 << 8 * struct.calcsize(code))
            for code, value in fields
        ]
        self.memory.write(self._value(poke.at), struct.pack(layout, *values))
