# SPDX-License-Identifier: BSD-2-Clause
"""Threads that use, cancel, close and forget the same objects at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from ..support.conformance import Command, xored
from ..support.targets import Target
from ..support.together import SCENARIOS, Service, forgetting


def service_of(target: Target) -> Service:
    """Return where the threads work; a machine that is emulated takes longer."""
    return Service(
        target.open_context,
        Target.HELLO_WORLD,
        Target.CONFORMANCE,
        Command.MEMREF_XOR,
        partial(xored, 0),
        4 if target.is_real else 20,
    )


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_threads_may_do_all_of_it_at_once(
    target: Target, scenario: Callable[[Service], None]
) -> None:
    scenario(service_of(target))


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_what_threads_forget_is_given_back(target: Target) -> None:
    forgetting(service_of(target))
