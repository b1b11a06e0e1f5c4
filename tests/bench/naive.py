# SPDX-License-Identifier: BSD-2-Clause
"""The column of OP-TEE's libteec by ctypes, as one would write it who has no other library."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref
from typing import TYPE_CHECKING

from .cases import Kind
from .plain import NOTHING

if TYPE_CHECKING:
    from .guest import Column, Loop

_VALUE_INOUT, _MEMREF_TEMP_INOUT, _MEMREF_WHOLE = 3, 7, 12
_MEM_INOUT = 3
_LOGIN_PUBLIC = 0


class _Uuid(ctypes.Structure):
    _fields_ = (
        ("time_low", ctypes.c_uint32),
        ("time_mid", ctypes.c_uint16),
        ("time_hi_and_version", ctypes.c_uint16),
        ("clock_seq_and_node", ctypes.c_uint8 * 8),
    )


class _Context(ctypes.Structure):
    _fields_ = (("_imp", ctypes.c_uint64),)


class _Session(ctypes.Structure):
    _fields_ = (("_imp", ctypes.c_uint64 * 2),)


class _SharedMemory(ctypes.Structure):
    _fields_ = (
        ("buffer", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("flags", ctypes.c_uint32),
        ("_imp", ctypes.c_uint64 * 4),
    )


class _Temporary(ctypes.Structure):
    _fields_ = (("buffer", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Registered(ctypes.Structure):
    _fields_ = (
        ("parent", ctypes.POINTER(_SharedMemory)),
        ("size", ctypes.c_size_t),
        ("offset", ctypes.c_size_t),
    )


class _Value(ctypes.Structure):
    _fields_ = (("a", ctypes.c_uint32), ("b", ctypes.c_uint32))


class _Parameter(ctypes.Union):
    _fields_ = (("tmpref", _Temporary), ("memref", _Registered), ("value", _Value))


class _Operation(ctypes.Structure):
    _fields_ = (
        ("started", ctypes.c_uint32),
        ("param_types", ctypes.c_uint32),
        ("params", _Parameter * 4),
        ("_imp", ctypes.c_uint64),
    )


_library = ctypes.CDLL("libteec.so.2")
for _name in (
    "TEEC_InitializeContext",
    "TEEC_OpenSession",
    "TEEC_InvokeCommand",
    "TEEC_AllocateSharedMemory",
):
    getattr(_library, _name).restype = ctypes.c_uint32
_UUID = _Uuid.from_buffer_copy(NOTHING.bytes_le)


def _check(result: int) -> None:
    if result != 0:
        raise OSError(f"{result:#x}")


@contextmanager
def _opened_context() -> Iterator[_Context]:
    context = _Context()
    _check(_library.TEEC_InitializeContext(None, byref(context)))
    try:
        yield context
    finally:
        _library.TEEC_FinalizeContext(byref(context))


def _open(context: _Context) -> _Session:
    session = _Session()
    origin = ctypes.c_uint32()
    _check(
        _library.TEEC_OpenSession(
            byref(context),
            byref(session),
            byref(_UUID),
            _LOGIN_PUBLIC,
            None,
            None,
            byref(origin),
        )
    )
    return session


@contextmanager
def _opened_session(context: _Context) -> Iterator[_Session]:
    session = _open(context)
    try:
        yield session
    finally:
        _library.TEEC_CloseSession(byref(session))


def _invoke(session: _Session, operation: _Operation | None) -> None:
    origin = ctypes.c_uint32()
    reference = None if operation is None else byref(operation)
    _check(_library.TEEC_InvokeCommand(byref(session), 0, reference, byref(origin)))


def _value_of(session: _Session, a: int, b: int) -> tuple[int, int]:
    operation = _Operation()
    operation.param_types = _VALUE_INOUT
    operation.params[0].value.a = a
    operation.params[0].value.b = b
    _invoke(session, operation)
    value = operation.params[0].value
    return value.a, value.b


def _memory_of(session: _Session, buffer: bytearray) -> memoryview:
    operation = _Operation()
    operation.param_types = _MEMREF_TEMP_INOUT
    array = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    operation.params[0].tmpref.buffer = ctypes.addressof(array)
    operation.params[0].tmpref.size = len(buffer)
    _invoke(session, operation)
    return memoryview(buffer)[: operation.params[0].tmpref.size]


def _block_of(session: _Session, block: _SharedMemory) -> int:
    operation = _Operation()
    operation.param_types = _MEMREF_WHOLE
    operation.params[0].memref.parent = ctypes.pointer(block)
    _invoke(session, operation)
    return int(operation.params[0].memref.size)


@contextmanager
def _null(size: int) -> Iterator[Loop]:
    with _opened_context() as context, _opened_session(context) as session:

        def loop(calls: int) -> None:
            for _ in range(calls):
                _invoke(session, None)

        yield loop


@contextmanager
def _value(size: int) -> Iterator[Loop]:
    with _opened_context() as context, _opened_session(context) as session:

        def loop(calls: int) -> None:
            for _ in range(calls):
                _value_of(session, 41, 0)

        yield loop


@contextmanager
def _temporary(size: int) -> Iterator[Loop]:
    buffer = bytearray(size)
    with _opened_context() as context, _opened_session(context) as session:

        def loop(calls: int) -> None:
            for _ in range(calls):
                _memory_of(session, buffer)

        yield loop


@contextmanager
def _block(size: int) -> Iterator[Loop]:
    with _opened_context() as context, _opened_session(context) as session:
        block = _SharedMemory(size=size, flags=_MEM_INOUT)
        _check(_library.TEEC_AllocateSharedMemory(byref(context), byref(block)))

        def loop(calls: int) -> None:
            for _ in range(calls):
                _block_of(session, block)

        yield loop
        _library.TEEC_ReleaseSharedMemory(byref(block))


def _session_loop(context: _Context) -> Loop:
    def loop(calls: int) -> None:
        for _ in range(calls):
            with _opened_session(context):
                pass

    return loop


@contextmanager
def _session(size: int) -> Iterator[Loop]:
    with _opened_context() as context:
        yield _session_loop(context)


@contextmanager
def _loaded_session(size: int) -> Iterator[Loop]:
    with _opened_context() as context, _opened_session(context):
        yield _session_loop(context)


@contextmanager
def _context(size: int) -> Iterator[Loop]:
    def loop(calls: int) -> None:
        for _ in range(calls):
            with _opened_context():
                pass

    yield loop


COLUMN: Column = {
    Kind.NULL: _null,
    Kind.VALUE: _value,
    Kind.TEMPORARY: _temporary,
    Kind.BLOCK: _block,
    Kind.SESSION: _session,
    Kind.LOADED_SESSION: _loaded_session,
    Kind.CONTEXT: _context,
}
