# SPDX-License-Identifier: BSD-2-Clause
"""What the library asks of Linux beside the device: what it opens, maps and leaves behind."""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
from pathlib import Path
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client._boundary import address_of
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.linux_kernel import LinuxKernel
from ...support.stand_in import OPEN, OPEN_OTHER, Alive, StandIn, on_stand_in

ANY = UUID(int=1)
MIB = 1 << 20
PAGE = mmap.PAGESIZE
MAP_FIXED = 0x10


def mappings_of_the_device() -> int:
    return sum("tee0" in line for line in Path("/proc/self/maps").read_text().splitlines())


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("path", ["/dev/null", "/dev/full", "/dev/fd/0"])
@on_stand_in
def test_what_is_no_tee_device_is_not_even_opened(device: StandIn, path: str) -> None:
    with pytest.raises(tee.NotATeeDeviceError):
        tee.Context(path, backend="linux")
    assert not [call for call in device.calls(OPEN_OTHER) if call.data.decode() == path]


@on_stand_in
def test_a_file_or_a_folder_is_no_device(device: StandIn) -> None:
    with tempfile.NamedTemporaryFile() as file:
        for path in (file.name, "/dev", "/"):
            with pytest.raises(tee.NotATeeDeviceError):
                tee.Context(path, backend="linux")
    assert not [call for call in device.calls(OPEN_OTHER) if call.data.decode() == "/dev"]


@on_stand_in
def test_the_first_device_is_looked_for_among_sixteen(device: StandIn) -> None:
    device.describe(devices=16)
    for number in (9, 10, 15):
        with tee.Context(f"/dev/tee{number}"):
            assert device.alive == Alive(devices=1)
    device.describe(devices=0)
    device.forget()
    context = c.new_context()
    assert c.context_initialize(context, None) == tee.Result.ITEM_NOT_FOUND
    looked_for = [call.path for call in device.calls(OPEN)]
    assert looked_for == [f"/dev/tee{number}" for number in range(16)]


@on_stand_in
def test_the_memory_of_the_driver_is_unmapped(device: StandIn) -> None:
    device.describe(capabilities=uapi.TEE_GEN_CAP_GP)
    context, before = c.new_context(), mappings_of_the_device()
    assert c.context_initialize(context, None, device.path) == 0
    memory = c.allocated(context, b"abc")
    assert mappings_of_the_device() == before + 1
    c.lib.TEEC_ReleaseSharedMemory(memory)
    assert mappings_of_the_device() == before
    c.lib.TEEC_FinalizeContext(context)


@on_stand_in
def test_the_driver_has_its_memory_back_though_a_view_of_it_lives(device: StandIn) -> None:
    device.describe(capabilities=uapi.TEE_GEN_CAP_GP)
    before = mappings_of_the_device()
    with tee.Context(device.path) as context:
        block = context.allocate_shared_memory(8)
        view = memoryview(block)
        view[:] = b"contents"
        assert mappings_of_the_device() > before
        block.close()
        assert mappings_of_the_device() == before
        assert bytes(view) == b"contents"
        assert device.alive == Alive(devices=1)
        view.release()


@on_stand_in
def test_a_look_at_memory_leaves_nothing_open(device: StandIn) -> None:
    context = c.new_context()
    assert c.context_initialize(context, None, device.path) == 0
    before = descriptors()
    pages = mmap.mmap(-1, 2 * mmap.PAGESIZE, prot=mmap.PROT_READ)
    memory = c.memory(len(pages), 1, c.ffi.from_buffer(pages))
    assert c.lib.TEEC_RegisterSharedMemory(context, memory) == 0
    assert descriptors() == before
    c.lib.TEEC_ReleaseSharedMemory(memory)
    # Beyond the end of memory, also where the sum is past the last address.
    for size in (3 * mmap.PAGESIZE + MIB * MIB, sys.maxsize, 2**64 - 1):
        memory = c.memory(size, 1, c.ffi.from_buffer(pages))
        assert c.lib.TEEC_RegisterSharedMemory(context, memory) != 0
        assert descriptors() == before
    c.lib.TEEC_FinalizeContext(context)


@on_stand_in
def test_the_name_of_a_mapped_file_says_nothing_of_memory(device: StandIn) -> None:
    """Linux says what is mapped in lines that end with a path, however long and whatever it is."""
    device.describe(capabilities=uapi.TEE_GEN_CAP_GP)
    context, kernel = c.new_context(), LinuxKernel()
    assert c.context_initialize(context, None, device.path) == 0
    with tempfile.TemporaryDirectory() as top:
        # The name begins where the library has read as much of the line as it reads at once.
        length = 511 - 73 - len("/" + "-" * 8) - len(top)
        folder = Path(top, "d" * 200, "d" * (length - 202))
        folder.mkdir(parents=True)
        for skew in range(-4, 5):
            file = folder / ("-" * (8 + skew) + "0-ffffffffffffffff rwxp")
            file.write_bytes(b"content")
            area = kernel.mmap(-1, 2 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            kernel.munmap(area, 2 * PAGE)
            with file.open("rb") as opened:
                where = {"address": area, "flags": mmap.MAP_PRIVATE | MAP_FIXED}
                kernel.mmap(opened.fileno(), PAGE, protection=mmap.PROT_READ, **where)
            # Nothing is behind the file.
            memory = c.memory(8, 3, c.ffi.cast("void *", area + PAGE))
            assert c.lib.TEEC_RegisterSharedMemory(context, memory) != 0
            kernel.munmap(area, PAGE)
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.parametrize(
    ("kind", "size", "offset", "in_place"),
    [
        (c.Kind.TEMP_INOUT, 2 * MIB, 0, True),
        (c.Kind.TEMP_OUTPUT, 2 * MIB, 0, True),
        (c.Kind.TEMP_INPUT, 2 * MIB, 0, False),
        (c.Kind.TEMP_INOUT, 2 * MIB + 1, 0, False),
        (c.Kind.TEMP_INOUT, 2 * MIB, 8, False),
        (c.Kind.TEMP_INOUT, 2 * MIB - mmap.PAGESIZE, 0, False),
    ],
)
@on_stand_in
def test_only_whole_pages_that_may_be_written_are_shared_themselves(
    device: StandIn, kind: int, size: int, offset: int, in_place: bool
) -> None:
    context, session = c.new_context(), c.new_session()
    assert c.context_initialize(context, None, device.path) == 0
    assert c.open_session(context, session).code == 0
    pages = mmap.mmap(-1, 4 * MIB)
    buffer = c.ffi.cast("char *", address_of(pages) + offset)
    assert c.invoke(session, 0, c.operation((kind, (buffer, size)))).code == 0
    shared = [call["addr"] for call in device.calls(uapi.TEE_IOC_SHM_REGISTER)]
    assert (shared == [address_of(pages)]) == in_place
    expected = {5: b"\0", 6: b"Z", 7: b"\xff"}[kind]
    assert pages[offset : offset + size] == expected * size
    assert pages[offset + size :].count(0) == len(pages) - offset - size
    c.lib.TEEC_CloseSession(session)
    c.lib.TEEC_FinalizeContext(context)


@on_stand_in
def test_a_finalised_context_says_nothing_of_the_next_one(device: StandIn) -> None:
    """What programs that were compiled for OP-TEE's library read in a TEEC_Context."""
    context = c.new_context()
    for capabilities, reg_mem, memref_null in ((1, 0, 0), (5, 1, 0), (9, 0, 1), (13, 1, 1)):
        c.ffi.buffer(context)[:] = b"\x55" * c.ffi.sizeof(context[0])
        device.describe(capabilities=capabilities)
        assert c.context_initialize(context, None, device.path) == 0
        assert bytes(c.ffi.buffer(context))[4:] == bytes([reg_mem, memref_null, 0, 0])
        c.lib.TEEC_FinalizeContext(context)
