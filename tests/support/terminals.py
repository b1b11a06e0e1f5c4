# SPDX-License-Identifier: BSD-2-Clause
"""Terminals that tests read."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import termios
from typing import TextIO

__all__ = ["GONE", "Terminal"]

GONE = "\r\x1b[K"
"""What takes the line away that the cursor is in."""


class Terminal:
    """A terminal of so many columns, and what was written to it."""

    def __init__(self, columns: int) -> None:
        self.reader, writer = pty.openpty()
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.stream: TextIO = os.fdopen(writer, "w", encoding="utf-8")
        self._seen = b""

    def seen(self) -> str:
        os.set_blocking(self.reader, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._seen += os.read(self.reader, 4096)
        return self._seen.decode()

    def close(self) -> None:
        self.stream.close()
        os.close(self.reader)
