# SPDX-License-Identifier: BSD-2-Clause
"""Sessions of the C library that threads share."""

from __future__ import annotations

from .._native import ffi, lib
from .call import invoke
from .checks import uuid_octets
from .python_kernel import guard, raise_interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final
    from uuid import UUID

    from .call import NativeCall
    from .context import NativeContext

_adopt: Final[Callable[[Any, Any, Any], None]] = lib.call_adopt
_set_opening: Final[Callable[[Any, Any, Any, int, bytes, int, bool, int], None]] = (
    lib.call_set_opening
)
_open: Final[Callable[[Any, int], bool]] = lib.call_open_session
_set_closing: Final[Callable[[Any], None]] = lib.session_set_closing
_is_closed: Final[Callable[[Any], bool]] = lib.session_is_closed
_ended: Final[Callable[[Any], int]] = lib.session_ended
_close: Final[Callable[[Any], bool]] = lib.session_close


class NativeSession:
    """A struct shared_session: a TEEC_Session that closes with the last reference to it.

    Attributes:
        context: the context it is in, which it keeps in use.
        destination: the UUID of the Trusted Application.
        struct: the structure.
        when_idle: what is to be called when a call in it is over that nobody waited for.
    """

    __slots__ = ("_guard", "context", "destination", "struct", "when_idle")

    def __init__(self, context: NativeContext, destination: UUID) -> None:
        """Make the structure; the session is not open yet."""
        self.context: NativeContext = context
        self.destination: UUID = destination
        self.struct: Any = ffi.new("struct shared_session *")
        self.when_idle: Callable[[], None] | None = None
        self._guard = guard(self.struct, lib.session_drop, *context.needed)

    def open(self, login: int, gid: int | None, call: NativeCall, types: int) -> bool:
        """Open it, with a call whose parameters are set; false if the call has an error.

        The call has to keep it: it may run on when nobody wants the session any more.
        """
        self._prepare(login, gid, call)
        is_open = _open(call.struct, types)
        raise_interrupted()
        return is_open

    def submit_opening(self, login: int, gid: int | None, call: NativeCall, types: int) -> bool:
        """Have a worker open it; see NativeCall.submit()."""
        self._prepare(login, gid, call)
        return call.submit(0, types)

    def _prepare(self, login: int, gid: int | None, call: NativeCall) -> None:
        context = call.context = self.context
        uuid = self.destination
        octets = uuid_octets(uuid)
        has_gid = gid is not None
        group = gid or 0
        struct = self.struct
        _set_opening(call.struct, context.struct, struct, id(uuid), octets, login, has_gid, group)

    def adopt(self, call: NativeCall) -> None:
        """Have a call, which has to keep it, go to this session from now on."""
        context = call.context = self.context
        _adopt(call.struct, context.struct, self.struct)

    def invoke(self, call: NativeCall, command_id: int, types: int) -> bool:
        """Run a command with the parameters that were set; true if the call needs attention."""
        return invoke(call.struct, command_id, types)

    def set_closing(self) -> None:
        """Have calls refused from here on with BAD_STATE."""
        _set_closing(self.struct)

    @property
    def is_closed(self) -> bool:
        """Whether close() is over."""
        return _is_closed(self.struct)

    @property
    def ended(self) -> int:
        """How many calls ended, and closings, since it is closing."""
        return _ended(self.struct)

    def wait(self, ended: int, seconds: float) -> None:
        """Wait a short time, and no longer than some seconds, for more to end than had ended."""
        lib.session_wait(self.struct, ended, int(min(seconds, 1) * 1e9))

    def close(self) -> bool:
        """Close the session, in which no call may be; false if another thread is closing it."""
        is_closed = _close(self.struct)
        raise_interrupted()
        return is_closed
