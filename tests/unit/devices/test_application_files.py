# SPDX-License-Identifier: BSD-2-Clause
"""What files with Trusted Applications say, and what is wrong with them."""

from __future__ import annotations

import os
import random
import struct
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from pytee_client import devices
from pytee_client._firmware import amdtee_firmware
from pytee_client.devices import (
    ApplicationFile,
    find_application_files,
    read_application_file,
    usual_folders,
)
from pytee_client.devices.rsa import OPTEE_DEFAULT_KEY, PublicKey

from ...support.signed_files import (
    APPLICATION,
    KEY,
    PKCS1,
    PrivateKey,
    application,
    encrypted_application,
    firmware,
    header,
    legacy_application,
    named_below,
    subkey,
)

SUBKEY = UUID("f04fa996-148a-453c-b037-1dcfbad120a6")
SECOND = PrivateKey(2)
THIRD = PrivateKey(3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def read(folder: Path, content: bytes, name: str = f"{APPLICATION}.ta") -> ApplicationFile:
    path = folder / name
    path.write_bytes(content)
    return read_application_file(path)


def test_a_bootstrap_application_has_a_uuid_and_a_version(folder: Path) -> None:
    content = application(version=3)
    assert read(folder, content) == ApplicationFile(
        path=str(folder / f"{APPLICATION}.ta"),
        size=len(content),
        format="optee",
        uuid=APPLICATION,
        kind="bootstrap",
        version="3",
        algorithm="RSASSA_PKCS1_PSS_MGF1_SHA256",
        hash_size=32,
        signature_size=128,
    )


def test_a_legacy_application_has_neither_and_goes_by_its_name(folder: Path) -> None:
    found = read(folder, legacy_application())
    assert (found.kind, found.uuid, found.version) == ("legacy", APPLICATION, None)
    assert found.algorithm == "RSASSA_PKCS1_V1_5_SHA256"
    assert found.faults == ()


@pytest.mark.parametrize(("flags", "whose"), [(0, "device"), (1, "class")])
def test_an_encrypted_application_says_with_whose_key(folder: Path, flags: int, whose: str) -> None:
    found = read(folder, encrypted_application(flags=flags))
    assert (found.kind, found.version) == ("encrypted", "7")
    assert (found.encryption, found.encryption_key) == ("AES_GCM", whose)
    assert found.faults == ()


def chain() -> bytes:
    """Return the subkeys that come before an application."""
    below = named_below(SUBKEY, "middle")
    return subkey(SUBKEY, SECOND, "middle", 4) + subkey(
        below, THIRD, "wallet", 3, SECOND, version=9
    )


def test_subkeys_say_who_signed_an_application(folder: Path) -> None:
    below = named_below(SUBKEY, "middle")
    uuid = named_below(below, "wallet")
    found = read(folder, chain() + application(uuid, key=THIRD), f"{uuid}.ta")
    assert found.faults == ()
    assert (found.kind, found.uuid) == ("bootstrap", uuid)
    first, last = found.subkeys
    assert (first.uuid, first.version, first.max_depth, first.name) == (SUBKEY, 1, 4, "middle")
    assert (last.uuid, last.version, last.max_depth, last.name) == (below, 9, 3, "wallet")
    assert last.bits == 1024
    assert found.key_id == last.key_id == THIRD.public.fingerprint != first.key_id


def test_a_subkey_without_a_name_signs_for_its_own_uuid(folder: Path) -> None:
    found = read(folder, subkey(APPLICATION, SECOND) + application(key=SECOND))
    assert found.faults == ()
    assert found.subkeys[0].name is None


SUBKEYS_WITH_FAULTS = {
    "signed by another key": (
        subkey(APPLICATION, SECOND) + application(key=THIRD),
        f"the application is not signed by subkey {APPLICATION}",
    ),
    "signed for another UUID": (
        subkey(SUBKEY, SECOND, "wallet") + application(key=SECOND),
        f"the application has the UUID {APPLICATION}, where subkey {SUBKEY} allows"
        f" {named_below(SUBKEY, 'wallet')}",
    ),
    "too deep": (
        subkey(APPLICATION, SECOND, max_depth=0)
        + subkey(APPLICATION, THIRD, max_depth=0, issuer=SECOND)
        + application(key=THIRD),
        f"subkey {APPLICATION} allows 0 subkeys after it, but the next one allows 0",
    ),
    "without end": (b"".join([subkey(SUBKEY, KEY)] * 20), "it has more than 16 subkeys"),
    "nothing after it": (subkey(APPLICATION, SECOND), "it is truncated"),
    "something else after it": (
        subkey(APPLICATION, SECOND) + bytes(100),
        "after its subkeys there is no other header",
    ),
    "too small": (header(3, 8, bytes(8)) + bytes(8), "a subkey has 8 bytes"),
    "without a key": (
        header(3, 60, bytes(60)) + bytes(60),
        "a subkey has no public key of RSA",
    ),
}


@pytest.mark.parametrize("what", SUBKEYS_WITH_FAULTS)
def test_a_chain_of_subkeys_is_followed(folder: Path, what: str) -> None:
    content, fault = SUBKEYS_WITH_FAULTS[what]
    assert any(one.startswith(fault) for one in read(folder, content).faults)


def changed(content: bytes, offset: int, to: bytes) -> bytes:
    return content[:offset] + to + content[offset + len(to) :]


SOUND = application()
WITH_FAULTS = {
    "empty": (b"", "it is empty"),
    "plain ELF": (b"\x7fELF" + bytes(100), "it is not signed: it is the ELF file"),
    "something else": (b"#!/bin/sh\n", "it has no signed header: it does not begin with HSTO"),
    "begun": (SOUND[:12], "it is truncated: it ends after 12 bytes, in a header"),
    "without its hash": (SOUND[:40], "it is truncated: it ends after 40 bytes, in the hash"),
    "without its signature": (SOUND[:60], "it is truncated: it ends after 60 bytes, in the sig"),
    "without its version": (SOUND[:190], "it is truncated: it ends after 190 bytes, in the UUID"),
    "cut": (SOUND[:-1], f"it is truncated: it ends after {len(SOUND) - 1} bytes, in the image"),
    "longer": (SOUND + b"12", "it has 2 more bytes than its header says"),
    "another image": (SOUND[:-1] + b"!", "the application is damaged: its hash is not the one"),
    "another version": (changed(SOUND, 196, b"\7"), "the application is damaged"),
    "no kind": (changed(SOUND, 4, b"\7"), "its header has the type 7, which is neither"),
    "no algorithm": (
        changed(SOUND, 12, b"\0\0\0\0"),
        "the application is signed with algorithm 0x00000000",
    ),
    "another hash": (
        changed(SOUND, 12, struct.pack("<I", 0x70616930)),
        "the hash of the application has 32 bytes, where SHA512 has 64",
    ),
    "another name": (application(SUBKEY), f"its name is not the UUID in its header, {SUBKEY}"),
    "endless": (changed(SOUND, 8, b"\xff" * 4), "it is truncated"),
}


@pytest.mark.parametrize("what", WITH_FAULTS)
def test_what_is_wrong_with_a_file_is_said(folder: Path, what: str) -> None:
    content, fault = WITH_FAULTS[what]
    faults = read(folder, content).faults
    assert any(one.startswith(fault) for one in faults), faults


def test_no_file_is_too_broken_to_be_read(folder: Path) -> None:
    chosen = random.Random(1)
    files = [SOUND, encrypted_application(), legacy_application(), chain() + SOUND, firmware()]
    for _ in range(1000):
        content = bytearray(chosen.choice(files))
        for _ in range(chosen.randrange(4)):
            content[chosen.randrange(len(content))] = chosen.randrange(256)
        found = read(folder, bytes(content[: chosen.randrange(len(content) + 1)]))
        assert isinstance(found.faults, tuple)


def test_the_name_of_a_file_is_a_uuid(folder: Path) -> None:
    (fault,) = read(folder, application(), "hello_world.ta").faults
    assert fault.startswith("its name is no UUID")
    assert read(folder, application(), f"{APPLICATION}.ta".upper().replace("TA", "ta")).faults == ()


def test_firmware_of_amd_has_a_version_and_the_id_of_a_key(folder: Path) -> None:
    name = Path(amdtee_firmware(APPLICATION)).name
    found = read(folder, firmware(), name)
    assert (found.format, found.uuid) == ("amdtee", APPLICATION)
    assert (found.version, found.key_id) == ("4.3.2.1", bytes(range(16)).hex())
    assert found.faults == ()
    assert read(folder, firmware(key_id=bytes(16)), name).key_id is None


def test_firmware_that_is_cut_or_is_none_has_a_fault(folder: Path) -> None:
    name = Path(amdtee_firmware(APPLICATION)).name
    for content, fault in {
        firmware()[:200]: "it is truncated: its header has 256 bytes, but it ends after 200",
        firmware()[:300]: "it is truncated: its header speaks of 64 signed bytes, but only 44",
        bytes(300): "it has no header of AMD's ($PS1)",
        b"": "it is empty",
    }.items():
        (said,) = read(folder, content, name).faults
        assert said.startswith(fault)


def test_compressed_firmware_is_listed_by_its_name(folder: Path) -> None:
    name = Path(amdtee_firmware(APPLICATION)).name
    found = read(folder, b"compressed", f"{name}.xz")
    assert (found.uuid, found.format, found.faults) == (APPLICATION, None, ())


def test_a_device_or_a_pipe_is_never_opened(folder: Path) -> None:
    # Opening a pipe for reading would not come back.
    os.mkfifo(folder / f"{APPLICATION}.ta")
    (found,) = find_application_files([folder])
    assert found.faults == ("it is no file: opening it is left alone",)


def test_a_file_that_is_far_too_large_is_not_read(folder: Path) -> None:
    path = folder / f"{APPLICATION}.ta"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    (fault,) = read_application_file(path).faults
    assert fault == f"it has {1 << 40} bytes, too many for one"


def test_folders_are_listed_by_name_with_what_can_not_be_read(folder: Path) -> None:
    (folder / f"{APPLICATION}.ta").write_bytes(application())
    (folder / f"{SUBKEY}.ta").symlink_to("nowhere")
    (folder / "readme.txt").write_text("no application")
    (folder / "folder.ta").mkdir()
    sound, dangling = find_application_files([folder, folder / "missing"])
    assert (sound.uuid, sound.faults) == (APPLICATION, ())
    assert (dangling.uuid, dangling.size) == (SUBKEY, 0)
    assert dangling.faults == ("it can't be read: No such file or directory",)
    with pytest.raises(FileNotFoundError):
        read_application_file(folder / "missing.ta")


def test_the_usual_folders_are_found_once_each(folder: Path) -> None:
    for name in ("usr/lib/optee_armtz", "usr/lib/aarch64-linux-gnu/optee_armtz", "vendor/lib"):
        (folder / name).mkdir(parents=True)
    (folder / "lib").symlink_to("usr/lib")
    (folder / "usr/lib/firmware/amdtee").mkdir(parents=True)
    assert [Path(one).relative_to(folder) for one in usual_folders(folder)] == [
        Path("lib/optee_armtz"),
        Path("lib/aarch64-linux-gnu/optee_armtz"),
        Path("lib/firmware/amdtee"),
    ]
    assert usual_folders(folder / "missing") == ()


@pytest.mark.parametrize("algorithm", [PKCS1, 0x70414930])
def test_a_signature_is_recognised_by_its_key(algorithm: int) -> None:
    digest = random.Random(4).randbytes(32)
    signature = KEY.sign(algorithm, digest)
    assert KEY.public.has_signed(algorithm, digest, signature)
    assert not SECOND.public.has_signed(algorithm, digest, signature)
    assert not KEY.public.has_signed(algorithm, bytes(32), signature)
    assert not KEY.public.has_signed(algorithm, digest, signature[:-1])
    assert not KEY.public.has_signed(algorithm, digest[:-1], signature)
    assert not KEY.public.has_signed(0, digest, signature)
    assert not PublicKey(0, 3).has_signed(algorithm, digest, b"")


def test_the_default_key_is_the_one_of_op_tees_sources() -> None:
    # What openssl says of keys/default_ta.pem.
    assert OPTEE_DEFAULT_KEY.fingerprint == (
        "3a21983aeeda3a503f4d3de2ff6fedbaa8b4389ab6ef7261cbdb1de85434fcc3"
    )
    assert OPTEE_DEFAULT_KEY.bits == 2048


def test_who_signed_with_the_default_key_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pytee_client.devices import signed_header

    monkeypatch.setattr(signed_header, "OPTEE_DEFAULT_KEY", KEY.public)
    found = read(folder, application())
    assert (found.has_default_key, found.key_id) == (True, KEY.public.fingerprint)
    below = read(folder, subkey(APPLICATION, SECOND) + application(key=SECOND))
    assert (below.has_default_key, below.key_id) == (True, SECOND.public.fingerprint)
    other = read(folder, application(key=SECOND))
    assert (other.has_default_key, other.key_id) == (False, None)


def test_what_is_found_is_public_and_can_be_replaced() -> None:
    assert {"ApplicationFile", "Subkey", "read_application_file"} < set(devices.__all__)
    assert replace(ApplicationFile("a", 1), size=2).size == 2
