# SPDX-License-Identifier: BSD-2-Clause
"""The files that traces are in, as programs name them."""

from __future__ import annotations

import io
import os

from .._checks import said, to_path_text
from ..errors import ParameterTypeError

__all__ = ["path_of"]


def path_of(file: object, method: str) -> str | None:
    """Return the path of a trace, or None if the program gives the text file itself.

    Args:
        file: the path or the file.
        method: what the file must be able to do.

    Raises:
        ParameterTypeError: it is neither.
    """
    is_path = isinstance(file, str | bytes | os.PathLike)
    if is_path or isinstance(file, type) or not hasattr(file, method):
        return to_path_text(file, "the file")
    if isinstance(file, io.RawIOBase | io.BufferedIOBase) or "b" in str(getattr(file, "mode", "")):
        raise ParameterTypeError(f"the file must be open for text, not {said(file)} for bytes")
    return None
