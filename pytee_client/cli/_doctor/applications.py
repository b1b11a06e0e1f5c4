# SPDX-License-Identifier: BSD-2-Clause
"""Files with Trusted Applications in the usual folders, and who signed them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .._application_texts import name_of
from .finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...devices import ApplicationFile
    from .patient import Patient

__all__ = ["check_applications"]

_MOST: Final = 10
_DEFAULT: Final = "OP-TEE's default key"


def check_applications(patient: Patient) -> Iterator[Finding]:
    """Say which there are, by folder; which key signed them; and what is wrong with some."""
    if patient.machine is None:
        return
    if not any(patient.files.values()):
        yield Finding(
            "applications",
            State.INFO,
            "The usual folders have no files of Trusted Applications.",
            "Copy them to where the supplicant looks, such as /lib/optee_armtz; those that are"
            " part of OP-TEE need no file.",
        )
    for folder, files in patient.files.items():
        yield from _of_keys(folder, [file for file in files if not file.faults])
        yield from _faults([file for file in files if file.faults])
    default = [file for files in patient.files.values() for file in files if file.has_default_key]
    if default:
        yield Finding(
            "applications",
            State.WARNING,
            f"{_files(len(default))} signed below {_DEFAULT}, which everybody has: if this OP-TEE"
            " takes them, it takes what anybody signs.",
            "For a product, build OP-TEE with a key of your own (TA_SIGN_KEY), and sign with that.",
        )


def _files(count: int) -> str:
    return "1 file is" if count == 1 else f"{count} files are"


def _of_keys(folder: str, files: list[ApplicationFile]) -> Iterator[Finding]:
    """Say how many files of a folder each key has signed, and their versions."""
    by_key: dict[str, list[ApplicationFile]] = defaultdict(list)
    for file in files:
        by_key[_signer(file)].append(file)
    for signer, signed in by_key.items():
        versions = sorted({file.version for file in signed if file.version is not None})
        version = f" of version {' and '.join(versions)}" if versions else ""
        count = "1 application" if len(signed) == 1 else f"{len(signed)} applications"
        what = f"{folder} has {count}{version}, {signer}."
        yield Finding("applications", State.OK, what)


def _signer(file: ApplicationFile) -> str:
    if file.format is None:
        return "in a compressed file"
    if file.subkeys:
        return f"signed by subkey {file.subkeys[-1].uuid} with the key {file.key_id}"
    if file.key_id is not None:
        own = f" ({_DEFAULT})" if file.has_default_key else ""
        return f"signed by key {file.key_id}{own}"
    return "signed by a key that the files do not name"


def _faults(files: list[ApplicationFile]) -> Iterator[Finding]:
    for file in files[:_MOST]:
        name = name_of(file.uuid)
        yield Finding(
            "applications",
            State.WARNING,
            f"{file.path}{f' ({name})' if name else ''}: {'; '.join(file.faults)}.",
            "Install it anew from where it was built: the TEE refuses it as it is.",
        )
    if len(files) > _MOST:
        yield Finding(
            "applications",
            State.WARNING,
            f"{len(files) - _MOST} more files in {Path(files[0].path).parent} have faults.",
            "List them with pytee applications.",
        )
