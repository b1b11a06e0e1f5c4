# SPDX-License-Identifier: BSD-2-Clause
"""Calls: Python values into the slots of an operation, to the TEE, and back.

call       a call: what it keeps alive, and how its outputs are read
slots      setting parameters of every kind; blocks does it for shared memory
pool       the calls of one session, and who waits for their end
one_parameter   shorter ways for the most common calls
prepared   commands that run many times
opening    the call that opens a session
"""

from .call import Call
from .opening import open_session
from .pool import CallPool
from .prepared import PreparedCommand, prepare

__all__ = ["Call", "CallPool", "PreparedCommand", "open_session", "prepare"]
