# SPDX-License-Identifier: BSD-2-Clause
"""The persistent objects of the fake's Trusted Applications."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.secure_world import (
    DataFlag,
    MemoryFileSystem,
    ObjectInfo,
    PersistentObject,
    Whence,
)

from .....support.own_application import OwnApplication, do, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

READ, WRITE, META = DataFlag.ACCESS_READ, DataFlag.ACCESS_WRITE, DataFlag.ACCESS_WRITE_META
SHARE_READ, SHARE_WRITE = DataFlag.SHARE_READ, DataFlag.SHARE_WRITE
ALL = READ | WRITE | META


class Stranger(OwnApplication):
    uuid = UUID("2b1b0f6e-5d0c-4e55-9a4f-3c60a0b6c9a2")


@pytest.fixture(params=["memory", "folder"])
def kernel(request: pytest.FixtureRequest, tmp_path: Path) -> fake.Kernel:
    return kernel_on(None if request.param == "memory" else tmp_path)


def kernel_on(folder: Path | None) -> fake.Kernel:
    kernel = fake.Kernel(fake.Optee(storage=folder))
    kernel.install(OwnApplication, Stranger)
    return kernel


@pytest.fixture
def session(kernel: fake.Kernel) -> Iterator[tee.Session]:
    with opened(kernel) as session:
        yield session


def create(session: tee.Session, data: bytes = b"", object_id: bytes = b"id") -> None:
    def run(ta: OwnApplication, _: object) -> None:
        ta.core.create_persistent_object(object_id, READ, data).close()

    do(session, run)


def read(session: tee.Session, object_id: bytes = b"id") -> bytes:
    def run(ta: OwnApplication, _: object) -> bytes:
        with ta.core.open_persistent_object(object_id) as stored:
            return stored.read(1000)

    return do(session, run)


def code_of(session: tee.Session, run: Callable[[Any, Any], object]) -> int:
    """Return the code of the application that a command fails with."""
    with pytest.raises(tee.TeecError) as caught:
        do(session, run)
    assert caught.value.origin == tee.Origin.TRUSTED_APP
    return caught.value.code


def names(session: tee.Session) -> list[bytes]:
    return do(session, lambda ta, _: [name for name, _ in ta.core.persistent_objects()])


def test_an_object_outlives_its_session(kernel: fake.Kernel) -> None:
    with opened(kernel) as session:
        create(session, b"content")
    with opened(kernel) as session:
        assert read(session) == b"content"


def test_an_object_in_a_folder_outlives_the_kernel(tmp_path: Path) -> None:
    with opened(kernel_on(tmp_path)) as session:
        create(session, b"content", b"\x01\xff")
    path = tmp_path / str(OwnApplication.uuid) / "id-01ff"
    assert path.read_bytes() == b"content"
    path.write_bytes(b"changed")
    (path.parent / "notes.txt").write_bytes(b"not an object")
    with opened(kernel_on(tmp_path)) as session:
        assert read(session, b"\x01\xff") == b"changed"
        assert names(session) == [b"\x01\xff"]


def test_memory_is_not_shared_by_kernels() -> None:
    with opened(kernel_on(None)) as session:
        create(session)
    with opened(kernel_on(None)) as session:
        assert names(session) == []


def test_objects_are_their_applications_own(kernel: fake.Kernel) -> None:
    with opened(kernel) as session, opened(kernel, Stranger) as stranger:
        create(session, b"content")
        with pytest.raises(tee.ItemNotFoundError):
            do(stranger, lambda ta, _: ta.core.open_persistent_object(b"id"), Stranger)
        assert do(stranger, lambda ta, _: list(ta.core.persistent_objects()), Stranger) == []
        assert names(session) == [b"id"]


def test_reading_and_writing_move_the_position(session: tee.Session) -> None:
    def run(ta: OwnApplication, _: object) -> None:
        with ta.core.create_persistent_object(b"id", READ | WRITE, b"content") as stored:
            assert (stored.read(3), stored.read(100), stored.read(1)) == (b"con", b"tent", b"")
            assert stored.seek(-4, Whence.END) == 3
            stored.write(b"TEN")
            assert stored.seek(-1, Whence.CUR) == 5
            assert stored.seek(-100, Whence.CUR) == 0
            assert stored.read(100) == b"conTENt"
            assert stored.get_info() == ObjectInfo(7, 7, READ | WRITE)

    do(session, run)


def test_what_lies_beyond_the_end_is_zeros(session: tee.Session) -> None:
    def run(ta: OwnApplication, _: object) -> None:
        with ta.core.create_persistent_object(b"id", READ | WRITE, b"ab") as stored:
            assert stored.seek(5) == 5
            assert stored.read(1) == b""
            assert stored.get_info().data_size == 2
            stored.write(b"")
            assert stored.get_info().data_size == 2
            stored.write(b"f")
            stored.truncate(8)
            stored.seek(0)
            assert stored.read(100) == b"ab\0\0\0f\0\0"
            stored.truncate(1)
            assert stored.get_info() == ObjectInfo(1, 8, READ | WRITE)

    do(session, run)
    assert read(session) == b"a"


def test_a_position_has_32_bits(session: tee.Session) -> None:
    def run(ta: OwnApplication, _: object, beyond: int) -> None:
        with ta.core.create_persistent_object(b"id", WRITE | META) as stored:
            try:
                assert stored.seek(0xFFFFFFFF) == 0xFFFFFFFF
                stored.seek(beyond, Whence.CUR)
                stored.write(b"x")
            finally:
                stored.close_and_delete()

    assert code_of(session, partial(run, beyond=0)) == tee.Result.OVERFLOW
    assert code_of(session, partial(run, beyond=1)) == tee.Result.OVERFLOW


def test_an_object_of_the_same_name_is_a_conflict_unless_overwritten(session: tee.Session) -> None:
    create(session, b"old")
    assert code_of(session, lambda ta, _: ta.core.create_persistent_object(b"id")) == (
        tee.Result.ACCESS_CONFLICT
    )
    assert read(session) == b"old"

    def overwrite(ta: OwnApplication, _: object) -> DataFlag:
        with ta.core.create_persistent_object(b"id", READ | DataFlag.OVERWRITE, b"new") as stored:
            return stored.flags

    assert do(session, overwrite) == READ
    assert read(session) == b"new"


def test_an_open_object_is_not_overwritten(session: tee.Session) -> None:
    create(session, b"old")

    def run(ta: OwnApplication, _: object) -> None:
        with ta.core.open_persistent_object(b"id", READ | SHARE_READ):
            ta.core.create_persistent_object(b"id", READ | SHARE_READ | DataFlag.OVERWRITE)

    assert code_of(session, run) == tee.Result.ACCESS_CONFLICT
    assert read(session) == b"old"


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (READ, READ, False),
        (READ | SHARE_READ, READ, False),
        (READ, READ | SHARE_READ, False),
        (READ | SHARE_READ, READ | SHARE_READ, True),
        (WRITE | SHARE_READ, WRITE | SHARE_READ, False),
        (WRITE | SHARE_WRITE, WRITE | SHARE_WRITE, True),
        (READ | SHARE_READ | SHARE_WRITE, WRITE | SHARE_READ | SHARE_WRITE, True),
        (READ | SHARE_READ, WRITE | SHARE_READ | SHARE_WRITE, False),
        (META | SHARE_READ | SHARE_WRITE, SHARE_READ | SHARE_WRITE, False),
        (READ | SHARE_READ, META | SHARE_READ, False),
        (SHARE_READ, READ | SHARE_READ, True),
        (SHARE_READ, SHARE_WRITE, False),
        (READ | SHARE_READ, READ | SHARE_READ | SHARE_WRITE, False),
        (DataFlag(0), DataFlag(0), True),
    ],
    ids=str,
)
def test_objects_are_shared_as_both_allow(
    kernel: fake.Kernel, one: DataFlag, other: DataFlag, shared: bool
) -> None:
    with opened(kernel) as first, opened(kernel) as second:
        create(first)
        do(first, lambda ta, _: ta.core.open_persistent_object(b"id", one))

        def open_too(ta: OwnApplication, _: object) -> None:
            ta.core.open_persistent_object(b"id", other)

        if shared:
            do(second, open_too)
        else:
            assert code_of(second, open_too) == tee.Result.ACCESS_CONFLICT


def test_a_handle_goes_by_its_own_size_of_the_data(kernel: fake.Kernel) -> None:
    both = READ | WRITE | SHARE_READ | SHARE_WRITE

    def run(ta: OwnApplication, _: object) -> None:
        with (
            ta.core.create_persistent_object(b"id", both, b"ab") as one,
            ta.core.open_persistent_object(b"id", both) as other,
        ):
            one.write(b"content")
            assert one.get_info().data_size == 7
            assert other.get_info().data_size == 2
            assert other.read(100) == b"co"
            with ta.core.open_persistent_object(b"id", both) as later:
                assert later.read(100) == b"content"

    with opened(kernel) as session:
        do(session, run)


def test_what_an_instance_left_open_is_closed_with_it(kernel: fake.Kernel) -> None:
    with opened(kernel) as session:
        do(session, lambda ta, _: ta.core.create_persistent_object(b"id", ALL))
    with opened(kernel) as session:
        assert read(session) == b""


def test_what_a_panicking_instance_left_open_is_closed(kernel: fake.Kernel) -> None:
    def run(ta: OwnApplication, session: fake.ClientSession) -> None:
        ta.core.create_persistent_object(b"id", ALL)
        session.panic(1)

    with opened(kernel) as dead, opened(kernel) as session:
        with pytest.raises(tee.TargetDeadError):
            do(dead, run)
        assert read(session) == b""


def test_an_object_can_be_renamed(session: tee.Session) -> None:
    create(session, b"content")
    create(session, b"other", b"taken")

    def rename(ta: OwnApplication, _: object, name: bytes) -> None:
        with ta.core.open_persistent_object(b"id", READ | META) as stored:
            stored.rename(name)
            assert stored.read(100) == b"content"

    assert code_of(session, partial(rename, name=b"taken")) == tee.Result.ACCESS_CONFLICT
    assert code_of(session, partial(rename, name=b"id")) == tee.Result.ACCESS_CONFLICT
    do(session, partial(rename, name=b"new"))
    assert names(session) == [b"new", b"taken"]
    assert read(session, b"new") == b"content"
    assert read(session, b"taken") == b"other"


def test_an_object_can_be_deleted(session: tee.Session) -> None:
    create(session, b"content")

    def delete(ta: OwnApplication, _: object) -> None:
        stored = ta.core.open_persistent_object(b"id", META)
        stored.close_and_delete()
        stored.close()
        assert stored.closed

    do(session, delete)
    assert names(session) == []
    assert code_of(session, delete) == tee.Result.ITEM_NOT_FOUND


def test_an_enumeration_tells_sizes(session: tee.Session) -> None:
    for size in (0, 1, 2, 3, 4, 5, 1000):
        create(session, bytes(size), bytes([size % 256]))
    assert sorted(
        info.data_size for _, info in do(session, lambda ta, _: list(ta.core.persistent_objects()))
    ) == [0, 1, 2, 3, 4, 5, 1000]


@pytest.mark.parametrize(
    "misuse",
    [
        lambda ta: ta.core.open_persistent_object(b"id", WRITE).read(1),
        lambda ta: ta.core.open_persistent_object(b"id", READ | META).write(b"x"),
        lambda ta: ta.core.open_persistent_object(b"id", READ | META).truncate(0),
        lambda ta: ta.core.open_persistent_object(b"id", READ | WRITE).rename(b"x"),
        lambda ta: ta.core.open_persistent_object(b"id", READ | WRITE).close_and_delete(),
        lambda ta: ta.core.open_persistent_object(b"id", ALL).truncate(-1),
        lambda ta: ta.core.open_persistent_object(b"id", ALL).rename(bytes(65)),
        lambda ta: ta.core.open_persistent_object(bytes(65)),
        lambda ta: ta.core.create_persistent_object(bytes(65)),
        lambda ta: closed(ta).read(1),
        lambda ta: closed(ta).get_info(),
    ],
)
def test_misuse_is_a_panic(kernel: fake.Kernel, misuse: Callable[[OwnApplication], object]) -> None:
    with opened(kernel) as session:
        create(session, b"content")
        with pytest.raises(tee.TargetDeadError) as caught:
            do(session, lambda ta, _: misuse(ta))
        assert isinstance(caught.value.__cause__, fake.PanicError)
    with opened(kernel) as session:
        assert read(session) == b"content"


def closed(ta: OwnApplication) -> PersistentObject:
    with ta.core.open_persistent_object(b"id") as stored:
        return stored


def test_there_is_one_storage(session: tee.Session) -> None:
    for run in (
        lambda ta, _: ta.core.open_persistent_object(b"id", storage_id=2),
        lambda ta, _: ta.core.create_persistent_object(b"id", storage_id=2),
        lambda ta, _: ta.core.persistent_objects(storage_id=2),
    ):
        assert code_of(session, run) == tee.Result.ITEM_NOT_FOUND


def test_an_object_that_has_no_room_is_not_there() -> None:
    driver = fake.Optee()
    driver.world.file_system = MemoryFileSystem(capacity=100)
    kernel = fake.Kernel(driver)
    kernel.install(OwnApplication)
    with opened(kernel) as session:
        create(session, bytes(60))

        def create_more(ta: OwnApplication, _: object, object_id: bytes) -> None:
            ta.core.create_persistent_object(object_id, READ | DataFlag.OVERWRITE, bytes(60))

        for object_id in (b"id", b"new"):
            more = partial(create_more, object_id=object_id)
            assert code_of(session, more) == tee.Result.STORAGE_NO_SPACE
        assert names(session) == [b"id"]
        assert read(session) == bytes(60)


def test_a_folder_that_is_lost_is_an_error_and_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "tee"
    with opened(kernel_on(folder)) as session:
        folder.rmdir()
        before = len(os.listdir("/proc/self/fd"))
        assert code_of(session, lambda ta, _: ta.core.create_persistent_object(b"id")) == (
            tee.Result.ITEM_NOT_FOUND
        )
        assert len(os.listdir("/proc/self/fd")) == before
        folder.mkdir()
        create(session)
