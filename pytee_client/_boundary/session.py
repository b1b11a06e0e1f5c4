# SPDX-License-Identifier: BSD-2-Clause
"""Sessions of the C library that threads share."""

from __future__ import annotations

from functools import partial
from struct import Struct

from .._native import ffi, lib
from .call import invoke
from .checks import uuid_octets
from .python_kernel import raise_interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final
    from uuid import UUID

    from .call import NativeCall
    from .context import NativeContext

_UUID_FIELDS: Final = Struct(">IHH8s")
_UUID: Final = ffi.typeof("TEEC_UUID *")


class NativeSession:
    """A struct shared_session: a TEEC_Session that keeps its context in use.

    Attributes:
        context: the context it is in.
        struct: the TEEC_Session.
    """

    __slots__ = ("_shared", "context", "struct")

    def __init__(self, context: NativeContext) -> None:
        """Make the structure; the session is not open yet."""
        self.context: NativeContext = context
        # The destructor keeps what it needs of the context.
        self._shared = ffi.gc(ffi.new("struct shared_session *"), partial(_drop, context))
        self.struct: Any = ffi.addressof(self._shared, "session")

    def open(
        self, destination: UUID, login: int, gid: int | None, call: NativeCall, types: int
    ) -> bool:
        """Open it, with a call whose parameters are set; false if the call has an error."""
        uuid = ffi.new(_UUID, _UUID_FIELDS.unpack(uuid_octets(destination)))
        data = ffi.NULL if gid is None else ffi.new("uint32_t *", gid)
        call.set_types(types)
        code = call.open_session(self.context.struct, self.struct, uuid, login, data)
        raise_interrupted(lambda: lib.TEEC_CloseSession(self.struct))
        if not code:
            lib.session_share(self._shared, self.context.kernel is not None)
        return not code

    def adopt(self, call: NativeCall) -> None:
        """Have a call go to this session from now on."""
        call.struct.session = self._shared

    def invoke(self, call: NativeCall, command_id: int, types: int) -> bool:
        """Run a command with the parameters that were set; true if the call needs attention."""
        return invoke(call.struct, command_id, types)

    def set_closing(self, closing: bool) -> None:
        """Have calls refused from here on with BAD_STATE, or accepted again."""
        lib.session_set_closing(self._shared, closing)

    def close(self) -> None:
        """Close the session."""
        lib.session_close(self._shared)
        raise_interrupted()


def _drop(context: NativeContext, shared: Any) -> None:
    lib.session_drop(shared)
