# SPDX-License-Identifier: BSD-2-Clause
"""Typed clients of Trusted Applications: declare an application once, and call its commands."""

from .._declarations.kinds import ContentError, DeclarationError
from .._declarations.memory import BUFFER, Bytes, List, Memory, NDArray, Nullable, Text, Variable
from .._declarations.numbers import F32, F64, I8, I16, I32, I64, U8, U16, U32, U64
from .._declarations.packed import pack, packed, size_of, unpack
from .._declarations.slots import InOut, Out
from .._declarations.uuids import TeeUuid, Uuid
from .._declarations.values import Both, LowFirst, OnlyB, OverTwo
from ._awaitable import AsyncClient, ClientOpening
from ._signatures import command, opening
from .client import Client

__all__ = [
    "BUFFER",
    "F32",
    "F64",
    "I8",
    "I16",
    "I32",
    "I64",
    "U8",
    "U16",
    "U32",
    "U64",
    "AsyncClient",
    "Both",
    "Bytes",
    "Client",
    "ClientOpening",
    "ContentError",
    "DeclarationError",
    "InOut",
    "List",
    "LowFirst",
    "Memory",
    "NDArray",
    "Nullable",
    "OnlyB",
    "Out",
    "OverTwo",
    "TeeUuid",
    "Text",
    "Uuid",
    "Variable",
    "command",
    "opening",
    "pack",
    "packed",
    "size_of",
    "unpack",
]
