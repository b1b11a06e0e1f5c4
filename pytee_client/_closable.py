# SPDX-License-Identifier: BSD-2-Clause
"""The base of all objects that hold something of the kernel's until they are closed."""

from __future__ import annotations

import sys
import warnings
import weakref
from types import TracebackType

from . import _hints as t
from ._boundary import make_finalizer
from ._single import Single
from .errors import ClosedSharedMemoryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    _Part = TypeVar("_Part", bound="Closable")


class Closable(Single):
    """A context manager that closes at its end, and warns if nobody closed it."""

    # Also what an object has whose constructor failed, or that its maker has not handed out.
    _closed: bool = True
    # Not by the names of their modules, which may be None when they are called.
    _is_finalizing = staticmethod(sys.is_finalizing)
    _warn = staticmethod(warnings.warn)

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

    def _close(self) -> None:
        """Do what close() does, but wait for no call; also where close() is awaited."""
        self.close()

    def __enter__(self) -> t.Self:
        self._check_live()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _forgotten(self) -> None:
        """End what nobody has closed."""
        try:
            message = f"unclosed {self._description()}"
            self._warn(message, ResourceWarning, stacklevel=2, source=self)
        finally:
            try:
                self._close()
            except (AttributeError, TypeError):
                # At the end of Python the names of modules may be None. Linux closes what is left.
                if not self._is_finalizing():
                    raise

    def _description(self) -> str:
        """Return what it is, also where the names of modules are None."""
        try:
            return repr(self)
        except (AttributeError, TypeError):
            if not self._is_finalizing():
                raise
            return f"<{type(self).__name__}>"


Closable.__del__ = make_finalizer(Closable)  # type: ignore[attr-defined]


def closed_memory() -> ClosedSharedMemoryError:
    """Say that a block is closed."""
    return ClosedSharedMemoryError("the shared memory is closed: allocate a new block")


def living(parts: set[weakref.ref[_Part]]) -> list[_Part]:
    """Return those of a set that are still there."""
    # A copy, as others may add to the set, or parts may end, meanwhile.
    return [part for reference in parts.copy() if (part := reference()) is not None]


def with_earlier(error: BaseException, earlier: BaseException | None) -> BaseException:
    """Return the error to raise, an interrupt rather than another one; it tells of both."""
    if earlier is None:
        return error
    if isinstance(error, Exception) and not isinstance(earlier, Exception):
        error, earlier = earlier, error
    error.__context__ = earlier
    return error
