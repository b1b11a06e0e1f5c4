# SPDX-License-Identifier: BSD-2-Clause
"""What is written out in Python is what the C compiler makes of the headers."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import errors
from pytee_client._boundary import constant
from pytee_client.kernels import uapi

if TYPE_CHECKING:
    from enum import IntEnum

CSRC = Path(__file__).parents[3] / "csrc"


def names_in(header: str, prefix: str) -> list[str]:
    return re.findall(rf"^#define ({prefix}\w+)\b", (CSRC / header).read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("enumeration", "header", "prefix"),
    [
        (tee.Origin, "tee_client_api.h", "TEEC_ORIGIN_"),
        (tee.Login, "tee_client_api.h", "TEEC_LOGIN_"),
        (tee.ImplementationId, "linux_tee.h", "TEE_IMPL_ID_"),
        (tee.GenericCapabilities, "linux_tee.h", "TEE_GEN_CAP_"),
    ],
)
def test_an_enumeration_has_the_constants_of_the_header(
    enumeration: type[IntEnum], header: str, prefix: str
) -> None:
    expected = {name.removeprefix(prefix): constant(name) for name in names_in(header, prefix)}
    assert expected == {member.name: member.value for member in enumeration}


def test_results_have_the_values_of_the_header() -> None:
    errors = names_in("tee_client_api.h", "TEEC_ERROR_")
    assert len(errors) > 20
    for name in errors:
        assert constant(name) == tee.Result[name.removeprefix("TEEC_ERROR_")]
    assert constant("TEEC_SUCCESS") == tee.Result.SUCCESS


def test_memory_flags_have_the_values_of_the_header() -> None:
    assert constant("TEEC_MEM_INPUT") == tee.MemoryFlags.INPUT
    assert constant("TEEC_MEM_OUTPUT") == tee.MemoryFlags.OUTPUT
    assert tee.MemoryFlags.INPUT | tee.MemoryFlags.OUTPUT == tee.MemoryFlags.INOUT


def test_every_parameter_type_of_the_header_has_a_class() -> None:
    names = names_in("tee_client_api.h", "TEEC_(?:VALUE|MEMREF)_")
    assert len(names) == 10
    for name in names:
        words = name.removeprefix("TEEC_").replace("INOUT", "IN_OUT").split("_")
        assert hasattr(tee, "".join(word.capitalize() for word in words))


def test_every_result_of_the_specification_has_an_exception() -> None:
    for name in names_in("tee_client_api.h", "TEEC_ERROR_"):
        words = name.removeprefix("TEEC_ERROR_").split("_")
        cls = getattr(errors, "".join(word.capitalize() for word in words) + "Error")
        assert issubclass(cls, tee.TeecError)
        assert cls.code == constant(name)


def test_the_fake_kernel_has_the_numbers_of_the_interface() -> None:
    numbers = {name: value for name, value in vars(uapi).items() if name.startswith("TEE_")}
    assert len(numbers) > 10
    for name, value in numbers.items():
        assert constant(name) == value
    for member in uapi.ParamType:
        assert constant(f"TEE_IOCTL_PARAM_ATTR_TYPE_{member.name}") == member
    assert constant("TEE_IOCTL_PARAM_ATTR_META") == uapi.META


@pytest.mark.parametrize(
    ("layout", "struct_name"),
    [
        (uapi.VERSION_DATA, "tee_ioctl_version_data"),
        (uapi.SHM_ALLOC_DATA, "tee_ioctl_shm_alloc_data"),
        (uapi.SHM_REGISTER_DATA, "tee_ioctl_shm_register_data"),
        (uapi.SHM_REGISTER_FD_DATA, "tee_ioctl_shm_register_fd_data"),
        (uapi.BUF_DATA, "tee_ioctl_buf_data"),
        (uapi.PARAM, "tee_ioctl_param"),
        (uapi.OPEN_SESSION_ARG, "tee_ioctl_open_session_arg"),
        (uapi.INVOKE_ARG, "tee_ioctl_invoke_arg"),
        (uapi.CANCEL_ARG, "tee_ioctl_cancel_arg"),
        (uapi.CLOSE_SESSION_ARG, "tee_ioctl_close_session_arg"),
        (uapi.OBJECT_INVOKE_ARG, "tee_ioctl_object_invoke_arg"),
        (uapi.SUPPL_RECV_ARG, "tee_iocl_supp_recv_arg"),
        (uapi.SUPPL_SEND_ARG, "tee_iocl_supp_send_arg"),
    ],
)
def test_the_fake_kernel_has_the_layout_of_the_interface(
    layout: struct.Struct, struct_name: str
) -> None:
    header = (CSRC / "linux_tee.h").read_text()
    match = re.search(rf"TEE_ASSERT_SIZE\({struct_name}, (\d+)\)", header)
    assert match
    assert layout.size == int(match[1])


@pytest.mark.parametrize(
    ("struct_name", "field", "offset"),
    [
        ("tee_ioctl_open_session_arg", "session", uapi.OPEN_SESSION_RESULT_OFFSET),
        ("tee_ioctl_invoke_arg", "ret", uapi.INVOKE_RESULT_OFFSET),
        ("tee_ioctl_object_invoke_arg", "ret", uapi.OBJECT_INVOKE_RESULT_OFFSET),
    ],
)
def test_the_fake_kernel_writes_results_where_they_belong(
    struct_name: str, field: str, offset: int
) -> None:
    assert (
        f"TEE_ASSERT_OFFSET({struct_name}, {field}, {offset});"
        in (CSRC / "linux_tee.h").read_text()
    )
