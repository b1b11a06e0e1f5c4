# SPDX-License-Identifier: BSD-2-Clause
"""What holds for the library as a whole."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import pytee_client as tee

from ...support import c_library as c
from ...support.c_library import Kind
from ...support.conformance import Command
from ...support.programs import program
from ...support.supplicants import no_supplicant
from ...support.targets import Target
from ...support.waiting import LIMIT, start_blocked

DONE = (0, tee.Origin.TRUSTED_APP)


@pytest.mark.assertion("GEN-07", "GEN-12")
def test_structures_may_be_copied_and_their_originals_reused(
    new_context: Callable[[], Any],
) -> None:
    context, session = new_context(), c.new_session()
    assert c.open_session(context, session) == DONE
    moved_context, moved_session = c.new_context(), c.new_session()
    moved_context[0], moved_session[0] = context[0], session[0]
    for structure in (context, session):
        c.ffi.buffer(structure)[:] = b"\xa5" * len(c.ffi.buffer(structure))
    assert c.invoke(moved_session, Command.NOTHING) == DONE
    block = c.allocated(moved_context, b"abc")
    operation = c.operation((Kind.WHOLE, (block, 0, 0)))
    assert c.invoke(moved_session, Command.NOTHING, operation) == DONE
    c.lib.TEEC_ReleaseSharedMemory(block)
    c.lib.TEEC_CloseSession(moved_session)
    c.lib.TEEC_FinalizeContext(moved_context)


OPEN_AND_DIE = """
import os, signal, sys
from uuid import UUID
import pytee_client as tee
context = tee.Context(sys.argv[1])
session = context.open_session(UUID(sys.argv[2]))
block = context.allocate_shared_memory(100)
print(session.invoke_command(0, tee.ValueOutput())[0].a, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.real_only
@pytest.mark.assertion("GEN-08")
def test_what_a_dead_client_had_open_is_closed(
    target: Target, new_context: Callable[[], Any]
) -> None:
    command = program(OPEN_AND_DIE, target.device, str(Target.EXCLUSIVE))
    client = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (client.stdout, client.returncode) == ("1\n", -9), client.stderr
    successor = c.new_session()
    assert c.open_session(new_context(), successor, Target.EXCLUSIVE) == DONE
    operation = c.operation((Kind.VALUE_OUTPUT, (0, 0)))
    assert c.invoke(successor, 0, operation) == DONE
    assert operation.params[0].value.a == 1
    c.lib.TEEC_CloseSession(successor)


LIST_OPEN = """
import os, sys
print([fd for fd in sys.argv[1:] if os.path.exists(f"/proc/self/fd/{fd}")])
"""


def open_files() -> set[tuple[int, str]]:
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        # Not the one by which they are listed.
        with contextlib.suppress(FileNotFoundError):
            found.add((int(fd), os.readlink(f"/proc/self/fd/{fd}")))
    return found


@pytest.mark.assertion("GEN-09")
def test_a_program_that_is_started_inherits_nothing(new_context: Callable[[], Any]) -> None:
    before = open_files()
    context = new_context()
    block = c.allocated(context, b"abc")
    opened = [fd for fd, _ in open_files() - before]
    assert len(opened) >= 2
    command = program(LIST_OPEN, *map(str, opened))
    started = subprocess.run(
        command, close_fds=False, capture_output=True, text=True, timeout=LIMIT, check=True
    )
    assert started.stdout == "[]\n"
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.real_only
@pytest.mark.once
@pytest.mark.own_boot
@pytest.mark.assertion("GEN-13", "GEN-01")
def test_without_a_supplicant_an_opening_waits_for_one(
    c_context: Any, pool: ThreadPoolExecutor
) -> None:
    session = c.new_session()
    with no_supplicant():
        call = start_blocked(pool, c.open_session, c_context, session)
        assert not call.done()
    assert call.result(LIMIT) == DONE
    c.lib.TEEC_CloseSession(session)
