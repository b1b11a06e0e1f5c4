# SPDX-License-Identifier: BSD-2-Clause
"""A fake QTEE with the bundled services, and one that does what a test gives it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pytee_client import fake
from pytee_client.fake.applications.qtee_services import QTEE_SERVICES
from pytee_client.fake.qtee import Qtee

from .....support.applications.qtee_probe import QteeProbe
from .....support.qtee_device import QteeDevice

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def qtee() -> Qtee:
    QteeProbe.reset()
    return Qtee({**QTEE_SERVICES, QteeProbe.NUMBER: QteeProbe})


@pytest.fixture
def kernel(qtee: Qtee) -> fake.Kernel:
    return fake.Kernel(qtee, release="7.2")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as executor:
        yield executor


@pytest.fixture
def device(kernel: fake.Kernel, pool: ThreadPoolExecutor) -> Iterator[QteeDevice]:
    """A device whose closing ends what waits in the pool's threads."""
    with QteeDevice(kernel) as opened:
        yield opened
