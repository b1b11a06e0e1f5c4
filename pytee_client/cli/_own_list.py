# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's own list of the applications that become devices of Linux."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ..context import Context
from ..enums import ImplementationId
from ..errors import TeecError
from ..ta.optee import DeviceEnumeration
from ._application_texts import name_of
from ._errors import error_text

if TYPE_CHECKING:
    from uuid import UUID

    from ._tee import Tee

__all__ = ["OwnList", "ask_for_list"]

# Seconds. It answers at once, as it is a part of OP-TEE, unless that is stuck.
_TIME_OUT: Final = 5.0
_COMMANDS: Final = {
    "get_devices": "need no supplicant",
    "get_devices_supp": "need a supplicant",
    "get_devices_rpmb": "need RPMB memory",
}


@dataclass
class OwnList:
    """What OP-TEE's device enumeration answered.

    Attributes:
        found: the applications, by the name of the command.
        failed: what each command that failed said.
        error: what opening it said, if that failed; None if it was opened, or is no OP-TEE.
        is_optee: whether there is an OP-TEE to ask.
    """

    found: dict[str, list[UUID]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    is_optee: bool = False

    def data(self) -> dict[str, Any]:
        """Return it for --json."""
        return {
            "available": bool(self.found),
            "error": self.error,
            "failed": self.failed,
            "lists": {
                command: [{"uuid": str(one), "application": name_of(one)} for one in uuids]
                for command, uuids in self.found.items()
            },
        }

    def lines(self) -> list[str]:
        """Return it as lines."""
        if self.error is not None:
            return [f"it does not answer: {self.error}"]
        made = []
        for command, meaning in _COMMANDS.items():
            if command in self.failed:
                made.append(f"those that {meaning}: not known: {self.failed[command]}")
            for uuid in self.found.get(command, ()):
                made.append(f"{uuid} {name_of(uuid) or '-'}, one of those that {meaning}")
        return made or ["it lists none"]


def ask_for_list(tee: Tee) -> OwnList:
    """Ask OP-TEE which applications become devices; never raises an error of the TEE."""
    answer = OwnList()
    try:
        with Context(tee.device, backend=tee.backend, timeout=_TIME_OUT) as context:
            answer.is_optee = context.version.implementation_id == ImplementationId.OPTEE
            if answer.is_optee:
                _ask(context, answer)
    except TeecError as error:
        answer.error = error_text(error)
    return answer


def _ask(context: Context, answer: OwnList) -> None:
    with DeviceEnumeration(context) as client:
        asked = {
            "get_devices": client.get_devices,
            "get_devices_supp": client.get_devices_supp,
            "get_devices_rpmb": client.get_devices_rpmb,
        }
        for command, call in asked.items():
            try:
                answer.found[command] = list(call())
            except TeecError as error:
                answer.failed[command] = error_text(error)
