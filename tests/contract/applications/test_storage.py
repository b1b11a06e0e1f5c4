# SPDX-License-Identifier: BSD-2-Clause
"""Persistent objects of an application: their data, names, and who may have them open."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client.fake.secure_world import DataFlag, Whence

from ...support.applications import Storage, Storage2
from ...support.applications.storage import StorageCommand as Command
from ...support.outputs import output_as

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.once, pytest.mark.optee_only]

TRUSTED_APP = tee.Origin.TRUSTED_APP
PRIVATE = 1
NAME, OTHER_NAME = b"pytee_client test", b"pytee_client another"
READ, WRITE, META = DataFlag.ACCESS_READ, DataFlag.ACCESS_WRITE, DataFlag.ACCESS_WRITE_META
SHARE_READ, SHARE_WRITE = DataFlag.SHARE_READ, DataFlag.SHARE_WRITE
ALL = READ | WRITE | META


@dataclass(frozen=True)
class Object:
    """A handle of an object that the application has open."""

    session: tee.Session
    handle: int

    def read(self, size: int) -> bytes:
        data, count = self.session.invoke_command(
            Command.READ, tee.MemrefTempOutput(size), tee.ValueInOut(self.handle, 0)
        )
        return bytes(data[: count.b])

    def write(self, data: bytes) -> None:
        self.session.invoke_command(Command.WRITE, data, (self.handle, 0))

    def seek(self, offset: int, whence: Whence) -> int:
        (position,) = self.session.invoke_command(
            Command.SEEK, (self.handle, offset % (1 << 32)), tee.ValueInOut(whence, 0)
        )
        return int(position.b)

    def truncate(self, size: int) -> None:
        self.session.invoke_command(Command.TRUNCATE, (self.handle, size))

    def rename(self, name: bytes) -> None:
        self.session.invoke_command(Command.RENAME, (self.handle, 0), name)

    def close(self) -> None:
        self.session.invoke_command(Command.CLOSE, (self.handle, 0))

    def unlink(self) -> None:
        self.session.invoke_command(Command.UNLINK, (self.handle, 0))


def open_object(
    session: tee.Session, flags: DataFlag = ALL, name: bytes = NAME, storage: int = PRIVATE
) -> Object:
    (opened,) = session.invoke_command(Command.OPEN, name, tee.ValueInOut(flags, 0), (storage, 0))
    return Object(session, output_as(tee.Value, opened).b)


def create_object(
    session: tee.Session, data: bytes = b"", flags: DataFlag = ALL, name: bytes = NAME
) -> Object:
    (created,) = session.invoke_command(
        Command.CREATE, name, tee.ValueInOut(flags, 0), (0, PRIVATE), data
    )
    return Object(session, output_as(tee.Value, created).b)


def clear(session: tee.Session) -> None:
    """Delete the objects of the tests, which no handle may have open."""
    for name in (NAME, OTHER_NAME):
        with contextlib.suppress(tee.ItemNotFoundError):
            open_object(session, META, name).unlink()


@pytest.fixture
def session(context: tee.Context) -> Iterator[tee.Session]:
    """A session of an application that has no object; whatever the test leaves is deleted."""
    with context.open_session(Storage.uuid) as session:
        clear(session)
        yield session
    with context.open_session(Storage.uuid) as session:
        clear(session)


def code_of(call: Callable[..., object], *arguments: object) -> int:
    """Return the code of the application that a call fails with."""
    with pytest.raises(tee.TeecError) as caught:
        call(*arguments)
    assert caught.value.origin == TRUSTED_APP
    assert not isinstance(caught.value, tee.TrustedApplicationNotFoundError)
    return caught.value.code


@pytest.mark.probe(49)
def test_a_stored_object_is_written_read_and_its_applications_own(
    context: tee.Context, session: tee.Session
) -> None:
    assert code_of(open_object, session) == tee.Result.ITEM_NOT_FOUND
    with context.open_session(Storage2.uuid) as stranger:
        stored = create_object(session, b"content")
        stored.write(b"CON")
        assert stored.seek(0, Whence.SET) == 0
        assert stored.read(100) == b"CONtent"
        assert code_of(open_object, stranger) == tee.Result.ITEM_NOT_FOUND
        stored.unlink()
    assert code_of(open_object, session) == tee.Result.ITEM_NOT_FOUND


def test_an_object_left_open_is_closed_with_its_instance_and_stays(
    context: tee.Context, session: tee.Session
) -> None:
    create_object(session, b"content")
    with context.open_session(Storage.uuid) as other:
        assert code_of(open_object, other) == tee.Result.ACCESS_CONFLICT
        session.close()
        assert open_object(other).read(100) == b"content"


def test_what_lies_between_the_end_and_the_position_becomes_zeros(session: tee.Session) -> None:
    stored = create_object(session, b"ab")
    assert stored.seek(5, Whence.SET) == 5
    assert stored.read(1) == b""
    stored.write(b"f")
    stored.truncate(8)
    assert stored.seek(-100, Whence.CUR) == 0
    assert stored.read(100) == b"ab\0\0\0f\0\0"
    stored.truncate(1)
    assert stored.read(100) == b""
    assert stored.seek(0, Whence.CUR) == 8
    assert stored.seek(0, Whence.END) == 1


def test_a_position_beyond_32_bits_is_an_overflow(session: tee.Session) -> None:
    stored = create_object(session, b"ab")
    far = 0x7FFFFFFF
    assert stored.seek(far, Whence.SET) == far
    assert stored.seek(far, Whence.CUR) == 2 * far
    assert code_of(stored.seek, far, Whence.CUR) == tee.Result.OVERFLOW
    assert stored.seek(0, Whence.CUR) == 2 * far


def test_a_name_that_is_taken_is_a_conflict(session: tee.Session) -> None:
    create_object(session, b"old").close()
    assert code_of(create_object, session, b"new") == tee.Result.ACCESS_CONFLICT
    stored = create_object(session, b"new", ALL | DataFlag.OVERWRITE)
    assert stored.read(100) == b"new"
    overwrite = (Command.CREATE_OVERWRITE, NAME, (PRIVATE, 0))
    assert code_of(session.invoke_command, *overwrite) == tee.Result.ACCESS_CONFLICT
    stored.close()
    session.invoke_command(*overwrite)
    assert open_object(session).read(100) == b""


SHARED = [
    (READ, READ, False),
    (READ | SHARE_READ, READ, False),
    (READ, READ | SHARE_READ, False),
    (READ | SHARE_READ, READ | SHARE_READ, True),
    (WRITE | SHARE_READ, WRITE | SHARE_READ, False),
    (WRITE | SHARE_WRITE, WRITE | SHARE_WRITE, True),
    (READ | SHARE_READ | SHARE_WRITE, WRITE | SHARE_READ | SHARE_WRITE, True),
    (READ | SHARE_READ, WRITE | SHARE_READ | SHARE_WRITE, False),
    (READ | SHARE_READ, READ | SHARE_READ | SHARE_WRITE, False),
    (META | SHARE_READ | SHARE_WRITE, SHARE_READ | SHARE_WRITE, False),
    (READ | SHARE_READ, META | SHARE_READ, False),
    (SHARE_READ, READ | SHARE_READ, True),
    (SHARE_READ, SHARE_WRITE, False),
    (DataFlag(0), READ | SHARE_READ, False),
    (DataFlag(0), DataFlag(0), True),
]


@pytest.mark.parametrize(("one", "other", "shared"), SHARED, ids=lambda value: f"{value:d}")
def test_an_object_is_open_twice_as_both_allow(
    context: tee.Context, session: tee.Session, one: DataFlag, other: DataFlag, shared: bool
) -> None:
    create_object(session).close()
    first = open_object(session, one)
    with context.open_session(Storage.uuid) as second:
        if shared:
            open_object(second, other)
        else:
            assert code_of(open_object, second, other) == tee.Result.ACCESS_CONFLICT
        first.close()


def test_a_handle_does_not_see_what_another_one_appends(session: tee.Session) -> None:
    both = READ | WRITE | SHARE_READ | SHARE_WRITE
    one = create_object(session, b"", both)
    other = open_object(session, both)
    one.write(b"content")
    assert other.read(100) == b""


def test_an_object_gets_a_name_that_is_free(session: tee.Session) -> None:
    create_object(session, b"other", name=OTHER_NAME).close()
    stored = create_object(session, b"content")
    for taken in (OTHER_NAME, NAME):
        assert code_of(stored.rename, taken) == tee.Result.ACCESS_CONFLICT
    open_object(session, ALL, OTHER_NAME).unlink()
    stored.rename(OTHER_NAME)
    assert stored.read(100) == b"content"
    stored.close()
    assert open_object(session, READ, OTHER_NAME).read(100) == b"content"
    assert code_of(open_object, session) == tee.Result.ITEM_NOT_FOUND


def names_of(session: tee.Session) -> set[bytes]:
    """Return the names that an enumeration gives."""
    (enumerator,) = session.invoke_command(Command.ALLOCATE_ENUMERATOR, tee.ValueOutput())
    names: set[bytes] = set()
    with contextlib.suppress(tee.ItemNotFoundError):
        session.invoke_command(Command.START_ENUMERATOR, (enumerator.a, PRIVATE))
        while True:
            room = tee.MemrefTempOutput(64)
            wish = (enumerator.a, 0)
            (name,) = session.invoke_command(Command.NEXT_OF_ENUMERATOR, wish, None, room)
            names.add(bytes(name))
    session.invoke_command(Command.FREE_ENUMERATOR, (enumerator.a, 0))
    return names


def test_an_enumeration_has_all_the_objects_of_the_application(session: tee.Session) -> None:
    before = names_of(session)
    create_object(session, b"content")
    create_object(session, b"content", name=OTHER_NAME).close()
    assert names_of(session) - before == {NAME, OTHER_NAME}


def test_there_is_no_other_storage(session: tee.Session) -> None:
    create_object(session).close()
    assert code_of(open_object, session, ALL, NAME, 2) == tee.Result.ITEM_NOT_FOUND


@pytest.mark.parametrize(
    ("flags", "misuse"),
    [
        (WRITE | META, lambda stored: stored.read(1)),
        (READ | META, lambda stored: stored.write(b"x")),
        (READ | META, lambda stored: stored.truncate(0)),
        (READ | WRITE, lambda stored: stored.rename(OTHER_NAME)),
        (READ | WRITE, lambda stored: stored.unlink()),
        (ALL, lambda stored: stored.rename(bytes(65))),
        (ALL, lambda stored: open_object(stored.session, READ, bytes(65))),
        (ALL, lambda stored: create_object(stored.session, b"", READ, bytes(65))),
    ],
    ids=["read", "write", "truncate", "rename", "unlink", "long-new", "long-open", "long-create"],
)
def test_misuse_of_an_object_is_a_panic(
    session: tee.Session, flags: DataFlag, misuse: Callable[[Object], object]
) -> None:
    create_object(session, b"content").close()
    stored = open_object(session, flags)
    with pytest.raises(tee.TargetDeadError) as caught:
        misuse(stored)
    assert caught.value.origin == tee.Origin.TEE


def test_an_object_of_an_application_that_panicked_is_as_it_was(
    context: tee.Context, session: tee.Session
) -> None:
    stored = create_object(session, b"content", READ | WRITE)
    with pytest.raises(tee.TargetDeadError):
        stored.unlink()
    with context.open_session(Storage.uuid) as successor:
        assert open_object(successor).read(100) == b"content"
