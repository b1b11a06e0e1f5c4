# SPDX-License-Identifier: BSD-2-Clause
"""What verbs say of applications and of their files."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from .._known_applications import NAMES

if TYPE_CHECKING:
    from ..devices import ApplicationFile

__all__ = ["data_of_file", "name_of", "text_of_file"]

_KINDS: Final = {
    "legacy": "signed as before OP-TEE 3.7",
    "bootstrap": "signed",
    "encrypted": "signed and encrypted",
}
_OWNERS: Final = {"device": "a key of the device", "class": "a key of a class of devices"}


def name_of(uuid: UUID | None) -> str | None:
    """Return the name of a well-known application, or None."""
    return NAMES.get(str(uuid))


def data_of_file(file: ApplicationFile) -> dict[str, Any]:
    """Return what a file says, for --json."""
    data = {**asdict(file), "application": name_of(file.uuid)}
    data["uuid"] = None if file.uuid is None else str(file.uuid)
    data["subkeys"] = [{**asdict(one), "uuid": str(one.uuid)} for one in file.subkeys]
    data["faults"] = list(file.faults)
    return data


def text_of_file(file: ApplicationFile) -> list[str]:
    """Return what a file says, as lines of at most 80 columns or so."""
    lines = [_size_and_version(file)]
    if file.encryption is not None:
        owner = _OWNERS.get(file.encryption_key or "", "")
        lines.append(f"encrypted with {file.encryption}, by {owner}")
    for subkey in file.subkeys:
        name = "" if subkey.name is None else f", signs {subkey.name!r}"
        lines.append(f"subkey {subkey.uuid} version {subkey.version}{name}")
    if file.key_id is not None:
        lines.append(f"key {file.key_id}")
    elif file.kind is not None:
        lines.append("signed by a key that the file does not name")
    if file.has_default_key:
        below = "a key below " if file.subkeys else ""
        lines.append(f"that is {below}OP-TEE's default key, which everybody has")
    return [*lines, *(f"FAULT: {fault}" for fault in file.faults)]


def _size_and_version(file: ApplicationFile) -> str:
    said = [f"{file.size} bytes"]
    if file.kind is not None:
        said.append(_KINDS[file.kind])
    if file.version is not None:
        said.append(f"version {file.version}")
    if file.algorithm is not None:
        said.append(file.algorithm)
    return ", ".join(said)
