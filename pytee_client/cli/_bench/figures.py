# SPDX-License-Identifier: BSD-2-Clause
"""What is known of a case from its samples: percentiles, and how sure its median is."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["PERCENTILES", "Figures", "Samples", "figures_of", "median_is_sure"]

PERCENTILES: Final = (5, 25, 50, 75, 95, 99)
# How far a median may be off, as a part of it, to be called stable.
_STABLE: Final = 0.05
_SURE: Final = 0.01
# Of the normal distribution: the median of the whole is inside in 95 of 100 cases.
_DEVIATIONS: Final = 1.96


@dataclass(frozen=True)
class Samples:
    """What one pass measured of a case.

    Attributes:
        nanoseconds: of each sample, for one call.
        calls: how many calls a sample was made of.
        rate: calls in a second of all threads together, if it is a case of threads.
    """

    nanoseconds: Sequence[float]
    calls: int = 1
    rate: float | None = None


@dataclass(frozen=True)
class Figures:
    """What is known of a case.

    Attributes:
        percentiles: nanoseconds of a call; that of 50 is the median.
        noise: how far the median may be off, as a part of it: half of its interval of confidence
            (95 %), or how far apart the medians of the passes are, whichever is more.
        samples: how many there are.
        calls: how many calls a sample was made of.
        rate: calls in a second; the median of the passes.
        rate_noise: how far the rate may be off, as a part of it.
    """

    percentiles: dict[int, float]
    noise: float
    samples: int
    calls: int
    rate: float | None = None
    rate_noise: float | None = None

    @property
    def median(self) -> float:
        """The median, in nanoseconds."""
        return self.percentiles[50]

    @property
    def is_stable(self) -> bool:
        """Whether another run would find nearly the same median."""
        return self.noise <= _STABLE

    def data(self) -> dict[str, Any]:
        """Return them for --json."""
        data: dict[str, Any] = {
            "nanoseconds": {f"p{at}": round(value, 1) for at, value in self.percentiles.items()},
            "noise": round(self.noise, 4),
            "stable": self.is_stable,
            "samples": self.samples,
            "calls_per_sample": self.calls,
        }
        if self.rate is not None and self.rate_noise is not None:
            data |= {
                "calls_per_second": round(self.rate, 1),
                "calls_per_second_noise": round(self.rate_noise, 4),
            }
        return data


def figures_of(passes: Sequence[Samples]) -> Figures:
    """Return the figures of a case that was measured in several passes, of 2 samples at least."""
    pooled = sorted(value for each in passes for value in each.nanoseconds)
    quantiles = statistics.quantiles(pooled, n=100, method="inclusive")
    percentiles = {at: quantiles[at - 1] for at in PERCENTILES}
    medians = [statistics.median(each.nanoseconds) for each in passes]
    noise = max(_half_of_interval(pooled), _spread(medians)) / percentiles[50]
    rates = [each.rate for each in passes if each.rate is not None]
    rate = statistics.median(rates) if rates else None
    return Figures(
        percentiles,
        noise,
        len(pooled),
        passes[0].calls,
        rate,
        None if rate is None else _spread(rates) / rate,
    )


def median_is_sure(nanoseconds: Sequence[float]) -> bool:
    """Return whether more samples would hardly change the median."""
    ordered = sorted(nanoseconds)
    return _half_of_interval(ordered) <= _SURE * statistics.median(ordered)


def _half_of_interval(ordered: Sequence[float]) -> float:
    """Return half of the interval of confidence of the median, whatever the distribution is.

    How many samples lie below the median of the whole follows the binomial distribution.
    """
    count = len(ordered)
    off = _DEVIATIONS * math.sqrt(count) / 2
    low = max(math.floor(count / 2 - off), 0)
    high = min(math.ceil(count / 2 + off), count - 1)
    return (ordered[high] - ordered[low]) / 2


def _spread(values: Sequence[float]) -> float:
    return max(values) - min(values)
