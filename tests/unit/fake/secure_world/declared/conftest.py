# SPDX-License-Identifier: BSD-2-Clause
"""A declared application, its fake, and a client of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake

from .....support.applications.declared import FakeStore, Store

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def kernel() -> Iterator[fake.Kernel]:
    made = fake.Kernel(applications=[FakeStore])
    yield made
    made.assert_no_leaks()


@pytest.fixture
def context(kernel: fake.Kernel) -> Iterator[tee.Context]:
    with tee.Context(backend=kernel) as opened:
        yield opened


@pytest.fixture
def store(context: tee.Context) -> Iterator[Store]:
    with Store.opening(context, 5) as opened:
        yield opened
