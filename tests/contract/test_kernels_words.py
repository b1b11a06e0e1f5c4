# SPDX-License-Identifier: BSD-2-Clause
"""What users are told does not depend on the words that a release of the kernel has for it."""

from __future__ import annotations

import errno

import pytest

import pytee_client as tee
from pytee_client.faults import Fail, Fault, FaultyKernel, Plan, SystemCall

from ..support.conformance import Command
from ..support.renaming_kernel import OPEN, RenamingKernel
from ..support.targets import Target


@pytest.mark.parametrize("said", [errno.ENOMEM, errno.EINVAL], ids=errno.errorcode.get)
def test_memory_that_can_not_be_had_is_told_in_the_same_words_on_every_kernel(
    target: Target, said: int
) -> None:
    plan = Plan(
        [
            Fault(call, Fail(said), times=None)
            for call in (SystemCall.SHM_ALLOC, SystemCall.SHM_REGISTER)
        ]
    )
    kernel = FaultyKernel(target.kernel or "linux", plan)
    told = []
    with tee.Context(target.device, backend=kernel) as context:
        with pytest.raises(tee.OutOfMemoryError, match="allocating 10 bytes") as caught:
            context.allocate_shared_memory(10)
        told.append(caught.value)
        with context.open_session(Target.CONFORMANCE) as session:
            with pytest.raises(tee.OutOfMemoryError, match="invoking command 0") as caught:
                session.invoke_command(Command.NOTHING, b"abc")
            told.append(caught.value)
        if target.reg_mem:
            with pytest.raises(tee.OutOfMemoryError, match="registering 10 bytes") as caught:
                context.register_shared_memory(bytearray(10))
            told.append(caught.value)
        else:
            # Copies are promised, and made by each operation.
            context.register_shared_memory(bytearray(10)).close()
    for error in told:
        assert error.errno == errno.ENOMEM
        assert error.remedy
        assert "share less at a time" in error.remedy


def test_a_device_that_is_going_away_is_not_found_in_every_kernels_words(target: Target) -> None:
    """Linux says EINVAL of it while its driver is being unbound, and then ENXIO."""
    for said in (errno.EINVAL, errno.ENXIO):
        kernel = RenamingKernel(target.kernel, {OPEN: {errno.ENOENT: said}})
        with pytest.raises(tee.DeviceNotFoundError, match="/dev/tee15") as caught:
            tee.Context("/dev/tee15", backend=kernel)
        assert caught.value.errno == errno.ENXIO
        assert caught.value.remedy
