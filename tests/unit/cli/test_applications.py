# SPDX-License-Identifier: BSD-2-Clause
"""What the verb applications says of folders and of TEEs."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from pytee_client.cli import applications, main
from pytee_client.cli._doctor import Patient
from pytee_client.cli._own_list import ask_for_list
from pytee_client.cli._tee import Tee
from pytee_client.devices import ApplicationFile, find_application_files
from pytee_client.fake import Kernel
from pytee_client.faults import Fail, Fault, FaultyKernel, Plan, SystemCall

from ...support.signed_files import (
    APPLICATION,
    PrivateKey,
    application,
    encrypted_application,
    firmware,
    subkey,
)

OTHER = UUID("5ce0c432-0ab0-40e5-a056-782ca0e6aba2")
SECOND = PrivateKey(2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / f"{APPLICATION}.ta").write_bytes(application(version=3))
    (tmp_path / f"{OTHER}.ta").write_bytes(encrypted_application(OTHER)[:-1])
    return tmp_path


@pytest.fixture(autouse=True)
def no_usual_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patient, "folders", [])


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    main(["applications", *words, "--json"])
    return json.loads(capsys.readouterr().out)


def test_files_are_listed_with_what_their_headers_say(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = told(capsys, "--tee", "fake:optee", "--folder", str(folder))
    assert data["status"] == 0
    assert data["folders"] == [str(folder)]
    broken, sound = data["files"]
    assert sound == {
        "path": str(folder / f"{APPLICATION}.ta"),
        "size": len(application()),
        "format": "optee",
        "uuid": str(APPLICATION),
        "application": "hello_world",
        "kind": "bootstrap",
        "version": "3",
        "algorithm": "RSASSA_PKCS1_PSS_MGF1_SHA256",
        "hash_size": 32,
        "signature_size": 128,
        "encryption": None,
        "encryption_key": None,
        "subkeys": [],
        "key_id": None,
        "has_default_key": False,
        "faults": [],
    }
    assert (broken["application"], broken["encryption"]) == ("concurrent_large", "AES_GCM")
    assert broken["faults"][0].startswith("it is truncated")


def test_the_text_has_names_versions_keys_and_faults(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / f"{APPLICATION}.ta").write_bytes(
        subkey(APPLICATION, SECOND, version=4) + application(version=3, key=SECOND)
    )
    assert main(["applications", "--tee", "fake:optee", "--folder", str(folder)]) == 0
    text = capsys.readouterr().out
    assert f"{APPLICATION} hello_world\n" in text
    assert "bytes, signed, version 3, RSASSA_PKCS1_PSS_MGF1_SHA256\n" in text
    assert f"subkey {APPLICATION} version 4\n" in text
    assert f"key {SECOND.public.fingerprint}\n" in text
    assert "encrypted with AES_GCM, by a key of the device\n" in text
    assert "FAULT: it is truncated" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_a_kernel_in_python_has_no_files_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Patient, "folders", [str(folder)])
    assert told(capsys, "--tee", "fake:optee")["folders"] == []
    assert told(capsys, "--tee", "linux")["folders"] == [str(folder)]
    assert told(capsys, "--tee", "linux", "--no-usual-folders")["folders"] == []


def test_without_a_tee_and_files_the_status_says_so(
    monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(applications, "enumerate_devices", lambda _: ())
    monkeypatch.setattr(applications, "enumerate_bus_devices", lambda _: ())
    assert told(capsys)["status"] == 3
    assert main(["applications"]) == 3
    assert capsys.readouterr().out == "No TEE device, and no files.\n"
    # On the machine where they are built there is none either.
    assert told(capsys, "--folder", str(folder))["status"] == 0


def test_a_folder_that_is_missing_is_wrong_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["applications", "--folder", str(tmp_path / "missing")]) == 1
    assert "missing is no folder" in capsys.readouterr().err


@pytest.mark.parametrize("call", [SystemCall.OPEN, SystemCall.OPEN_SESSION, SystemCall.INVOKE])
def test_an_op_tee_that_does_not_answer_is_told_of(call: SystemCall) -> None:
    plan = Plan([Fault(call, Fail(errno.EACCES), times=None)])
    answer = ask_for_list(Tee(None, FaultyKernel(Kernel(), plan)))
    assert answer.found == {}
    assert (answer.error is None) is (call is SystemCall.INVOKE)
    assert not answer.data()["available"]
    assert all("not known: " in line or "not answer: " in line for line in answer.lines())


def test_only_op_tee_is_asked() -> None:
    answer = ask_for_list(Tee(None, Kernel("amdtee")))
    assert (answer.is_optee, answer.error, answer.found) == (False, None, {})


def test_firmware_of_amd_has_its_own_header(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "00f2aa8a-5024-e411-abe20002a5d5c51b.bin").write_bytes(firmware())
    (found,) = told(capsys, "--tee", "fake:amdtee", "--folder", str(tmp_path))["files"]
    assert (found["format"], found["uuid"]) == ("amdtee", str(APPLICATION))
    assert (found["version"], found["key_id"]) == ("4.3.2.1", bytes(range(16)).hex())


def test_a_name_of_a_file_that_is_no_uuid_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wallet.ta").write_bytes(b"")
    (found,) = find_application_files([tmp_path])
    assert isinstance(found, ApplicationFile)
    main(["applications", "--tee", "fake:optee", "--folder", str(tmp_path)])
    assert "  wallet.ta -\n      0 bytes\n      FAULT: it is empty\n" in capsys.readouterr().out


@pytest.mark.parametrize("example", applications.EXAMPLES)
def test_examples_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, example: str, folder: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "ta").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    # Without a TEE and files there is nothing to list.
    assert main(example.split()) in (0, 3)


def test_names_of_files_can_not_command_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a\x1b[2Jb.ta").write_bytes(b"")
    main(["applications", "--tee", "fake:optee", "--folder", str(tmp_path)])
    assert "  a\ufffd[2Jb.ta -\n" in capsys.readouterr().out
