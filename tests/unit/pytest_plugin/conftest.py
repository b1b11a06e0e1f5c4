# SPDX-License-Identifier: BSD-2-Clause
"""Where the plugin is used."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from ...support.pytest_projects import Project

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def project(pytester: pytest.Pytester) -> Iterator[Project]:
    yield Project(pytester)
    # Some of its tests run in this process, without the collector.
    gc.enable()
