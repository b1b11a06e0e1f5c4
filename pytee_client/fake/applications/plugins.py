# SPDX-License-Identifier: BSD-2-Clause
"""The example application plugins of OP-TEE, as of OP-TEE 4.5 and 4.10."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Final
from uuid import UUID

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.parameters import MemrefParameter, Parameters, ValueParameter
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication
from .system import System

__all__ = ["Plugins"]

_TO_SYSLOG: Final = 0
_LOG_INFO: Final = 6


class Plugins(TrustedApplication):
    """Have a plugin of the supplicant write to the system's log.

    PING takes nothing. The fake's supplicant has no plugins: PING is ITEM_NOT_FOUND. A derived
    class that stands for a plugin has its own call_plugin().

    Attributes:
        syslog: the UUID of the plugin.
    """

    uuid: ClassVar[UUID] = UUID("2a287631-de1b-4fdd-a55c-b9312e40769a")
    syslog: ClassVar[UUID] = UUID("96bcf744-4f72-4866-bf1d-8634fd9c65e5")

    class Command(IntEnum):
        """Its commands."""

        PING = 0

    _pings = 0

    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        """Accept any client. There are no parameters."""
        parameters.expect()

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Write a line to the log."""
        parameters.expect()
        if command_id != self.Command.PING:
            raise ResultError(Result.NOT_SUPPORTED)
        text = f"Hello, plugin! value = {self._pings:#x}"
        self._pings += 1
        self.call_plugin(self.syslog, _TO_SYSLOG, _LOG_INFO, text.encode())

    def call_plugin(self, plugin: UUID, command: int, subcommand: int, data: bytes) -> None:
        """Call a plugin of the supplicant (tee_invoke_supp_plugin).

        Args:
            plugin: its UUID.
            command: its command.
            subcommand: what the command does.
            data: what it is given.

        Raises:
            ResultError: the plugin, or what should call it, says so.
        """
        with self.core.open_ta_session(System.uuid) as system:
            system.invoke_command(
                System.Command.SUPP_PLUGIN_INVOKE,
                MemrefParameter(ParamType.MEMREF_INPUT, plugin.bytes_le),
                ValueParameter(ParamType.VALUE_INPUT, command, subcommand),
                MemrefParameter(ParamType.MEMREF_INOUT, bytearray(data)),
                ValueParameter(ParamType.VALUE_OUTPUT),
            )
