# SPDX-License-Identifier: BSD-2-Clause
"""The structures of kernels.uapi are those of csrc/linux_tee.h, field by field."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from pytee_client._boundary import constant
from pytee_client.kernels import SystemCall, uapi

HEADER = (Path(__file__).parents[2] / "csrc" / "linux_tee.h").read_text()
CODES = {"uint64_t": "Q", "int64_t": "q", "uint32_t": "I", "int32_t": "i"}
PADDING = {"pad", "padding"}

STRUCTURES = {
    "tee_ioctl_version_data": uapi.VERSION_DATA,
    "tee_ioctl_shm_alloc_data": uapi.SHM_ALLOC_DATA,
    "tee_ioctl_shm_register_data": uapi.SHM_REGISTER_DATA,
    "tee_ioctl_shm_register_fd_data": uapi.SHM_REGISTER_FD_DATA,
    "tee_ioctl_buf_data": uapi.BUF_DATA,
    "tee_ioctl_param": uapi.PARAM,
    "tee_ioctl_open_session_arg": uapi.OPEN_SESSION_ARG,
    "tee_ioctl_invoke_arg": uapi.INVOKE_ARG,
    "tee_ioctl_cancel_arg": uapi.CANCEL_ARG,
    "tee_ioctl_close_session_arg": uapi.CLOSE_SESSION_ARG,
    "tee_ioctl_object_invoke_arg": uapi.OBJECT_INVOKE_ARG,
    "tee_iocl_supp_recv_arg": uapi.SUPPL_RECV_ARG,
    "tee_iocl_supp_send_arg": uapi.SUPPL_SEND_ARG,
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_structure_has_the_fields_of_the_header_in_its_order(name: str) -> None:
    body = re.search(rf"^struct {name} {{\n(.*?)^}};", HEADER, re.MULTILINE | re.DOTALL)
    assert body is not None
    fields = re.findall(r"^\t(\w+) (\w+)(?:\[(\d+)\])?;", body[1], re.MULTILINE)
    expected = {
        field: f"{count}s" if count else CODES[kind]
        for kind, field, count in fields
        if field not in PADDING
    }
    found = uapi.fields_of(STRUCTURES[name])
    assert list(found.items()) == list(expected.items())


@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
def test_a_field_is_packed_at_its_offset(structure: struct.Struct) -> None:
    for name, code in uapi.fields_of(structure).items():
        size = struct.calcsize(code)
        data = bytearray(structure.size)
        offset = uapi.offset_of(structure, name)
        data[offset : offset + size] = b"\xff" * size
        written = [
            field
            for field, value in zip(uapi.fields_of(structure), structure.unpack(data), strict=True)
            if value not in (0, bytes(16))
        ]
        assert written == [name]


@pytest.mark.parametrize("call", [call for call in SystemCall if isinstance(call.value, int)])
def test_an_ioctl_has_the_number_and_size_of_the_header(call: SystemCall) -> None:
    assert call.value == constant(f"TEE_IOC_{call.name}")
    assert SystemCall.of_request(call.value) is call
    sizes = {
        "VERSION": uapi.VERSION_DATA,
        "SHM_ALLOC": uapi.SHM_ALLOC_DATA,
        "SHM_REGISTER": uapi.SHM_REGISTER_DATA,
        "SHM_REGISTER_FD": uapi.SHM_REGISTER_FD_DATA,
        "CANCEL": uapi.CANCEL_ARG,
        "CLOSE_SESSION": uapi.CLOSE_SESSION_ARG,
    }
    assert uapi.size_of_argument(call.value) == sizes.get(call.name, uapi.BUF_DATA).size
