# SPDX-License-Identifier: BSD-2-Clause
"""The base of all objects that hold something of the kernel's until they are closed."""

from __future__ import annotations

import warnings
from types import TracebackType

from . import _hints as t
from .errors import SharedMemoryInUseError


class Closable:
    """A context manager that closes at its end, and warns if nobody closed it."""

    # Also what an object has if its constructor failed.
    _closed: bool = True

    @property
    def closed(self) -> bool:
        """True once it is closed."""
        return self._closed

    def _check_live(self) -> None:
        """Raise a ClosedError if it is closed, ForkedContextError in a child process."""
        raise NotImplementedError

    def close(self) -> None:
        """Release what it holds."""
        raise NotImplementedError

    def __enter__(self) -> t.Self:
        self._check_live()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except SharedMemoryInUseError:
            # The frames of the error that is being raised may keep the memory in use. This
            # error must not be hidden; the memory is closed when the frames are gone.
            if error is None:
                raise

    def __del__(self) -> None:
        if self._closed:
            return
        try:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)
        finally:
            self.close()
