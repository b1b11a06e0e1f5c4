# SPDX-License-Identifier: BSD-2-Clause
"""What OP-TEE asks of the normal world while a call runs: the numbers of its requests."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["FsOperation", "NotificationOperation", "RpcCommand"]


class RpcCommand(IntEnum):
    """The requests (OPTEE_RPC_CMD_*); the kernel serves some, the supplicant the others."""

    LOAD_TA = 0
    RPMB = 1
    FS = 2
    GET_TIME = 3
    NOTIFICATION = 4
    SUSPEND = 5
    SHM_ALLOC = 6
    SHM_FREE = 7
    GPROF = 9
    SOCKET = 10
    FTRACE = 11
    PLUGIN = 12


class FsOperation(IntEnum):
    """What can be done to files (OPTEE_RPC_FS_*): the first number of a request for FS."""

    OPEN = 0
    CREATE = 1
    CLOSE = 2
    READ = 3
    WRITE = 4
    TRUNCATE = 5
    REMOVE = 6
    RENAME = 7
    OPENDIR = 8
    CLOSEDIR = 9
    READDIR = 10


class NotificationOperation(IntEnum):
    """What can be done with a notification: the first number of a request for NOTIFICATION."""

    WAIT = 0
    SEND = 1
