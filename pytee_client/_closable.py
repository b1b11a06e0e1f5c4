# SPDX-License-Identifier: BSD-2-Clause
"""What everything has in common that holds something of the kernel's and is closed."""

from __future__ import annotations

import warnings

from .errors import SharedMemoryInUseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


class Closable:
    """A context manager that is closed at its end, and warns if it is forgotten."""

    # Also true of an object whose making failed.
    _closed: bool = True

    @property
    def closed(self) -> bool:
        """True once it is closed."""
        return self._closed

    def _check_live(self) -> None:
        """Raise a ClosedError if it is closed, ForkedContextError in a child process."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back what it holds."""
        raise NotImplementedError

    def __enter__(self) -> Self:
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
            # What keeps the memory in use may be the frames of the error in flight,
            # which must not be hidden; the memory is closed when they are gone.
            if error is None:
                raise

    def __del__(self) -> None:
        if self._closed:
            return
        try:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)
        finally:
            self.close()
