# SPDX-License-Identifier: BSD-2-Clause
"""Twins of Trusted Applications of the tests, OP-TEE's and our own, for the fake."""

from .avb import Avb
from .concurrent import Concurrent, ConcurrentLarge
from .crypt import Crypt
from .exclusive import Exclusive
from .lifecycle import CreateFail, Large, SubKey1, SubKey2
from .os_test import OsTest
from .rpc_test import RpcTest
from .sims import Miss, Sims, SimsKeepAlive
from .storage import Storage, Storage2
from .wallet import FakeWallet

__all__ = [
    "TWINS",
    "Avb",
    "Concurrent",
    "ConcurrentLarge",
    "CreateFail",
    "Crypt",
    "Exclusive",
    "FakeWallet",
    "Large",
    "Miss",
    "OsTest",
    "RpcTest",
    "Sims",
    "SimsKeepAlive",
    "Storage",
    "Storage2",
    "SubKey1",
    "SubKey2",
]

TWINS = (
    Avb,
    Concurrent,
    ConcurrentLarge,
    CreateFail,
    Crypt,
    Exclusive,
    FakeWallet,
    Large,
    Miss,
    OsTest,
    RpcTest,
    Sims,
    SimsKeepAlive,
    Storage,
    Storage2,
    SubKey1,
    SubKey2,
)
