# SPDX-License-Identifier: BSD-2-Clause
"""What the panic of a Trusted Application in Python says of its cause."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType
    from typing import Final

__all__ = ["describe_exception", "for_panic"]

_PACKAGE: Final = os.path.dirname(__file__) + os.sep
# The applications in the package, unlike the rest of it, are what a panic is about.
_APPLICATIONS: Final = os.path.join(_PACKAGE, "fake", "applications", "")
# Of Python's own modules, and those that are installed beside them.
_PYTHON: Final = os.path.dirname(os.__file__) + os.sep


def for_panic(cause: BaseException) -> str:
    """Say which exception was the panic, and at which file and line of the application.

    Args:
        cause: the exception; see Kernel.take_cause().
    """
    what = describe_exception(cause)
    return f"the Trusted Application panicked: {what}; a new session starts afresh"


def describe_exception(cause: BaseException) -> str:
    """Describe an exception on one line, with the file and line of the code of the user."""
    what = type(cause).__name__
    try:
        lines = str(cause).splitlines()
    except Exception:
        lines = ["(its text can't be had)"]
    if lines:
        what += f": {lines[0]}"
    frames = [frame for frame in _frames_of(cause) if not _is_machinery(frame[0].co_filename)]
    # All of an application can be installed beside Python's modules.
    own = [frame for frame in frames if not frame[0].co_filename.startswith(_PYTHON)] or [
        frame for frame in frames if frame[0].co_filename == frames[0][0].co_filename
    ]
    if own:
        code, line = own[-1]
        what += f", in {code.co_filename}, line {line} ({code.co_name})"
    return what


def _frames_of(error: BaseException) -> Iterator[tuple[CodeType, int]]:
    """Yield the code and the line of each frame that an exception passed, the innermost last."""
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame.f_code, traceback.tb_lineno
        traceback = traceback.tb_next


def _is_machinery(filename: str) -> bool:
    return filename.startswith(_PACKAGE) and not filename.startswith(_APPLICATIONS)
