# SPDX-License-Identifier: BSD-2-Clause
"""A kernel that records a trace."""

from __future__ import annotations

import errno
import itertools
import json
import os
import threading
import time
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Literal, TextIO, cast

from .. import _hints as t
from .._boundary import read_mapping
from .._checks import to_bool
from .._logging import log_debug, modules
from .._process import Process, renewed
from ..kernels import Kernel, ObservedCall, ProxyKernel, SystemCall, uapi
from .blocks import Blocks
from .description import Description, Scope, describe_argument, describe_result
from .errors import TracePayloadWarning
from .files import path_of

__all__ = ["TraceRecorder"]


class TraceRecorder(ProxyKernel):
    """Pass system calls on to another kernel, and write them to a trace.

    Args:
        kernel: the other kernel; "linux" for the running kernel.
        file: the path of the trace, which is overwritten; or a text file, which the caller
            must close.
        payloads: whether the trace contains the memory that calls refer to. Keep such a trace
            as safe as what the TEE protects.
        values: whether it contains the numbers of value parameters.

    Raises:
        OSError: the file can't be written.

    Warns:
        TracePayloadWarning: payloads is true.

    Threads: may be used from any. Processes: a child of a fork is not recorded.
    """

    def __init__(
        self,
        kernel: Kernel | Literal["linux"],
        file: str | os.PathLike[str] | TextIO,
        *,
        payloads: bool = False,
        values: bool = True,
    ) -> None:
        to_bool(payloads, "payloads")
        to_bool(values, "values")
        path = path_of(file, "write")
        super().__init__(kernel)
        # A session that is collected as garbage closes itself, wherever the thread is.
        self._lock = renewed(threading.RLock())
        self._failure: OSError | ValueError | None = None
        self._process = Process.generation
        self._scope = Scope(payloads, values, self._read_block)
        self._blocks = Blocks()
        self._files: dict[int, int] = {}
        # How many files of the trace have no CLOSE in it yet.
        self._unclosed = 0
        self._mappings: dict[int, int] = {}
        self._numbers = itertools.count(1)
        self._clock = itertools.count()
        # When each session was cancelled last, on the clock of the trace, and in seconds.
        self._cancelled: dict[tuple[int, int], tuple[int, float]] = {}
        self._threads = itertools.count()
        self._thread = threading.local()
        if payloads:
            warnings.warn(
                "the trace will hold the contents of the memory that is shared with the TEE:"
                " keep it as safe as that",
                TracePayloadWarning,
                stacklevel=2,
            )
        self._owned = path is not None
        self._name = path or str(getattr(file, "name", "a file"))
        self._file: TextIO = cast("TextIO", file) if path is None else _create(path)
        self._recording = True
        self._write(
            {
                "format": "pytee_client trace",
                "version": 1,
                "payloads": payloads,
                "values": values,
            }
        )
        if "logging" in modules:
            log_debug(_LOGGER, "recording a trace in %s", self._name)

    def __enter__(self) -> t.Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.close_trace()
        except (OSError, ValueError):
            if error is None:
                raise

    def close_trace(self) -> None:
        """Stop recording, at most once. Later calls are still passed on.

        Raises:
            OSError: the trace could not be written to its end.
            ValueError: the file was closed before the end of the trace.
        """
        with self._lock:
            was_recording, self._recording = self._recording, False
            failure, self._failure = self._failure, None
            if self._owned:
                try:
                    self._file.close()
                except (OSError, ValueError) as error:
                    failure = failure or error
        if failure is not None:
            raise failure
        if was_recording and "logging" in modules:
            log_debug(_LOGGER, "recorded a trace in %s", self._name)

    def open(self, path: str) -> int:
        """Open a device (open(2))."""

        def described(fd: int) -> Description:
            return {"file": self._number_of_new(fd)}

        call = SystemCall.OPEN
        return self._record(call, {"path": path}, lambda: self.kernel.open(path), described)

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """Serve a request to a device (ioctl(2))."""
        if not self._is_recording():
            return self.kernel.ioctl(fd, request, argument)
        call = ObservedCall.of_ioctl(fd, request, argument)
        file = self._files.get(fd, 0)

        def described(result: int) -> Description:
            description = describe_result(call, file, self._blocks, self._scope)
            if not call.call.creates_memory:
                return {"result": result, **description} if result else description
            new = self._number_of_new(result)
            self._add_block(call, file, new, description)
            return {"file": new, **description}

        asked = describe_argument(call, file, self._blocks, self._scope)
        return self._record(
            call.call, asked, lambda: self.kernel.ioctl(fd, request, argument), described
        )

    def mmap(self, fd: int, length: int) -> int:
        """Map shared memory (mmap(2))."""
        file = self._files.get(fd, 0)

        def described(address: int) -> Description:
            number = next(self._numbers)
            self._mappings[address] = number
            self._blocks.map(file, address, length)
            return {"mapping": number}

        asked = {"file": file, "length": length}
        return self._record(SystemCall.MMAP, asked, lambda: self.kernel.mmap(fd, length), described)

    def munmap(self, address: int, length: int) -> None:
        """End a mapping (munmap(2))."""

        def unmap() -> int:
            # First, as another thread may get the same address.
            self._blocks.unmap(address)
            self._mappings.pop(address, None)
            self.kernel.munmap(address, length)
            return 0

        asked = {"mapping": self._mappings.get(address, 0), "length": length}
        self._record(SystemCall.MUNMAP, asked, unmap, lambda _: {})

    def close(self, fd: int) -> None:
        """Close a descriptor (close(2))."""
        file = self._files.get(fd, 0)

        def close() -> int:
            # First, as another thread may get the same number.
            self._files.pop(fd, None)
            self._blocks.close(file)
            self.kernel.close(fd)
            return 0

        self._record(SystemCall.CLOSE, {"file": file}, close, lambda _: {})

    @property
    def _has_open_files(self) -> bool:
        return self._unclosed > 0

    def _is_recording(self) -> bool:
        return self._recording and self._process == Process.generation

    def _number_of_new(self, fd: int) -> int:
        number = next(self._numbers)
        self._files[fd] = number
        return number

    def _read_block(self, file: int, offset: int, size: int) -> bytes:
        """Read shared memory through a mapping of the recorder."""
        fd = next((fd for fd, number in list(self._files.items()) if number == file), None)
        if fd is None or not size:
            return b""
        address = self.kernel.mmap(fd, offset + size)
        try:
            return read_mapping(address + offset, size)
        finally:
            self.kernel.munmap(address, offset + size)

    def _add_block(self, call: ObservedCall, file: int, new: int, description: Description) -> None:
        address: int | None = None
        if call.call is SystemCall.SHM_REGISTER:
            address, *_ = uapi.SHM_REGISTER_DATA.unpack(call.argument)
        if description:
            size = description["length" if address else "size"]
            self._blocks.add(file, description["id"], new, size, address)

    def _number_of_thread(self) -> int:
        number: int | None = getattr(self._thread, "number", None)
        if number is None:
            number = self._thread.number = next(self._threads)
        return number

    def _record(
        self,
        call: SystemCall,
        asked: Description,
        serve: Callable[[], int],
        describe: Callable[[int], Description],
    ) -> int:
        # A child of a fork must not take the lock, which a thread of the parent may have held.
        if not self._is_recording():
            return serve()
        with self._lock:
            line: dict[str, Any] = {
                "call": call.name,
                "thread": self._number_of_thread(),
                "began": next(self._clock),
                "ended": 0,
                "in": asked,
            }
            session = asked.get("file", 0), asked.get("session", 0)
            if call is SystemCall.CANCEL:
                self._cancelled[session] = line["began"], time.monotonic()
        try:
            result = serve()
        except BaseException as error:
            # The library reports any other exception as EIO.
            number = (error.errno if isinstance(error, OSError) else None) or errno.EIO
            self._write({**line, "errno": errno.errorcode.get(number, number)})
            raise
        began, cancelled = self._cancelled.get(session, (0, 0.0))
        if call in _CANCELLED and began > line["began"]:
            line["late"] = round(time.monotonic() - cancelled, 3)
        self._write({**line, "out": describe(result)})
        return result

    def _write(self, line: dict[str, Any]) -> None:
        with self._lock:
            if not self._recording:
                return
            if "ended" in line:
                line["ended"] = next(self._clock)
            try:
                self._file.write(json.dumps(line) + "\n")
                self._file.flush()
                self._unclosed += "file" in line.get("out", ())
                self._unclosed -= line.get("call") == SystemCall.CLOSE.name
            except (OSError, ValueError) as error:
                # The call of the program must not fail because of the trace.
                self._failure = error
                self._recording = False


_LOGGER: Final = "traces"
# What a CANCEL is for.
_CANCELLED: Final = (SystemCall.OPEN_SESSION, SystemCall.INVOKE)


def _create(path: str) -> TextIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    return open(os.open(path, flags, 0o600), "w", encoding="utf-8")
