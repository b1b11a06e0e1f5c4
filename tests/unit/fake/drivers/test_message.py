# SPDX-License-Identifier: BSD-2-Clause
"""What a call of the fake writes back of memory: what changed, in few steps, and no more."""

from __future__ import annotations

import array
import random
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._boundary import WorkingCopy
from pytee_client.fake.drivers import message

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytee_client.fake import MemrefParameter
    from pytee_client.typing import Parameter

OWN = UUID("6e2b0c58-6d1f-4b53-9f0e-0a4f2b8e7c13")
SIZE = 1 << 20
PARTS = SIZE // 4096
PROFILES = ["optee", "optee-no-reg-mem", "amdtee"]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many parts of memory each copy of a call has written back."""
    counts: list[int] = []

    class Counted(WorkingCopy):
        def write_changes(self) -> int:
            counts.append(super().write_changes())
            return counts[-1]

    monkeypatch.setattr(message, "WorkingCopy", Counted)
    return counts


def call(
    profile: str, change: Callable[[MemrefParameter], object], *parameters: Parameter
) -> list[bytes]:
    """Run a command that changes all outputs, the last of them a block, and return them."""

    class Changing(fake.TrustedApplication):
        uuid = OWN

        @fake.command(0)
        def change(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            for parameter in parameters:
                if isinstance(parameter, fake.MemrefParameter) and parameter.type.is_output:
                    change(parameter)

    kernel = fake.Kernel(profile, applications=[Changing], bundled=False)
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(OWN) as session,
        context.allocate_shared_memory(SIZE) as block,
    ):
        block[:] = FLOATS
        outputs = []
        for output in session.invoke_command(0, *parameters, block):
            assert isinstance(output, bytes | memoryview)
            outputs.append(bytes(output))
            if isinstance(output, memoryview):
                output.release()
        return outputs


def doubled(memref: MemrefParameter) -> None:
    """Double numbers in place, of which some bytes change and others do not."""
    assert memref.buffer is not None
    numbers = memref.buffer.cast("f")
    numbers[:] = memoryview(array.array("f", (2 * number for number in numbers)))


def every_second(memref: MemrefParameter) -> None:
    assert memref.buffer is not None
    memref.buffer[::2] = bytes(byte ^ 1 for byte in memref.buffer[::2])


FLOATS = array.array("f", range(1, SIZE // 4 + 1)).tobytes()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("change", [doubled, every_second])
def test_memory_is_written_back_part_by_part_whatever_the_pattern(
    profile: str, change: Callable[[MemrefParameter], object], written: list[int]
) -> None:
    outputs = call(profile, change, tee.MemrefTempInOut(bytearray(FLOATS)))
    expected = fake.MemrefParameter(fake.ParamType.MEMREF_INOUT, bytearray(FLOATS))
    change(expected)
    assert outputs == [expected.content()] * 2
    # A buffer may start anywhere in a part.
    assert sum(written) in (2 * PARTS, 2 * PARTS + 1)


@pytest.mark.parametrize("profile", PROFILES)
def test_what_does_not_change_is_not_written(profile: str, written: list[int]) -> None:
    temporary = tee.MemrefTempInOut(bytearray(FLOATS)), tee.MemrefTempOutput(9)
    call(profile, lambda memref: None, FLOATS, *temporary)
    assert written
    assert set(written) == {0}


@pytest.mark.parametrize("profile", PROFILES)
def test_one_byte_that_changes_is_one_part(profile: str, written: list[int]) -> None:
    def change(memref: MemrefParameter) -> None:
        assert memref.buffer is not None
        memref.buffer[SIZE // 2] ^= 0xFF

    (output,) = call(profile, change)
    expected = bytearray(FLOATS)
    expected[SIZE // 2] ^= 0xFF
    assert output == expected
    assert sum(written) == 1


def test_random_bytes_come_back_as_they_are(written: list[int]) -> None:
    data = random.Random(1).randbytes(SIZE)
    for profile in PROFILES:
        temporary = tee.MemrefTempInOut(bytearray(SIZE))
        assert call(profile, lambda memref: memref.put(data), temporary) == [data] * 2
    assert max(written) <= PARTS + 1
