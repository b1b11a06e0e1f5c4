# SPDX-License-Identifier: BSD-2-Clause
"""Opening and closing devices, and everything that can be in the way."""

from __future__ import annotations

import errno
import fcntl
import gc
import os
import subprocess

import pytest

import pytee_client as tee
from pytee_client.fake import Kernel

from ..support.conformance import Command
from ..support.programs import program
from ..support.targets import Target

Capabilities = tee.GenericCapabilities


@pytest.mark.optee_only
def test_the_version_is_that_of_op_tee(target: Target, context: tee.Context) -> None:
    expected = Capabilities.GP | Capabilities.MEMREF_NULL
    if target.reg_mem:
        expected |= Capabilities.REG_MEM
    version = context.version
    assert version.implementation_id is tee.ImplementationId.OPTEE
    assert version.implementation_capabilities == 1
    assert version.generic_capabilities == expected


def test_the_version_says_which_kernel_answers(target: Target, context: tee.Context) -> None:
    assert context.version.backend == ("linux" if target.is_real else "fake")


@pytest.mark.assertion("IC-01")
@pytest.mark.optee_only
def test_the_first_device_is_found(target: Target) -> None:
    with tee.Context(backend=target.backend) as context:
        assert context.version.implementation_id is tee.ImplementationId.OPTEE


@pytest.mark.assertion("IC-03")
def test_a_missing_node_is_not_found(target: Target) -> None:
    with pytest.raises(tee.DeviceNotFoundError, match="/dev/tee15") as caught:
        target.open_context("/dev/tee15")
    assert caught.value.errno == errno.ENOENT
    assert isinstance(caught.value, FileNotFoundError)
    assert caught.value.remedy


@pytest.mark.assertion("IC-11")
@pytest.mark.optee_only
def test_the_supplicants_device_is_refused(target: Target) -> None:
    with pytest.raises(tee.PrivilegedDeviceError, match="supplicant"):
        target.open_context(target.supplicant_device)


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "/etc/passwd", "/tmp"])
def test_what_is_no_tee_device_is_refused(path: str) -> None:
    with pytest.raises(tee.NotATeeDeviceError, match="no TEE device") as caught:
        tee.Context(path, backend="linux")
    assert caught.value.errno == errno.ENOTTY


OPEN_AS_NOBODY = """
import os, sys
import pytee_client as tee
os.setgroups([]); os.setgid(1000); os.setuid(1000)
try:
    tee.Context(sys.argv[1] or None)
except tee.DeviceAccessError as error:
    assert isinstance(error, PermissionError)
    print(error.errno, error)
"""


@pytest.mark.assertion("IC-10")
@pytest.mark.parametrize("by_path", [True, False])
def test_a_node_without_permission_is_named_with_what_to_do(target: Target, by_path: bool) -> None:
    if target.is_real:
        path = target.device if by_path else ""
        done = subprocess.run(
            program(OPEN_AS_NOBODY, path),
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout.startswith(f"{errno.EACCES} ")
        assert target.device in done.stdout
        assert "udev rule" in done.stdout
        return
    kernel = Kernel()
    kernel.forbid("/dev/tee0")
    with pytest.raises(tee.DeviceAccessError, match="/dev/tee0") as caught:
        tee.Context("/dev/tee0" if by_path else None, backend=kernel)
    assert caught.value.errno == errno.EACCES
    assert caught.value.code == tee.Result.ACCESS_DENIED


@pytest.mark.parametrize("path", ["tee0", "", "dev/tee0", "/dev/tee0\0"])
def test_a_path_that_is_none_is_refused(target: Target, path: str) -> None:
    with pytest.raises(ValueError, match="absolute path"):
        tee.Context(path, backend=target.backend)


@pytest.mark.assertion("FC-05")
def test_a_closed_context_refuses_everything(target: Target) -> None:
    context = target.open_context()
    assert not context.closed
    context.close()
    context.close()
    assert context.closed
    assert "closed" in repr(context)
    with pytest.raises(tee.ClosedContextError, match="open another"):
        context.open_session(Target.CONFORMANCE)
    with pytest.raises(tee.ClosedContextError):
        context.allocate_shared_memory(1)
    with pytest.raises(tee.ClosedContextError):
        context.register_shared_memory(bytearray(1))
    with pytest.raises(tee.ClosedContextError), context:
        pass


@pytest.mark.assertion("FC-03", "FC-04")
def test_closing_a_context_closes_what_it_has(target: Target) -> None:
    context = target.open_context()
    session = context.open_session(Target.CONFORMANCE)
    block = context.allocate_shared_memory(10)
    context.close()
    assert session.closed
    assert block.closed


@pytest.mark.assertion("IC-06")
def test_several_contexts_live_side_by_side(target: Target) -> None:
    with (
        target.open_context() as one,
        target.open_context() as two,
        one.open_session(Target.CONFORMANCE) as first,
        two.open_session(Target.CONFORMANCE) as second,
    ):
        one.close()
        assert first.closed
        second.invoke_command(Command.NOTHING)


def test_a_forgotten_context_is_closed_with_a_warning(target: Target) -> None:
    context = target.open_context()
    with pytest.warns(ResourceWarning, match="unclosed <Context"):
        del context
        gc.collect()


def open_descriptors() -> set[int]:
    return {int(name) for name in os.listdir("/proc/self/fd")}


@pytest.mark.assertion("GEN-09")
def test_no_descriptor_survives_exec(target: Target) -> None:
    before = open_descriptors()
    with target.open_context() as context, context.open_session(Target.CONFORMANCE):
        blocks = [context.allocate_shared_memory(4096)]
        opened = [fd for fd in open_descriptors() - before if os.path.exists(f"/proc/self/fd/{fd}")]
        assert opened
        assert all(fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC for fd in opened)
        for block in blocks:
            block.close()


@pytest.mark.assertion("IC-12")
def test_no_path_leaks_a_descriptor(target: Target) -> None:
    before = len(open_descriptors())
    for _ in range(3):
        with pytest.raises(tee.TeecError):
            target.open_context(target.supplicant_device)
        with target.open_context() as context:
            with pytest.raises(tee.TeecError):
                context.open_session(Target.CONFORMANCE, (5, 0), b"abc", tee.MemrefTempOutput(9))
            with context.open_session(Target.CONFORMANCE) as session:
                with pytest.raises(tee.TeecError):
                    session.invoke_command(Command.SET_SIZE, (5, 0), tee.MemrefTempOutput(9))
                with pytest.raises(tee.TeecError):
                    session.invoke_command(Command.PANIC, None, b"abc")
            context.register_shared_memory(bytearray(100)).close()
    assert before == len(open_descriptors())


@pytest.mark.assertion("RS-16")
def test_a_child_of_a_fork_leaves_its_parents_session_alone(target: Target) -> None:
    with target.open_context() as context, context.open_session(Target.CONFORMANCE) as session:
        block = context.allocate_shared_memory(100)
        pid = os.fork()
        if not pid:
            status = 1
            try:
                for use in (
                    lambda: session.invoke_command(Command.NOTHING),
                    lambda: context.open_session(Target.CONFORMANCE),
                    lambda: len(block),
                ):
                    with pytest.raises(tee.ForkedContextError, match="parent"):
                        use()
                context.close()
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0
        session.invoke_command(Command.NOTHING, block)
        block.close()
