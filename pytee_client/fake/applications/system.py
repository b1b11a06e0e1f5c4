# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's pseudo applications that serve Trusted Applications only."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from enum import IntEnum
from typing import ClassVar, Final
from uuid import UUID

from ..._boundary import address_of
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.parameters import MemrefParameter, Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import LOGIN_TRUSTED_APP, ClientSession
from ..secure_world.trusted_application import TrustedApplication

__all__ = ["Socket", "System"]

_UUID_SIZE: Final = 16
_KEY_SIZES: Final = range(16, 33)
_MAX_EXTRA_DATA: Final = 1024
_SHAREABLE: Final = 1
# RTLD_NOW, RTLD_GLOBAL and RTLD_NODELETE.
_LOADING: Final = 0x1102
# What a real device has in hardware.
_HARDWARE_KEY: Final = bytes(16)


class _Internal(TrustedApplication):
    """Serve Trusted Applications only."""

    pseudo = True

    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        """Refuse clients of the normal world."""
        if session.identity.login != LOGIN_TRUSTED_APP:
            raise ResultError(Result.ACCESS_DENIED)


class System(_Internal):
    """Serve requests of Trusted Applications beyond the Internal Core API.

    Clients of the normal world are refused with ACCESS_DENIED.

    ADD_RNG_ENTROPY takes bytes, at least one. DERIVE_TA_UNIQUE_KEY takes up to 1024 bytes of extra
    data, and an output of 16 to 32 bytes for a key that only this application on this device gets.
    The output must not be memory of a client of the normal world: that is SECURITY. What has to do
    with pages, libraries and plugins of a supplicant only checks its parameters: the fake has none
    of these.
    """

    uuid: ClassVar[UUID] = UUID("3a2f8978-5dc0-11e8-9c2d-fa7ae01bbebc")

    class Command(IntEnum):
        """Its commands."""

        ADD_RNG_ENTROPY = 0
        DERIVE_TA_UNIQUE_KEY = 1
        MAP_ZI = 2
        UNMAP = 3
        DLOPEN = 10
        DLSYM = 11
        GET_TPM_EVENT_LOG = 12
        SUPP_PLUGIN_INVOKE = 13

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run one of the commands."""
        run = _COMMANDS.get(command_id)
        if run is None:
            raise ResultError(Result.NOT_IMPLEMENTED)
        run(session, parameters)


class Socket(_Internal):
    """Give Trusted Applications access to the network; here it has no commands."""

    uuid: ClassVar[UUID] = UUID("3b996a7d-2c2b-4a49-a896-e1fb5766d2f4")


def _add_entropy(session: ClientSession, parameters: Parameters) -> None:
    parameters.expect(ParamType.MEMREF_INPUT)
    if not parameters.memref(0).content():
        raise ResultError(Result.BAD_PARAMETERS)


def _derive_key(session: ClientSession, parameters: Parameters) -> None:
    parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT)
    key = parameters.memref(1)
    if parameters.memref(0).size > _MAX_EXTRA_DATA or key.size not in _KEY_SIZES:
        raise ResultError(Result.BAD_PARAMETERS)
    if key.buffer is None or _is_of_a_client(session, key):
        raise ResultError(Result.SECURITY)
    unique = session.identity.uuid.bytes + parameters.memref(0).content()
    key.buffer[:] = hmac.digest(_HARDWARE_KEY, unique, "sha256")[: key.size]


def _is_of_a_client(session: ClientSession, key: MemrefParameter) -> bool:
    """Return whether memory is that of the client of the normal world behind a session."""
    caller = session._client
    while caller is not None and caller.identity.login == LOGIN_TRUSTED_APP:
        caller = caller._client
    if caller is None or key.buffer is None:
        return False
    begin = address_of(key.buffer)
    for parameter in caller._parameters or ():
        if not isinstance(parameter, MemrefParameter) or not parameter.buffer:
            continue
        if parameter.buffer.readonly:
            continue
        place = address_of(parameter.buffer)
        if begin < place + len(parameter.buffer) and place < begin + key.size:
            return True
    return False


def _map(session: ClientSession, parameters: Parameters) -> None:
    parameters.expect(ParamType.VALUE_INPUT, ParamType.VALUE_INOUT, ParamType.VALUE_INPUT)
    if parameters.value(0).b & ~_SHAREABLE:
        raise ResultError(Result.BAD_PARAMETERS)
    raise ResultError(Result.OUT_OF_MEMORY)


def _unmap(session: ClientSession, parameters: Parameters) -> None:
    parameters.expect(ParamType.VALUE_INPUT, ParamType.VALUE_INPUT)
    # Nothing is mapped.
    raise ResultError(Result.BAD_PARAMETERS)


def _load(session: ClientSession, parameters: Parameters) -> None:
    parameters.expect(ParamType.MEMREF_INPUT, ParamType.VALUE_INPUT)
    if parameters.memref(0).size != _UUID_SIZE or parameters.value(1).a != _LOADING:
        raise ResultError(Result.BAD_PARAMETERS)
    raise ResultError(Result.ITEM_NOT_FOUND)


def _find_symbol(session: ClientSession, parameters: Parameters) -> None:
    parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_INPUT, ParamType.VALUE_OUTPUT)
    if parameters.memref(0).size != _UUID_SIZE:
        raise ResultError(Result.BAD_PARAMETERS)
    raise ResultError(Result.ITEM_NOT_FOUND)


def _get_log(session: ClientSession, parameters: Parameters) -> None:
    parameters.expect(ParamType.MEMREF_OUTPUT)
    raise ResultError(Result.NOT_SUPPORTED)


def _invoke_plugin(session: ClientSession, parameters: Parameters) -> None:
    parameters.expect(
        ParamType.MEMREF_INPUT,
        ParamType.VALUE_INPUT,
        ParamType.MEMREF_INOUT,
        ParamType.VALUE_OUTPUT,
    )
    if parameters.memref(0).size != _UUID_SIZE:
        raise ResultError(Result.BAD_PARAMETERS)
    raise ResultError(Result.ITEM_NOT_FOUND)


_COMMANDS: Final[dict[int, Callable[[ClientSession, Parameters], None]]] = {
    System.Command.ADD_RNG_ENTROPY: _add_entropy,
    System.Command.DERIVE_TA_UNIQUE_KEY: _derive_key,
    System.Command.MAP_ZI: _map,
    System.Command.UNMAP: _unmap,
    System.Command.DLOPEN: _load,
    System.Command.DLSYM: _find_symbol,
    System.Command.GET_TPM_EVENT_LOG: _get_log,
    System.Command.SUPP_PLUGIN_INVOKE: _invoke_plugin,
}
