# SPDX-License-Identifier: BSD-2-Clause
"""The interface of the TEE subsystem of Linux: ioctl numbers, structures and constants.

Source: uAPI linux/tee.h. The tests compare this module with csrc/linux_tee.h as the C compiler
lays it out.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct, calcsize
from typing import Final

TEE_MAX_ARG_SIZE: Final = 4096
TEE_MEMREF_NULL: Final = 2**64 - 1
TEE_OBJREF_NULL: Final = 2**64 - 1

# A number that only Linux itself defines, but programs get it too. It is not ENOTSUP.
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

_fields: Final[dict[Struct, dict[str, str]]] = {}


def _structure(fields: str) -> Struct:
    """Make a structure of fields "name:code"; padding has no name."""
    pairs = [(name, code) for name, _, code in (field.partition(":") for field in fields.split())]
    structure = Struct("=" + "".join(code for _, code in pairs))
    _fields[structure] = {name: code for name, code in pairs if name}
    return structure


def fields_of(structure: Struct) -> dict[str, str]:
    """Return the fields of a structure of this module: their names and codes, in order."""
    return dict(_fields[structure])


def offset_of(structure: Struct, name: str) -> int:
    """Return the offset of a field of a structure of this module, in bytes."""
    codes = _fields[structure]
    return calcsize("=" + "".join(list(codes.values())[: list(codes).index(name)]))


def size_of_argument(request: int) -> int:
    """Return the size of the argument of an ioctl, which is part of its number (_IOC_SIZE)."""
    return request >> 16 & 0x3FFF


VERSION_DATA: Final = _structure("impl_id:I impl_caps:I gen_caps:I")
SHM_ALLOC_DATA: Final = _structure("size:Q flags:I id:i")
SHM_REGISTER_DATA: Final = _structure("addr:Q length:Q flags:I id:i")
SHM_REGISTER_FD_DATA: Final = _structure("fd:q size:Q flags:I id:i")
BUF_DATA: Final = _structure("buf_ptr:Q buf_len:Q")
PARAM: Final = _structure("attr:Q a:Q b:Q c:Q")
OPEN_SESSION_ARG: Final = _structure(
    "uuid:16s clnt_uuid:16s clnt_login:I cancel_id:I session:I ret:I ret_origin:I num_params:I"
)
INVOKE_ARG: Final = _structure("func:I session:I cancel_id:I ret:I ret_origin:I num_params:I")
CANCEL_ARG: Final = _structure("cancel_id:I session:I")
CLOSE_SESSION_ARG: Final = _structure("session:I")
OBJECT_INVOKE_ARG: Final = _structure("id:Q op:I ret:I num_params:I :4x")
SUPPL_RECV_ARG: Final = _structure("func:I num_params:I")
SUPPL_SEND_ARG: Final = _structure("ret:I num_params:I")

# What the kernel writes back into these, from an offset on.
OPEN_SESSION_RESULT: Final = _structure("session:I ret:I ret_origin:I")
OPEN_SESSION_RESULT_OFFSET: Final = offset_of(OPEN_SESSION_ARG, "session")
INVOKE_RESULT: Final = _structure("ret:I ret_origin:I")
INVOKE_RESULT_OFFSET: Final = offset_of(INVOKE_ARG, "ret")
OBJECT_INVOKE_RESULT: Final = _structure("ret:I")
OBJECT_INVOKE_RESULT_OFFSET: Final = offset_of(OBJECT_INVOKE_ARG, "ret")

# The fields of a parameter, to write some of them. A value has three, an object two; of
# a memory reference or a buffer only the size is written.
PARAM_VALUES: Final = _structure("a:Q b:Q c:Q")
PARAM_OBJECT: Final = _structure("a:Q b:Q")
PARAM_SIZE: Final = _structure("b:Q")
PARAM_A_OFFSET: Final = offset_of(PARAM, "a")
PARAM_B_OFFSET: Final = offset_of(PARAM, "b")

# Who serves an object: the flags (b) of a parameter that is an object.
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
        """Compute the properties of a type once, and not in each call.

        A memory reference (memref) names a block of shared memory; a buffer is at an address
        of the caller.
        """
        self.is_value = 1 <= number <= 3
        self.is_memref = 5 <= number <= 7
        self.is_buffer = 8 <= number <= 10
        self.is_object = number >= 11
        # From UBUF on the directions of a kind begin where the last kind's end.
        directions = number & 3 if number < 8 else (number - 8) % 3 + 1
        self.is_input = bool(directions & 1)
        self.is_output = bool(directions & 2)
