# SPDX-License-Identifier: BSD-2-Clause
"""A call that does no harm, to see that the TEE answers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ... import _hints as t
from ...context import Context
from ...enums import GenericCapabilities, ImplementationId
from ...errors import ItemNotFoundError, TeecError
from ...ta.optee import DeviceEnumeration, HelloWorld, uuid_of
from .finding import Finding, State, remedy_of, text_of
from .supplicant import supplicant_may_serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...devices import Device
    from .patient import Patient

__all__ = ["check_call"]

# Seconds. Most of it is for loading the application on a slow board.
_TIME_OUT: Final = 10.0
_NUMBER: Final = 41


def check_call(patient: Patient) -> Iterator[Finding]:
    """Call hello_world where it is, or else the part of OP-TEE that lists devices."""
    if patient.machine is not None and not patient.machine.is_this:
        return
    for device in patient.devices:
        capabilities = device.capabilities
        if capabilities is not None and GenericCapabilities.GP in capabilities:
            yield _call(patient, device)


def _call(patient: Patient, device: Device) -> Finding:
    backend: t.Backend = "linux" if patient.kernel is None else patient.kernel
    is_optee = device.implementation_id == ImplementationId.OPTEE
    try:
        with Context(device.path, backend=backend, timeout=_TIME_OUT) as context:
            if _has_hello_world(patient):
                try:
                    return _finding_of_hello_world(context, device)
                except ItemNotFoundError:
                    # A file of it would have been found; this is another TEE's.
                    if _file_of_hello_world(patient) is not None:
                        raise
            if is_optee:
                return _finding_of_list(context, device)
    except TeecError as error:
        return Finding(
            "call",
            State.PROBLEM,
            f"A test call on {device.path} failed: {text_of(error)}.",
            remedy_of(error),
        )
    return Finding(
        "call", State.INFO, f"No call was tried on {device.path}: no example application is known."
    )


def _file_of_hello_world(patient: Patient) -> str | None:
    wanted = uuid_of("hello_world")
    files = (file for found in patient.files.values() for file in found)
    return next((file.path for file in files if file.uuid == wanted), None)


def _has_hello_world(patient: Patient) -> bool:
    """Return whether to try it: never if it would wait for a supplicant that is not there."""
    if patient.machine is None:
        return supplicant_may_serve(patient)
    return _file_of_hello_world(patient) is not None and supplicant_may_serve(patient)


def _finding_of_hello_world(context: Context, device: Device) -> Finding:
    start = time.perf_counter()
    with HelloWorld(context) as client:
        opened = time.perf_counter()
        answer = client.inc_value(_NUMBER)
        done = time.perf_counter()
    times = f"opened in {_milliseconds(opened - start)}, called in {_milliseconds(done - opened)}"
    if answer != _NUMBER + 1:
        return Finding(
            "call",
            State.PROBLEM,
            f"hello_world on {device.path} says that {answer} comes after {_NUMBER} ({times}).",
            "Look for another application that was installed under its UUID.",
        )
    return Finding("call", State.OK, f"hello_world on {device.path} answers: {times}.")


def _finding_of_list(context: Context, device: Device) -> Finding:
    start = time.perf_counter()
    with DeviceEnumeration(context) as client:
        client.get_devices()
    took = _milliseconds(time.perf_counter() - start)
    return Finding(
        "call", State.OK, f"OP-TEE's device enumeration on {device.path} answers, in {took}."
    )


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
