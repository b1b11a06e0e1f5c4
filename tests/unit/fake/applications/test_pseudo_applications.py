# SPDX-License-Identifier: BSD-2-Clause
"""What the pseudo applications of the fake do where no machine shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake import MemrefParameter, ParamType, ValueParameter
from pytee_client.fake.applications import Rng
from pytee_client.fake.applications.pseudo_applications import Installation, System
from pytee_client.fake.secure_world import TaToTaError, application_image

from ....support.own_application import OwnApplication, do

if TYPE_CHECKING:
    from collections.abc import Iterator

Command = System.Command


@pytest.fixture
def kernel() -> fake.Kernel:
    return fake.Kernel(applications=[OwnApplication, Rng])


@pytest.fixture
def context(kernel: fake.Kernel) -> Iterator[tee.Context]:
    with tee.Context(backend=kernel) as context:
        yield context


@pytest.fixture
def session(context: tee.Context) -> Iterator[tee.Session]:
    with context.open_session(OwnApplication.uuid) as opened:
        yield opened


def code_of(ta: OwnApplication, command: int, *parameters: Any) -> int:
    """Return what the system service answers an application."""
    with ta.core.open_ta_session(System.uuid, (1, 2)) as system:
        try:
            system.invoke_command(command, *parameters)
        except TaToTaError as error:
            return error.code if error.origin == tee.Origin.TRUSTED_APP else -1
    return tee.Result.SUCCESS


def output(size: int) -> MemrefParameter:
    return MemrefParameter(ParamType.MEMREF_OUTPUT, bytearray(size))


def test_the_system_service_answers_applications(session: tee.Session) -> None:
    bad, uuid = tee.Result.BAD_PARAMETERS, bytes(16)
    answer = ValueParameter(ParamType.VALUE_OUTPUT)
    both = ValueParameter(ParamType.VALUE_INOUT)
    log = MemrefParameter(ParamType.MEMREF_INOUT, bytearray(1))

    def run(ta: OwnApplication, _: object) -> None:
        expected: list[tuple[int, int, tuple[Any, ...]]] = [
            (Command.ADD_RNG_ENTROPY, tee.Result.SUCCESS, (b"x",)),
            (Command.ADD_RNG_ENTROPY, bad, (b"",)),
            (Command.ADD_RNG_ENTROPY, bad, (b"x", (1, 2))),
            (Command.DERIVE_TA_UNIQUE_KEY, tee.Result.SUCCESS, (b"x", output(16))),
            (Command.DERIVE_TA_UNIQUE_KEY, bad, (b"x", output(15))),
            (Command.DERIVE_TA_UNIQUE_KEY, bad, (bytes(1025), output(16))),
            (Command.MAP_ZI, bad, ()),
            (Command.MAP_ZI, bad, ((1, 2), both, (0, 0))),
            (Command.MAP_ZI, tee.Result.OUT_OF_MEMORY, ((1, 1), both, (0, 0))),
            (Command.UNMAP, bad, ((1, 0), (0, 4096))),
            (Command.DLOPEN, bad, (uuid, (2, 0))),
            (Command.DLOPEN, bad, (uuid[:15], (0x1102, 0))),
            (Command.DLOPEN, tee.Result.ITEM_NOT_FOUND, (uuid, (0x1102, 0))),
            (Command.DLSYM, bad, (uuid, b"x")),
            (Command.DLSYM, tee.Result.ITEM_NOT_FOUND, (uuid, b"x", answer)),
            (Command.GET_TPM_EVENT_LOG, bad, ()),
            (Command.GET_TPM_EVENT_LOG, tee.Result.NOT_SUPPORTED, (output(1),)),
            (Command.SUPP_PLUGIN_INVOKE, bad, (uuid, (1, 2))),
            (Command.SUPP_PLUGIN_INVOKE, tee.Result.ITEM_NOT_FOUND, (uuid, (1, 2), log, answer)),
            (4, tee.Result.NOT_IMPLEMENTED, ()),
            (99, tee.Result.NOT_IMPLEMENTED, (b"x",)),
        ]
        for command, code, parameters in expected:
            assert code_of(ta, command, *parameters) == code, (command, parameters)

    do(session, run)


class Other(OwnApplication):
    uuid = UUID("5f2d9c0e-0b0d-4ed6-8d4a-5a2a31b7f0aa")


def test_each_application_has_keys_of_its_own(kernel: fake.Kernel, context: tee.Context) -> None:
    kernel.install(Other)
    keys: list[bytes] = []

    def run(ta: OwnApplication, _: object) -> None:
        for data, size in ((b"", 32), (b"", 32), (b"", 16), (b"x", 32)):
            key = output(size)
            assert code_of(ta, Command.DERIVE_TA_UNIQUE_KEY, data, key) == tee.Result.SUCCESS
            keys.append(key.content())

    for application in (OwnApplication, Other):
        with context.open_session(application.uuid) as session:
            do(session, run)
    assert keys[0] == keys[1]
    assert keys[0][:16] == keys[2]
    assert len({keys[0], keys[3], keys[4], keys[7]}) == 4


class Middleman(fake.TrustedApplication):
    """Has the system service write a key to whatever memory it gets."""

    uuid = UUID("5f2d9c0e-0b0d-4ed6-8d4a-5a2a31b7f0ab")

    @fake.command(0)
    def derive(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        with self.core.open_ta_session(System.uuid) as system:
            system.invoke_command(Command.DERIVE_TA_UNIQUE_KEY, b"", parameters[0])


class First(Middleman):
    """Passes the memory of its client, or its own, on to Middleman."""

    uuid = UUID("5f2d9c0e-0b0d-4ed6-8d4a-5a2a31b7f0ac")

    @fake.command(1)
    def pass_on(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        with self.core.open_ta_session(Middleman.uuid) as middle:
            middle.invoke_command(0, parameters[0])

    @fake.command(2)
    def pass_own(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        with self.core.open_ta_session(Middleman.uuid) as middle:
            middle.invoke_command(0, output(parameters.memref(0).size))


@pytest.mark.parametrize("command", [0, 1])
def test_a_key_does_not_reach_the_normal_world_through_any_number_of_applications(
    kernel: fake.Kernel, context: tee.Context, command: int
) -> None:
    kernel.install(First, Middleman)
    with context.open_session(First.uuid) as session:
        with pytest.raises(tee.SecurityError):
            session.invoke_command(command, tee.MemrefTempOutput(32))
        session.invoke_command(2, tee.MemrefTempOutput(32))


def test_the_random_number_generator_is_installed_by_who_wants_it() -> None:
    with (
        tee.Context(backend=fake.Kernel()) as context,
        pytest.raises(tee.TrustedApplicationNotFoundError),
    ):
        context.open_session(Rng.uuid)


@pytest.mark.parametrize("size", [1, 16, 4096, 1 << 20])
def test_random_bytes_fill_what_they_are_given(context: tee.Context, size: int) -> None:
    with context.open_session(Rng.uuid, (1, 2)) as one, context.open_session(Rng.uuid) as other:
        found = [bytearray(size) for _ in range(2)]
        for session, data in zip((one, other), found, strict=True):
            session.invoke_command(Rng.Command.GET_ENTROPY, tee.MemrefTempInOut(data))
        if size > 1:
            assert any(found[0])
            assert found[0] != found[1]


def test_the_random_number_generator_tells_what_it_is(context: tee.Context) -> None:
    with context.open_session(Rng.uuid) as session:
        told = session.invoke_command(Rng.Command.GET_RNG_INFO, tee.ValueOutput())
        assert told == ((0, 1024),)


@pytest.mark.parametrize(
    "parameters",
    [
        (),
        ((1, 2),),
        (b"abc",),
        (tee.MemrefTempOutput(16),),
        (tee.MemrefTempInOut(bytearray()),),
        (tee.MemrefTempInOut(None),),
        (tee.ValueInOut(1),),
        (tee.ValueOutput(), (1, 2)),
    ],
)
def test_the_random_number_generator_refuses_the_rest(
    context: tee.Context, parameters: tuple[Any, ...]
) -> None:
    with context.open_session(Rng.uuid) as session:
        for command in Rng.Command:
            with pytest.raises(tee.BadParametersError) as caught:
                session.invoke_command(command, *parameters)
            assert caught.value.origin == tee.Origin.TRUSTED_APP
        with pytest.raises(tee.errors.NotImplementedError):
            session.invoke_command(2, *parameters)


def test_the_random_number_generator_is_a_device(kernel: fake.Kernel) -> None:
    assert Rng.uuid in {device.uuid for device in tee.enumerate_bus_devices(kernel)}


def test_an_application_can_be_installed_from_its_image(context: tee.Context) -> None:
    with pytest.raises(tee.TrustedApplicationNotFoundError):
        context.open_session(Other.uuid)
    image = application_image(Other)
    with context.open_session(Installation.uuid) as session:
        with pytest.raises(tee.SecurityError):
            session.invoke_command(Installation.Command.BOOTSTRAP, image[:-1] + b"x")
        session.invoke_command(Installation.Command.BOOTSTRAP, image)
    context.open_session(Other.uuid).close()
