# SPDX-License-Identifier: BSD-2-Clause
"""The objects through which clients of a QTEE reach its services.

The numbers of operations and results are those that Qualcomm's own clients use.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Final

from .client_objects import CallbackObject
from .object import (
    OutputBuffer,
    QteeArguments,
    QteeError,
    QteeObject,
    QteeResult,
)

__all__ = ["OP_REGISTER_WITH_CREDENTIALS", "ClientEnvironment", "RootObject"]

_OP_OPEN: Final = 0
_OP_REGISTER_AS_CLIENT: Final = 2
OP_REGISTER_WITH_CREDENTIALS: Final = 5
_ERROR_NOT_FOUND: Final = QteeResult.USERBASE
_OP_GET_LENGTH: Final = 0
_OP_READ_AT_OFFSET: Final = 1
_CHUNK: Final = 2048


class ClientEnvironment(QteeObject):
    """The environment of a registered client. Operation 0 opens a service by its number."""

    def __init__(
        self, services: Mapping[int, Callable[[bytes], QteeObject]], credentials: bytes
    ) -> None:
        self._services = services
        self._credentials = credentials

    def invoke(self, op: int, arguments: QteeArguments) -> None:
        """Open a service."""
        if op != _OP_OPEN or arguments.counts != (1, 0, 0, 1):
            raise QteeError(QteeResult.INVALID)
        if len(arguments.input_buffers[0]) != 4:
            raise QteeError(QteeResult.INVALID)
        number = int.from_bytes(arguments.input_buffers[0], sys.byteorder)
        service = self._services.get(number)
        if service is None:
            raise QteeError(_ERROR_NOT_FOUND)
        arguments.output_objects[0] = service(self._credentials)


class RootObject(QteeObject):
    """The object that every client may invoke. It registers a client by its credentials.

    It reads the credentials from an object of the client, so another thread of the client must
    serve requests meanwhile.
    """

    def __init__(self, services: Mapping[int, Callable[[bytes], QteeObject]]) -> None:
        self._services = services

    def invoke(self, op: int, arguments: QteeArguments) -> None:
        """Register a client."""
        if op not in (_OP_REGISTER_AS_CLIENT, OP_REGISTER_WITH_CREDENTIALS):
            raise QteeError(QteeResult.INVALID)
        if arguments.counts != (0, 0, 1, 1):
            raise QteeError(QteeResult.INVALID)
        (source,) = arguments.input_objects
        if not isinstance(source, CallbackObject):
            raise QteeError(QteeResult.INVALID)
        environment = ClientEnvironment(self._services, _credentials(source))
        arguments.output_objects[0] = environment


def _credentials(source: CallbackObject) -> bytes:
    """Read the credentials of a client, piece by piece."""
    (length,) = _call(source, _OP_GET_LENGTH, 8)
    size = int.from_bytes(length, sys.byteorder)
    credentials = b""
    while len(credentials) < size:
        offset = len(credentials).to_bytes(8, sys.byteorder)
        (piece,) = _call(source, _OP_READ_AT_OFFSET, min(_CHUNK, size - len(credentials)), offset)
        if not piece:
            raise QteeError(QteeResult.ERROR)
        credentials += piece
    return credentials


def _call(source: CallbackObject, op: int, size: int, *inputs: bytes) -> list[bytes]:
    arguments = QteeArguments(list(inputs), [OutputBuffer(size)])
    source.invoke(op, arguments)
    return [room.content for room in arguments.output_buffers]
