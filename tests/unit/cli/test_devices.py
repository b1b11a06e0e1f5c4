# SPDX-License-Identifier: BSD-2-Clause
"""The verb devices."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

import pytee_client as tee
from pytee_client import devices as tee_devices
from pytee_client.cli import devices as verb

from ...support.command_lines import ran


@pytest.mark.parametrize(
    ("profile", "driver", "capabilities", "revision"),
    [
        ("optee", "OP-TEE", ["GP", "REG_MEM", "MEMREF_NULL"], None),
        ("optee@7.2", "OP-TEE", ["GP", "REG_MEM", "MEMREF_NULL"], "4.5"),
        ("amdtee", "AMD-TEE", ["GP"], None),
        ("tstee", "Trusted Services", [], None),
        ("qtee@7.2", "Qualcomm TEE", ["OBJREF"], None),
    ],
)
def test_each_driver_is_listed_with_what_it_can_do(
    capsys: pytest.CaptureFixture[str],
    profile: str,
    driver: str,
    capabilities: list[str],
    revision: str | None,
) -> None:
    data = ran(capsys, "devices", "--tee", f"fake:{profile}", "--json").data
    found = data["devices"][0]
    assert found["driver"] == driver
    assert found["revision"] == revision
    assert set(capabilities) <= set(found["capabilities"])
    done = ran(capsys, "devices", "--tee", f"fake:{profile}")
    assert (done.status, done.errors) == (0, "")
    assert f"  driver        {driver}\n" in done.output
    if revision:
        assert f"  revision      {revision}" in done.output


def test_the_supplicant_s_device_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    _, private = ran(capsys, "devices", "--tee", "fake:optee", "--json").data["devices"]
    assert (private["path"], private["for"]) == ("/dev/teepriv0", "the supplicant")
    assert (private["may_open"], private["capabilities"]) == (None, None)
    # Its supplicant's, and nobody asked it.
    assert "  for           the supplicant\n" in ran(capsys, "devices", "--tee", "fake:").output


def test_no_device_is_status_3_and_says_where_to_look(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "enumerate_devices", lambda backend: ())
    done = ran(capsys, "devices", "--tee", "/dev/tee-nowhere")
    assert (done.status, done.output) == (3, "")
    assert "pytee doctor looks for the reason" in done.errors
    assert done.errors.count("\n") == 1
    data = ran(capsys, "devices", "--tee", "/dev/tee-nowhere", "--json").data
    assert data["devices"] == []
    assert data["error"]["class"] == "DeviceNotFoundError"


def listed(path: Path, *, private: bool = False) -> tee_devices.Device:
    optee = tee.ImplementationId.OPTEE
    return tee_devices.Device(path.name, str(path), optee, private, None, None, None)


def test_a_device_that_is_named_is_listed_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = (listed(tmp_path / "tee0"), listed(tmp_path / "tee1"))
    monkeypatch.setattr(verb, "enumerate_devices", lambda backend: found)
    data = ran(capsys, "devices", "--tee", str(tmp_path / "tee1"), "--json").data
    assert [one["path"] for one in data["devices"]] == [str(tmp_path / "tee1")]


def test_a_device_that_this_user_may_not_open_says_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    node, private = tmp_path / "tee0", tmp_path / "teepriv0"
    private.touch(0o600)
    found = (listed(node), listed(private, private=True))
    monkeypatch.setattr(verb, "enumerate_devices", lambda backend: found)
    first, second = ran(capsys, "devices", "--json").data["devices"]
    assert first["may_open"] is False
    # There is no node, as in a container.
    assert first["reason"]
    assert second["may_open"] is os.access(private, os.R_OK | os.W_OK)
    assert f"  may be opened no: {first['reason']}\n" in ran(capsys, "devices").output


def test_waiting_ends_with_status_3(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    done = ran(capsys, "devices", "--tee", str(tmp_path / "tee7"), "--wait", "0")
    assert (done.status, done.output) == (3, "")
    assert f"waiting for {tmp_path / 'tee7'}: TIMEOUT" in done.errors


def test_sysfs_that_can_t_be_read_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(backend: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(verb, "enumerate_devices", refuse)
    done = ran(capsys, "devices")
    assert (done.status, done.output) == (1, "")
    assert done.errors.endswith("sysfs can't be read: Permission denied\n")


def test_a_kernel_that_there_is_not_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "windows")
    done = ran(capsys, "devices")
    assert (done.status, done.output) == (1, "")
    assert "PYTEE_CLIENT_BACKEND='windows' is not one of linux, fake" in done.errors


@pytest.mark.parametrize("words", ["--wait x", "--wait -1", "--wait inf", "tee0"])
def test_a_command_line_that_is_wrong_is_status_2(
    capsys: pytest.CaptureFixture[str], words: str
) -> None:
    assert ran(capsys, "devices", *words.split()).status == 2


@pytest.mark.parametrize("example", verb.EXAMPLES)
def test_the_examples_of_the_help_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, example: str
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    done = ran(capsys, *shlex.split(example))
    assert (done.status, done.errors) == (0, "")
    assert "OP-TEE" in done.output
