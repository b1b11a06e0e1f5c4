# SPDX-License-Identifier: BSD-2-Clause
"""What in the structures of ioctls is asked, and what is answered (uAPI linux/tee.h)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from ..kernels import SystemCall

__all__ = ["LAYOUTS", "META", "PARAM", "TYPES", "Layout", "ParamLayout", "attr_name"]

PARAM: Final = struct.Struct("=QQQQ")  # attr, a, b, c
META: Final = 0x100


@dataclass(frozen=True)
class Layout:
    """A structure: what the ioctl's argument is, or what precedes its parameters.

    Attributes:
        fields: names, and their formats in the module struct.
        inputs: those that the kernel reads and that are the same in each run.
        outputs: those that it writes.
    """

    fields: tuple[tuple[str, str], ...]
    inputs: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()

    def unpack(self, data: bytes, names: frozenset[str]) -> dict[str, int | str]:
        """Read fields of a structure; octets are shown in hexadecimal."""
        layout = struct.Struct("=" + "".join(code for _, code in self.fields))
        if len(data) < layout.size:
            return {}
        values = zip(self.fields, layout.unpack_from(data), strict=True)
        return {
            name: value.hex() if isinstance(value, bytes) else value
            for (name, _), value in values
            if name in names
        }

    def pack(self, name: str, value: int) -> tuple[int, bytes]:
        """Return where a field of a structure is, and its bytes."""
        before = ""
        for field, code in self.fields:
            if field == name:
                return struct.calcsize("=" + before), struct.pack("=" + code, value)
            before += code
        raise KeyError(name)


def _layout(fields: str, inputs: str = "", outputs: str = "") -> Layout:
    pairs = (field.split(":") for field in fields.split())
    return Layout(
        tuple((name, code) for name, code in pairs),
        frozenset(inputs.split()),
        frozenset(outputs.split()),
    )


# Not among the inputs are addresses and descriptors, which are another run's others, and
# the ids for cancelling, which the library counts over all that the process does.
LAYOUTS: Final = {
    SystemCall.VERSION: _layout(
        "impl_id:I impl_caps:I gen_caps:I", "", "impl_id impl_caps gen_caps"
    ),
    SystemCall.SHM_ALLOC: _layout("size:Q flags:I id:i", "size flags", "size flags id"),
    SystemCall.SHM_REGISTER: _layout(
        "addr:Q length:Q flags:I id:i", "length flags", "length flags id"
    ),
    SystemCall.SHM_REGISTER_FD: _layout("fd:q size:Q flags:I id:i", "flags", "size flags id"),
    SystemCall.CANCEL: _layout("cancel_id:I session:I", "session"),
    SystemCall.CLOSE_SESSION: _layout("session:I", "session"),
    SystemCall.OPEN_SESSION: _layout(
        "uuid:16s clnt_uuid:16s clnt_login:I cancel_id:I session:I ret:I ret_origin:I num_params:I",
        "uuid clnt_uuid clnt_login num_params",
        "session ret ret_origin",
    ),
    SystemCall.INVOKE: _layout(
        "func:I session:I cancel_id:I ret:I ret_origin:I num_params:I",
        "func session num_params",
        "ret ret_origin",
    ),
    SystemCall.OBJECT_INVOKE: _layout(
        "id:Q op:I ret:I num_params:I pad:I", "id op num_params", "ret"
    ),
    SystemCall.SUPPL_RECV: _layout("func:I num_params:I", "num_params", "func num_params"),
    SystemCall.SUPPL_SEND: _layout("ret:I num_params:I", "ret num_params"),
}


@dataclass(frozen=True)
class ParamLayout:
    """A type of parameter.

    Attributes:
        name: what it is called in traces.
        inputs, outputs: which of a, b and c the kernel reads and writes.
        is_value: whether these are a program's own numbers.
        is_memref: whether it refers to shared memory.
        is_buffer: whether it refers to memory by its address.
        reads, writes: whether that memory is read and written.
    """

    name: str
    inputs: str = ""
    outputs: str = ""
    is_value: bool = False
    is_memref: bool = False
    is_buffer: bool = False

    @property
    def reads(self) -> bool:
        """Whether memory that it refers to is an input."""
        return not self.name.endswith("_OUTPUT")

    @property
    def writes(self) -> bool:
        """Whether memory that it refers to is an output."""
        return not self.name.endswith("_INPUT")


TYPES: Final = {
    0: ParamLayout("NONE"),
    1: ParamLayout("VALUE_INPUT", "abc", "", is_value=True),
    2: ParamLayout("VALUE_OUTPUT", "", "abc", is_value=True),
    3: ParamLayout("VALUE_INOUT", "abc", "abc", is_value=True),
    5: ParamLayout("MEMREF_INPUT", "abc", "", is_memref=True),
    6: ParamLayout("MEMREF_OUTPUT", "abc", "b", is_memref=True),
    7: ParamLayout("MEMREF_INOUT", "abc", "b", is_memref=True),
    8: ParamLayout("UBUF_INPUT", "b", "", is_buffer=True),
    9: ParamLayout("UBUF_OUTPUT", "b", "b", is_buffer=True),
    10: ParamLayout("UBUF_INOUT", "b", "b", is_buffer=True),
    11: ParamLayout("OBJREF_INPUT", "ab", ""),
    12: ParamLayout("OBJREF_OUTPUT", "", "ab"),
    13: ParamLayout("OBJREF_INOUT", "ab", "ab"),
}


def attr_name(attr: int) -> str:
    """Return what a parameter's attr is called in traces."""
    layout = TYPES.get(attr & ~META)
    if layout is None:
        return hex(attr)
    return f"{layout.name}|META" if attr & META else layout.name


def attr_of(name: str) -> int:
    """Return the attr of a name; ValueError if it is none."""
    kind, _, meta = name.partition("|")
    for attr, layout in TYPES.items():
        if layout.name == kind:
            return attr | (META if meta else 0)
    return int(name, 16)
