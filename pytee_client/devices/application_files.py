# SPDX-License-Identifier: BSD-2-Clause
"""Which files with Trusted Applications there are, and what each says."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import UUID

from .._checks import to_path_text
from .application_file import ApplicationFile
from .firmware_header import MAGIC as FIRMWARE_MAGIC
from .firmware_header import MAGIC_OFFSET, read_firmware_header
from .signed_header import MAGIC, read_signed_header

__all__ = ["USUAL_FOLDERS", "find_application_files", "read_application_file", "usual_folders"]

USUAL_FOLDERS: Final = (
    # Where OP-TEE's supplicant looks: its default, those of distributions, those of Android.
    "/lib/optee_armtz",
    "/usr/lib/optee_armtz",
    "/usr/local/lib/optee_armtz",
    "/lib64/optee_armtz",
    "/usr/lib64/optee_armtz",
    "/lib/*/optee_armtz",
    "/usr/lib/*/optee_armtz",
    "/vendor/lib/optee_armtz",
    "/vendor/lib64/optee_armtz",
    "/system/lib/optee_armtz",
    "/data/vendor/tee/optee_armtz",
    "/data/optee_armtz",
    # Where the driver of AMD-TEE has Linux look.
    "/lib/firmware/amdtee",
    "/usr/lib/firmware/amdtee",
    "/lib/firmware/updates/amdtee",
)
"""Folders that usually have Trusted Applications; * stands for any name, as in glob."""

_SUFFIXES: Final = (".ta", ".bin", ".bin.xz", ".bin.zst")
_COMPRESSED: Final = (".xz", ".zst")
_HEX: Final = re.compile(r"[0-9a-f]{32}")
# The largest that is read as a whole. Those of OP-TEE must fit in its memory.
_LARGEST: Final = 64 << 20


def usual_folders(root: str | os.PathLike[str] = "/") -> tuple[str, ...]:
    """Return the folders with Trusted Applications that a machine has, each once.

    Args:
        root: the folder that its file system is in.

    Threads: may be called from any.
    """
    found: dict[str, str] = {}
    for pattern in USUAL_FOLDERS:
        for path in _expanded(Path(root), pattern.lstrip("/")):
            if os.path.isdir(path):
                found.setdefault(os.path.realpath(path), str(path))
    return tuple(found.values())


def _expanded(root: Path, pattern: str) -> list[Path]:
    try:
        return sorted(root.glob(pattern))
    except OSError:
        return []


def find_application_files(
    folders: Iterable[str | os.PathLike[str]] | None = None,
) -> tuple[ApplicationFile, ...]:
    """List the files with Trusted Applications of folders, folder by folder, by name.

    These are the files whose names end as OP-TEE's and AMD-TEE's do: with .ta or .bin. One that
    can't be read is listed too, with that as its fault. A folder that is missing, or can't be
    read, has none.

    Args:
        folders: where to look; by default those of usual_folders().

    Threads: may be called from any.
    """
    found: list[ApplicationFile] = []
    for folder in usual_folders() if folders is None else folders:
        for path in _candidates(to_path_text(folder, "a folder")):
            try:
                found.append(read_application_file(path))
            except OSError as error:
                fault = f"it can't be read: {error.strerror}"
                found.append(ApplicationFile(path, 0, uuid=_uuid_of_name(path), faults=(fault,)))
    return tuple(found)


def _candidates(folder: str) -> Iterator[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        path = os.path.join(folder, name)
        if name.endswith(_SUFFIXES) and not os.path.isdir(path):
            yield path


def read_application_file(path: str | os.PathLike[str]) -> ApplicationFile:
    """Read what a file with a Trusted Application says in its signed header.

    The hash of the file is looked at too, and the chain of its subkeys. What is wrong with a file
    is in its faults. Nothing says that OP-TEE accepts a file without faults: it may have another
    key, or have met a newer version. A device or a pipe is not opened.

    Source: signed_hdr.h of OP-TEE.

    Args:
        path: where the file is.

    Raises:
        OSError: there is no such file, or it can't be read.

    Threads: may be called from any.
    """
    text = to_path_text(path, "the path")
    status = os.stat(text)
    named = _uuid_of_name(text)
    found = ApplicationFile(text, status.st_size, uuid=named)
    if not stat.S_ISREG(status.st_mode):
        return replace(found, size=0, faults=("it is no file: opening it is left alone",))
    if text.endswith(_COMPRESSED):
        return found
    if status.st_size > _LARGEST:
        return replace(found, faults=(f"it has {status.st_size} bytes, too many for one",))
    with open(text, "rb") as file:
        content = file.read(_LARGEST)
    found = _read(content, replace(found, size=len(content)))
    return _named(found, named)


def _read(content: bytes, found: ApplicationFile) -> ApplicationFile:
    if content.startswith(MAGIC):
        return read_signed_header(content, found)
    if content[MAGIC_OFFSET : MAGIC_OFFSET + len(FIRMWARE_MAGIC)] == FIRMWARE_MAGIC:
        return read_firmware_header(content, found)
    if not content:
        fault = "it is empty"
    elif content.startswith(b"\x7fELF"):
        fault = "it is not signed: it is the ELF file that OP-TEE's sign_encrypt.py signs"
    else:
        fault = f"it has no signed header: it does not begin with {MAGIC.decode()}"
    if found.path.endswith(".bin"):
        fault = "it is empty" if not content else "it has no header of AMD's ($PS1)"
    return replace(found, faults=(*found.faults, fault))


def _named(found: ApplicationFile, named: UUID | None) -> ApplicationFile:
    """Compare the name of a file with what it says."""
    fault = None
    if named is None:
        fault = "its name is no UUID, by which it would be found"
    # The first of a file whose subkeys come first has the name of the application too.
    elif found.uuid != named and found.format == "optee":
        fault = f"its name is not the UUID in its header, {found.uuid}"
    return found if fault is None else replace(found, faults=(*found.faults, fault))


def _uuid_of_name(path: str) -> UUID | None:
    """Return the UUID that the name of a file is; AMD's lack a dash, and are swapped."""
    name, _, suffix = os.path.basename(path).partition(".")
    digits = name.replace("-", "").lower()
    if not _HEX.fullmatch(digits):
        return None
    return UUID(bytes_le=bytes.fromhex(digits)) if suffix.startswith("bin") else UUID(hex=digits)
