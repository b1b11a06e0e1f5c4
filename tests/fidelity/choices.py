# SPDX-License-Identifier: BSD-2-Clause
"""A source of random choices."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from .program import Ref

_T = TypeVar("_T")


class Choices:
    """Choices that depend on a seed alone."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def one(self, *values: _T) -> _T:
        """Return one of some values."""
        return self._random.choice(values)

    def weighted(self, choices: Sequence[tuple[int, _T]]) -> _T:
        """Return one of some values, each as often as its weight says."""
        return self._random.choices(
            [value for _, value in choices], [weight for weight, _ in choices]
        )[0]

    def often(self, percent: int = 88) -> bool:
        """Return True in so many cases of 100."""
        return self._random.randrange(100) < percent

    def some(self, refs: Sequence[Ref]) -> Ref:
        """Return one of them, or what no step yields if there is none."""
        return self._random.choice(refs) if refs else Ref("none")

    def number(self, start: int, beyond: int) -> int:
        """Return a number of a range."""
        return self._random.randrange(start, beyond)

    def data(self, size: int) -> bytes:
        """Return so many bytes."""
        return self._random.randbytes(size)
