# SPDX-License-Identifier: BSD-2-Clause
"""What applications, objects and file systems give is plain data, counted in bytes."""

from __future__ import annotations

import array
import ctypes
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import HelloWorld
from pytee_client.fake.qtee import Qtee, QteeArguments, QteeObject
from pytee_client.kernels import uapi
from pytee_client.supplicant.device import RequestParam, SupplicantDevice

from ...support.qtee_device import DEFUNCT, OK, SIZE_OUT, Memory, QteeDevice

SERVICE = 7
NUMBERS: Any = array.array("I", [1, 2, 3])


def holders() -> list[Any]:
    return [(ctypes.c_void_p * 2)(), memoryview((ctypes.py_object * 1)()).cast("B")]


def run(do: Callable[[Any, fake.Parameters], object], *given: Any) -> Any:
    """Return the outputs of a command that an application serves, or its error."""

    class Serving(fake.TrustedApplication):
        uuid = UUID("0f1f5f37-92a6-4a6e-9d5c-4b1b8f2c5c01")

        @fake.command(0)
        def serve(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            do(self.core, parameters)

    with (
        tee.Context(backend=fake.Kernel(applications=[Serving, HelloWorld])) as context,
        context.open_session(Serving.uuid) as session,
    ):
        try:
            return session.invoke_command(0, *given)
        except tee.TeecError as error:
            return error


USES: dict[str, Callable[[Any, fake.Parameters, Any], object]] = {
    "output": lambda core, parameters, data: parameters.memref(0).put(data),
    "object": lambda core, parameters, data: core.create_persistent_object(b"a", data=data),
    "name": lambda core, parameters, data: core.create_persistent_object(data),
    "other name": lambda core, parameters, data: core.open_persistent_object(data),
    "session": lambda core, parameters, data: core.open_ta_session(HelloWorld.uuid, data),
}


def _swapped(
    use: Callable[[Any, fake.Parameters, Any], object],
    data: object,
    core: object,
    parameters: fake.Parameters,
) -> None:
    use(core, parameters, data)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_an_application_that_gives_references_panics(
    use: Callable[[Any, fake.Parameters, Any], object],
) -> None:
    for holder in holders():
        buffer = bytearray(64)
        error = run(partial(_swapped, use, holder), tee.MemrefTempInOut(buffer))
        assert isinstance(error, tee.TargetDeadError)
        assert "references, not data" in str(error.__cause__)
        assert buffer == bytes(64)


def test_an_application_gives_arrays_as_bytes() -> None:
    (output,) = run(lambda _, p: p.memref(0).put(NUMBERS), tee.MemrefTempOutput(12))
    assert output == NUMBERS.tobytes()
    error = run(lambda _, p: p.memref(0).put(NUMBERS), tee.MemrefTempOutput(11))
    assert error.outputs == (tee.RequiredSize(12),)

    def store(core: Any, parameters: fake.Parameters) -> None:
        with core.create_persistent_object(b"a") as stored:
            stored.write(NUMBERS)
            stored.write(b"!")
            assert stored.get_info().data_size == 13
        with core.open_persistent_object(b"a") as stored:
            parameters.memref(0).put(stored.read(100))

    (output,) = run(store, tee.MemrefTempOutput(20))
    assert output == NUMBERS.tobytes() + b"!"


def test_an_object_writes_no_more_than_there_is_room_for() -> None:
    class Answering(QteeObject):
        content: Any

        def invoke(self, op: int, arguments: QteeArguments) -> None:
            arguments.output_buffers[0].content = self.content

    kernel = fake.Kernel(Qtee({SERVICE: Answering}), release="7.2")
    with QteeDevice(kernel) as device:
        service = device.open_service(SERVICE)
        around = Memory(64)
        for content, result in ((NUMBERS, OK), (memoryview(bytes(20)).cast("I"), SIZE_OUT)):
            Answering.content = content
            kind, address, _, c = around.output()
            answer, _ = device.object_invoke(service, 0, (kind, address, 12, c))
            assert answer == result
            assert around.content == NUMBERS.tobytes() + bytes(52)
        for holder in holders():
            Answering.content = holder
            answer, _ = device.object_invoke(device.open_service(SERVICE), 0, around.output())
            assert answer == DEFUNCT
            assert "references, not data" in str(kernel.take_cause())
            assert around.content == NUMBERS.tobytes() + bytes(52)


@pytest.mark.parametrize("profile", ["optee", "optee-no-reg-mem"])
def test_a_supplicant_answers_with_plain_data_alone(profile: str) -> None:
    device = SupplicantDevice(fake.Kernel(profile), "/dev/teepriv0")
    try:
        number = device.allocate(64)
        place = RequestParam(uapi.ParamType.MEMREF_OUTPUT, 0, 64, number)
        device.write(place, NUMBERS)
        assert place.b == 12
        assert device.read(place) == NUMBERS.tobytes()
        for holder in holders():
            with pytest.raises(tee.ParameterTypeError, match="references, not data"):
                device.write(place, holder)
        assert device.read(place) == NUMBERS.tobytes()
    finally:
        device.close()
        device.free_all()
