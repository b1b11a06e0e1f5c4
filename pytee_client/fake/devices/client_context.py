# SPDX-License-Identifier: BSD-2-Clause
"""Connections to a TEE from the kernel itself."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Final, TypeAlias
from uuid import UUID

from ...enums import Login
from ...kernels.uapi import ParamType
from ..secure_world.parameters import MemrefParameter, ValueParameter
from ..structures import Param, Reply, SharedMemory, TeeContext, page_multiple

__all__ = ["LOGIN_REE_KERNEL", "ClientContext", "ClientParameter"]

LOGIN_REE_KERNEL: Final = 0x80000000
"""The login of the kernel; programs can't use it (TEE_IOCTL_LOGIN_REE_KERNEL)."""

ClientParameter: TypeAlias = ValueParameter | MemrefParameter | None


class ClientContext:
    """A connection from the kernel to a TEE, without a file (tee_client_open_context).

    A call that needs a supplicant fails with COMMUNICATION if there is none, as on Linux.
    Parameters are ValueParameter and MemrefParameter, as for Trusted Applications. Outputs
    and their sizes are written into them.

    Threads: may be used from any.
    """

    def __init__(self, context: TeeContext, release: Callable[[TeeContext], None]) -> None:
        self._context = context
        self._release = release

    def open_session(
        self, uuid: UUID, *parameters: ClientParameter, login: int = Login.PUBLIC
    ) -> Reply:
        """Open a session (tee_client_open_session).

        Args:
            uuid: the UUID of the Trusted Application.
            parameters: up to four, for the entry point that opens the session.
            login: LOGIN_REE_KERNEL, or a login that programs can use.

        Returns:
            The reply, with result, origin and session.

        Raises:
            OSError: the driver refuses, for the reasons it refuses programs.
        """
        driver = self._context.device.driver
        with _carried(self._context, parameters) as params, driver.for_kernel():
            return driver.open_session(self._context, uuid, bytes(16), login, params)

    def invoke_func(self, session: int, func: int, *parameters: ClientParameter) -> Reply:
        """Run a command (tee_client_invoke_func); the reply has result and origin.

        Raises:
            OSError: the driver refuses, for the reasons it refuses programs.
        """
        driver = self._context.device.driver
        with _carried(self._context, parameters) as params, driver.for_kernel():
            return driver.invoke(self._context, session, func, params)

    def close_session(self, session: int) -> None:
        """Close a session (tee_client_close_session).

        Raises:
            OSError: there is no such session in this context.
        """
        driver = self._context.device.driver
        with driver.for_kernel():
            driver.close_session(self._context, session)

    def close(self) -> None:
        """Close the connection and its sessions (tee_client_close_context), at most once."""
        if self._context.is_open:
            self._context.is_open = False
            with self._context.device.driver.for_kernel():
                self._release(self._context)

    def __enter__(self) -> ClientContext:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def _carried(context: TeeContext, parameters: Sequence[ClientParameter]) -> Iterator[list[Param]]:
    """Convert parameters for a driver, and write the outputs back at the end."""
    params = [_param_of(context, parameter) for parameter in parameters]
    try:
        yield params
        for param, parameter in zip(params, parameters, strict=True):
            if param.type.is_output:
                _update(parameter, param)
    finally:
        for param in params:
            if param.memory is not None and param.memory.pages is not None:
                param.memory.pages.close()


def _param_of(context: TeeContext, parameter: ClientParameter) -> Param:
    if parameter is None:
        return Param(ParamType.NONE)
    if isinstance(parameter, ValueParameter):
        return Param(parameter.type, a=parameter.a, b=parameter.b)
    if parameter.buffer is None:
        return Param(parameter.type, b=parameter.size)
    # Memory that only the kernel uses has no id.
    size = len(parameter.buffer)
    memory = SharedMemory(context, 0, size, 0, mmap.mmap(-1, page_multiple(max(size, 1))))
    memory.write(0, bytes(parameter.buffer))
    return Param(parameter.type, b=min(parameter.size, size), memory=memory)


def _update(parameter: ClientParameter, param: Param) -> None:
    if isinstance(parameter, ValueParameter):
        parameter.a, parameter.b = param.a, param.b
    elif isinstance(parameter, MemrefParameter):
        parameter.size = param.b
        if parameter.buffer is not None and param.memory is not None:
            parameter.buffer[:] = param.memory.read(0, len(parameter.buffer))
