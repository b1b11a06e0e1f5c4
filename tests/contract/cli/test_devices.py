# SPDX-License-Identifier: BSD-2-Clause
"""pytee devices."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import pytee_client as tee

from ...support.command_lines import Ran, ran, words_for
from ...support.targets import Target

# No command line names a device without a capability.
pytestmark = pytest.mark.once

Devices = Callable[..., Ran]


@pytest.fixture
def devices(target: Target, capsys: pytest.CaptureFixture[str]) -> Devices:
    """Run the verb on the target."""

    def run(*words: str) -> Ran:
        return ran(capsys, "devices", *words_for(target), *words)

    return run


def test_a_device_is_told_with_its_driver_and_what_it_can_do(
    target: Target, devices: Devices
) -> None:
    (found, *_) = devices("--json").data["devices"]
    assert found["path"] == target.device
    assert found["implementation_id"] == target.implementation
    assert found["for"] == "clients"
    assert found["may_open"] is True
    assert found["reason"] is None
    with target.open_context() as context:
        capabilities = context.version.generic_capabilities
    names = [one.name for one in tee.GenericCapabilities if one in capabilities]
    assert found["capabilities"] == names
    done = devices()
    assert (done.status, done.errors) == (0, "")
    assert f"{target.device}\n" in done.output
    assert "  may be opened yes\n" in done.output


def test_waiting_for_a_device_that_is_there_ends_at_once(devices: Devices) -> None:
    assert devices("--wait", "60") == devices()


@pytest.mark.real_only
def test_a_machine_lists_the_supplicant_s_device_too(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ran(capsys, "devices", "--json").data
    kinds = {one["path"]: one["for"] for one in data["devices"]}
    assert kinds[target.device] == "clients"
    assert kinds[target.supplicant_device] == "the supplicant"


@pytest.mark.real_only
def test_a_device_that_is_not_there_is_status_3(capsys: pytest.CaptureFixture[str]) -> None:
    done = ran(capsys, "devices", "--tee", "/dev/tee99")
    assert (done.status, done.output) == (3, "")
    assert "pytee doctor" in done.errors
