# SPDX-License-Identifier: BSD-2-Clause
"""The application fTPM: a TPM 2.0 in firmware. Here it has little of a TPM."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from ..._optee_applications import ftpm as agreed
from ..._optee_applications.ftpm import HEADER, MAX_SIZE, stated_size
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import MemrefParameter, Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

__all__ = ["Ftpm"]

_SIZES: Final = range(1, MAX_SIZE + 1)
_COUNT: Final = struct.Struct(">H")
_WORD: Final = struct.Struct(">I")
_NO_SESSIONS: Final = 0x8001
_GET_RANDOM: Final = 0x17B
_EMULATE_PPI: Final = 0x200001FF
_MAX_RANDOM: Final = 48
# What it says of a tag, a size and a command that it does not know.
_BAD_TAG: Final = 0x01E
_COMMAND_SIZE: Final = 0x142
_COMMAND_CODE: Final = 0x143
_FAILURE: Final = 0x101

# The operations of physical presence that it takes, and those of them that need a user.
_OPERATIONS: Final = frozenset((*range(17), *range(19, 23)))
_NEED_A_USER: Final = frozenset((5, 14, 21, 22))
_NOT_IMPLEMENTED: Final = 1
_FAILED: Final = 2


class Ftpm(TrustedApplication):
    """Answer commands of a TPM 2.0, and of its physical presence interface (PPI).

    SUBMIT_COMMAND takes a command of up to 4096 bytes, and memory for both directions of up to
    4096 bytes for the response. The size of that memory stays as it was: the response itself says
    how long it is. EMULATE_PPI takes a function and an operation, and sets the size of its memory.
    A second session is BUSY, as when Linux's driver tpm_ftpm_tee has the only one.

    Of a TPM the fake has TPM2_GetRandom; it answers TPM_RC_COMMAND_CODE to other commands.
    Override execute() for more. It has the application when it is installed:
    fake.Kernel(applications=[fake.applications.Ftpm]).
    """

    uuid: ClassVar[UUID] = UUID("bc50d971-d4c9-42c4-82cb-343fb7f37896")
    single_instance = True
    keep_alive = True
    unknown_command: ClassVar[int] = Result.BAD_PARAMETERS

    class Command(IntEnum):
        """Its commands."""

        SUBMIT_COMMAND = 0
        EMULATE_PPI = 1

    PpiFunction: TypeAlias = agreed.PpiFunction

    _pending: int = 0

    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        """Accept any client. There are no parameters."""
        parameters.expect()

    @command(Command.SUBMIT_COMMAND)
    def submit(self, session: ClientSession, parameters: Parameters) -> None:
        """Run a command of the TPM."""
        given, output = _checked(parameters)
        request = given.content()
        # The command says how long it is, which may be less than the memory.
        length = stated_size(request)
        if length > len(request):
            raise ResultError(Result.BAD_PARAMETERS)
        response = self._answer(request[:length])
        if output.buffer is None or len(response) > len(output.buffer):
            raise ResultError(Result.SHORT_BUFFER)
        output.buffer[: len(response)] = response

    @command(Command.EMULATE_PPI)
    def emulate_ppi(self, session: ClientSession, parameters: Parameters) -> None:
        """Run a function of the physical presence interface."""
        given, output = _checked(parameters)
        request = given.content()
        if len(request) < _WORD.size or _WORD.size < len(request) < 2 * _WORD.size:
            # It does nothing, and says nothing of that.
            return
        (function,) = _WORD.unpack_from(request)
        operation = _WORD.unpack_from(request, _WORD.size)[0] if len(request) > _WORD.size else 0
        results = self._ppi(function, operation)
        # In the order of bytes of the processor.
        output.put(struct.pack(f"<{len(results)}I", *results))

    def execute(self, code: int, body: bytes) -> tuple[int, bytes]:
        """Run a command of the TPM.

        Args:
            code: the code of the command (TPM_CC).
            body: what follows its header.

        Returns:
            The code of the response (TPM_RC), and what follows its header.
        """
        if code != _GET_RANDOM:
            return _COMMAND_CODE, b""
        if len(body) != _COUNT.size:
            return _COMMAND_SIZE, b""
        (count,) = _COUNT.unpack(body)
        content = self.core.generate_random(min(count, _MAX_RANDOM))
        return 0, _COUNT.pack(len(content)) + content

    def _answer(self, request: bytes) -> bytes:
        if len(request) < HEADER.size:
            return _response(_COMMAND_SIZE, b"")
        tag, _, code = HEADER.unpack_from(request)
        if tag != _NO_SESSIONS:
            return _response(_BAD_TAG, b"")
        body = request[HEADER.size :]
        if code != _EMULATE_PPI:
            return _response(*self.execute(code, body))
        if len(body) < 2 * _WORD.size:
            return _response(_COMMAND_SIZE, b"")
        results = self._ppi(*struct.unpack_from(">II", body))
        if not results:
            return _response(_FAILURE, b"")
        return _response(0, struct.pack(f"<{len(results)}I", *results))

    def _ppi(self, function: int, operation: int) -> tuple[int, ...]:
        """Return the results of a function; none of one that it lacks."""
        functions = self.PpiFunction
        if function == functions.SUBMIT_OPERATION_REQUEST_2:
            if operation not in _OPERATIONS:
                return (_NOT_IMPLEMENTED,)
            self._pending = operation
            return (0,)
        if function == functions.GET_USER_CONFIRMATION:
            allowed = 3 if operation in _NEED_A_USER else 4 if operation < 12 else 0
            return (allowed,)
        results: dict[int, tuple[int, ...]] = {
            functions.QUERY: (0x1AB,),
            functions.VERSION: (int.from_bytes(b"1.2\0", "little"),),
            functions.SUBMIT_OPERATION_REQUEST: (_FAILED,),
            functions.GET_PENDING_OPERATION: (0, self._pending),
            functions.GET_PLATFORM_ACTION: (_FAILED,),
            functions.RETURN_OPERATION_RESPONSE: (0, 0, 0),
            functions.SUBMIT_USER_LANGUAGE: (3,),
        }
        return results.get(function, ())


def _checked(parameters: Parameters) -> tuple[MemrefParameter, MemrefParameter]:
    parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_INOUT)
    given, output = parameters.memref(0), parameters.memref(1)
    if given.size not in _SIZES or output.size not in _SIZES:
        raise ResultError(Result.BAD_PARAMETERS)
    return given, output


def _response(code: int, body: bytes) -> bytes:
    return HEADER.pack(_NO_SESSIONS, HEADER.size + len(body), code) + body
