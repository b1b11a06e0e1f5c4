# SPDX-License-Identifier: BSD-2-Clause
"""The OP-TEE driver, in its SMC flavour, and the OP-TEE behind it."""

from __future__ import annotations

import errno
import re
from mmap import PAGESIZE
from typing import TYPE_CHECKING

from ...enums import Origin, Result
from .. import uapi
from ..identity import identity_of_caller
from ..secure_world import Outcome, SecureWorld
from ..trusted_application import MemrefParameter, ValueParameter
from .driver import Param, SharedMemory, TeeContext, TeeDevice, page_multiple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

__all__ = ["Optee"]

_UINT32 = 0xFFFFFFFF
# A message of the driver has room for six, and an opening needs two of them.
_MESSAGE_PARAMS = 6
_OPEN_META_PARAMS = 2
_CLIENT_PARAMS = 4


class Optee:
    """OP-TEE: a device for clients and one for its supplicant.

    Args:
        reg_mem: whether the secure world shares the normal world's own memory
            (its capability for dynamic shared memory).
        memref_null: whether it knows null memory references.
    """

    def __init__(self, *, reg_mem: bool = True, memref_null: bool = True) -> None:
        self.world = SecureWorld()
        self._reg_mem = reg_mem
        self._memref_null = memref_null

    def devices(self) -> list[TeeDevice]:
        """Make /dev/tee0 and /dev/teepriv0."""
        return [
            TeeDevice("/dev/tee0", self),
            TeeDevice("/dev/teepriv0", self, privileged=True),
        ]

    def version(self, device: TeeDevice) -> tuple[int, int, int]:
        """Say what real OP-TEE says."""
        capabilities = uapi.TEE_GEN_CAP_GP
        if self._reg_mem:
            capabilities |= uapi.TEE_GEN_CAP_REG_MEM
        if self._memref_null:
            capabilities |= uapi.TEE_GEN_CAP_MEMREF_NULL
        if device.privileged:
            capabilities |= uapi.TEE_GEN_CAP_PRIVILEGED
        return uapi.TEE_IMPL_ID_OPTEE, uapi.TEE_OPTEE_CAP_TZ, capabilities

    def registers_memory(self, device: TeeDevice) -> bool:
        """Return whether the device shares a client's own memory."""
        return self._reg_mem

    def carries_null_memref(self, device: TeeDevice) -> bool:
        """Return whether the device knows null memory references."""
        return self._memref_null

    def open_session(
        self,
        context: TeeContext,
        uuid: UUID,
        client_uuid: bytes,
        login: int,
        params: list[Param],
    ) -> Outcome:
        """Open a session; its number is the secure world's."""
        if len(params) + _OPEN_META_PARAMS > _MESSAGE_PARAMS:
            raise OSError(errno.EINVAL, "too many parameters")
        identity = identity_of_caller(login, client_uuid)
        _refuse_meta(params)
        if _begins_at_an_end(params):
            return Outcome(Result.BAD_PARAMETERS, Origin.TRUSTED_APP)
        message = _Message(params)
        outcome = message.finish(self.world.open_session(uuid, identity, message.parameters))
        if outcome.result == Result.SUCCESS:
            context.sessions.append(outcome.session)
        return outcome

    def invoke(self, context: TeeContext, session: int, func: int, params: list[Param]) -> Outcome:
        """Run a command; five and six parameters get as far as the secure world."""
        _check_session(context, session)
        if len(params) > _MESSAGE_PARAMS:
            raise OSError(errno.EINVAL, "too many parameters")
        _refuse_meta(params)
        if len(params) > _CLIENT_PARAMS:
            return Outcome(Result.BAD_PARAMETERS, Origin.TEE)
        if _begins_at_an_end(params):
            return Outcome(Result.BAD_PARAMETERS, Origin.TRUSTED_APP)
        message = _Message(params)
        return message.finish(self.world.invoke_command(session, func, message.parameters))

    def cancel(self, context: TeeContext, session: int, cancel_id: int) -> None:
        """Flag the session; OP-TEE knows no operations, only sessions."""
        _check_session(context, session)
        self.world.request_cancellation(session)

    def close_session(self, context: TeeContext, session: int) -> None:
        """Close a session; what the secure world says of it is not passed on."""
        _check_session(context, session)
        context.sessions.remove(session)
        self.world.close_session(session)

    def release(self, context: TeeContext) -> None:
        """Close what was left open, the latest first."""
        while context.sessions:
            self.world.close_session(context.sessions.pop())


def _check_session(context: TeeContext, session: int) -> None:
    if session not in context.sessions:
        raise OSError(errno.EINVAL, "no such session in this context")


def _refuse_meta(params: list[Param]) -> None:
    if any(param.meta for param in params):
        raise OSError(errno.EINVAL, "META is the kernel's own")


def _begins_at_an_end(params: list[Param]) -> bool:
    """Return whether a memref, an empty one then, begins where its memory's last page ends."""
    return any(
        param.a
        == page_multiple(memory.address % PAGESIZE + memory.size) - memory.address % PAGESIZE
        for param in params
        if (memory := param.memory) is not None
    )


class _Message:
    """The parameters of a call as the Trusted Application gets them, and back.

    It gets copies: a view of the program's memory that it kept would outlive it. Slots
    that overlap in one block of memory still see each other's bytes, and what the program
    writes meanwhile stays, but where the application writes too.
    """

    def __init__(self, params: list[Param]) -> None:
        self._params = params
        self._copies: dict[SharedMemory, tuple[int, bytes, memoryview]] = {}
        for memory in {param.memory for param in params if param.memory is not None}:
            used = [param for param in params if param.memory is memory]
            start = min(param.a for param in used)
            end = max(param.a + param.b for param in used)
            before = memory.read(start, end)
            self._copies[memory] = start, before, memoryview(bytearray(before))
        given = [self._parameter_of(param) for param in params]
        self.parameters = given + [None] * (_CLIENT_PARAMS - len(given))

    def _parameter_of(self, param: Param) -> ValueParameter | MemrefParameter | None:
        if param.type is uapi.ParamType.NONE:
            return None
        if not param.type.is_memref:
            return ValueParameter(param.type, param.a & _UINT32, param.b & _UINT32)
        if param.memory is None:
            return MemrefParameter(param.type, None, 0)
        view = self._bytes_of(param)
        if not param.type.is_output:
            view = view.toreadonly()
        return MemrefParameter(param.type, view, param.b)

    def _bytes_of(self, param: Param) -> memoryview:
        assert param.memory is not None
        start, _, copy = self._copies[param.memory]
        return copy[param.a - start : param.a - start + param.b]

    def finish(self, outcome: Outcome) -> Outcome:
        """Update the client's parameters, whatever the outcome."""
        for param, parameter in zip(self._params, self.parameters, strict=False):
            if not param.type.is_output:
                continue
            if isinstance(parameter, ValueParameter):
                param.a, param.b = parameter.a & _UINT32, parameter.b & _UINT32
            elif isinstance(parameter, MemrefParameter):
                param.b = parameter.size
        for memory, (start, before, copy) in self._copies.items():
            after = copy.tobytes()
            for first, beyond in _changes(before, after):
                memory.write(start + first, after[first:beyond])
        return outcome


def _changes(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the bytes differ: the first, and the one beyond the last."""
    if before != after:
        difference = int.from_bytes(before, "little") ^ int.from_bytes(after, "little")
        for run in re.finditer(rb"[^\0]+", difference.to_bytes(len(before), "little")):
            yield run.span()
