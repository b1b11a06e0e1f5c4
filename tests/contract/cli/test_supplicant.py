# SPDX-License-Identifier: BSD-2-Clause
"""The supplicant as a program, on real OP-TEE; unit tests have it serve the fake.

Others that need a supplicant in Python have this one on real devices, too.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pytee_client as tee
from pytee_client.cli import main
from pytee_client.cli._answer import Status

from ...support.supplicants import no_supplicant
from ...support.targets import Target
from ...support.waiting import LIMIT

pytestmark = [pytest.mark.once, pytest.mark.optee_only, pytest.mark.real_only]
PROGRAM = (sys.executable, "-m", "pytee_client", "supplicant")
NOBODY = 65534


def increment(target: Target) -> None:
    with target.open_context() as context, context.open_session(Target.HELLO_WORLD) as session:
        assert session.invoke_command(0, tee.ValueInOut(41)) == ((42, 0),)


def test_a_device_that_has_a_supplicant_is_refused_and_keeps_it(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["supplicant", "--device", target.supplicant_device, "--no-storage", "--json"]
    assert main(words) == Status.NO_TEE
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"]["class"] == "SupplicantRunningError"
    assert "stop the other, such as tee-supplicant" in captured.err
    increment(target)


def test_a_device_for_clients_is_refused(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["supplicant", "--device", target.device, "--no-storage", "--json"]
    assert main(words) != Status.OK
    assert json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_user_without_permission_is_told_what_to_do(target: Target, tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "--device", target.supplicant_device, "--no-storage", "--json"],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == Status.NO_TEE
    error = json.loads(done.stdout)["error"]
    assert error["class"] == "DeviceAccessError"
    assert target.supplicant_device in error["remedy"]


@pytest.fixture
def unserved(target: Target) -> Iterator[Target]:
    with no_supplicant():
        yield target


@pytest.mark.own_boot
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_says_what_it_served(
    unserved: Target, tmp_path: Path, sent: signal.Signals
) -> None:
    folder = tmp_path / "optee_armtz"
    folder.mkdir()
    shutil.copy(f"/lib/optee_armtz/{Target.HELLO_WORLD}.ta", folder)
    options = [
        *("--device", unserved.supplicant_device),
        *("--applications", str(folder)),
        *("--storage", str(tmp_path / "tee")),
        *("--verbose", "--json"),
    ]
    with subprocess.Popen(
        [*PROGRAM, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == (
            f"serving {unserved.supplicant_device}: applications in {folder};"
            f" storage in {tmp_path / 'tee'}\n"
        )
        try:
            increment(unserved)
        finally:
            process.send_signal(sent)
            output, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == Status.OK
    data: dict[str, Any] = json.loads(output)
    assert (data["status"], data["ended_by"]) == (0, sent.name)
    assert data["device"] == unserved.supplicant_device
    assert data["requests"]["LOAD_TA"] >= 1
    lines = errors.splitlines()
    assert any(line.startswith(f"LOAD_TA {Target.HELLO_WORLD}: SUCCESS, ") for line in lines)
    assert len(lines) == sum(data["requests"].values())


@pytest.mark.own_boot
def test_the_device_is_free_for_the_next_as_soon_as_one_has_ended(
    unserved: Target, tmp_path: Path
) -> None:
    folder = tmp_path / "optee_armtz"
    folder.mkdir()
    shutil.copy(f"/lib/optee_armtz/{Target.HELLO_WORLD}.ta", folder)
    options = ["--device", unserved.supplicant_device, "--applications", str(folder)]
    for _ in range(3):
        with subprocess.Popen(
            [*PROGRAM, *options, "--storage", str(tmp_path / "tee")],
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("serving ")
            try:
                increment(unserved)
            finally:
                process.terminate()
            assert process.wait(LIMIT) == Status.OK
