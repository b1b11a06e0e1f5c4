# SPDX-License-Identifier: BSD-2-Clause
"""Memrefs that overlap, of which OP-TEE does not map all in a Trusted Application."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from mmap import PAGESIZE, mmap
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

import pytest

from pytee_client import fake
from pytee_client._boundary import address_of
from pytee_client.enums import Origin, Result
from pytee_client.fake import ParamType
from pytee_client.fake.applications import Conformance, SecureStorage

from .....support.conformance import Command, checksum, filled, xored
from .....support.raw_device import Answer, RawDevice

if TYPE_CHECKING:
    from .....support.raw_device import RawParam

INPUT, OUTPUT, INOUT = ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT, ParamType.MEMREF_INOUT
SIZE = 2 * PAGESIZE
START = 100
MAPPED = SIZE - START
BEFORE = bytes(n * 7 & 0xFF for n in range(SIZE))
DONE = (Result.SUCCESS, Origin.TRUSTED_APP)
DEAD = (Result.TARGET_DEAD, Origin.TEE)


@dataclass
class Block:
    """Memory of two pages' size, registered as id 1, that begins 100 bytes into a page."""

    device: RawDevice
    memory: mmap

    @property
    def content(self) -> bytes:
        return self.memory[START : START + SIZE]

    def call(
        self, command: int, *params: RawParam, uuid: UUID = Conformance.uuid
    ) -> tuple[int, int]:
        answer = self.answer(command, *params, uuid=uuid)
        return answer.result, answer.origin

    def answer(self, command: int, *params: RawParam, uuid: UUID = Conformance.uuid) -> Answer:
        session = self.device.open_session(uuid).session
        return self.device.invoke(session, command, *params)


class Looker(fake.TrustedApplication):
    """Notes how much it is shown of its memrefs: the lengths of the buffers, and the sizes."""

    uuid = UUID("3f3c62c8-7d93-4b5e-9d0b-0a8a3f6f2a01")
    seen: ClassVar[list[tuple[int, int]]] = []

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        self.seen[:] = [
            (len(parameter.buffer or b""), parameter.size)
            for parameter in parameters
            if isinstance(parameter, fake.MemrefParameter)
        ]


class PseudoLooker(Looker):
    uuid = UUID("3f3c62c8-7d93-4b5e-9d0b-0a8a3f6f2a02")
    pseudo = True


class Toucher(fake.TrustedApplication):
    """Writes to the last byte of its second parameter."""

    uuid = UUID("3f3c62c8-7d93-4b5e-9d0b-0a8a3f6f2a03")

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        memref = parameters[1]
        assert isinstance(memref, fake.MemrefParameter)
        assert memref.buffer is not None
        memref.buffer[memref.size - 1] = 0


APPLICATIONS = (Conformance, SecureStorage, Looker, PseudoLooker, Toucher)


@pytest.fixture
def block() -> Iterator[Block]:
    kernel = fake.Kernel()
    kernel.install(*APPLICATIONS)
    memory = mmap(-1, 3 * PAGESIZE)
    memory[START : START + SIZE] = BEFORE
    with RawDevice(kernel) as device:
        device.register(address_of(memory) + START, SIZE)
        yield Block(device, memory)


def memref(kind: ParamType, offset: int, size: int, number: int = 1) -> RawParam:
    return kind, offset, size, number


# The first begins in the second page, and ends there; the second would end in the third.
WITHIN = memref(INPUT, PAGESIZE - 1, 2048)
AROUND = memref(INOUT, 0, SIZE)


def test_filling_a_memref_around_another_kills_after_what_is_mapped(block: Block) -> None:
    assert block.call(Command.MEMREF_FILL, WITHIN, AROUND) == DEAD
    assert block.content == filled(1, MAPPED) + BEFORE[MAPPED:]


def test_the_order_of_the_slots_does_not_matter(block: Block) -> None:
    assert block.call(Command.MEMREF_FILL, AROUND, WITHIN) == DEAD
    assert block.content == filled(0, MAPPED) + BEFORE[MAPPED:]


def test_what_is_filled_first_stays(block: Block) -> None:
    around = memref(INOUT, 1, SIZE - 1)
    assert block.call(Command.MEMREF_FILL, memref(OUTPUT, 5000, 8), around) == DEAD
    assert block.content == BEFORE[:1] + filled(1, MAPPED - 1) + BEFORE[MAPPED:]


def test_what_comes_later_is_not_reached(block: Block) -> None:
    assert block.call(Command.MEMREF_FILL, AROUND, memref(OUTPUT, 5000, 8)) == DEAD
    assert block.content == filled(0, MAPPED) + BEFORE[MAPPED:]


def test_inverting_kills_after_what_is_mapped(block: Block) -> None:
    assert block.call(Command.MEMREF_XOR, WITHIN, AROUND) == DEAD
    assert block.content == xored(1, BEFORE[:MAPPED]) + BEFORE[MAPPED:]


@pytest.mark.parametrize("command", [Command.MEMREF_CHECKSUM, Command.WAIT_AND_XOR])
def test_reading_kills_and_changes_nothing(block: Block, command: Command) -> None:
    wish = (ParamType.VALUE_INPUT, 0, 0, 0)
    assert block.call(command, wish, WITHIN, AROUND) == DEAD
    assert block.content == BEFORE


def test_filling_before_setting_sizes_kills(block: Block) -> None:
    wish = (ParamType.VALUE_INPUT, 0, 5, 0)
    answer = block.answer(Command.FILL_AND_SET_SIZE, wish, WITHIN, AROUND)
    assert (answer.result, answer.origin) == DEAD
    assert answer.params[2][2] == SIZE
    assert block.content == filled(2, MAPPED) + BEFORE[MAPPED:]


def test_what_does_not_touch_the_bytes_lives(block: Block) -> None:
    seen = (ParamType.VALUE_OUTPUT, 0, 0, 0)
    answer = block.answer(Command.MEMREF_LOOK, WITHIN, AROUND, seen)
    assert (answer.result, answer.origin) == DONE
    assert answer.params[2][1] == 0x77


def test_opening_a_session_maps_alike(block: Block) -> None:
    params = WITHIN, memref(OUTPUT, 0, SIZE)
    answer = block.device.open_session(Conformance.uuid, *params)
    assert (answer.result, answer.origin) == DEAD
    assert block.content == filled(1, MAPPED) + BEFORE[MAPPED:]


def test_an_application_in_python_panics_where_it_touches_what_is_not_mapped(block: Block) -> None:
    assert block.call(0, WITHIN, AROUND, uuid=Toucher.uuid) == DEAD
    assert block.call(0, WITHIN, memref(INOUT, 0, MAPPED), uuid=Toucher.uuid) == DONE


def test_an_example_application_stores_no_data_that_is_not_all_mapped(block: Block) -> None:
    name, data = memref(INPUT, PAGESIZE - 1, 8), memref(INPUT, 0, SIZE)
    create = SecureStorage.Command.WRITE_RAW
    assert block.call(create, name, data, uuid=SecureStorage.uuid) == DEAD
    assert block.call(create, name, (*data[:2], MAPPED, 1), uuid=SecureStorage.uuid) == DONE


def test_a_pseudo_application_sees_all(block: Block) -> None:
    assert block.call(0, WITHIN, AROUND, uuid=PseudoLooker.uuid) == DONE
    assert Looker.seen == [(2048, 2048), (SIZE, SIZE)]


@pytest.mark.parametrize(
    ("params", "lengths"),
    [
        pytest.param([(0, SIZE), (4095, 2048)], [MAPPED, 2048], id="around one of a later page"),
        pytest.param([(0, SIZE), (3996, 0)], [MAPPED, 0], id="around an empty one"),
        pytest.param([(0, SIZE), (3995, 1)], [SIZE, 1], id="around one of its first page"),
        pytest.param([(0, SIZE), (0, 8)], [SIZE, 8], id="begun alike"),
        pytest.param([(8, SIZE - 8), (0, 8)], [SIZE - 8, 8], id="behind one in its first page"),
        pytest.param([(0, SIZE), (0, SIZE)], [SIZE, SIZE], id="twice the same"),
        pytest.param([(0, 5000), (4000, 4192)], [5000, 4192], id="in a chain"),
        pytest.param([(0, 3996), (3996, 4096)], [3996, 4096], id="of touching pages"),
        pytest.param([(0, 10), (SIZE - 10, 10)], [10, 10], id="with a page between"),
        pytest.param([(0, SIZE), (4000, SIZE - 4000)], [SIZE, SIZE - 4000], id="ending alike"),
        pytest.param([(0, SIZE), (4000, 8), (8100, 8)], [SIZE, 8, 8], id="with a third at the end"),
        pytest.param(
            [(0, SIZE), (3996, SIZE - 3996), (3996, 8)],
            [SIZE, SIZE - 3996, 8],
            id="around two that begin alike",
        ),
    ],
)
def test_a_memref_is_mapped_to_where_the_last_of_those_ends_that_touch(
    block: Block, params: list[tuple[int, int]], lengths: list[int]
) -> None:
    for turned in (False, True):
        order = slice(None, None, -1 if turned else 1)
        given = [memref(INOUT, *param) for param in params[order]]
        assert block.call(0, *given, uuid=Looker.uuid) == DONE
        assert [length for length, _ in Looker.seen] == lengths[order]
        assert [size for _, size in Looker.seen] == [size for _, size in params[order]]


def test_a_block_is_mapped_by_itself_even_if_its_memory_is_anothers_too(block: Block) -> None:
    block.device.register(address_of(block.memory) + START, SIZE)
    assert block.call(0, AROUND, memref(INPUT, 4095, 2048, 2), uuid=Looker.uuid) == DONE
    assert Looker.seen == [(SIZE, SIZE), (2048, 2048)]


def test_memory_of_the_kernels_own_begins_with_a_page(block: Block) -> None:
    number = block.device.allocate(3 * PAGESIZE)[1]
    params = memref(INOUT, 0, 3 * PAGESIZE, number), memref(INPUT, PAGESIZE, 1, number)
    assert block.call(0, *params, uuid=Looker.uuid) == DONE
    assert Looker.seen == [(2 * PAGESIZE, 3 * PAGESIZE), (1, 1)]


def test_reading_with_one_memref_only_sees_all(block: Block) -> None:
    sums = (ParamType.VALUE_OUTPUT, 0, 0, 0)
    answer = block.answer(Command.MEMREF_CHECKSUM, AROUND, sums)
    assert answer.params[1][1:3] == checksum(BEFORE)


def test_amd_tee_maps_all() -> None:
    kernel = fake.Kernel(fake.AmdTee())
    kernel.install(Looker)
    with RawDevice(kernel) as device:
        number = device.allocate(3 * PAGESIZE)[1]
        session = device.open_session(Looker.uuid).session
        params = memref(INOUT, 0, 3 * PAGESIZE, number), memref(INOUT, PAGESIZE, 8, number)
        assert device.invoke(session, 0, *params).result == Result.SUCCESS
        assert Looker.seen == [(3 * PAGESIZE, 3 * PAGESIZE), (8, 8)]
