# SPDX-License-Identifier: BSD-2-Clause
"""What a device in sysfs says."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from ..enums import Origin
from ..errors import BadFormatError
from ..kernels.sysfs import SYSFS

if TYPE_CHECKING:
    from ..kernels.sysfs import Tree


class Attributes:
    """The attributes of one device."""

    def __init__(self, tree: Tree, folder: str) -> None:
        self._tree = tree
        self._folder = folder

    def get(self, name: str) -> str | None:
        """Return what an attribute says, less the end of the line, or None if there is none."""
        try:
            data = self._tree.read(f"{self._folder}/{name}")
        except FileNotFoundError:
            return None
        except OSError as error:
            # What reading an attribute of a device says that goes.
            if error.errno == errno.ENODEV:
                return None
            raise
        return data.decode("ascii", "backslashreplace").removesuffix("\n")

    def link(self, name: str) -> str | None:
        """Return the name of what a link leads to, or None if there is none."""
        try:
            return self._tree.readlink(f"{self._folder}/{name}").rpartition("/")[2]
        except FileNotFoundError:
            return None

    def error(self, name: str, expected: str, text: str | None) -> BadFormatError:
        """Make the exception for an attribute that is not what it should be."""
        said = "is missing" if text is None else f"says {text!r}"
        return BadFormatError(
            f"reading {SYSFS}/{self._folder}/{name}",
            origin=Origin.COMMS,
            remedy=f"it should have {expected}, but {said}",
        )
