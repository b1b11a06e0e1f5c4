# SPDX-License-Identifier: BSD-2-Clause
"""Where the plugin is used."""

from __future__ import annotations

import pytest

from ...support.pytest_projects import Project


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    return Project(pytester)
