# SPDX-License-Identifier: BSD-2-Clause
"""Declarations out of the headers that applications have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytee_client import ta
from pytee_client._headers.preprocessor import HeaderError
from pytee_client._headers.skeleton import skeleton

from .generated import DATA, TOP, declared_in, generated, layout, numbers_of, write_modules

EXPECTED: dict[str, tuple[str, str, dict[str, int]]] = {
    "hello_world_ta.h": (
        "HelloWorld",
        "8aaaf200-2450-11e4-abe2-0002a5d5c51b",
        {"inc_value": 0, "dec_value": 1},
    ),
    "random_ta.h": ("Random", "b6c53aba-9669-4668-a7f2-205629d00f86", {"generate": 0}),
    "aes_ta.h": (
        "Aes",
        "5dbac793-f574-4871-8ad3-04331ec17f24",
        {"prepare": 0, "set_key": 1, "set_iv": 2, "cipher": 3},
    ),
    "acipher_ta.h": (
        "Acipher",
        "a734eed9-d6a1-4244-aa50-7c99719e7b7b",
        {"gen_key": 0, "encrypt": 1},
    ),
    "secure_storage_ta.h": (
        "SecureStorage",
        "f4e750bb-1437-4fbf-8785-8d3580c34994",
        {"read_raw": 0, "write_raw": 1, "delete": 2},
    ),
    "hotp_ta.h": (
        "Hotp",
        "484d4143-2d53-4841-3120-4a6f636b6542",
        {"register_shared_key": 0, "get_hotp": 1},
    ),
    "ta_os_test.h": (
        "OsTest",
        "5b9e0e40-2636-11e1-ad9e-0002a5d5c51b",
        {
            "init": 0,
            "client_with_timeout": 1,
            "basic": 5,
            "panic": 6,
            "client": 7,
            "params_access": 8,
            "wait": 9,
            "bad_mem_access": 10,
            "ta2ta_memref": 11,
            "params": 13,
            "get_global_var": 18,
            "client_identity": 20,
        },
    ),
    "ta_crypt.h": (
        "Crypt",
        "cb3e5ba0-adf1-11e0-998b-0002a5d5c51b",
        {
            "sha256": 2,
            "aes256ecb_enc": 3,
            "aes256ecb_dec": 4,
            "allocate_operation": 5,
            "digest_do_final": 13,
            "random_number_generate": 32,
            "set_global": 40,
            "get_global": 41,
        },
    ),
    "ta_sims_test.h": (
        "SimsTest",
        "e6a33ed4-562b-463a-bb7e-ff5e15a493c8",
        {"read": 1, "write": 2, "get_counter": 3, "panic": 4},
    ),
    "pta_imx_ocotp.h": (
        "Ocotp",
        "9abdf255-d8fa-40de-8f60-4d0b27927b7d",
        {"chip_uid": 0, "read_fuse": 1},
    ),
    "stm32_remoteproc_ta.h": (
        "Remoteproc",
        "80a4c275-0a47-4905-8285-1486a9771a08",
        {
            "load_fw": 1,
            "start_fw": 2,
            "stop_fw": 3,
            "get_rsc_table": 4,
            "get_coredump": 5,
            "release_fw": 6,
        },
    ),
    "rktest_ta.h": (
        "Rktest",
        "1db57234-dacd-462d-9bb1-ae79de44e2a5",
        {
            "transfer_data": 102,
            "storage": 103,
            "property": 104,
            "crypto_sha": 105,
            "crypto_aes": 106,
            "crypto_rsa": 107,
        },
    ),
    "keygen_ta.h": (
        "Keygen",
        "ab201cb2-177d-11e8-b642-0ed5f89f718b",
        {"key_gen": 0, "key_open": 1, "key_close": 2},
    ),
}
CONSTANTS: dict[str, dict[str, int | str]] = {
    "aes_ta.h": {
        "TA_AES_ALGO_ECB": 0,
        "TA_AES_ALGO_CBC": 1,
        "TA_AES_ALGO_CTR": 2,
        "TA_AES_SIZE_128BIT": 16,
        "TA_AES_SIZE_256BIT": 32,
        "TA_AES_MODE_ENCODE": 1,
        "TA_AES_MODE_DECODE": 0,
    },
    "ta_crypt.h": {
        "TA_CRYPT_SHA256_SIZE": 32,
        "TA_CRYPT_ARG_FLAG_INIT": 1,
        "TA_CRYPT_ARG_FLAG_FINAL": 16,
    },
    "ta_sims_test.h": {"TA_SIMS_CMD_LAST": 4},
    "stm32_remoteproc_ta.h": {"TA_RPROC_CMD_MAX": 7},
    "keygen_ta.h": {"KEY_MAX_NAME": 64, "KEY_LABEL": "label"},
}


def of(name: str) -> str:
    return skeleton((DATA / name).read_text(), name)


def test_each_header_of_the_test_data_has_what_is_expected_of_it() -> None:
    assert sorted(path.name for path in DATA.iterdir()) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_application_has_the_uuid_and_the_commands_of_its_header(name: str) -> None:
    cls, uuid, commands = EXPECTED[name]
    module = generated((DATA / name).read_text(), name)
    ((found, declaration),) = declared_in(module).items()
    assert found == cls
    assert str(declaration.uuid) == uuid
    assert numbers_of(declaration) == commands


@pytest.mark.parametrize("name", EXPECTED)
def test_what_else_has_a_number_or_a_text_is_a_constant(name: str) -> None:
    module = generated((DATA / name).read_text(), name)
    found = {key: value for key, value in vars(module).items() if key.isupper()}
    assert found == CONSTANTS.get(name, {})


def test_modules_pass_mypy_strict(tmp_path: Path) -> None:
    write_modules(tmp_path)
    # As in tests/unit/test_samples.py; CI shows them to pyright and ruff, too.
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-version=3.10"]
    done = subprocess.run(
        [*command, f"--cache-dir={tmp_path}", *map(str, tmp_path.glob("*.py"))],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_said_above_and_beside_a_command_stands_above_it() -> None:
    assert "    # Fills the memref output in slot 0.\n    generate = ta.command(0)\n" in of(
        "random_ta.h"
    )
    assert "    # memref: the key\n    register_shared_key = ta.command(0)\n" in of("hotp_ta.h")
    assert (
        "    # Read a fuse\n"
        "    # params[0].value.a\tbank\n"
        "    # params[0].value.b\tword\n"
        "    # params[1].value.a\tthe fuse\n"
        "    read_fuse = ta.command(1)\n"
    ).replace("\t", " ") in of("pta_imx_ocotp.h")


def test_licences_are_not_said_of_commands() -> None:
    text = (
        "#define A_UUID { 1, 2, 3, { 1, 2, 3, 4, 5, 6, 7, 8 } }\n"
        "/* SPDX-License-Identifier: X */\n"
        "/* Copyright (c) somebody */\n"
        "#define A_CMD_B 1\n"
    )
    assert "#" not in skeleton(text, "a.h")


def test_codes_that_are_named_errors_are_the_results() -> None:
    module: Any = generated((DATA / "keygen_ta.h").read_text(), "keygen_ta.h")
    results = declared_in(module)["Keygen"].results
    assert results is not None
    assert results.__name__ == "KeygenResult"
    assert {one.name: int(one) for one in results} == {
        "LOCKED": 0x80000100,
        "EMPTY": 0x80000101,
    }


def test_structures_have_the_types_the_sizes_and_the_offsets_of_c() -> None:
    module: Any = generated((DATA / "keygen_ta.h").read_text(), "keygen_ta.h")
    info = layout(module.KeyInfo)
    assert info.offsets == {
        "name": 0,
        "usage": 64,
        "sizes": 68,
        "first": 80,
        "created": 88,
        "digest": 96,
        "is_locked": 128,
        "reserved": 132,
        "more": 136,
    }
    assert (info.size, info.tail and info.tail[0]) == (152, "rest")
    assert ta.size_of(module.KeyAttribute) == 5
    first = module.KeyAttribute(1, 2)
    made = module.KeyInfo(
        "n",
        module.KeyUsageFlags.DERIVE,
        ((1, 2, 3), (4, 5, 6)),
        first,
        7,
        bytes(32),
        True,
        8,
        (9, 10, 11, 12),
        [first, first],
    )
    assert ta.unpack(module.KeyInfo, ta.pack(made)) == made


def test_a_structure_that_no_declaration_can_have_is_left_out_and_said_why() -> None:
    assert "# struct key_internal was left out: its member info is a pointer." in of("keygen_ta.h")


def test_a_header_without_a_uuid_is_refused_with_a_remedy() -> None:
    with pytest.raises(HeaderError, match=r"it has no UUID.*name both"):
        skeleton("#define A_CMD_B 1\n", "a.h")
