# SPDX-License-Identifier: BSD-2-Clause
"""A supplicant that does nothing of itself: its requests, with whatever is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytee_client._boundary import address_of
from pytee_client.kernels import uapi

if TYPE_CHECKING:
    from pytee_client.kernels import Kernel

    from .raw_device import RawParam

META: RawParam = (0x100, 0, 0, 0)
ROOM: RawParam = (0, 0, 0, 0)


@dataclass(frozen=True)
class Received:
    """What the kernel wrote into the argument of TEE_IOC_SUPPL_RECV.

    Attributes:
        func: what is wanted.
        params: the parameters of the request.
        rest: what is behind them.
    """

    func: int
    params: list[RawParam]
    rest: list[RawParam]

    @property
    def number(self) -> int:
        """The number of the request."""
        attr, number, b, c = self.params[0]
        assert (attr, b, c) == (0x103, 0, 0)
        return number


def receive(kernel: Kernel, fd: int, *room: RawParam) -> Received:
    """Wait for a request."""
    data = bytearray(uapi.SUPPL_RECV_ARG.pack(0x5E55, len(room)))
    for param in room:
        data += uapi.PARAM.pack(*param)
    _call(kernel, fd, uapi.TEE_IOC_SUPPL_RECV, data)
    func, count = uapi.SUPPL_RECV_ARG.unpack_from(data)
    params = list(uapi.PARAM.iter_unpack(data[uapi.SUPPL_RECV_ARG.size :]))
    return Received(func, params[:count], params[count:])


def send(kernel: Kernel, fd: int, *params: RawParam, ret: int = 0, more: int = 0) -> None:
    """Answer a request; the argument may be longer than it need be."""
    data = bytearray(uapi.SUPPL_SEND_ARG.pack(ret, len(params)))
    for param in params:
        data += uapi.PARAM.pack(*param)
    before = bytes(data) + bytes(more)
    data += bytes(more)
    _call(kernel, fd, uapi.TEE_IOC_SUPPL_SEND, data)
    assert data == before


def _call(kernel: Kernel, fd: int, request: int, data: bytearray) -> None:
    argument = bytearray(uapi.BUF_DATA.pack(address_of(data), len(data)))
    assert kernel.ioctl(fd, request, address_of(argument)) == 0
