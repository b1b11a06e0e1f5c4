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
from typing import Any, Final, TextIO, cast

from .. import _hints as t
from .._boundary import address_of, copy_to_user
from .._checks import to_bool, to_timeout
from .._logging import log_debug, modules
from .._process import renewed
from .._single import Single
from ..kernels import ObservedCall, SystemCall, uapi
from .blocks import Blocks
from .casting import Actor, Block
from .description import Description, describe_argument, locate
from .errors import TraceFormatError
from .files import path_of
from .layout import LAYOUTS, TYPES, attr_of
from .record import Record, read_trace
from .script import Script

__all__ = ["TracePlayer"]

_UINT64_MAX: Final = 2**64 - 1


class TracePlayer(Single):
    """Answer the system calls of a program as they were answered when it was recorded.

    Each session of the program must make the same calls again. Sessions have no order among each
    other, and it does not matter which thread makes a call. The calls of a session have their
    order if one thread makes them, as one thread did in the trace. If several do, a call is
    answered by the first call of the session with equal arguments that has answered none yet.
    Sessions that were opened alike are told apart by their calls, and so are contexts.

    Objects of Qualcomm's TEE have the recorded numbers, whichever thread made them.
    Blocks of shared memory are known by their size and flags. If threads share a context, the
    number of blocks that the library needs for temporary memory differs between runs. Then it
    need not be the recorded one.

    A call that waited returns at once. But one that was cancelled waits until it is cancelled
    again, and then for as long as it took to come back: so a program gives up the calls that it
    gave up when it was recorded. One that a supplicant of the program served waits for its
    answers. Outputs have the recorded sizes. Their contents are the recorded ones, or zeros if
    the trace has no payloads or no values.

    After the program has left the trace, calls that release something still work, and all
    others raise TraceMismatchError, which says which calls were expected.

    Args:
        file: the path of the trace, or a text file.
        check_payloads: whether inputs must have the recorded contents, if the trace has them.
        patience: how many seconds a call waits for the calls of other threads that it needed
            when recorded; None for no limit.

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
        patience: float | None = 60,
    ) -> None:
        to_bool(check_payloads, "check_payloads")
        wait = to_timeout(patience, "patience")
        path = path_of(file, "readline")
        if path is not None:
            self._name = path
            with Path(path).open(encoding="utf-8") as opened:
                self._scope, records = read_trace(opened, self._name)
        else:
            self._name = str(getattr(file, "name", "the trace"))
            self._scope, records = read_trace(cast("TextIO", file), self._name)
        self._script = Script(records, self._name, checks_data=check_payloads, patience=wait)
        # A session that is collected as garbage closes itself, wherever the thread is.
        self._lock = renewed(threading.RLock())
        self._blocks = Blocks()
        self._files: dict[int, Actor] = {}
        self._made: dict[int, Block] = {}
        # The numbers of the descriptors of blocks, and of mappings.
        self._numbers: dict[int, int] = {}
        self._mappings: dict[int, tuple[int, mmap.mmap, Block | None]] = {}
        if "logging" in modules:
            log_debug("traces", "replaying %d calls of %s", len(records), self._name)

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
        asked = {"path": path}
        try:
            record, file = self._script.open(asked)
        except (KeyError, TypeError, ValueError) as error:
            raise TraceFormatError(f"{self._name}: an OPEN makes no sense") from error
        _raise_recorded(record, asked)
        fd = self._new_fd(record, path, 0)
        with self._lock:
            self._files[fd] = file
        return fd

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """Serve a request to a device (ioctl(2))."""
        call = ObservedCall.of_ioctl(fd, request, argument)
        with self._lock:
            file = self._files.get(fd, self._script.program)
        asked = describe_argument(call, file.number, self._blocks, self._scope)
        if call.call is SystemCall.CLOSE_SESSION and self._script.deviated:
            raise OSError(errno.EIO, "the program has left the trace")
        block: Block | None = None
        session: int | None = None
        if call.call is SystemCall.OPEN_SESSION:
            record, session = self._script.open_session(file, asked)
        elif call.call is SystemCall.CLOSE_SESSION:
            record = self._script.close(file, call.call, asked)
        elif call.call.creates_memory:
            record, block = self._script.make_block(file, call.call, asked)
        else:
            record = self._script.take(file, call.call, asked)
        _raise_recorded(record, asked)
        answered = dict(record.answered)
        try:
            if session is not None:
                answered["session"] = session
            if block is not None:
                answered["id"] = block.number
            self._write_fields(call, answered)
            self._write_params(call, answered.get("params", []), file)
            if block is not None:
                return self._new_block(call, record, block)
            return int(answered.get("result", 0))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._malformed(record) from error

    def mmap(self, fd: int, length: int) -> int:
        """Map shared memory (mmap(2))."""
        with self._lock:
            block, file = self._made.get(fd), self._files.get(fd, self._script.program)
            number = self._numbers.get(fd, file.number)
        asked = {"file": number, "length": length}
        if block is None:
            record = self._script.take(file, SystemCall.MMAP, asked)
        else:
            record = self._script.use_block(block, SystemCall.MMAP, asked)
        _raise_recorded(record, asked)
        try:
            mapping = self._script.number(int(record.answered.get("mapping", 0)))
            pages = mmap.mmap(fd, length)
        except (TypeError, ValueError, OSError) as error:
            raise self._malformed(record) from error
        address = address_of(pages)
        with self._lock:
            self._mappings[address] = mapping, pages, block
        if block is not None:
            self._script.add_use(block)
        self._blocks.map(number, address, length)
        return address

    def munmap(self, address: int, length: int) -> None:
        """End a mapping (munmap(2))."""
        with self._lock:
            number, pages, block = self._mappings.pop(address, (0, None, None))
        if pages is not None:
            self._blocks.unmap(address)
            pages.close()
        asked = {"mapping": number, "length": length}
        self._release(SystemCall.MUNMAP, asked, block, self._script.program)

    def close(self, fd: int) -> None:
        """Close a descriptor (close(2))."""
        with self._lock:
            file = self._files.pop(fd, None)
            block = self._made.pop(fd, None)
            number = self._numbers.pop(fd, file.number if file is not None else 0)
        if block is not None:
            self._blocks.close(number)
        if block is not None or file is not None:
            os.close(fd)
        asked = {"file": number}
        self._release(SystemCall.CLOSE, asked, block, file or self._script.program)

    @property
    def _has_open_files(self) -> bool:
        return bool(self._files)

    def _release(
        self, call: SystemCall, asked: Description, block: Block | None, file: Actor
    ) -> None:
        if self._script.deviated:
            return
        if block is not None:
            record = self._script.use_block(block, call, asked)
            self._script.end_use(block)
        elif call is SystemCall.CLOSE and file is not self._script.program:
            record = self._script.close(file, call, asked)
        else:
            record = self._script.take(file, call, asked)
        _raise_recorded(record, asked)

    def _malformed(self, record: Record) -> TraceFormatError:
        return TraceFormatError(
            f"{self._name}, line {record.line}: the recorded answer makes no sense"
        )

    def _new_fd(self, record: Record, name: str, size: int) -> int:
        try:
            fd = os.memfd_create(name, os.MFD_CLOEXEC)
        except ValueError as error:
            raise self._malformed(record) from error
        try:
            os.ftruncate(fd, size)
        except OSError as error:
            os.close(fd)
            raise self._malformed(record) from error
        return fd

    def _new_block(self, call: ObservedCall, record: Record, block: Block) -> int:
        answer = record.answered
        size = int(answer["length" if call.call is SystemCall.SHM_REGISTER else "size"])
        number = self._script.number(int(answer["file"]))
        address, pages = None, size
        if call.call is SystemCall.SHM_REGISTER:
            address, length, *_ = uapi.SHM_REGISTER_DATA.unpack(call.argument)
            # What is written there must be the program's.
            size = min(size, length)
            pages = 0
        fd = self._new_fd(record, "tee_shm", pages)
        with self._lock:
            self._made[fd], self._numbers[fd] = block, number
        self._blocks.add(block.file.number, block.number, number, size, address)
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

    def _write_params(self, call: ObservedCall, params: list[Any], file: Actor) -> None:
        if call.call is SystemCall.SUPPL_RECV:
            self._write_received(call, params, file)
            return
        for index, (given, param) in enumerate(zip(call.params, params, strict=False)):
            layout = TYPES.get(given[0])
            # The kernel writes no outputs of a parameter with META.
            if layout is None or not layout.writes:
                continue
            self._write_memory(given, param.get("data"), file.number)
            for name in layout.outputs:
                self._write_number(call, index, name, param.get(name, 0))

    def _write_received(self, call: ObservedCall, params: list[Any], file: Actor) -> None:
        """Write a request to the supplicant: whole parameters, and the memory of inputs."""
        if len(params) > len(call.params):
            raise ValueError("more parameters than the supplicant has room for")
        for index, param in enumerate(params):
            attr = attr_of(param["attr"])
            layout = TYPES.get(attr & ~uapi.META)
            if layout is not None and layout.is_buffer:
                raise ValueError("a buffer at an address of another run")
            self._write_number(call, index, "attr", attr)
            a, b, c = (int(param.get(name, 0)) & _UINT64_MAX for name in "abc")
            for name, number in zip("abc", (a, b, c), strict=True):
                self._write_number(call, index, name, number)
            if layout is not None and layout.reads:
                self._write_memory((attr, a, b, c), param.get("data"), file.number)

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


def _raise_recorded(record: Record, asked: Description) -> None:
    if record.error:
        raise OSError(record.error, os.strerror(record.error), asked.get("path"))
