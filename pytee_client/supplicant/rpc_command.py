# SPDX-License-Identifier: BSD-2-Clause
"""The numbers of the requests of OP-TEE to the normal world while a call runs (RPC)."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["FsOperation", "NotificationOperation", "RpcCommand"]


class RpcCommand(IntEnum):
    """The requests (OPTEE_RPC_CMD_*). The kernel serves some, the supplicant the others."""

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
    """The first number of a request FS: what to do with files (OPTEE_RPC_FS_*)."""

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
    """The first number of a request NOTIFICATION: what to do with a notification."""

    WAIT = 0
    SEND = 1
