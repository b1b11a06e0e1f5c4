# SPDX-License-Identifier: BSD-2-Clause
"""Which fields of the structures of ioctls the kernel reads, and which it writes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from ..kernels import SystemCall, uapi
from ..kernels.uapi import ParamType

__all__ = ["LAYOUTS", "TYPES", "Layout", "ParamLayout", "attr_name"]


@dataclass(frozen=True)
class Layout:
    """A structure: the argument of an ioctl, or the header before its parameters.

    Attributes:
        structure: one of the structures of kernels.uapi.
        inputs: the fields that the kernel reads and that are the same in each run.
        outputs: the fields that the kernel writes.
    """

    structure: struct.Struct
    inputs: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()

    def unpack(self, data: bytes, names: frozenset[str]) -> dict[str, int | str]:
        """Return fields of a structure by name, octets in hexadecimal; empty if data is short."""
        if len(data) < self.structure.size:
            return {}
        fields = uapi.fields_of(self.structure)
        values = zip(fields, self.structure.unpack_from(data), strict=True)
        return {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in values
            if name in names
        }

    def pack(self, name: str, value: int) -> tuple[int, bytes]:
        """Return the offset of a field, and a value as its bytes."""
        code = uapi.fields_of(self.structure)[name]
        return uapi.offset_of(self.structure, name), struct.pack("=" + code, value)


def _layout(structure: struct.Struct, inputs: str = "", outputs: str = "") -> Layout:
    return Layout(structure, frozenset(inputs.split()), frozenset(outputs.split()))


# The inputs leave out addresses and descriptors, which differ between runs, and cancel_id,
# which the library counts for the whole process.
LAYOUTS: Final = {
    SystemCall.VERSION: _layout(uapi.VERSION_DATA, "", "impl_id impl_caps gen_caps"),
    SystemCall.SHM_ALLOC: _layout(uapi.SHM_ALLOC_DATA, "size flags", "size flags id"),
    SystemCall.SHM_REGISTER: _layout(uapi.SHM_REGISTER_DATA, "length flags", "length flags id"),
    SystemCall.SHM_REGISTER_FD: _layout(uapi.SHM_REGISTER_FD_DATA, "flags", "size flags id"),
    SystemCall.CANCEL: _layout(uapi.CANCEL_ARG, "session"),
    SystemCall.CLOSE_SESSION: _layout(uapi.CLOSE_SESSION_ARG, "session"),
    SystemCall.OPEN_SESSION: _layout(
        uapi.OPEN_SESSION_ARG, "uuid clnt_uuid clnt_login num_params", "session ret ret_origin"
    ),
    SystemCall.INVOKE: _layout(uapi.INVOKE_ARG, "func session num_params", "ret ret_origin"),
    SystemCall.OBJECT_INVOKE: _layout(uapi.OBJECT_INVOKE_ARG, "id op num_params", "ret"),
    SystemCall.SUPPL_RECV: _layout(uapi.SUPPL_RECV_ARG, "num_params", "func num_params"),
    SystemCall.SUPPL_SEND: _layout(uapi.SUPPL_SEND_ARG, "ret num_params"),
}


@dataclass(frozen=True)
class ParamLayout:
    """A type of parameter.

    Attributes:
        name: its name in traces.
        inputs, outputs: which of a, b and c the kernel reads and writes.
        is_value: whether a, b and c are numbers of the program.
        is_memref: whether it names shared memory.
        is_buffer: whether it is memory at an address.
    """

    name: str
    inputs: str = ""
    outputs: str = ""
    is_value: bool = False
    is_memref: bool = False
    is_buffer: bool = False

    @property
    def reads(self) -> bool:
        """Whether its memory is an input."""
        return not self.name.endswith("_OUTPUT")

    @property
    def writes(self) -> bool:
        """Whether its memory is an output."""
        return not self.name.endswith("_INPUT")


def _param_layout(kind: ParamType) -> ParamLayout:
    if kind.is_memref:
        inputs, outputs = "abc", "b" if kind.is_output else ""
    elif kind.is_buffer:
        # The address differs between runs.
        inputs, outputs = "b", "b" if kind.is_output else ""
    else:
        fields = "abc" if kind.is_value else "ab" if kind.is_object else ""
        inputs = fields if kind.is_input else ""
        outputs = fields if kind.is_output else ""
    return ParamLayout(
        kind.name,
        inputs,
        outputs,
        is_value=kind.is_value,
        is_memref=kind.is_memref,
        is_buffer=kind.is_buffer,
    )


TYPES: Final[dict[int, ParamLayout]] = {kind: _param_layout(kind) for kind in ParamType}


def attr_name(attr: int) -> str:
    """Return the name in traces of the attr of a parameter."""
    layout = TYPES.get(attr & ~uapi.META)
    if layout is None:
        return hex(attr)
    return f"{layout.name}|META" if attr & uapi.META else layout.name


def attr_of(name: str) -> int:
    """Return the attr with a name in traces; ValueError if there is none."""
    kind, _, meta = name.partition("|")
    for attr, layout in TYPES.items():
        if layout.name == kind:
            return attr | (uapi.META if meta else 0)
    return int(name, 16)
