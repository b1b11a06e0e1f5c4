# SPDX-License-Identifier: BSD-2-Clause
"""An output whose size its Trusted Application says."""

from __future__ import annotations

from ._checks import said, to_bool, to_count
from .errors import ParameterRangeError, ParameterTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["DEFAULT_MAX_SIZE", "Growing", "OutputGrowsError"]

DEFAULT_MAX_SIZE: Final = 16 << 20


class OutputGrowsError(Exception):
    """Nothing was sent: an output grows, so the operation may have to run more than once."""


class Growing:
    """The room for an output that grows.

    Attributes:
        size: with how many bytes it begins; None for a null memory reference.
        max_size: to how many bytes it may grow.
    """

    __slots__ = ("max_size", "size")

    def __init__(self, size: object, grow: object, max_size: object) -> None:
        """Check what MemrefTempOutput was made with."""
        if not to_bool(grow, "grow"):
            raise ParameterTypeError("max_size goes with grow=True alone")
        if size is not None and not _is_number(size):
            raise ParameterTypeError(
                f"an output with grow=True is given by its size, or None, not by {said(size)}: only"
                " memory of the call's own can grow"
            )
        self.size = None if size is None else to_count(size, "the size")
        self.max_size = (
            DEFAULT_MAX_SIZE if max_size is None else to_count(max_size, "max_size", low=1)
        )
        if self.size is not None and self.size > self.max_size:
            raise ParameterRangeError(
                f"the size is {self.size}, more than max_size={self.max_size}: give a larger"
                " max_size"
            )


def _is_number(value: object) -> bool:
    """Return whether a value may be a size; an array of one number is memory all the same."""
    return hasattr(value, "__index__") and not hasattr(type(value), "__len__")
