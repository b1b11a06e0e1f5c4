# SPDX-License-Identifier: BSD-2-Clause
"""What the verb applications finds on each TEE."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import pytee_client as tee
from pytee_client.cli import main
from pytee_client.devices import read_application_file
from pytee_client.ta import optee

from ...support.command_lines import words_for
from ...support.targets import Target

pytestmark = pytest.mark.once
# OP-TEE's tests have two applications that are signed by subkeys.
SUBKEY_1 = optee.uuid_of("subkey1")
SUBKEY_2 = optee.uuid_of("subkey2")


@pytest.fixture
def data(target: Target, capsys: pytest.CaptureFixture[str]) -> Any:
    assert main(["applications", *words_for(target), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_devices_of_the_bus_are_listed(target: Target, data: Any) -> None:
    assert [(one["uuid"], one["driver"], one["needs_supplicant"]) for one in data["bus"]] == [
        (str(device.uuid), device.driver, device.needs_supplicant)
        for device in tee.enumerate_bus_devices(target.backend)
    ]


@pytest.mark.optee_only
def test_op_tee_lists_those_of_the_bus(data: Any) -> None:
    enumeration = data["enumeration"]
    assert enumeration["available"]
    listed = {one["uuid"] for found in enumeration["lists"].values() for one in found}
    assert {one["uuid"] for one in data["bus"]} <= listed
    (tests,) = (one for one in data["bus"] if one["application"] == "OP-TEE's invocation tests")
    assert tests["uuid"] in {one["uuid"] for one in enumeration["lists"]["get_devices"]}


@pytest.mark.amdtee_only
def test_amd_tee_lists_none(data: Any) -> None:
    assert data["bus"] == []
    assert data["enumeration"] == {"available": False, "error": None, "failed": {}, "lists": {}}


@pytest.mark.real_only
def test_the_headers_of_real_files_are_read(data: Any) -> None:
    files = {one["uuid"]: one for one in data["files"]}
    assert len(files) > 20
    assert [one["faults"] for one in files.values()] == [[]] * len(files)
    assert {one["kind"] for one in files.values()} == {"bootstrap"}
    assert {one["algorithm"] for one in files.values()} == {"RSASSA_PKCS1_PSS_MGF1_SHA256"}
    assert {one["hash_size"] for one in files.values()} == {32}
    for one in files.values():
        assert Path(one["path"]).name == f"{one['uuid']}.ta"
        assert one["size"] == Path(one["path"]).stat().st_size
    hello = files[str(Target.HELLO_WORLD)]
    assert (hello["application"], hello["version"]) == ("hello_world", "0")


@pytest.mark.real_only
def test_the_subkeys_of_real_files_are_followed(data: Any) -> None:
    files = {one["uuid"]: one for one in data["files"]}
    first, second = files[str(SUBKEY_1)]["subkeys"]
    assert (first["name"], second["name"]) == ("mid_level_subkey", "subkey1_ta")
    assert files[str(SUBKEY_1)]["key_id"] == second["key_id"]
    (only,) = files[str(SUBKEY_2)]["subkeys"]
    assert (only["uuid"], only["name"]) == (str(SUBKEY_2), None)


@pytest.mark.real_only
def test_a_file_that_op_tee_refuses_has_faults(
    target: Target, context: tee.Context, data: Any, tmp_path: Path
) -> None:
    (path,) = (one["path"] for one in data["files"] if one["uuid"] == str(Target.HELLO_WORLD))
    content = bytearray(Path(path).read_bytes())
    content[-1] ^= 1
    copy = tmp_path / Path(path).name
    copy.write_bytes(content)
    (fault,) = read_application_file(copy).faults
    assert fault == "the application is damaged: its hash is not the one in the header"
    original = Path(path).read_bytes()
    try:
        Path(path).write_bytes(content)
        with pytest.raises(tee.SecurityError):
            context.open_session(Target.HELLO_WORLD)
    finally:
        Path(path).write_bytes(original)
    context.open_session(Target.HELLO_WORLD).close()


def test_the_text_names_what_was_found(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["applications", *words_for(target)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("On the TEE bus:\n")
    for device in tee.enumerate_bus_devices(target.backend):
        assert f"{device.uuid} " in text
    if target.is_real:
        assert f"  {Target.HELLO_WORLD} hello_world\n" in text
