# SPDX-License-Identifier: BSD-2-Clause
"""What programs find: a kernel with a TEE, a device that is open, and sessions."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from pytee_client._boundary import address_of
from pytee_client.kernels import Kernel, uapi

from .program import PSEUDO, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


class ProgramKernel(Kernel, Protocol):
    """A kernel with what programs ask of it beyond what the library does."""

    def dup(self, fd: int) -> int:
        """Return another descriptor of the same file."""

    def mmap(
        self,
        fd: int,
        length: int,
        *,
        offset: int = 0,
        protection: int = 3,
        flags: int = 1,
        address: int = 0,
    ) -> int:
        """Map shared memory, at an address if there is room, and return where."""


class Ground:
    """A kernel with what programs find there: a device, sessions, and perhaps a supplicant.

    Loading a Trusted Application takes a real machine a thousand times as long as most steps;
    so programs share some sessions, and open few. Ref("device") is their device, and
    Ref("conformance.session") one of them.

    Args:
        kernel: the kernel.
        teepriv: whether the supplicant's device is for the programs. There is no supplicant
            then, and only what is part of the TEE can be used.
        path: the device.
        is_bare: whether there is no more than that.
    """

    def __init__(
        self,
        kernel: ProgramKernel,
        *,
        teepriv: bool = False,
        path: str = "/dev/tee0",
        is_bare: bool = False,
    ) -> None:
        self.kernel = kernel
        self.device = kernel.open(path)
        self._supplicant: int | None = None
        self._uuids: dict[str, UUID] = {}
        self.sessions: dict[str, int] = {}
        if is_bare:
            return
        if not teepriv:
            # On Linux that is who has it already.
            with contextlib.suppress(OSError):
                self._supplicant = kernel.open("/dev/teepriv0")
        self._uuids = {
            f"{name}.session": uuid
            for name, uuid in SHARED.items()
            if not teepriv or uuid in PSEUDO
        }
        self._open_shared()

    def _open_shared(self) -> None:
        self.sessions = {name: self._open(uuid) for name, uuid in self._uuids.items()}

    def renew(self) -> None:
        """Open the shared sessions anew, after a Trusted Application died that may be theirs."""
        self.close_sessions(self.sessions.values())
        self._open_shared()

    def _open(self, uuid: UUID) -> int:
        argument = bytearray(uapi.OPEN_SESSION_ARG.pack(uuid.bytes, bytes(16), *[0] * 6))
        buffer = bytearray(uapi.BUF_DATA.pack(address_of(argument), len(argument)))
        self.kernel.ioctl(self.device, uapi.TEE_IOC_OPEN_SESSION, address_of(buffer))
        *_, session, result, origin, _ = uapi.OPEN_SESSION_ARG.unpack(argument)
        if result:
            raise RuntimeError(f"no session with {uuid}: 0x{result:08x} of {origin}")
        return int(session)

    def close(self) -> None:
        """Close what was opened."""
        self.kernel.close(self.device)
        if self._supplicant is not None:
            self.kernel.close(self._supplicant)

    def close_sessions(self, sessions: Iterable[int]) -> None:
        """Close those that a program left on the shared device, which does not close with it."""
        for session in sessions:
            argument = bytearray(uapi.CLOSE_SESSION_ARG.pack(session))
            with contextlib.suppress(OSError):
                self.kernel.ioctl(self.device, uapi.TEE_IOC_CLOSE_SESSION, address_of(argument))
