# SPDX-License-Identifier: BSD-2-Clause
"""A destructor that runs between a call into C and the next line of Python."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.kernels import ProxyKernel, uapi

if TYPE_CHECKING:
    from types import FrameType

RANDOM = UUID("b6c53aba-9669-4668-a7f2-205629d00f86")


class Broken(ProxyKernel):
    """A kernel with a bug in its commands."""

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        if request == uapi.TEE_IOC_INVOKE:
            raise LookupError("a bug of the kernel")
        return super().ioctl(fd, request, argument)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_a_kernel_raised_outlives_a_destructor_that_runs_before_it_is_told() -> None:
    others = [tee.Context(backend=fake.Kernel())]

    def see(frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_name == "attend":
            # C has returned, and what the kernel raised waits there.
            sys.settrace(None)
            others.clear()
            gc.collect()
        return None

    with (
        tee.Context(backend=Broken(fake.Kernel())) as context,
        context.open_session(RANDOM) as session,
    ):
        sys.settrace(see)
        try:
            with pytest.raises(LookupError, match="a bug of the kernel"):
                session.invoke_command(0, b"abc")
        finally:
            sys.settrace(None)
    assert not others
