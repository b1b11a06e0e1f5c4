# SPDX-License-Identifier: BSD-2-Clause
"""A kernel that records a trace."""

from __future__ import annotations

import errno
import os
import time
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Final, Literal, TextIO, cast

from .. import _hints as t
from .._boundary import read_mapping
from .._checks import to_bool
from ..kernels import Kernel, ObservedCall, ProxyKernel, SystemCall, uapi
from .blocks import Blocks
from .description import Description, Scope, describe_argument, describe_result
from .errors import TracePayloadWarning
from .files import path_of
from .writer import Writer, created

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
        times: whether it says when it was recorded, when each call came, and how long it took.
            Without them, two recordings of a program with one thread are the same file, if it
            does the same and is answered the same.

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
        times: bool = False,
    ) -> None:
        to_bool(payloads, "payloads")
        to_bool(values, "values")
        to_bool(times, "times")
        path = path_of(file, "write")
        super().__init__(kernel)
        if payloads:
            warnings.warn(
                "the trace will hold the contents of the memory that is shared with the TEE:"
                " keep it as safe as that",
                TracePayloadWarning,
                stacklevel=2,
            )
        opened = cast("TextIO", file) if path is None else created(path)
        self._begin(
            Writer(
                opened,
                path or str(getattr(file, "name", "a file")),
                owned=path is not None,
                payloads=payloads,
                values=values,
                times=times,
            )
        )

    @classmethod
    def into(cls, writer: Writer, kernel: Kernel | Literal["linux"]) -> TraceRecorder:
        """Record a kernel into a trace that has other recorders too."""
        recorder = cls.__new__(cls)
        ProxyKernel.__init__(recorder, kernel)
        recorder._begin(writer)
        return recorder

    def _begin(self, writer: Writer) -> None:
        self._writer = writer
        self._scope = Scope(writer.payloads, writer.values, self._read_block)
        self._blocks = Blocks()
        self._files: dict[int, int] = {}
        self._mappings: dict[int, int] = {}
        # When each session was cancelled last, on the clock of the trace, and in seconds.
        self._cancelled: dict[tuple[int, int], tuple[int, float]] = {}

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
        self._writer.close()

    def open(self, path: str) -> int:
        """Open a device (open(2))."""

        def described(fd: int) -> Description:
            return {"file": self._number_of_new(fd)}

        call = SystemCall.OPEN
        return self._record(call, {"path": path}, lambda: self.kernel.open(path), described)

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """Serve a request to a device (ioctl(2))."""
        if not self._writer.is_writing:
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
            number = self._writer.number()
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
        return self._writer.has_open_files

    def _number_of_new(self, fd: int) -> int:
        number = self._writer.number()
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

    def _record(
        self,
        call: SystemCall,
        asked: Description,
        serve: Callable[[], int],
        describe: Callable[[int], Description],
    ) -> int:
        # A child of a fork must not take the lock, which a thread of the parent may have held.
        if not self._writer.is_writing:
            return serve()
        with self._writer.lock:
            line = self._writer.begin(call, asked)
            session = asked.get("file", 0), asked.get("session", 0)
            if call is SystemCall.CANCEL:
                self._cancelled[session] = line["began"], time.monotonic()
        try:
            result = serve()
        except BaseException as error:
            self._writer.note_end(line)
            # The library reports any other exception as EIO.
            number = (error.errno if isinstance(error, OSError) else None) or errno.EIO
            self._writer.end({**line, "errno": errno.errorcode.get(number, number)})
            raise
        self._writer.note_end(line)
        began, cancelled = self._cancelled.get(session, (0, 0.0))
        if call in _CANCELLED and began > line["began"]:
            line["late"] = round(time.monotonic() - cancelled, 3)
        self._writer.end({**line, "out": describe(result)})
        return result


# What a CANCEL is for.
_CANCELLED: Final = (SystemCall.OPEN_SESSION, SystemCall.INVOKE)
