# SPDX-License-Identifier: BSD-2-Clause
"""Where samples run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake

from .running import Digester, Vault, Waiter

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def context() -> Iterator[tee.Context]:
    kernel = fake.Kernel()
    kernel.install(Digester, Vault, Waiter)
    with tee.Context(backend=kernel) as opened:
        yield opened
    kernel.assert_no_leaks()


@pytest.fixture
def session(context: tee.Context) -> Iterator[tee.Session]:
    with context.open_session(Digester.uuid) as opened:
        yield opened


@pytest.fixture
def kernel() -> Iterator[fake.Kernel]:
    made = fake.Kernel()
    made.install(Digester, Waiter)
    yield made
    made.assert_no_leaks()
