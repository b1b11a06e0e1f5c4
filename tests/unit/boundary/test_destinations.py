# SPDX-License-Identifier: BSD-2-Clause
"""The 16 octets of a destination, which C reads without asking how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._boundary import uuid_octets
from pytee_client.fake.applications import HelloWorld

TRUE = HelloWorld.uuid


class Lying(UUID):
    """Says of itself what is not so."""

    bytes_le = b"short"
    bytes = b""
    fields = ()  # type: ignore[assignment]
    int = property(lambda self: -1)  # type: ignore[misc]


class Duck:
    """Has the attributes of a UUID."""

    def __init__(self, uuid: UUID) -> None:
        self.bytes_le, self.bytes, self.int = uuid.bytes_le, uuid.bytes, uuid.int
        self.fields, self.hex = uuid.fields, uuid.hex


class Number(int):
    """Is as long as it likes."""

    def to_bytes(self, *_: object, **__: object) -> bytes:
        return b"short"


def with_number(number: object) -> UUID:
    made = UUID(int=0)
    object.__setattr__(made, "int", number)
    return made


def lying(uuid: UUID) -> UUID:
    made = object.__new__(Lying)
    vars(UUID)["int"].__set__(made, uuid.int)
    return made


@pytest.fixture
def context() -> Iterator[tee.Context]:
    kernel = fake.Kernel()
    kernel.install(HelloWorld)
    with tee.Context(backend=kernel) as made:
        yield made


def test_a_subclass_opens_what_it_is_and_not_what_it_says(context: tee.Context) -> None:
    assert uuid_octets(lying(TRUE)) == TRUE.bytes
    with context.open_session(lying(TRUE)) as session:
        assert session.invoke_command(0, tee.ValueInOut(41)) == ((42, 0),)
    with context.open_session(with_number(Number(TRUE.int))) as session:
        assert session.invoke_command(0, tee.ValueInOut(41)) == ((42, 0),)


@pytest.mark.parametrize(
    "destination",
    [Duck(TRUE), TRUE.bytes, TRUE.bytes_le, TRUE.int, TRUE.hex, str(TRUE), UUID, None, object()],
    ids=lambda value: type(value).__name__,
)
def test_only_a_uuid_is_a_destination(context: tee.Context, destination: Any) -> None:
    with pytest.raises(tee.ParameterTypeError, match=r"must be a uuid\.UUID"):
        context.open_session(destination)


@pytest.mark.parametrize("number", [-1, 2**128, 1.0, None, "1"])
def test_a_uuid_has_a_number_of_128_bits(context: tee.Context, number: object) -> None:
    with pytest.raises(tee.ParameterTypeError, match="128 bits"):
        context.open_session(with_number(number))


def test_a_uuid_that_was_never_made_is_none(context: tee.Context) -> None:
    with pytest.raises(tee.ParameterTypeError, match="128 bits"):
        context.open_session(object.__new__(UUID))
