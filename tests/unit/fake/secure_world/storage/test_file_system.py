# SPDX-License-Identifier: BSD-2-Clause
"""Where the fake secure world keeps files: in memory, and in a folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.secure_world.storage.memory import MemoryFileSystem
from pytee_client.supplicant.folder_file_system import FolderFileSystem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytee_client.supplicant.file_system import FileSystem


@pytest.fixture(params=["memory", "folder"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> FileSystem:
    return MemoryFileSystem() if request.param == "memory" else FolderFileSystem(tmp_path / "tee")


def refused(call: Callable[..., object], *arguments: object) -> int:
    """Return the code that a call fails with."""
    with pytest.raises(fake.ResultError) as caught:
        call(*arguments)
    return caught.value.code


def make(files: FileSystem, name: str, content: bytes = b"") -> None:
    handle = files.create(name)
    files.write(handle, 0, content)
    files.close(handle)


def content(files: FileSystem, name: str) -> bytes:
    handle = files.open(name)
    try:
        return files.read(handle, 0, 1000)
    finally:
        files.close(handle)


def test_what_is_written_is_read(files: FileSystem) -> None:
    make(files, "a/b/c", b"content")
    handle = files.open("a/b/c")
    assert files.read(handle, 3, 2) == b"te"
    assert files.read(handle, 3, 1 << 40) == b"tent"
    assert files.read(handle, 7, 1) == files.read(handle, 1000, 1) == b""
    files.close(handle)


def test_a_gap_is_zeros(files: FileSystem) -> None:
    handle = files.create("a")
    files.write(handle, 3, b"d")
    files.write(handle, 100, b"")
    assert files.read(handle, 0, 10) == b"\0\0\0d"
    files.truncate(handle, 6)
    assert files.read(handle, 0, 10) == b"\0\0\0d\0\0"
    files.truncate(handle, 1)
    assert files.read(handle, 0, 10) == b"\0"
    files.close(handle)


def test_creating_empties(files: FileSystem) -> None:
    make(files, "a", b"content")
    make(files, "a")
    assert content(files, "a") == b""


def test_a_missing_file_is_not_found(files: FileSystem) -> None:
    make(files, "folder/a")
    for name in ("missing", "folder/missing", "missing/a"):
        assert refused(files.open, name) == tee.Result.ITEM_NOT_FOUND
        assert refused(files.remove, name) == tee.Result.ITEM_NOT_FOUND
        assert refused(files.rename, name, "b", True) == tee.Result.ITEM_NOT_FOUND
    assert refused(files.list, "missing") == tee.Result.ITEM_NOT_FOUND
    assert files.list("folder") == ["a"]


def test_a_removed_file_is_its_openers_still(files: FileSystem) -> None:
    make(files, "a", b"content")
    handle = files.open("a")
    files.remove("a")
    assert files.read(handle, 0, 7) == b"content"
    make(files, "a", b"new")
    assert files.read(handle, 0, 7) == b"content"
    files.close(handle)


def test_folders_go_with_their_last_file(files: FileSystem) -> None:
    make(files, "x/y/a")
    make(files, "x/b")
    assert files.list("x") == ["b", "y"]
    files.remove("x/y/a")
    assert files.list("x") == ["b"]
    files.remove("x/b")
    assert refused(files.list, "x") == tee.Result.ITEM_NOT_FOUND


def test_a_name_that_is_taken_is_a_conflict_unless_overwritten(files: FileSystem) -> None:
    make(files, "a", b"a")
    make(files, "b", b"b")
    assert refused(files.rename, "a", "b", False) == tee.Result.ACCESS_CONFLICT
    assert (content(files, "a"), content(files, "b")) == (b"a", b"b")
    files.rename("a", "b", True)
    assert content(files, "b") == b"a"
    assert refused(files.open, "a") == tee.Result.ITEM_NOT_FOUND
    files.rename("b", "c", False)
    assert content(files, "c") == b"a"


def test_names_that_begin_with_a_dot_are_not_listed(files: FileSystem) -> None:
    make(files, "x/.hidden")
    assert refused(files.list, "x") == tee.Result.ITEM_NOT_FOUND
    make(files, "x/b")
    make(files, "x/a")
    assert files.list("x") == ["a", "b"]


@pytest.mark.parametrize("name", ["", "/", "/etc/x", "a/", "a//b", ".", "../x", "a/../../x", "a\0"])
def test_a_name_that_leads_elsewhere_is_refused(files: FileSystem, name: str) -> None:
    make(files, "a")
    assert refused(files.create, name) == tee.Result.GENERIC
    assert refused(files.open, name) == tee.Result.ITEM_NOT_FOUND
    assert refused(files.rename, "a", name, True) == tee.Result.GENERIC
    assert content(files, "a") == b""


def test_a_handle_ends_with_its_closing(files: FileSystem) -> None:
    handle = files.create("a")
    files.close(handle)
    for call in (
        lambda: files.close(handle),
        lambda: files.read(handle, 0, 1),
        lambda: files.write(handle, 0, b"x"),
        lambda: files.truncate(handle, 0),
    ):
        assert refused(call) == tee.Result.GENERIC


def test_a_file_is_no_folder(files: FileSystem) -> None:
    make(files, "a")
    assert refused(files.create, "a/b") == tee.Result.GENERIC
    make(files, "x/y")
    assert refused(files.create, "x") == tee.Result.GENERIC
    assert refused(files.open, "x") == tee.Result.ITEM_NOT_FOUND


def test_memory_has_an_end() -> None:
    files = MemoryFileSystem(capacity=10)
    handle = files.create("a")
    files.write(handle, 0, bytes(10))
    assert refused(files.write, handle, 10, b"x") == tee.Result.STORAGE_NO_SPACE
    assert refused(files.truncate, handle, 11) == tee.Result.STORAGE_NO_SPACE
    assert refused(files.truncate, handle, 1 << 60) == tee.Result.STORAGE_NO_SPACE
    files.truncate(handle, 9)
    files.write(handle, 9, b"x")
    assert files.read(handle, 0, 20) == bytes(9) + b"x"


def test_a_folder_outlives_its_user(tmp_path: Path) -> None:
    make(FolderFileSystem(tmp_path), "a/b", b"content")
    assert content(FolderFileSystem(tmp_path), "a/b") == b"content"
    assert (tmp_path / "a" / "b").read_bytes() == b"content"
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o600


def test_no_link_leads_out_of_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    files = FolderFileSystem(tmp_path / "tee")
    (tmp_path / "tee" / "folder").symlink_to(outside)
    (tmp_path / "tee" / "file").symlink_to(outside / "secret")
    for name in ("folder/secret", "file"):
        assert refused(files.open, name) == tee.Result.ITEM_NOT_FOUND
        assert refused(files.create, name) == tee.Result.GENERIC
    assert refused(files.list, "folder") == tee.Result.GENERIC
    assert (outside / "secret").read_bytes() == b"secret"


def test_a_full_disk_is_no_space() -> None:
    files = FolderFileSystem("/dev")
    handle = files.open("full")
    assert refused(files.write, handle, 0, b"x") == tee.Result.STORAGE_NO_SPACE
    files.close(handle)


def test_files_left_open_are_closed_with_the_folder(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    files = FolderFileSystem(tmp_path)
    files.create("a")
    files.open("a")
    assert set(os.listdir("/proc/self/fd")) != before
    del files
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_folder_that_can_not_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        FolderFileSystem(tmp_path / "file")
