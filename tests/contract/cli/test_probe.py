# SPDX-License-Identifier: BSD-2-Clause
"""pytee probe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from ...support.command_lines import Ran, ran, tee_descriptors, words_for
from ...support.supplicants import no_supplicant
from ...support.targets import Target
from ...support.waiting import wait_until

if TYPE_CHECKING:
    import pytee_client as tee

# No command line names a device without a capability.
pytestmark = pytest.mark.once

APPLICATIONS = Path("/usr/lib/optee_armtz")
TOO_LARGE = "9e6f1b52-0c4a-4f7d-8b3e-61d2a5c7f890"
ABSENT = "00000000-0000-4000-8000-000000000001"
Probe = Callable[..., Ran]


@pytest.fixture
def probe(target: Target, capsys: pytest.CaptureFixture[str]) -> Probe:
    """Run the verb on the target."""

    def run(*words: str) -> Ran:
        return ran(capsys, "probe", *words_for(target), *words)

    return run


def test_applications_that_open_a_session_are_there(probe: Probe) -> None:
    done = probe("hello_world", str(Target.CONFORMANCE))
    assert (done.status, done.errors) == (0, "")
    assert done.output.splitlines() == [
        f"hello_world ({Target.HELLO_WORLD}): there",
        f"pytee_client's conformance ({Target.CONFORMANCE}): there",
    ]
    data = probe("hello_world", "--json").data
    assert data["applications"] == [
        {
            "application": str(Target.HELLO_WORLD),
            "name": "hello_world",
            "is_there": True,
            "verdict": "opened",
            "error": None,
            "bus_device": None,
            "kernel_driver": None,
            "needs_supplicant": None,
        }
    ]


def test_one_that_is_not_there_is_told_with_how_to_install_it(probe: Probe) -> None:
    done = probe("hello_world", ABSENT)
    assert done.status == 5
    _, absent, remedy = done.output.splitlines()
    assert absent == f"{ABSENT}: not there"
    assert remedy.strip()
    verdicts = [
        one["verdict"] for one in probe("hello_world", ABSENT, "--json").data["applications"]
    ]
    assert verdicts == ["opened", "absent"]


def test_one_that_is_busy_is_there(probe: Probe, target: Target, context: tee.Context) -> None:
    with context.open_session(Target.EXCLUSIVE):
        busy = probe(str(Target.EXCLUSIVE))
    assert busy.status == 0
    assert "there, but opens no session" in busy.output
    assert "it has a session with somebody, and takes no second one: BUSY" in busy.output
    assert probe(str(Target.EXCLUSIVE)).output == f"{Target.EXCLUSIVE}: there\n"


@pytest.mark.optee_only
def test_one_that_serves_others_is_there(probe: Probe) -> None:
    done = probe("system")
    assert done.status == 0
    assert "it serves other clients" in done.output
    (found,) = probe("system", "--json").data["applications"]
    assert (found["is_there"], found["verdict"]) == (True, "refuses")
    assert (found["error"]["result"], found["error"]["origin"]) == ("ACCESS_DENIED", "TRUSTED_APP")


@pytest.mark.optee_only
def test_one_that_is_a_device_of_the_kernel_says_so(probe: Probe) -> None:
    (found,) = probe("invoke_tests", "--json").data["applications"]
    assert found["bus_device"] == "optee-ta-d96a5b40-c3e5-21e3-8794-1002a5d5c61b"
    assert found["needs_supplicant"] is False
    assert "the kernel has it as the device optee-ta-" in probe("invoke_tests").output


def test_all_that_are_well_known_can_be_asked(probe: Probe) -> None:
    done = probe("--all")
    assert done.status == 0
    assert f"pytee_client's conformance ({Target.CONFORMANCE}): there\n" in done.output
    assert "not there" not in done.output
    last = done.output.splitlines()[-1]
    found = probe("--all", "--json").data["applications"]
    there = sum(one["is_there"] for one in found)
    assert last == f"{there} of {len(found)} well-known applications are there"


def test_an_application_that_can_t_be_asked_is_an_error(probe: Probe) -> None:
    # Mainline Linux refuses this login.
    done = probe("hello_world", ABSENT, "--login", "application")
    assert done.status == 4
    assert "can't be asked" in done.output


@pytest.mark.real_only
def test_one_that_the_tee_can_t_load_is_no_application_that_is_there(probe: Probe) -> None:
    done = probe(TOO_LARGE)
    assert done.status == 5
    assert f"{TOO_LARGE}: can't be loaded\n  OUT_OF_MEMORY" in done.output
    assert "TA_DATA_SIZE" in done.output
    (found,) = probe(TOO_LARGE, "--json").data["applications"]
    assert (found["is_there"], found["verdict"]) == (False, "unloadable")


@pytest.mark.real_only
def test_one_that_is_not_signed_for_this_tee_can_t_be_loaded(probe: Probe) -> None:
    image = bytearray((APPLICATIONS / f"{Target.CONFORMANCE}.ta").read_bytes())
    image[len(image) // 2] ^= 1
    forged = str(uuid4())
    path = APPLICATIONS / f"{forged}.ta"
    path.write_bytes(image)
    try:
        done = probe(forged)
    finally:
        path.unlink()
    assert done.status == 5
    assert f"{forged}: can't be loaded\n  SECURITY" in done.output


@pytest.mark.real_only
@pytest.mark.own_boot
def test_one_that_waits_for_a_supplicant_gives_no_answer(probe: Probe) -> None:
    before = tee_descriptors()
    with no_supplicant():
        done = probe("hello_world", "--timeout", "0.5")
    assert done.status == 124
    assert f"hello_world ({Target.HELLO_WORLD}): no answer\n" in done.output
    assert "supplicant" in done.output
    # It went on until there was one.
    wait_until(lambda: tee_descriptors() <= before)
