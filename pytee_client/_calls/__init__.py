# SPDX-License-Identifier: BSD-2-Clause
"""Calls: Python values into the slots of an operation, to the TEE, and back.

slots has the way of every kind of parameter. one_parameter has shorter ways for the most common
calls, pool the calls of one session and who waits for their end, prepared the commands that are
run many times.
"""

from .opening import open_session
from .pool import CallPool
from .prepared import PreparedCommand, prepare
from .slots import Call

__all__ = ["Call", "CallPool", "PreparedCommand", "open_session", "prepare"]
