# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's TEE interface as bytes: ioctl numbers and the layout of structures.

Source: uAPI linux/tee.h. The tests compare it with what the C compiler makes of
csrc/linux_tee.h.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import Final

TEE_MAX_ARG_SIZE: Final = 4096
TEE_MEMREF_NULL: Final = 2**64 - 1
TEE_OBJREF_NULL: Final = 2**64 - 1

# Linux's own number, which programs get to see; not ENOTSUP.
ENOTSUPP: Final = 524

TEE_GEN_CAP_GP: Final = 0x01
TEE_GEN_CAP_PRIVILEGED: Final = 0x02
TEE_GEN_CAP_REG_MEM: Final = 0x04
TEE_GEN_CAP_MEMREF_NULL: Final = 0x08
TEE_GEN_CAP_OBJREF: Final = 0x10

TEE_IMPL_ID_OPTEE: Final = 1
TEE_IMPL_ID_AMDTEE: Final = 2
TEE_IMPL_ID_TSTEE: Final = 3
TEE_IMPL_ID_QTEE: Final = 4
TEE_OPTEE_CAP_TZ: Final = 1

TEE_IOC_VERSION: Final = 0x800CA400
TEE_IOC_SHM_ALLOC: Final = 0xC010A401
TEE_IOC_OPEN_SESSION: Final = 0x8010A402
TEE_IOC_INVOKE: Final = 0x8010A403
TEE_IOC_CANCEL: Final = 0x8008A404
TEE_IOC_CLOSE_SESSION: Final = 0x8004A405
TEE_IOC_SUPPL_RECV: Final = 0x8010A406
TEE_IOC_SUPPL_SEND: Final = 0x8010A407
TEE_IOC_SHM_REGISTER_FD: Final = 0xC018A408
TEE_IOC_SHM_REGISTER: Final = 0xC018A409
TEE_IOC_OBJECT_INVOKE: Final = 0x8010A40A

VERSION_DATA: Final = Struct("=III")  # impl_id, impl_caps, gen_caps
SHM_ALLOC_DATA: Final = Struct("=QIi")  # size, flags, id
SHM_REGISTER_DATA: Final = Struct("=QQIi")  # addr, length, flags, id
SHM_REGISTER_FD_DATA: Final = Struct("=qQIi")  # fd, size, flags, id
BUF_DATA: Final = Struct("=QQ")  # buf_ptr, buf_len
PARAM: Final = Struct("=QQQQ")  # attr, a, b, c
# uuid, clnt_uuid, clnt_login, cancel_id, session, ret, ret_origin, num_params
OPEN_SESSION_ARG: Final = Struct("=16s16sIIIIII")
OPEN_SESSION_RESULT: Final = Struct("=III")  # session, ret, ret_origin
OPEN_SESSION_RESULT_OFFSET: Final = 40
# func, session, cancel_id, ret, ret_origin, num_params
INVOKE_ARG: Final = Struct("=IIIIII")
INVOKE_RESULT: Final = Struct("=II")  # ret, ret_origin
INVOKE_RESULT_OFFSET: Final = 12
CANCEL_ARG: Final = Struct("=II")  # cancel_id, session
CLOSE_SESSION_ARG: Final = Struct("=I")  # session
# id, op, ret, num_params, and padding
OBJECT_INVOKE_ARG: Final = Struct("=QIII4x")
OBJECT_INVOKE_RESULT: Final = Struct("=I")  # ret
OBJECT_INVOKE_RESULT_OFFSET: Final = 12
SUPPL_RECV_ARG: Final = Struct("=II")  # func, num_params
SUPPL_SEND_ARG: Final = Struct("=II")  # ret, num_params

# Whose object it is: the flags (b) of an object's parameter.
QCOMTEE_OBJREF_TEE: Final = 1
QCOMTEE_OBJREF_USER: Final = 2
QCOMTEE_OBJREF_MEM: Final = 4

META: Final = 0x100
KNOWN_ATTR_BITS: Final = 0x1FF


class ParamType(IntEnum):
    """Types of a parameter: the low 8 bits of its attr."""

    NONE = 0
    VALUE_INPUT = 1
    VALUE_OUTPUT = 2
    VALUE_INOUT = 3
    MEMREF_INPUT = 5
    MEMREF_OUTPUT = 6
    MEMREF_INOUT = 7
    UBUF_INPUT = 8
    UBUF_OUTPUT = 9
    UBUF_INOUT = 10
    OBJREF_INPUT = 11
    OBJREF_OUTPUT = 12
    OBJREF_INOUT = 13

    is_value: bool
    is_memref: bool
    is_buffer: bool
    is_object: bool
    is_input: bool
    is_output: bool

    def __init__(self, number: int) -> None:
        """Work out, once for each type, what each call asks of it.

        Memory references are by their block, buffers by the caller's address. In an
        input the caller's content counts, in an output the callee's.
        """
        self.is_value = 1 <= number <= 3
        self.is_memref = 5 <= number <= 7
        self.is_buffer = 8 <= number <= 10
        self.is_object = number >= 11
        # From UBUF on the directions of a kind begin where the last kind's end.
        directions = number & 3 if number < 8 else (number - 8) % 3 + 1
        self.is_input = bool(directions & 1)
        self.is_output = bool(directions & 2)
