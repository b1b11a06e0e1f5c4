# SPDX-License-Identifier: BSD-2-Clause
"""The work of a supplicant: receiving requests, and answering them."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, final
from uuid import UUID

from .._logging import ERROR, log, log_debug, modules
from .._panics import describe_exception
from ..enums import Result
from ..kernels.uapi import ParamType
from .described import request_text, result_text, uuid_of
from .device import Request, RequestParam, SupplicantDevice
from .files import FileService
from .results import ResultError
from .rpc_command import RpcCommand

__all__ = ["SupplicantService"]

_LOGGER: Final = "supplicant"


@final
class SupplicantService:
    """Serve the requests of an OP-TEE.

    An exception other than ResultError, such as one of a FileSystem of the user, is logged.

    Args:
        device: the device with the requests.
        applications: the folders with Trusted Applications.
        files: the files of the secure world; None if it may have none.
        tell: called after each request with it, its result and the nanoseconds that serving it
            took; in the thread of run().

    Attributes:
        is_serving: whether it has a request that it has not answered.
    """

    def __init__(
        self,
        device: SupplicantDevice,
        applications: list[Path],
        files: FileService | None,
        tell: Callable[[Request, int, int], None] | None = None,
    ) -> None:
        self._device = device
        self._applications = applications
        self._files = files
        self._tell = tell
        self._must_stop = False
        self.is_serving: bool = False

    def stop(self) -> None:
        """Have run() return once it has answered the request that it serves.

        It does not wake up run() while that waits for one: a signal to its thread does.
        """
        self._must_stop = True

    def run(self) -> OSError | None:
        """Serve until stop() was called, or the device is closed or fails; return its error."""
        while not self._must_stop:
            try:
                request = self._device.receive()
            except InterruptedError:
                continue
            except OSError as error:
                return error
            self.is_serving, begin = True, time.perf_counter_ns()
            result = self._result_of(request)
            try:
                self._device.send(request, result)
            except OSError as error:
                # A client died while it was served. Serve the others.
                if error.errno != errno.ENOENT:
                    return error
            if self._tell is not None:
                self._tell(request, result, time.perf_counter_ns() - begin)
            if "logging" in modules:
                log_debug(_LOGGER, "answered %s: %s", request_text(request), result_text(result))
            self.is_serving = False
        return None

    def _result_of(self, request: Request) -> int:
        before = [replace(param) for param in request.params]
        try:
            self._serve(request)
            for param in request.params:
                param.check()
        except ResultError as code:
            return code.code
        except BaseException as error:
            # Such as an error of a FileSystem of the user. Without an answer the client would wait
            # forever, also if that wanted to end a thread which is not its own.
            request.params[:] = before
            what = describe_exception(error)
            text = "request %s is answered GENERIC: %s"
            log(ERROR, _LOGGER, text, request_text(request), what, error=error)
            return Result.GENERIC
        return Result.SUCCESS

    def _serve(self, request: Request) -> None:
        if request.func == RpcCommand.LOAD_TA:
            _expect(request, ParamType.VALUE_INPUT, ParamType.MEMREF_OUTPUT)
            self._load(*request.params)
        elif request.func == RpcCommand.SHM_ALLOC:
            _expect(request, ParamType.VALUE_INOUT)
            self._allocate(request.params[0])
        elif request.func == RpcCommand.SHM_FREE:
            _expect(request, ParamType.VALUE_INOUT)
            self._device.free(request.params[0].b)
        elif request.func == RpcCommand.FS:
            if self._files is None:
                raise ResultError(Result.STORAGE_NOT_AVAILABLE)
            self._files.serve(request.params)
        else:
            raise ResultError(Result.NOT_SUPPORTED)

    def _load(self, name: RequestParam, place: RequestParam) -> None:
        image = self._image_of(uuid_of(name))
        if place.is_null and not place.b:
            place.b = len(image)
        else:
            self._device.write(place, image)

    def _image_of(self, uuid: UUID) -> bytes:
        for folder in self._applications:
            try:
                return (folder / f"{uuid}.ta").read_bytes()
            except OSError:
                continue
        raise ResultError(Result.ITEM_NOT_FOUND)

    def _allocate(self, wish: RequestParam) -> None:
        try:
            wish.c = self._device.allocate(wish.b)
        except (OSError, OverflowError, ValueError):
            raise ResultError(Result.OUT_OF_MEMORY) from None


def _expect(request: Request, *types: ParamType) -> None:
    if request.attrs != list(types):
        raise ResultError(Result.BAD_PARAMETERS)
