# SPDX-License-Identifier: BSD-2-Clause
"""What is known of a case from its samples."""

from __future__ import annotations

import random
import statistics

import pytest

from pytee_client.cli._bench.figures import PERCENTILES, Samples, figures_of, median_is_sure


def test_percentiles_are_those_of_all_passes_together() -> None:
    found = figures_of([Samples(range(50)), Samples(range(50, 101))])
    assert found.percentiles == {at: at for at in PERCENTILES}
    assert (found.median, found.samples, found.rate) == (50, 101, None)


def test_samples_that_are_all_the_same_have_no_noise() -> None:
    found = figures_of([Samples([700.0] * 5)] * 3)
    assert set(found.percentiles.values()) == {700}
    assert (found.noise, found.is_stable) == (0, True)


def test_passes_that_differ_are_noise_however_sure_each_is() -> None:
    found = figures_of([Samples([100.0] * 50), Samples([100.0] * 50), Samples([120.0] * 50)])
    assert found.noise == pytest.approx(0.2)
    assert not found.is_stable


def test_one_sample_that_is_far_off_is_no_noise() -> None:
    found = figures_of([Samples([*[100.0] * 98, 100_000.0, 200_000.0])])
    assert (found.median, found.noise) == (100, 0)
    assert found.percentiles[99] > 100


def test_more_samples_make_a_median_surer() -> None:
    numbers = random.Random(1)
    noises = [
        figures_of([Samples([numbers.gauss(1000, 200) for _ in range(count)])]).noise
        for count in (100, 1600)
    ]
    assert noises[1] == pytest.approx(noises[0] / 4, rel=0.5)


def test_the_median_of_the_whole_is_within_the_noise() -> None:
    numbers = random.Random(1)
    right = 0
    for _ in range(200):
        found = figures_of([Samples([numbers.lognormvariate(0, 1) for _ in range(200)])])
        # The median of this distribution is 1.
        right += abs(found.median - 1) <= 1.2 * found.noise * found.median
    assert right >= 180


def test_a_median_is_sure_when_its_interval_is_narrow() -> None:
    numbers = random.Random(1)
    assert median_is_sure([100.0] * 20)
    assert not median_is_sure([numbers.uniform(50, 150) for _ in range(20)])


def test_rates_of_threads_are_the_median_of_the_passes() -> None:
    passes = [Samples([10.0] * 5, 1, rate) for rate in (1000.0, 1100.0, 900.0)]
    found = figures_of(passes)
    assert found.rate == statistics.median([1000, 1100, 900])
    assert found.rate_noise == pytest.approx(0.2)
    assert found.data()["calls_per_second"] == 1000


def test_data_has_a_key_for_each_percentile() -> None:
    data = figures_of([Samples(range(101), 7)]).data()
    assert data == {
        "nanoseconds": {"p5": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95, "p99": 99},
        "noise": data["noise"],
        "stable": False,
        "samples": 101,
        "calls_per_sample": 7,
    }
