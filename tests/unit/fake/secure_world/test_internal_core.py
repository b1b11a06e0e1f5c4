# SPDX-License-Identifier: BSD-2-Clause
"""What the fake's Trusted Applications may ask of their TEE: properties, times, randomness."""

from __future__ import annotations

from concurrent.futures import Future, wait
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.secure_world import DataFlag, Identity, Time
from pytee_client.fake.secure_world.instance import Instance

from ....support.own_application import OwnApplication, do, opened
from ....support.waiting import LIMIT, begin

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK, NUMBER = b"\x00\xff", 1 << 40


class Declaring(OwnApplication):
    """A summary.

    And more.
    """

    single_instance = True
    multi_session = True
    properties = MappingProxyType(
        {"gpd.ta.version": "1.2", "own.block": BLOCK, "own.number": NUMBER}
    )


@pytest.fixture
def kernel() -> fake.Kernel:
    kernel = fake.Kernel()
    kernel.install(Declaring)
    return kernel


@pytest.fixture
def session(kernel: fake.Kernel) -> Iterator[tee.Session]:
    with opened(kernel) as session:
        yield session


def test_an_application_has_the_properties_that_it_declares(session: tee.Session) -> None:
    properties = do(session, lambda ta, _: ta.core.propset_current_ta, Declaring)
    assert dict(properties) == {
        "gpd.ta.appID": Declaring.uuid,
        "gpd.ta.singleInstance": True,
        "gpd.ta.multiSession": True,
        "gpd.ta.instanceKeepAlive": False,
        "gpd.ta.endian": 0,
        "gpd.ta.version": "1.2",
        "gpd.ta.description": "A summary.",
        "own.block": BLOCK,
        "own.number": NUMBER,
    }


def test_every_property_is_a_string_too(session: tee.Session) -> None:
    properties = do(session, lambda ta, _: ta.core.propset_current_ta, Declaring)
    for name, text in (
        ("gpd.ta.appID", str(Declaring.uuid)),
        ("gpd.ta.singleInstance", "true"),
        ("gpd.ta.instanceKeepAlive", "false"),
        ("gpd.ta.version", "1.2"),
        ("own.block", "AP8="),
        ("own.number", "1099511627776"),
    ):
        assert properties.get_as(name, str) == text
    assert properties.get_as("gpd.ta.singleInstance", bool) is True
    assert properties.get_as("own.number", int) == NUMBER


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("gpd.ta.version", int, tee.Result.BAD_FORMAT),
        ("gpd.ta.singleInstance", int, tee.Result.BAD_FORMAT),
        ("gpd.ta.endian", bool, tee.Result.BAD_FORMAT),
        ("gpd.ta.missing", str, tee.Result.ITEM_NOT_FOUND),
    ],
)
def test_what_a_property_is_not_goes_to_the_client(
    session: tee.Session, name: str, kind: type[Any], code: int
) -> None:
    with pytest.raises(tee.TeecError) as caught:
        do(session, lambda ta, _: ta.core.propset_current_ta.get_as(name, kind), Declaring)
    assert (caught.value.code, caught.value.origin) == (code, tee.Origin.TRUSTED_APP)


def test_a_set_of_properties_is_a_mapping(session: tee.Session) -> None:
    properties = do(session, lambda ta, _: ta.core.propset_tee_implementation, Declaring)
    assert "gpd.tee.apiversion" in properties
    assert "gpd.ta.appID" not in properties
    assert properties.get("gpd.ta.appID") is None
    assert all(name.startswith("gpd.tee.") for name in properties)
    assert properties.get_as("gpd.tee.deviceID", UUID).version == 5


def test_the_client_is_the_one_whose_call_it_is(kernel: fake.Kernel) -> None:
    def identity(session: tee.Session) -> object:
        name = "gpd.client.identity"
        return do(session, lambda ta, _: ta.core.propset_current_client[name], Declaring)

    with (
        tee.Context(backend=kernel) as context,
        context.open_session(Declaring.uuid) as public,
        context.open_session(Declaring.uuid, login=tee.Login.USER) as user,
    ):
        for _ in range(2):
            assert identity(public) == Identity(tee.Login.PUBLIC, UUID(int=0))
            expected = tee.client_uuid(tee.Login.USER)
            assert identity(user) == Identity(tee.Login.USER, expected)
            text = do(
                user,
                lambda ta, _: ta.core.propset_current_client.get_as("gpd.client.identity", str),
                Declaring,
            )
            assert text == f"1:{expected}"


def test_random_bytes_differ(session: tee.Session) -> None:
    one, other = (
        do(session, lambda ta, _: ta.core.generate_random(16), Declaring) for _ in range(2)
    )
    assert len(one) == len(other) == 16
    assert one != other


def test_system_time_goes_on(session: tee.Session) -> None:
    def run(ta: OwnApplication, session: fake.ClientSession) -> int:
        before = ta.core.get_system_time()
        session.wait(20)
        return ta.core.get_system_time().in_millis() - before.in_millis()

    assert 19 <= do(session, run, Declaring) < 10_000


def test_an_applications_own_time_is_what_it_set_for_all_its_instances(
    kernel: fake.Kernel,
) -> None:
    with opened(kernel) as session:
        with pytest.raises(tee.TeecError) as caught:
            do(session, lambda ta, _: ta.core.get_ta_persistent_time(), Declaring)
        assert caught.value.code == tee.Result.TIME_NOT_SET
        do(session, lambda ta, _: ta.core.set_ta_persistent_time(Time(1000, 5)), Declaring)
    with opened(kernel) as session:
        now = do(session, lambda ta, _: ta.core.get_ta_persistent_time(), Declaring)
    assert Time(1000, 5) <= now < Time(1100)


def test_a_time_beyond_32_bits_is_an_overflow(session: tee.Session) -> None:
    def run(ta: OwnApplication, session: fake.ClientSession) -> None:
        ta.core.set_ta_persistent_time(Time(0xFFFFFFFF, 999))
        session.wait(5)
        ta.core.get_ta_persistent_time()

    with pytest.raises(tee.errors.OverflowError):
        do(session, run, Declaring)


@pytest.mark.parametrize("time", [Time(1 << 32), Time(-1), Time(0, 1000)])
def test_a_time_that_is_none_is_a_panic(session: tee.Session, time: Time) -> None:
    with pytest.raises(tee.TargetDeadError):
        do(session, lambda ta, _: ta.core.set_ta_persistent_time(time), Declaring)


def test_the_time_of_the_normal_world_is_its_time(session: tee.Session) -> None:
    import time

    before = time.time_ns() // 1_000_000
    now = do(session, lambda ta, _: ta.core.get_ree_time(), Declaring).in_millis()
    assert before <= now <= time.time_ns() // 1_000_000


class KeepingObject(OwnApplication):
    """Has an object for itself alone, and leaves it to its end to close that."""

    uuid = UUID("1e36b6fd-5a0e-4b0c-9d40-0d4b8a3f5f36")
    single_instance = True

    def create(self) -> None:
        flags = DataFlag.ACCESS_READ | DataFlag.OVERWRITE
        self.core.create_persistent_object(b"its own", flags)


def test_the_next_single_instance_begins_when_the_last_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = fake.Kernel()
    kernel.install(KeepingObject)
    end = Instance.end
    with tee.Context(backend=kernel) as context:
        openings: list[Future[tee.Session]] = []

        def end_late(instance: Instance) -> None:
            if not openings:
                openings.append(begin(context.open_session, KeepingObject.uuid))
                # Were there nothing to wait for, it would be over by then.
                wait([openings[0]], timeout=0.3)
            end(instance)

        monkeypatch.setattr(Instance, "end", end_late)
        context.open_session(KeepingObject.uuid).close()
        openings[0].result(LIMIT).close()
