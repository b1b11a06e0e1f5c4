# SPDX-License-Identifier: BSD-2-Clause
"""What is to be done in the machine, and the files that come back from it."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .process import VmError


@dataclass(frozen=True)
class Job:
    """A shell script, with files that go into the machine before it and come out after it.

    Attributes:
        script: what to do, as the shell reads it.
        files: what it needs, by its place: a path without the leading slash.
        wanted: places of the files to bring back when the script has ended, whatever its status.
        environment: variables that all programs of the machine get, its services too.
    """

    script: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    wanted: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def received(lines: str) -> dict[str, bytes]:
    """The files in an archive, as the machine sends it; VmError when it is damaged."""
    try:
        # Decompressed by itself, since that holds it against the checksum of the whole.
        data = gzip.decompress(base64.b64decode("".join(lines.split()), validate=True))
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            files = {member.name: archive.extractfile(member) for member in archive}
            return {name: file.read() for name, file in files.items() if file is not None}
    except (ValueError, OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise VmError(f"the files came out of the machine damaged: {error}") from error
