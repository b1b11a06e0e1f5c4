# SPDX-License-Identifier: BSD-2-Clause
"""A kernel that replays a trace."""

from __future__ import annotations

import base64
import binascii
import contextlib
import errno
import mmap
import os
import struct
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

from .. import _hints as t
from .._boundary import address_of, copy_to_user
from ..kernels import ObservedCall, SystemCall, uapi
from .blocks import Blocks
from .description import Description, describe_argument, locate
from .errors import TraceFormatError
from .layout import LAYOUTS, TYPES, attr_of
from .record import Record, read_trace
from .script import Script

__all__ = ["TracePlayer"]

_UINT64_MAX: Final = 2**64 - 1


class TracePlayer:
    """Answer the system calls of a program as they were answered when it was recorded.

    Each thread of the program must make the same calls in the same order. Only calls in a row
    that release sessions, memory or files may change their order. Threads are recognised by
    their calls. The threads of a pool share work differently in each run: record such a program
    with one worker. A call that waited returns at once, but only after the calls that other
    threads made meanwhile have arrived. Outputs have the recorded sizes. Their contents are the
    recorded ones, or zeros if the trace has no payloads or no values.

    After the program has left the trace, calls that release something still work, and all
    others raise TraceMismatchError.

    Args:
        file: the path of the trace, or a text file.
        check_payloads: whether inputs must have the recorded contents, if the trace has them.
        patience: how many seconds a call waits for calls of other threads.

    Raises:
        TraceFormatError: the file is no trace.
        OSError: the file can't be read.

    Threads: may be called from any.
    """

    def __init__(
        self,
        file: str | os.PathLike[str] | TextIO,
        *,
        check_payloads: bool = True,
        patience: float = 60,
    ) -> None:
        if isinstance(file, str | os.PathLike):
            self._name = os.fspath(file)
            with Path(file).open(encoding="utf-8") as opened:
                self._scope, records = read_trace(opened, self._name)
        else:
            self._name = str(getattr(file, "name", "the trace"))
            self._scope, records = read_trace(file, self._name)
        self._script = Script(records, self._name, checks_data=check_payloads, patience=patience)
        # A session that is collected as garbage closes itself, wherever the thread is.
        self._lock = threading.RLock()
        self._blocks = Blocks()
        self._files: dict[int, int] = {}
        self._mappings: dict[int, tuple[int, mmap.mmap]] = {}

    def __enter__(self) -> t.Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.assert_finished()

    def assert_finished(self) -> None:
        """Raise TraceMismatchError if the program has not made all calls of the trace."""
        self._script.assert_finished()

    def take_cause(self) -> None:
        """Return None: a trace does not contain the exceptions of Trusted Applications."""

    def open(self, path: str) -> int:
        """Open a device (open(2))."""
        record = self._answered(SystemCall.OPEN, {"path": path})
        return self._new_file(record, path, 0)

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """Serve a request to a device (ioctl(2))."""
        call = ObservedCall.of_ioctl(fd, request, argument)
        file = self._number_of(fd)
        asked = describe_argument(call, file, self._blocks, self._scope)
        if call.call is SystemCall.CLOSE_SESSION and self._script.deviated:
            raise OSError(errno.EIO, "the program has left the trace")
        record = self._answered(call.call, asked)
        try:
            self._write_fields(call, record.answered)
            self._write_params(call, record.answered.get("params", []), file)
            if call.call.creates_memory:
                return self._new_block(call, record, file)
            return int(record.answered.get("result", 0))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._malformed(record) from error

    def mmap(self, fd: int, length: int) -> int:
        """Map shared memory (mmap(2))."""
        file = self._number_of(fd)
        record = self._answered(SystemCall.MMAP, {"file": file, "length": length})
        try:
            pages = mmap.mmap(fd, length)
        except (ValueError, OSError) as error:
            raise self._malformed(record) from error
        address = address_of(pages)
        with self._lock:
            self._mappings[address] = int(record.answered.get("mapping", 0)), pages
        self._blocks.map(file, address, length)
        return address

    def munmap(self, address: int, length: int) -> None:
        """End a mapping (munmap(2))."""
        with self._lock:
            number, pages = self._mappings.pop(address, (0, None))
        if pages is not None:
            self._blocks.unmap(address)
            pages.close()
        self._release_answered(SystemCall.MUNMAP, {"mapping": number, "length": length})

    def close(self, fd: int) -> None:
        """Close a descriptor (close(2))."""
        with self._lock:
            file = self._files.pop(fd, 0)
        if file:
            self._blocks.close(file)
            os.close(fd)
        self._release_answered(SystemCall.CLOSE, {"file": file})

    def _answered(self, call: SystemCall, asked: Description) -> Record:
        record = self._script.take(call, asked)
        if record.error:
            raise OSError(record.error, os.strerror(record.error), asked.get("path"))
        return record

    def _release_answered(self, call: SystemCall, asked: Description) -> None:
        if not self._script.deviated:
            self._answered(call, asked)

    def _malformed(self, record: Record) -> TraceFormatError:
        return TraceFormatError(
            f"{self._name}, line {record.line}: the recorded answer makes no sense"
        )

    def _number_of(self, fd: int) -> int:
        with self._lock:
            return self._files.get(fd, 0)

    def _new_file(self, record: Record, name: str, size: int) -> int:
        try:
            number = int(record.answered["file"])
            fd = os.memfd_create(name, os.MFD_CLOEXEC)
        except (KeyError, TypeError, ValueError) as error:
            raise self._malformed(record) from error
        try:
            os.ftruncate(fd, size)
        except OSError as error:
            os.close(fd)
            raise self._malformed(record) from error
        with self._lock:
            self._files[fd] = number
        return fd

    def _new_block(self, call: ObservedCall, record: Record, file: int) -> int:
        answer = record.answered
        size = int(answer["length" if call.call is SystemCall.SHM_REGISTER else "size"])
        address, pages = None, size
        if call.call is SystemCall.SHM_REGISTER:
            address, length, *_ = uapi.SHM_REGISTER_DATA.unpack(call.argument)
            # What is written there must be the program's.
            size = min(size, length)
            pages = 0
        fd = self._new_file(record, "tee_shm", pages)
        self._blocks.add(file, int(answer["id"]), self._number_of(fd), size, address)
        return fd

    def _write_fields(self, call: ObservedCall, answer: Description) -> None:
        layout = LAYOUTS.get(call.call)
        if layout is None or not call.argument:
            return
        if call.call.header_size and not call.has_header:
            raise OSError(errno.EINVAL, "the buffer is too short")
        base = call.buffer_address if call.call.header_size else call.address
        for name in layout.outputs & answer.keys():
            offset, data = layout.pack(name, int(answer[name]))
            copy_to_user(base + offset, data)

    def _write_params(self, call: ObservedCall, params: list[Any], file: int) -> None:
        if call.call is SystemCall.SUPPL_RECV:
            self._write_received(call, params, file)
            return
        for index, (given, param) in enumerate(zip(call.params, params, strict=False)):
            layout = TYPES.get(given[0])
            # The kernel writes no outputs of a parameter with META.
            if layout is None or not layout.writes:
                continue
            self._write_memory(given, param.get("data"), file)
            for name in layout.outputs:
                self._write_number(call, index, name, param.get(name, 0))

    def _write_received(self, call: ObservedCall, params: list[Any], file: int) -> None:
        """Write a request to the supplicant: whole parameters, and the memory of inputs."""
        if len(params) > len(call.params):
            raise ValueError("more parameters than the supplicant has room for")
        for index, param in enumerate(params):
            attr = attr_of(param["attr"])
            layout = TYPES.get(attr & ~uapi.META)
            if layout is not None and layout.is_buffer:
                raise ValueError("a buffer at an address of another run")
            self._write_number(call, index, "attr", attr)
            for name in "abc":
                self._write_number(call, index, name, param.get(name, 0))
            if layout is not None and layout.reads:
                a, b, c = (int(param.get(name, 0)) & _UINT64_MAX for name in "abc")
                self._write_memory((attr, a, b, c), param.get("data"), file)

    def _write_number(self, call: ObservedCall, index: int, name: str, value: int) -> None:
        at = call.param_address(index) + uapi.offset_of(uapi.PARAM, name)
        code = uapi.fields_of(uapi.PARAM)[name]
        copy_to_user(at, struct.pack(f"={code}", int(value) & _UINT64_MAX))

    def _write_memory(self, param: tuple[int, int, int, int], data: str | None, file: int) -> None:
        address = locate(param, file, self._blocks)
        if address is None:
            return
        size = param[2]
        try:
            content = bytes(size) if data is None else base64.b64decode(data, validate=True)
        except binascii.Error as error:
            raise ValueError("no Base64") from error
        # The program may have unmapped the memory meanwhile.
        with contextlib.suppress(OSError):
            copy_to_user(address, content[:size])
