# SPDX-License-Identifier: BSD-2-Clause
"""Names of well-known applications."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from pytee_client import fake
from pytee_client._known_applications import NAMES, WELL_KNOWN, named
from pytee_client.fake.applications import BUNDLED, PSEUDO_APPLICATIONS

from ..support import applications


@pytest.mark.parametrize("text", WELL_KNOWN)
def test_a_well_known_application_is_named_before_its_uuid(text: str) -> None:
    uuid = UUID(text)
    # Written as a UUID prints itself: else it would never be found.
    assert str(uuid) == text
    assert named(uuid) == f"{NAMES[text]} ({text})"


def test_another_application_is_its_uuid() -> None:
    uuid = uuid4()
    assert named(uuid) == str(uuid)


def test_no_two_applications_have_one_name() -> None:
    # Beside these there are those that programs declare, which may be named alike.
    for names in zip(*WELL_KNOWN.values(), strict=True):
        assert len(set(names)) == len(WELL_KNOWN)


@pytest.mark.parametrize("application", [*BUNDLED, *PSEUDO_APPLICATIONS])
def test_every_application_that_comes_with_the_fake_is_known(
    application: type[fake.TrustedApplication],
) -> None:
    assert str(application.uuid) in WELL_KNOWN


def test_applications_of_optees_tests_are_known() -> None:
    ours = {applications.Exclusive.uuid, applications.FakeWallet.uuid}
    for twin in applications.TWINS:
        assert str(twin.uuid) in WELL_KNOWN or twin.uuid in ours
