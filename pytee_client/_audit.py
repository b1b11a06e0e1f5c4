# SPDX-License-Identifier: BSD-2-Clause
"""Auditing events, for hooks that watch over what Python does (sys.addaudithook()).

Each is raised before anything is sent, and once for each call. A command whose parameter is one
value raises it in C: see csrc/python/audit.c.
"""

from __future__ import annotations

from sys import audit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["CONTEXT", "INVOKE_COMMAND", "OPEN_SESSION", "audit"]

# The path of the device, None for the first; and the name of the backend.
CONTEXT: Final = "pytee_client.Context"
# The UUID of the Trusted Application, and the login.
OPEN_SESSION: Final = "pytee_client.open_session"
# The UUID, and the number of the command.
INVOKE_COMMAND: Final = "pytee_client.invoke_command"
