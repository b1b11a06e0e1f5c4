# SPDX-License-Identifier: BSD-2-Clause
"""A program that uses a TEE through libteec and libckteec, with pytee_client beside them or not.

It is told by a `Plan` in JSON as its only argument, and prints a `Report` in JSON.
"""

from __future__ import annotations

import ctypes
import dataclasses
import json
import sys
from dataclasses import dataclass
from typing import Any
from uuid import UUID

_VALUE_INOUT = 3
_LOGIN_PUBLIC = 0
# Of the structures of libteec.so.2 and of PKCS#11, on 64-bit machines.
_CONTEXT_SIZE, _SESSION_SIZE, _CK_INFO_SIZE = 8, 16, 88
_INCREMENT = 0


@dataclass(frozen=True)
class Plan:
    """What to do.

    Attributes:
        pytee_client: whether it is imported "before" the libraries are loaded, "after", or "never".
        target: the name of a target of tests.support.targets, and what it is made from.
        libteec: the library to load, and the device to give it (none: its own choice).
        libckteec: the library to load; none where there is none.
        application: hello_world.
    """

    pytee_client: str
    target: tuple[str, str]
    libteec: tuple[str, str | None]
    libckteec: str | None
    application: str


@dataclass(frozen=True)
class Report:
    """What came of it.

    Attributes:
        pytee_client: what three calls by pytee_client returned: one before and one after each use
            of the others.
        libteec: what each call by libteec returned, up to the first error, and then the value.
        libckteec: what each call by libckteec returned.
        library_info: what C_GetInfo wrote, in hexadecimal digits.
        slots: what C_GetSlotList wrote.
        homes: the file that TEEC_InvokeCommand is in, by who looks for it.
    """

    pytee_client: list[int]
    libteec: list[int]
    libckteec: list[int]
    library_info: str
    slots: list[int]
    homes: dict[str, str]


class _Parameter(ctypes.Structure):
    _fields_ = (("a", ctypes.c_uint32), ("b", ctypes.c_uint32), ("_", ctypes.c_uint64 * 2))


class _Operation(ctypes.Structure):
    _fields_ = (
        ("started", ctypes.c_uint32),
        ("param_types", ctypes.c_uint32),
        ("params", _Parameter * 4),
        ("imp", ctypes.c_void_p),
    )


class _Client:
    """A session through pytee_client, which is imported only here."""

    def __init__(self, plan: Plan) -> None:
        # The hardest case: a program that has its extension modules' symbols shared by all.
        flags = sys.getdlopenflags()
        sys.setdlopenflags(flags | ctypes.RTLD_GLOBAL)
        import pytee_client as tee
        from pytee_client._native import ffi, lib

        sys.setdlopenflags(flags)
        from tests.support.targets import targets_of

        name, origin = plan.target
        (target,) = (each for each in targets_of(origin) if each.name == name)
        self._context = target.open_context()
        self._session = self._context.open_session(UUID(plan.application))
        self._value, self._value_type = tee.ValueInOut, tee.Value
        self.function = int(ffi.cast("uintptr_t", ffi.addressof(lib, "TEEC_InvokeCommand")))

    def increment(self, value: int) -> int:
        (output,) = self._session.invoke_command(_INCREMENT, self._value(value))
        assert isinstance(output, self._value_type)
        return output.a

    def close(self) -> None:
        self._session.close()
        self._context.close()


def _use_libteec(library: ctypes.CDLL, device: str | None, application: UUID) -> list[int]:
    context = ctypes.create_string_buffer(_CONTEXT_SIZE)
    session = ctypes.create_string_buffer(_SESSION_SIZE)
    name = None if device is None else device.encode()
    results = [library.TEEC_InitializeContext(name, context)]
    if results[-1] != 0:
        return results
    uuid = application.bytes_le[:8] + application.bytes[8:]
    results.append(
        library.TEEC_OpenSession(context, session, uuid, _LOGIN_PUBLIC, None, None, None)
    )
    if results[-1] == 0:
        operation = _Operation(param_types=_VALUE_INOUT)
        operation.params[0].a = 42
        results.append(
            library.TEEC_InvokeCommand(session, _INCREMENT, ctypes.byref(operation), None)
        )
        results.append(operation.params[0].a)
        library.TEEC_CloseSession(session)
    library.TEEC_FinalizeContext(context)
    return results


def _use_libckteec(library: ctypes.CDLL) -> tuple[list[int], str, list[int]]:
    info = ctypes.create_string_buffer(_CK_INFO_SIZE)
    count = ctypes.c_ulong()
    results = [
        library.C_Initialize(None),
        library.C_GetInfo(info),
        library.C_GetSlotList(0, None, ctypes.byref(count)),
    ]
    slots = (ctypes.c_ulong * count.value)()
    results.append(library.C_GetSlotList(0, slots, ctypes.byref(count)))
    results.append(library.C_Finalize(None))
    return results, info.raw.hex(), list(slots)


def _loaded(path: str, functions: tuple[str, ...], result: type[Any]) -> ctypes.CDLL:
    library = ctypes.CDLL(path, ctypes.RTLD_GLOBAL)
    for function in functions:
        getattr(library, function).restype = result
    return library


def _home(address: int | None) -> str:
    """The file that is mapped at an address."""
    assert address is not None
    with open("/proc/self/maps") as maps:
        for line in maps:
            area, *_, path = line.split(maxsplit=5)
            start, end = (int(edge, 16) for edge in area.split("-"))
            if start <= address < end:
                return path.strip()
    raise AssertionError(f"nothing is mapped at {address:#x}")


def _found_by(library: ctypes.CDLL) -> str:
    return _home(ctypes.cast(library.TEEC_InvokeCommand, ctypes.c_void_p).value)


def work(plan: Plan) -> Report:
    client = _Client(plan) if plan.pytee_client == "before" else None
    path, device = plan.libteec
    libteec = _loaded(
        path, ("TEEC_InitializeContext", "TEEC_OpenSession", "TEEC_InvokeCommand"), ctypes.c_uint32
    )
    libckteec = None
    if plan.libckteec is not None:
        libckteec = _loaded(
            plan.libckteec,
            ("C_Initialize", "C_GetInfo", "C_GetSlotList", "C_Finalize"),
            ctypes.c_ulong,
        )
    if plan.pytee_client == "after":
        client = _Client(plan)

    values = [client.increment(1)] if client else []
    teec_results = _use_libteec(libteec, device, UUID(plan.application))
    values += [client.increment(2)] if client else []
    ckteec = _use_libckteec(libckteec) if libckteec else ([], "", [])
    values += [client.increment(3)] if client else []

    homes = {"libteec": _found_by(libteec), "anybody": _found_by(ctypes.CDLL(None))}
    if libckteec:
        homes["libckteec"] = _found_by(libckteec)
    if client:
        homes["pytee_client"] = _home(client.function)
        client.close()
    return Report(values, teec_results, *ckteec, homes)


if __name__ == "__main__":
    report = work(Plan(**json.loads(sys.argv[1])))
    print(json.dumps(dataclasses.asdict(report)))
