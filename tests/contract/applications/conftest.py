# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures for the tests that talk to OP-TEE's own applications, or to their twins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ...support.applications import OsTest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytee_client as tee


@pytest.fixture(scope="module")
def os_test(context: tee.Context) -> Iterator[tee.Session]:
    """A session for tests that leave it as it was."""
    with context.open_session(OsTest.uuid) as opened:
        yield opened
