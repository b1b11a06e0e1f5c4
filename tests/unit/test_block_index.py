# SPDX-License-Identifier: BSD-2-Clause
"""Blocks are found by address, whatever comes and goes."""

from __future__ import annotations

import gc
import random
import threading

import pytest

from pytee_client._block_index import BlockIndex

from ..support.waiting import LIMIT

IN, OUT, BOTH = 1, 2, 3


class Block:
    def __init__(self, start: int, size: int, directions: int) -> None:
        self.start, self.end, self.directions = start, start + size, directions

    def holds(self, address: int, size: int, directions: int) -> bool:
        return (
            self.start <= address
            and address + size <= self.end
            and not directions & ~self.directions
        )


def added(index: BlockIndex, block: Block, registered: bool = False) -> Block:
    index.add(block, block.start, block.end - block.start, block.directions, registered)
    return block


@pytest.mark.parametrize("seed", range(20))
def test_a_block_is_found_if_and_only_if_one_has_the_bytes(seed: int) -> None:
    generator = random.Random(seed)
    index = BlockIndex()
    blocks: list[Block] = []
    for _ in range(300):
        if blocks and generator.random() < 0.4:
            index.remove(blocks.pop(generator.randrange(len(blocks))))
        else:
            directions = generator.choice((IN, OUT, BOTH))
            block = Block(generator.randrange(100), generator.randrange(1, 40), directions)
            blocks.append(added(index, block))
        for _ in range(5):
            address, size = generator.randrange(140), generator.randrange(1, 20)
            directions = generator.choice((IN, OUT, BOTH))
            fitting = [block for block in blocks if block.holds(address, size, directions)]
            found = index.find(address, size, directions)
            if not fitting:
                assert found is None
            else:
                assert found is not None
                block, offset = found
                assert block in fitting
                assert block.start + offset == address
    assert bool(index.places) == bool(blocks)


def test_an_empty_index_is_false() -> None:
    index = BlockIndex()
    assert not index.places
    assert not index.registered
    added(index, Block(10, 0, BOTH), registered=True)
    assert not index.places
    assert not index.registered


def test_only_registered_blocks_are_listed_as_such() -> None:
    index = BlockIndex()
    allocated = added(index, Block(0, 10, BOTH))
    assert not index.registered
    registered = added(index, Block(20, 10, BOTH), registered=True)
    assert len(index.registered) == 1
    index.remove(allocated)
    assert len(index.registered) == 1
    index.remove(registered)
    assert not index.registered
    index.remove(registered)


def test_a_block_is_not_kept_alive() -> None:
    index = BlockIndex()
    kept = added(index, Block(0, 10, BOTH))
    added(index, Block(2, 10, BOTH), registered=True)
    gc.collect()
    assert index.find(4, 2, BOTH) == (kept, 4)
    assert index.find(10, 2, BOTH) is None
    index.remove(Block(0, 0, 0))
    assert index.find(10, 2, BOTH) is None
    assert len(index.places) == 1
    assert not index.registered


def test_a_block_that_goes_while_the_table_is_made_is_not_found_later() -> None:
    index = BlockIndex()
    stays = added(index, Block(0, 10, BOTH))
    failures: list[BaseException] = []
    barrier = threading.Barrier(4)

    def change(start: int) -> None:
        try:
            barrier.wait(LIMIT)
            for _ in range(300):
                block = added(index, Block(start, 10, BOTH), registered=True)
                assert index.find(start, 10, BOTH) == (block, 0)
                index.remove(block)
                assert index.find(start, 10, BOTH) is None
                assert index.find(5, 5, BOTH) == (stays, 5)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=change, args=(100 * i,)) for i in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert not failures
